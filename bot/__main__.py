"""``python -m bot`` is ``heqi``."""

from bot.cli import main

main()
