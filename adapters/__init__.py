"""Adapters: one package per channel, desk or family of engines; the only code that knows a platform."""
