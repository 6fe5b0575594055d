"""gateway.conf lists each setting of core/app/config.c, with its default where it is a comment."""

import re
from pathlib import Path

SOURCE = Path("core/app/config.c").read_text()
TABLE = SOURCE[SOURCE.index("static const struct setting settings[]") :].partition("\n};")[0]
MACROS = re.compile(r'(?:TEXT|PATH|INTEGER|CHOICE)\((\w+),\s*"([^"]*)"')
STRIPE = re.compile(r'STRIPE_TEXT\("(\w+)",\s*\w+,\s*"([^"]*)"')
BRAND = re.compile(r'BRAND_TEXT\("(\w+)",\s*\w+,\s*"([^"]*)"')
ALERT_CHOICES = re.compile(r'ALERT_CHOICE\("(\w+)",\s*"([^"]*)"')
ALERTS = re.compile(r'\bALERT_(?:TEXT|PATH)\("(\w+)"')  # by default nobody is told
MEMBERS = re.compile(r'\.name = "(\w+)",\s*\.standard = "([^"]*)"')
LINE = re.compile(r"^(#?)(\w+) =(.*)$", re.MULTILINE)


def settings() -> dict[str, str]:
    return dict(
        MACROS.findall(TABLE)
        + MEMBERS.findall(TABLE)
        + STRIPE.findall(TABLE)
        + BRAND.findall(TABLE)
        + ALERT_CHOICES.findall(TABLE)
    ) | dict.fromkeys(ALERTS.findall(TABLE), "")


def lines() -> list[tuple[str, str, str]]:
    """Mark, name, value. A commented line is a setting's only if it is one line's whole text."""
    return [(mark, name, value.strip()) for mark, name, value in LINE.findall(
        Path("gateway.conf").read_text())]  # fmt: skip


def test_the_table_is_read_whole():
    assert len(settings()) == TABLE.count("\n    TEXT(") + TABLE.count("\n    INTEGER(") + (
        TABLE.count("\n    CHOICE(")
        + TABLE.count(".name = ")
        + TABLE.count("\n    ALERT_TEXT(")
        + TABLE.count("\n    ALERT_CHOICE(")
        + TABLE.count("\n    STRIPE_TEXT(")
        + TABLE.count("\n    BRAND_TEXT(")
        + TABLE.count("\n    PATH(")
        + TABLE.count("\n    ALERT_PATH(")
        + TABLE.count("\n    DOOR_TEXT(")
    )
    assert len(settings()) > 40


def test_each_setting_is_there_once():
    names = [name for _, name, _ in lines()]
    assert sorted(names) == sorted(settings())


def test_defaults_are_those_of_the_program():
    given = {name: value for mark, name, value in lines() if mark}
    assert given == {name: settings()[name] for name in given}
