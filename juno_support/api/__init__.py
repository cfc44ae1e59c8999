"""The REST interface: for programs, under ``/api/v1/``."""
