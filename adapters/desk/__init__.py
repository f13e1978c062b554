"""Desk: where the seller works, in the browser."""
