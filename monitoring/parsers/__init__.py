"""Pure functions from bytes to records of what is going on."""
