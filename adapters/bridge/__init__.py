"""Bridges: programs beside Heqi that speak with a platform and with Heqi over one signed contract."""
