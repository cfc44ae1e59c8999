"""Pages that join several apps: home, sites board, site, unit and VO pages."""
