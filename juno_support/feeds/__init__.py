"""Sources that we poll, and how each poll went."""
