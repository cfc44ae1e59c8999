"""Verbs of topology."""
