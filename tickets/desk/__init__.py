"""What the TPM desk asks: its lists, its figures, its ready texts."""
