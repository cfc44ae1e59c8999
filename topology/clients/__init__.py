"""Other people's programs that know what exists."""
