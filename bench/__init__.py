"""How fast it is: `make bench` loads many tickets and measures whole pages over HTTP.

world    what the bench database holds, made from the ticket's number alone
load     writes it by COPY, with a progress bar
settings, urls, pages    the product's web process with a floor to compare with
measure  signs in, asks for pages and posts forms, and takes the times
run      brings up the servers and does all of the above
"""
