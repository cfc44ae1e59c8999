"""Forms of the ticket pages: what people type becomes what actions take."""
