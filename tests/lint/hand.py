"""One hand: what C can write in two ways and the formatters leave alone, this code writes in one.

- `sizeof x` of a value, `sizeof(type)` of a type.
- A pointer is compared: `p == NULL`, `p != NULL`, never `!p` or `p` alone. (Seen of pointers that a
  function declares itself; members are the reader's.)
- No empty lines in a function: what needs them is two functions.
"""

import re

TYPE = (
    r"(?:const |_Atomic )?(?:struct|union|enum|unsigned|signed|u?int\d*_t|size_t|ssize_t|bool|char"
    r"|short|int|long|float|double|void|sqlite3_\w+|lua_\w+|utf8proc_\w+|socklen_t|time_t|pid_t)\b"
)
SIZEOF = re.compile(rf"\bsizeof\((?!{TYPE})[*&]?\w+(?:(?:->|\.)\w+|\[[^\[\]]*\])*\)")
POINTER = re.compile(r"\*(\w+)(?=[,;)\[]| = )")
STRINGS = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def unwritten(name):
    """A pointer of this name that is used as if it were true or false."""
    return re.compile(
        rf"!{name}\b(?!\s*(?:->|\[|\())|\b(?:if|while) \({name}\)"
        rf"|(?:&&|\|\|) {name}(?=\)| &&| \|\|)|[(!]{name} (?:&&|\|\|) "
    )


def check_function(text):
    """Yields (offset of the line, what is wrong) for the text of one function."""
    lines = STRINGS.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text).split("\n")
    body = next((i for i, line in enumerate(lines) if line.startswith("{")), len(lines))
    names = {name for line in lines for name in POINTER.findall(line)}
    names -= {name for line in lines for name in re.findall(r"\b(?:bool|int|size_t) (\w+)", line)}
    patterns = [unwritten(name) for name in sorted(names)]
    for offset, line in enumerate(lines):
        if offset > body and not text.split("\n")[offset].strip():
            yield offset, "an empty line in a function"
        if any(pattern.search(line) for pattern in patterns):
            yield offset, "a pointer is compared: == NULL, != NULL"


def check(lines, functions):
    """Yields (line, what is wrong) for a C file; `functions` are (name, first, last) in it."""
    for number, line in enumerate(lines, 1):
        if SIZEOF.search(line) and not line.lstrip().startswith("#define"):
            yield number, "sizeof of a value has no parentheses"
    for _, first, last in functions:
        for offset, wrong in check_function("\n".join(lines[first - 1 : last])):
            yield first + offset, wrong
