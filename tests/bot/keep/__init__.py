"""Tests of bot.keeping."""
