"""Who helps: virtual organisations, their ID cards, and support units."""
