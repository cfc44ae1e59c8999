"""What exists: sites, services, operations centres and network links."""
