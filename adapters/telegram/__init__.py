"""Telegram: buyers who write to a shop's bot or to its connected business account, and a group as the team's desk."""

import os

# The library's coming way to give durations; with the old one every look at one of them warns. It is read at each use.
os.environ.setdefault("PTB_TIMEDELTA", "true")
