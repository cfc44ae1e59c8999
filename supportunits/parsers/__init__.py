"""Understand documents of the EGI Operations Portal: pure functions from bytes to records."""
