"""``heqi locales``: which languages have what."""

from __future__ import annotations


def locales() -> None:
    """各语言的人工回复数量 (how many replies people have written in each language)."""
    from babel import Locale  # noqa: PLC0415 - imported when used, help stays fast
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from bot.data_checks.__main__ import LOCALES  # noqa: PLC0415
    from bot.data_checks.catalogs import coverage  # noqa: PLC0415
    from dialogs.playbooks import Playbooks  # noqa: PLC0415

    rules = Playbooks.load().replies
    written = {"zh": len(rules)} | {code: counts.total() for code, counts in coverage(LOCALES, rules).items()}
    cues = {path.parent.name for path in LOCALES.glob("*/cues.toml")}
    table = Table("代码", "语言", "人工回复 (written)", "比例", "识别词 (cues)")
    for code in sorted(written.keys() | cues):
        count = written.get(code, 0)
        name = Locale.parse(code, sep="-").get_display_name("zh")
        table.add_row(code, name, f"{count}/{len(rules)}", f"{count / len(rules):.0%}", "有" if code in cues else "—")
    Console().print(table)
