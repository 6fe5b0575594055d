"""The style checker itself: each rule catches its violation and lets the rest pass."""

import pytest
import style

LINES_600 = "int x;\n" * 600
NOTE = "TO" + "DO"


def wrong(suffix, text):
    return [message for _, message in style.check_text(suffix, text)]


def function(lines, inside="", above=""):
    """A C function of that many lines, braces in strings, characters and comments included."""
    body = [f"    {inside}"] if inside else []
    body += ["    puts(\"}\"); /* } */ putchar('}'); // }"] * (lines - 4 - len(body))
    return (
        f"{above}static int f(struct a *a,\n             int b)\n{{\n" + "\n".join(body) + "\n}\n"
    )


def test_tidy_text_passes():
    assert wrong(".c", "int main(void)\n{\n    return 0;\n}\n") == []


@pytest.mark.parametrize(
    ("suffix", "text", "message"),
    [
        (".c", "int x; /* " + NOTE + ": more */\n", "a note"),
        (".lua", "-- FIX" + "ME\n", "a note"),
        (".sql", "-- XX" + "X\n", "a note"),
        (".py", "# HA" + "CK\n", "a note"),
        (".c", "\tint x;\n", "a tab"),
        (".lua", "local x = 1 \n", "blanks"),
        (".h", "/* " + "x" * 98 + " */\n", "104 columns"),
        (".c", "int x;", "no newline"),
        (".py", "# as in ../sha" + "red/x.txt\n", "a page outside"),
        (".h", "/* as in api.m" + "d */\n", "a page outside"),
    ],
)
def test_lines(suffix, text, message):
    assert len(wrong(suffix, text)) == 1
    assert message in wrong(suffix, text)[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("see wire.m" + "d\n", "a page outside"),
        ("`core/net/gone.c` does it\n", "no such file: core/net/gone.c"),
        ("`core/net/here.c` does it, as docs/API.md says.\n", None),
    ],
)
def test_documents(text, message):
    there = {"core/net/here.c", "docs/API.md"}
    found = [wrong for _, wrong in style.check_document(text, there.__contains__)]
    assert len(found) == (message is not None)
    assert message is None or message in found[0]


def test_columns_are_characters():
    assert wrong(".c", "/* " + "\u00b5" * 94 + " */\n") == []


def test_words_that_hold_a_note():
    assert wrong(".c", "int HACKER, TO" + "DOS;\n") == []


@pytest.mark.parametrize(
    ("suffix", "comment"),
    [(".c", "/* long: {} */"), (".lua", "-- long: {}"), (".py", "# long: {}")],
)
def test_long_files(suffix, comment):
    text = "x = 1\n" if suffix != ".c" else "int x;\n"
    assert wrong(suffix, text * 600) == []
    assert "601 lines" in wrong(suffix, text * 601)[0]
    assert wrong(suffix, comment.format("one table") + "\n" + text * 600) == []
    assert wrong(suffix, comment.format("") + "\n" + text * 600), "a reason is due"
    assert wrong(suffix, text * 601 + comment.format("too late") + "\n")


def test_long_functions():
    assert wrong(".c", function(70)) == []
    assert wrong(".c", function(71)) == ["f: 71 lines, at most 70 (or say why)"]
    assert wrong(".c", function(71, inside="/* long: one switch */")) == []
    assert wrong(".c", function(71, above="/* What.\n * long: no */\n"))
    assert wrong(".c", function(71, above="/* What.\n */\n/* long: one table */\n")) == []
    assert wrong(".c", function(71, inside="/* long: only mine */") + function(71)) != []


def test_functions_are_told_from_other_blocks():
    text = (
        "#define F(x) \\\n    do { \\\n    } while (0)\n"
        "struct s {\n    int a;\n};\n"
        "static const int t[] = {\n    G(1),\n};\n"
        "bool f(int a, ...) __attribute__((format(printf, 1, 2)));\n"
        "enum { A = 1 };\n\n"
        "/* f */\nint g(void (*h)(int), int b)\n{\n    if (b) {\n    }\n}\n"
        "int k(void) { return 0; }\n"
    )
    found = [(first, last) for _, first, last in style.functions_c(text)]
    assert found == [(14, 18), (19, 19)]


def test_long_python_functions():
    text = "def f():\n" + "    print()\n" * 70
    assert wrong(".py", text) == ["f: 71 lines, at most 70 (or say why)"]
    assert wrong(".py", text + "    # long: one story\n    print()\n") == []


def test_the_tree_is_walked(tmp_path):
    (tmp_path / "lua" / "deep").mkdir(parents=True)
    (tmp_path / "lua" / "deep" / "a.lua").write_text("x = 1\t\n")
    assert style.check(tmp_path) == [
        "lua/deep/a.lua:1: a tab",
        "lua/deep/a.lua:1: blanks at the end of the line",
    ]
