"""A real model server for as long as a test module needs it: it chooses its port itself."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wait import wait_until

START_TIMEOUT_S = 120


@contextmanager
def running(
    command: list, log: Path, find_origin: Callable[[subprocess.Popen], str | None], **how
) -> Iterator[str]:
    """Starts it, its words in `log`; yields what find_origin finds, and ends it. `how`: for Popen.
    Where it ends by itself before that, the test says its last words."""
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **how)

    def origin() -> str | None:
        assert process.poll() is None, log.read_text(errors="replace")[-4000:]
        return find_origin(process)

    try:
        yield wait_until(origin, START_TIMEOUT_S, f"{command[0]} to listen")
    finally:
        process.terminate()
        process.wait()
