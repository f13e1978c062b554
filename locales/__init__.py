"""Locales: all human language, as package data."""
