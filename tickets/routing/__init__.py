"""How TPM routes tickets: which support units may be the right ones, and why."""
