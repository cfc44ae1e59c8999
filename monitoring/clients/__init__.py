"""Other programs that know what is going on."""
