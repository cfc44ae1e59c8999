"""What is going on at sites and links."""
