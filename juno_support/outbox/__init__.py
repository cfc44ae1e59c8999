"""What is to leave by mail, and the only sender."""
