"""One file per schema change; the newest is named in ``bot/store/upgrade.py``."""
