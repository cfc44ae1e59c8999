"""How TPM routes tickets to support units."""
