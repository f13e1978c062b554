"""The data checks find every kind of mistake, name its line, and are quiet about good data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from bot.data_checks.__main__ import find_problems, main
from bot.data_checks.catalogs import check_catalogs
from bot.data_checks.playbooks import REQUIRED, check_playbooks
from bot.data_checks.skeleton import update
from dialogs.catalogs import PO_PATH
from dialogs.errors import BadData
from dialogs.playbooks import FOLDER, Playbooks

ROOT = Path(__file__).parents[2]

PLAYBOOK = """situation = "{name}"
title = "标题"

[[reply]]
id = "{name}.calm"
kind = "calming"
zh = "我们来看看{name}，马上告诉您。"
why = "安抚"

[[reply]]
id = "{name}.sorry"
kind = "apology"
zh = "给您添了{name}的麻烦，我们很抱歉。"
why = "道歉"

[[reply]]
id = "{name}.days"
kind = "calming"
zh = "您等了{{days}}天，{name}我们来查。"
why = "天数"
counts = "days"

[[reply]]
id = "{name}.ask"
kind = "question"
zh = "请问{name}的订单号是什么？"
why = "提问"
"""
FIRM = """situation = "extortion"
title = "勒索"

[[reply]]
id = "extortion.line"
kind = "firm"
zh = "我们只按规则办理。"
why = "立场"
"""


@pytest.fixture
def folder(tmp_path):
    """Good playbooks for all required situations."""
    path = tmp_path / "playbooks"
    path.mkdir()
    for name in REQUIRED:
        (path / f"{name}.toml").write_text(PLAYBOOK.format(name=name), encoding="utf-8")
    (path / "extortion.toml").write_text(FIRM, encoding="utf-8")
    return path


@pytest.fixture
def locales(tmp_path):
    path = tmp_path / "locales"
    path.mkdir()
    return path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def translate(folder: Path, locales: Path, language: str = "en") -> Path:
    """A complete, plain translation of the test playbooks."""
    update(language, Playbooks.load(folder).replies.values(), locales)
    path = locales / language / PO_PATH
    text = path.read_text(encoding="utf-8")
    text = text.replace('msgstr[0] ""', 'msgstr[0] "{days} day, thank you."')
    text = text.replace('msgstr[1] ""', 'msgstr[1] "{days} days, thank you."')
    head, _, body = text.partition("\n\n")
    path.write_text(head + "\n\n" + body.replace('msgstr ""', 'msgstr "Thank you."'), encoding="utf-8")
    return path


class TestPlaybooks:
    def test_good_ones_have_no_problem(self, folder):
        assert check_playbooks(folder) == []

    @pytest.mark.parametrize(
        ("old", "new", "words", "line"),
        [
            ('title = "标题"', 'title = ""', "title", 1),
            ('title = "标题"', 'title = "标题"\ncolour = "red"', "key 'colour'", None),
            ('situation = "damaged"', 'situation = "broken"', "situation 'broken'", 1),
            ('why = "安抚"', 'why = ""', "why ''", 8),
            ('why = "安抚"', 'why = "安抚"\nmood = ["angry"]', "mood '['angry']': unknown key", 9),
            ('kind = "calming"', 'kind = "soothing"', "kind 'soothing'", 6),
            ('id = "damaged.calm"', 'id = "cancel.calmer"', "id 'cancel.calmer'", 5),
            ('id = "damaged.calm"', 'id = "damaged.sorry"', "stands more than once", 5),
            ("我们来看看damaged，", "我们保证送到，", "zh '保证'", 7),
            ("我们来看看damaged，", "百分百退款，", "zh '百分百'", 7),
            ("我们来看看damaged，", "包裹一定会到，", "zh '一定会'", 7),
            ("我们来看看damaged，", "请您修改评价，", "zh '改评价'", 7),
            ("我们来看看damaged，", "请给我们好评，", "zh '好评'", 7),
            ("我们来看看damaged，", "请撤销纠纷，", "zh '撤销纠纷'", 7),
            ("我们来看看damaged，", "请加微信，", "zh '微信'", 7),
            ("我们来看看damaged，", "退您5美元，", "zh '5'", 7),
            ("我们来看看damaged，", "我们来看看, ", "zh ','", 7),
            ("我们来看看damaged，", "我们查{date}。", "must not end in {date}", 7),
            ("我们来看看damaged，", "我们查{colour}，", "placeholders must be of", 7),
            ("我们来看看damaged，", "我们查{order，", "braces", 7),
            ('zh = "我们来看看damaged，马上告诉您。"', 'zh = ""', "must be the Chinese text", 7),
            ('why = "天数"', 'why = "天数"\nweight = "high"', "weight 'high'", 21),
            ('why = "天数"', 'why = "天数"\nmoods = ["furious"]', "moods '['furious']'", 21),
            ('why = "天数"', 'why = "天数"\nsteps = [8]', "steps '[8]'", 21),
            ('why = "天数"', 'why = "天数"\nknown = ["weather"]', "known '['weather']'", 21),
            ('why = "天数"', 'why = "天数"\nknown = ["photos"]\nunknown = ["photos"]', "known and unknown", 22),
            ('why = "天数"', 'why = "天数"\ndays_min = 9\ndays_max = 3', "days_max", 21),
            ('why = "天数"', 'why = "天数"\nremedy = "refund"', "remedy 'refund'", 21),
            ('why = "天数"', 'why = "天数"\nafter_reply = ["damaged.none"]', "after_reply", 21),
            ('why = "天数"', 'why = "天数"\nplatforms = ["Ali Express"]', "platforms", 21),
            ('why = "天数"', 'why = "天数"\nmanner = "loud"', "manner", 21),
            ('why = "天数"', 'why = "天数"\ndispute = "yes"', "dispute", 21),
            ('why = "天数"', 'why = "天数"\nlanguages = ["xx"]', "languages", 21),
            ('why = "天数"', 'why = "天数"\ncauses = ["rain"]', "causes", 21),
            ('counts = "days"', 'counts = "order"', "counts 'order'", 21),
            ('kind = "question"', 'kind = "remedy"', "remedy ''", 23),
            ('kind = "question"', 'kind = "holding"', "question or remedy", None),
            ('kind = "apology"', 'kind = "holding"', "kind 'apology'", None),
            ("给您添了damaged的麻烦", "给您的{order}添了麻烦", "without placeholders", None),
            ("[[reply]]", "[reply", "not valid TOML", None),
        ],
    )
    def test_each_mistake_is_found(self, folder, old, new, words, line):
        change(folder / "damaged.toml", old, new)
        found = [problem for problem in check_playbooks(folder) if words in str(problem)]
        assert found, [str(problem) for problem in check_playbooks(folder)]
        assert found[0].file == "playbooks/damaged.toml"
        assert found[0].line == line

    def test_all_problems_come_at_once_in_order(self, folder):
        change(folder / "damaged.toml", "我们来看看", "我们保证")
        change(folder / "damaged.toml", 'why = "提问"', 'why = ""')
        change(folder / "cancel.toml", "我们来看看", "我们绝对")
        assert [(p.file, p.line) for p in check_playbooks(folder)] == [
            ("playbooks/cancel.toml", 7),
            ("playbooks/damaged.toml", 7),
            ("playbooks/damaged.toml", 27),
        ]

    def test_the_same_text_in_two_playbooks(self, folder):
        change(folder / "cancel.toml", "请问cancel的订单号是什么？", "请问damaged的订单号是什么？")
        assert [p.file for p in check_playbooks(folder)] == ["playbooks/cancel.toml", "playbooks/damaged.toml"]

    def test_a_required_situation_without_playbook(self, folder):
        (folder / "damaged.toml").unlink()
        assert [str(p) for p in check_playbooks(folder)] == ["playbooks: playbook 'damaged.toml': is missing"]

    @pytest.mark.parametrize("kind", ["calming", "apology", "remedy"])
    def test_extortion_concedes_nothing(self, folder, kind):
        with (folder / "extortion.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[[reply]]\nid = "extortion.soft"\nkind = "{kind}"\nzh = "我们商量。"\nwhy = "软"\n')
        assert any("nothing is conceded" in str(p) and p.line == 12 for p in check_playbooks(folder))

    def test_extortion_needs_a_firm_line(self, folder):
        change(folder / "extortion.toml", 'kind = "firm"', 'kind = "question"')
        assert ["firm line" in str(p) for p in check_playbooks(folder)] == [True]

    def test_replies_written_as_one_array(self, folder):
        (folder / "damaged.toml").write_text('situation = "damaged"\ntitle = "标题"\nreply = [{id = "damaged.x"}]\n')
        assert any("[[reply]]" in str(p) for p in check_playbooks(folder))


class TestCatalogs:
    def problems(self, folder, locales):
        return [str(problem) for problem in check_catalogs(locales, Playbooks.load(folder).replies)]

    def test_a_complete_file_has_no_problem(self, folder, locales):
        translate(folder, locales)
        assert self.problems(folder, locales) == []

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('msgstr "Thank you."', 'msgstr ""', "is empty"),
            ('msgstr[1] "{days} days, thank you."', 'msgstr[1] ""', "is empty"),
            ('msgstr[1] "{days} days, thank you."', 'msgstr[1] "Days."', "placeholders in msgstr[1]"),
            ('msgstr "Thank you."', 'msgstr "谢谢您。"', "is Chinese"),
            ('msgstr "Thank you."', 'msgstr "Vielen Dank für Ihre Geduld und Ihr Verständnis."', "reads as 'de'"),
            ('msgstr "Thank you."', 'msgstr "Thank you。"', "full-width"),
            ('msgstr "Thank you."', 'msgstr "Thank you (very much."', "in pairs"),
            ('msgstr "Thank you."', 'msgstr "Thank \\"you."', "in pairs"),
            ('msgstr "Thank you."', 'msgstr "Thank “you."', "in pairs"),
            ('msgstr "Thank you."', 'msgstr "Thank you. "', "space"),
            ('msgstr "Thank you."', 'msgstr "Thank  you."', "space"),
            ('msgstr "Thank you."', 'msgstr "Within 24 hours."', "number of its own"),
            ('msgstr "Thank you."', f'msgstr "{"Thank you. " * 99}Thanks."', "at most 1000"),
            ('#, python-brace-format\nmsgctxt "damaged', '#, fuzzy\nmsgctxt "damaged', "is fuzzy"),
            ('msgctxt "damaged.sorry"', 'msgctxt "damaged.regret"', "no playbook has this reply"),
            ('msgid "给您添了damaged', 'msgid "给您添damaged', "must be the playbook's Chinese"),
            ('msgctxt "damaged.calm"', 'msgctxt "cancel.calm"', "stands more than once"),
            ("nplurals=2", "nplurals=3", "Plural-Forms"),
        ],
    )
    def test_each_mistake_is_found(self, folder, locales, old, new, words):
        change(translate(folder, locales), old, new)
        found = self.problems(folder, locales)
        assert any(words in problem for problem in found), found
        assert all(problem.startswith("en/LC_MESSAGES/replies.po:") for problem in found)

    def test_a_spanish_question_opens_too(self, folder, locales):
        path = translate(folder, locales, "es")
        change(path, 'msgstr "Thank you."', 'msgstr "Gracias?"')
        assert ["¿" in problem for problem in self.problems(folder, locales)] == [True]

    @pytest.mark.parametrize(("language", "text"), [("de", "Ein „Wort“ hier."), ("fr", "Un « mot » ici.")])
    def test_quotation_marks_of_other_languages(self, folder, locales, language, text):
        path = translate(folder, locales, language)
        change(path, 'msgstr "Thank you."', f'msgstr "{text}"')
        assert self.problems(folder, locales) == []

    def test_a_sentence_that_ends_in_a_date(self, folder, locales):
        change(folder / "damaged.toml", "请问damaged的订单号", "请问{date}前后的订单号")
        path = translate(folder, locales)
        text = path.read_text(encoding="utf-8")
        before, _, after = text.partition('msgctxt "damaged.ask"')
        path.write_text(
            before + 'msgctxt "damaged.ask"' + after.replace("Thank you.", "Which order was it on {date}?", 1),
            encoding="utf-8",
        )
        assert ["must not end in {date}" in problem for problem in self.problems(folder, locales)] == [True]

    def test_a_reply_without_an_entry(self, folder, locales):
        path = translate(folder, locales)
        blocks = path.read_text(encoding="utf-8").split("\n\n")
        kept = [block for block in blocks if 'msgctxt "damaged.sorry"' not in block]
        path.write_text("\n\n".join(kept), encoding="utf-8")
        assert self.problems(folder, locales) == ["en/LC_MESSAGES/replies.po: msgctxt 'damaged.sorry': no entry yet"]

    def test_the_line_is_the_entrys(self, folder, locales):
        path = translate(folder, locales)
        change(path, 'msgstr "Thank you."', 'msgstr "Thank you。"')
        line = int(self.problems(folder, locales)[0].split(":")[1])
        lines = path.read_text(encoding="utf-8").splitlines()
        assert any("Thank you。" in text for text in lines[line - 1 : line + 2])


class TestSkeleton:
    def rules(self, folder):
        return Playbooks.load(folder).replies.values()

    def entry(self, path, name):
        with path.open("rb") as file:
            return next(message for message in read_po(file, abort_invalid=True) if message.context == name)

    def test_new_file_has_every_reply_empty(self, folder, locales):
        waiting = update("ru", self.rules(folder), locales)
        entry = self.entry(locales / "ru" / PO_PATH, "damaged.days")
        assert waiting == len(self.rules(folder))
        assert entry.string == ("", "", "")
        assert entry.auto_comments == ["calming; facts: days"]
        assert "python-brace-format" in entry.flags

    def test_translations_and_comments_stay(self, folder, locales):
        path = translate(folder, locales)
        change(path, '#. apology\nmsgctxt "damaged', '# keep me\n#. apology\nmsgctxt "damaged')
        assert update("en", self.rules(folder), locales) == 0
        assert self.entry(path, "damaged.sorry").string == "Thank you."
        assert self.entry(path, "damaged.sorry").user_comments == ["keep me"]

    def test_running_it_twice_changes_nothing(self, folder, locales):
        path = translate(folder, locales)
        update("en", self.rules(folder), locales)
        once = path.read_bytes()
        update("en", self.rules(folder), locales)
        assert path.read_bytes() == once

    def test_changed_chinese_makes_the_entry_fuzzy_and_keeps_the_old_text(self, folder, locales):
        path = translate(folder, locales)
        change(folder / "damaged.toml", "给您添了damaged的麻烦", "给您添了很多damaged的麻烦")
        for _ in range(2):
            assert update("en", self.rules(folder), locales) == 1
            entry = self.entry(path, "damaged.sorry")
            assert entry.fuzzy
            assert entry.string == "Thank you."
            assert "很多" in entry.id
        assert '#| msgid "给您添了damaged' in path.read_text(encoding="utf-8")

    def test_an_entry_that_becomes_plural_waits(self, folder, locales):
        path = translate(folder, locales)
        change(folder / "damaged.toml", "给您添了damaged的麻烦", "{days}天给您添了麻烦")
        change(folder / "damaged.toml", 'why = "道歉"', 'why = "道歉"\ncounts = "days"')
        assert update("en", self.rules(folder), locales) == 1
        assert self.entry(path, "damaged.sorry").string == ("Thank you.", "")

    def test_a_reply_that_is_gone_leaves(self, folder, locales):
        path = translate(folder, locales)
        update("en", [rule for rule in self.rules(folder) if rule.id != "damaged.sorry"], locales)
        assert "damaged.sorry" not in path.read_text(encoding="utf-8")


class TestCommand:
    def test_own_data_has_no_problem(self, capsys):
        assert main([]) == 0, capsys.readouterr().out
        assert capsys.readouterr().out == ""

    def test_every_problem_is_a_line_and_the_exit_code_is_1(self, folder, locales, capsys):
        change(folder / "damaged.toml", "我们来看看", "我们保证")
        change(translate(folder, locales), 'msgstr "Thank you."', 'msgstr ""')
        assert main([], folder=folder, locales_dir=locales) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "playbooks/damaged.toml:7: zh '保证': promise only what is in our hands"
        assert len(lines) == len(find_problems(folder, locales)) == 2

    def test_a_broken_playbook_is_told_once(self, folder, locales):
        change(folder / "damaged.toml", 'kind = "calming"', 'kind = "soothing"')
        assert sum("soothing" in str(problem) for problem in find_problems(folder, locales)) == 1

    def test_cues_and_policies_are_loaded_too(self, folder, locales, monkeypatch):
        class Broken:
            @staticmethod
            def load(*arguments):
                raise BadData("cue 'x': must be a list", file=arguments[0].name if arguments else "policies")

        monkeypatch.setattr("bot.data_checks.__main__.Policies", Broken)
        monkeypatch.setattr("dialogs.reading.Reader", Broken, raising=False)
        assert [problem.file for problem in find_problems(folder, locales)] == ["policies"]
        (locales / "en").mkdir()
        (locales / "en" / "cues.toml").touch()
        assert [problem.file for problem in find_problems(folder, locales)] == ["policies", "locales"]

    def test_coverage_counts_what_is_written(self, folder, locales, capsys):
        translate(folder, locales)
        assert main(["--coverage"], folder=folder, locales_dir=locales) == 0
        row = next(line for line in capsys.readouterr().out.splitlines() if "damaged" in line)
        assert row.replace("│", " ").split() == ["damaged", "标题", "4", "4"]

    def test_skeleton_from_the_command_line(self, folder, locales, capsys):
        assert main(["--skeleton", "ko"], folder=folder, locales_dir=locales) == 0
        assert (locales / "ko" / PO_PATH).exists()
        assert "ko: 53 entries wait" in capsys.readouterr().out

    def test_skeleton_of_no_language(self, folder, locales, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["--skeleton", "klingonish"], folder=folder, locales_dir=locales)
        assert ended.value.code == 2
        assert "klingonish" in capsys.readouterr().err

    def test_it_runs_as_a_module(self):
        command = [sys.executable, "-m", "bot.data_checks", "--help"]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert "--skeleton" in answer.stdout

    def test_the_folder_checked_is_the_one_that_is_loaded(self):
        assert len(Playbooks.load(FOLDER).titles()) == len(list(FOLDER.glob("*.toml")))


def test_a_broken_tone_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    text = (ROOT / "locales" / "en" / "tone.toml").read_text(encoding="utf-8").replace("threat = [", "threats = [")
    (tmp_path / "en" / "tone.toml").write_text(text, encoding="utf-8")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.startswith("threats"))
    problems = [str(problem) for problem in find_problems(FOLDER, tmp_path)]
    assert [problem for problem in problems if problem.startswith(f"en/tone.toml:{line}: tone: unknown key 'threats'")]
