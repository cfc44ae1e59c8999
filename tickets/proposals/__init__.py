"""From alarm to ticket: what monitoring says is proposed to the shifters of a VO.

``refresh`` runs by the clock and opens, follows and ends proposals; ``decide`` is what people do
with them; ``lists`` is what pages ask; ``words`` makes a ticket's text of one.
"""
