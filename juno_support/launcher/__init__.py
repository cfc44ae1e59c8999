"""The launcher of the embedded stack: what `make run` and `make test` start, and how it stops.

Reading order: ``stack`` (what runs), ``supervisor`` (how processes are kept and stopped),
``postgres`` and ``valkey`` (where the servers come from), ``preparation`` (what Django does
before the first page), ``state`` (how `manage.py` finds a running stack).
Nothing here imports Django except ``preparation``, which runs as a process of its own.
"""
