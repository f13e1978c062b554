"""Checks of everything that is data: playbooks, written replies, policies. Run as ``python -m bot.data_checks``."""
