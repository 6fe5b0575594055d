"""Draws who includes whom in core/, as docs/INCLUDES.md: rooms, the headers that are their faces,
and circles of files. A module is NAME.c and NAME.h; what it includes of its own is no edge.

`graph.py` says whether the page is as the code is, and whether the circles are as few as they may
be (CIRCLES); `graph.py --write` writes the page. It also counts the words of the headers that
docs/ARCHITECTURE.md tells a newcomer to read first: half an hour is enough for them.
"""

import collections
import re
import sys
from pathlib import Path

PAGE = Path("docs/INCLUDES.md")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# floor -> how many circles it may have, of how many files each
CIRCLES = {"exchange": (1, 3)}
MAP = Path("docs/ARCHITECTURE.md")
READ_FIRST = re.compile(r"^\| `core/(\S+\.h)` \|", re.MULTILINE)
HEADERS_MAX, WORDS_MAX = 22, 9000


def modules(core):
    """ "exchange/relay" -> the paths that it includes."""
    found = collections.defaultdict(set)
    for path in sorted(core.rglob("*.[ch]")):
        module = str(path.relative_to(core).with_suffix(""))
        found[module] |= set(INCLUDE.findall(path.read_text()))
    return found


def edges(found):
    """Module -> the modules that it includes, without itself."""
    return {
        module: {target[:-2] for target in targets} & set(found) - {module}
        for module, targets in found.items()
    }


def circles(graph):
    """The strongly connected components of more than one module (Tarjan)."""
    index, low, stack, on_stack, result = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for target in sorted(graph[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in on_stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = []
            while True:
                member = stack.pop()
                on_stack.discard(member)
                component.append(member)
                if member == node:
                    break
            if len(component) > 1:
                result.append(sorted(component))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted(result)


def too_many(found_circles):
    """What is wrong with the circles, as lines of text."""
    by_floor = collections.defaultdict(list)
    for circle in found_circles:
        by_floor[circle[0].partition("/")[0]].append(circle)
    lines = []
    for floor, its in sorted(by_floor.items()):
        most, files = CIRCLES.get(floor, (0, 0))
        if len(its) > most or any(len(circle) > files for circle in its):
            lines += [f"core/{floor}/: a circle of includes: {', '.join(circle)}" for circle in its]
    return lines


def room_of(module):
    return module.rpartition("/")[0]


def drawn_rooms(graph):
    """A Mermaid chart of the rooms; base/, which all include, is left out."""
    arrows = set()
    for module, targets in graph.items():
        for target in targets:
            pair = (room_of(module), room_of(target))
            if pair[0] != pair[1] and "base" not in pair:
                arrows.add(pair)
    lines = ["```mermaid", "flowchart TD"]
    lines += [
        f"    {a.replace('/', '_')}[{a}] --> {b.replace('/', '_')}[{b}]" for a, b in sorted(arrows)
    ]
    return [*lines, "```"]


def faces(found):
    """Of each room: the headers that other rooms include."""
    shown = collections.defaultdict(set)
    for module, targets in found.items():
        for target in targets:
            if room_of(target) != room_of(module):
                shown[room_of(target)].add(target.rpartition("/")[2])
    return shown


def page(core):
    found = modules(core)
    graph = edges(found)
    lines = [
        "# Who includes whom",
        "",
        "Drawn by `tests/lint/graph.py --write`; lint refuses a page that is not as the code is.",
        "Arrows go down or sideways; base/, which all floors include, is left out.",
        "",
        *drawn_rooms(graph),
        "",
        "## Circles of files",
        "",
    ]
    lines += [f"- {', '.join(circle)}" for circle in circles(graph)] or ["None."]
    lines += ["", "## Headers that other rooms include", "", "| room | headers |", "|---|---|"]
    lines += [
        f"| {room} | {', '.join(sorted(names))} |" for room, names in sorted(faces(found).items())
    ]
    return "\n".join(lines) + "\n"


def reading_list(core, text):
    """What is wrong with the headers to read first, as lines of text."""
    listed = READ_FIRST.findall(text)
    gone = [name for name in listed if not (core / name).is_file()]
    if gone or not listed:
        return [f"{MAP}: to be read first, but not there: {', '.join(gone) or 'any header'}"]
    words = sum(len((core / name).read_text().split()) for name in listed)
    if len(listed) <= HEADERS_MAX and words <= WORDS_MAX:
        return []
    return [
        f"{MAP}: {len(listed)} headers with {words} words are to be read first:"
        f" at most {HEADERS_MAX} with {WORDS_MAX}"
    ]


def main(arguments):
    core = Path("core")
    text = page(core)
    if arguments == ["--write"]:
        PAGE.write_text(text)
    wrong = too_many(circles(edges(modules(core)))) + reading_list(core, MAP.read_text())
    if not PAGE.is_file() or PAGE.read_text() != text:
        wrong.append(f"{PAGE} is not as the code is: python tests/lint/graph.py --write")
    print("\n".join(wrong), end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
