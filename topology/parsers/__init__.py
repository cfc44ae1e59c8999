"""Raw answers to plain records; no database, no network."""
