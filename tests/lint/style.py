"""Checks what the formatters cannot: sizes, columns, stray blanks, notes to ourselves.

Files have at most 600 lines, functions in C and Python at most 70, unless a comment
`/* long: reason */` (in Lua `-- long: reason`, in Python `# long: reason`) says why not: for a file
above its first line of code, for a function inside it or right above. C keeps to 100 columns.
Nothing points to pages outside the repository, and each file that a document names is there.
Prints one line for each violation; exits 1 when there is any.
"""

import ast
import re
import sys
from pathlib import Path

import hand

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

FOLDERS = ["core", "lua", "policies", "migrations", "tests", "webui"]
SUFFIXES = {".c", ".h", ".lua", ".py", ".sql", ".cmake", ".sh", ".mjs", ".js", ".ts",
            ".tsx", ".css"}  # fmt: skip
SKIPPED = {"node_modules", "__pycache__", "dist"}
DOCUMENTS = ["*.md", "docs/*.md", "docs/*.yaml", "gateway.conf"]

LONG = re.compile(r"(/\*|--|#) *long: *\w")
NOTES = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
OUTSIDE = re.compile(r"\.\./sha" + r"red\b|\b(api|design|edges|prices|traps|wire)\.m" + r"d\b")
NAMED = re.compile(
    r"\b(?:core|docs|findings|lua|migrations|policies|tests|webui)/[\w./-]*\w\.\w+", re.ASCII
)
LITERAL = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(match):
    """The same number of lines, but nothing in them."""
    return "\n" * match.group().count("\n")


def functions_c(text):
    """Yields (name, first line, last line), lines from 1, of each function defined in C.

    A function is a block at depth 0 that follows a `)`. Comments, strings and preprocessor lines
    are taken out first; a block behind `=` is an initialiser.
    """
    text = LITERAL.sub(blank, text)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.MULTILINE)
    depth, line, head, head_line = 0, 1, "", 1
    name, start = None, 0
    for char in text:
        if char == "\n":
            line += 1
        if char == "{":
            if depth == 0:
                match = re.search(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*\)\)", "", head))
                is_function = match and "=" not in head
                name, start = (match.group(1), head_line) if is_function else (None, 0)
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0 and name:
                yield name, start, line
            if depth == 0:
                head, name = "", None
        elif depth == 0:
            if char == ";":
                head = ""
            else:
                if not head.strip():
                    head_line = line
                head += char


def functions_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, node.end_lineno


def excused_file(lines):
    """True when `long:` stands in the comments at the file's top."""
    for line in lines:
        if LONG.search(line):
            return True
        if line.strip() and not re.match(r'\s*(/\*|\*|//|--|#|"""|\w[^;{}()=]*$)', line):
            return False
    return False


def excused_function(lines, first, last):
    """True when `long:` stands in lines first..last, or in the comment that ends right above."""
    above = first - 2
    while above >= 0 and re.match(r"\s*(/\*|\*|//|#| \w)|.*\*/\s*$", lines[above]):
        above -= 1
    return any(LONG.search(line) for line in lines[above + 1 : last])


def check_lines(suffix, lines):
    for number, line in enumerate(lines, 1):
        if NOTES.search(line):
            yield number, f"a note to ourselves: {NOTES.search(line).group()} (file an issue)"
        if OUTSIDE.search(line):
            yield number, f"a page outside the repository: {OUTSIDE.search(line).group()}"
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if suffix in {".c", ".h"} and len(line) > COLUMNS_MAX:
            yield number, f"{len(line)} columns, at most {COLUMNS_MAX}"


def check_text(suffix, text):
    """Yields (line, what is wrong) for the text of one file."""
    lines = text.splitlines()
    yield from check_lines(suffix, lines)
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"
    if len(lines) > FILE_LINES_MAX and not excused_file(lines):
        yield 1, f"{len(lines)} lines, at most {FILE_LINES_MAX} (or say why: /* long: reason */)"
    functions = {".c": functions_c, ".h": functions_c, ".py": functions_python}.get(suffix)
    for name, first, last in functions(text) if functions else ():
        size = last - first + 1
        if size > FUNCTION_LINES_MAX and not excused_function(lines, first, last):
            yield first, f"{name}: {size} lines, at most {FUNCTION_LINES_MAX} (or say why)"
    if suffix in {".c", ".h"}:
        yield from hand.check(lines, list(functions_c(text)))


def check_document(text, exists):
    """Yields (line, what is wrong) for the text of a document. `exists` tells whether a path is in
    the repository."""
    for number, line in enumerate(text.splitlines(), 1):
        if OUTSIDE.search(line):
            yield number, f"a page outside the repository: {OUTSIDE.search(line).group()}"
        for name in NAMED.findall(line):
            if not exists(name):
                yield number, f"no such file: {name}"


def check(root):
    found = []
    for pattern in DOCUMENTS:
        for path in sorted(root.glob(pattern)):
            wrongs = check_document(path.read_text(), lambda name: (root / name).exists())
            found += [f"{path.relative_to(root)}:{number}: {wrong}" for number, wrong in wrongs]
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SUFFIXES or SKIPPED.intersection(path.parts):
                continue
            for number, wrong in check_text(path.suffix, path.read_text()):
                found.append(f"{path.relative_to(root)}:{number}: {wrong}")
    return found


if __name__ == "__main__":
    violations = check(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(violations), end="\n" if violations else "")
    sys.exit(bool(violations))
