"""Webchat: the buyers' chat in the browser."""
