"""One module a source of states: what to ask (``fetch``), and what the answer means
(``normalise``).
"""
