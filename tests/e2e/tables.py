"""The ledger's journal (core/store/journal/journal.h), for those who read the database beside the
gateway: what it has answered is durable at once, and in the tables a moment later."""

import contextlib
import sqlite3
import struct
from pathlib import Path

from wait import wait_until

HALF_BYTES = 2 * 1024 * 1024
GENERATION = struct.Struct("<8xQ")  # at the start of a record


def newest_generation(database: Path) -> int:
    """Of what was appended so far."""
    with contextlib.suppress(FileNotFoundError), open(f"{database}-tail", "rb") as tail:
        newest = 0
        for half in range(2):
            tail.seek(half * HALF_BYTES)
            head = tail.read(GENERATION.size)
            if len(head) == GENERATION.size:
                newest = max(newest, *GENERATION.unpack(head))
        return newest
    return 0


def applied_generation(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return db.execute("SELECT applied FROM tail").fetchone()[0]


def await_tables(database: Path) -> None:
    """Until all that the gateway had answered when this was called is in the tables."""
    newest = newest_generation(database)
    wait_until(lambda: applied_generation(database) >= newest, 20, "the tables")
