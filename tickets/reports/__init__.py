"""Figures of tickets, each from what is stored (domain: section 12)."""
