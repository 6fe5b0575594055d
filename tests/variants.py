"""Which of many alike are tried where trying all would take too long. The commit has a say in it:
each run of one commit tries the same ones, and over a few commits all have their turn."""

import hashlib
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def git(*arguments: str) -> str:
    """What git says of this clone; nothing in a folder that is none."""
    asked = ["git", "-C", Path(__file__).parent, *arguments]
    try:
        return subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""


@cache
def commit() -> str:
    return git("rev-parse", "HEAD")


@cache
def changed_lately(commits: int) -> frozenset[str]:
    """The files that the last commits have touched, from the clone's top."""
    return frozenset(git("log", f"-{commits}", "--format=", "--name-only").split("\n"))


def some_of(of: list[T], count_max: int, seed: str) -> list[T]:
    """At most so many, in their order and far from each other; `seed` says where to begin."""
    if len(of) <= count_max:
        return of
    begin = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) % len(of)
    kept = {(begin + i * len(of) // count_max) % len(of) for i in range(count_max)}
    return [one for i, one in enumerate(of) if i in kept]


def keep_some(config, items, count_max_of, group_of) -> None:
    """So many tests of each group as `count_max_of` says, others with another commit."""
    groups = defaultdict(list)
    for item in items:
        groups[group_of(item)].append(item)
    kept = {
        item
        for name, group in groups.items()
        for item in some_of(group, count_max_of(group), f"{commit()} {name}")
    }
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]
