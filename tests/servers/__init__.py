"""Loopback servers that answer as the real ones do."""
