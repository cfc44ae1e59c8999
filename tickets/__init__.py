"""Tickets and their life."""
