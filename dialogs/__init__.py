"""Dialogs: decide; no network, database, clock or channel."""
