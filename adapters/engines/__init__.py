"""Engines: translation engines; ENGINES is the only list."""
