"""Search: one line of text, from what a person types to a page of tickets.

grammar    text -> terms with their places, and back; pure, and it never raises
names      site, unit, VO and user names -> ids, with "did you mean"
meaning    terms -> conditions on tickets, from an allow-list
run        conditions -> one page of tickets, newest first, within a time budget
complete   what could be typed next
highlight  why a ticket was found
index      the two word vectors of a ticket, kept by the actions that change its words
"""
