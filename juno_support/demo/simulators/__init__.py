"""Simulators of the programs that we poll: WSGI apps that answer in the true wire formats.

They import no parser and no model of ours, or one misreading would cancel itself. What they say
is a function of the moment (given by whoever runs them) and of the switches in a small file.
"""
