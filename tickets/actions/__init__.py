"""Everything that changes a ticket, one verb a function.

Each is one transaction that locks the ticket's row, checks, changes, and writes history.
"""
