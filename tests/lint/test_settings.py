"""gateway.conf lists each setting of core/app/config.c, with its default where it is a comment."""

import re
from pathlib import Path

SOURCE = Path("core/app/config.c").read_text()
TABLE = SOURCE[SOURCE.index("static const struct setting settings[]") :].partition("\n};")[0]
ROW = re.compile(r'^    (?:TEXT|INTEGER|CHOICE)\("(\w+)", "([^"]*)"', re.MULTILINE)
LINE = re.compile(r"^(#?)(\w+) =(.*)$", re.MULTILINE)


def settings() -> dict[str, str]:
    return dict(ROW.findall(TABLE))


def lines() -> list[tuple[str, str, str]]:
    """Mark, name, value. A commented line is a setting's only if it is one line's whole text."""
    return [(mark, name, value.strip()) for mark, name, value in LINE.findall(
        Path("gateway.conf").read_text())]  # fmt: skip


def test_the_table_is_read_whole():
    rows = re.findall(r"^    \w", TABLE, re.MULTILINE)
    assert len(settings()) == len(rows) > 40


def test_each_setting_is_there_once():
    names = [name for _, name, _ in lines()]
    assert sorted(names) == sorted(settings())


def test_defaults_are_those_of_the_program():
    given = {name: value for mark, name, value in lines() if mark}
    assert given == {name: settings()[name] for name in given}
