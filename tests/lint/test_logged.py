"""Tests that await a line of the log, or say that there is none, name one that the program has:
"there is none" of a line that was renamed is true for ever."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASKED = re.compile(r'\.(?:logged|logs|logging|never_logged)\(\s*f?"([^"]+)"')
LITERALS = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
# What no program says: that it cannot be made to say it is the test.
FOREIGN = {"forged"}


def said() -> str:
    """All texts of the product; those that the compiler joins are joined."""
    sources = [*ROOT.glob("core/**/*.c"), *ROOT.glob("lua/**/*.lua")]
    joined = (re.sub(r'"\s*\n\s*"', "", source.read_text()) for source in sources)
    return "\n".join(text for source in joined for text in LITERALS.findall(source))


def is_said(asked: str, texts: str) -> bool:
    """{...} of a test and %s of the program stand for any word."""
    words = [re.escape(part) for part in re.split(r"\{[^}]*\}", asked)]
    return re.search(r"[^\n]*?".join(words), texts) is not None


def test_lines_that_tests_ask_for_are_the_programs():
    texts = said()
    asked = {
        (path.name, word)
        for path in ROOT.glob("tests/*/*.py")
        for word in ASKED.findall(path.read_text())
        if path != Path(__file__)
    }
    assert len(asked) > 60
    gone = {(name, word) for name, word in asked if not is_said(word, texts)}
    assert {word for _, word in gone} == FOREIGN, gone
