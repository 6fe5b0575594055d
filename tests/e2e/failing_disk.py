"""A disk that fails or hesitates under the running program: failing_disk.c."""

import contextlib
import mmap
import struct
from pathlib import Path

from gateway import preloaded
from wait import wait_until

FAULTS = {"eio": 1, "enospc": 2, "short": 3, "sync": 4, "slow": 5}


class Disk:
    """Fails between fail() and heal(); what the library and the test share is mapped by both."""

    def __init__(self, folder: Path, database: Path):
        path = folder / "disk.control"
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        self.env = {
            "LD_PRELOAD": preloaded("failing_disk.so", "cheap_passwords.so"),
            "FAILING_DISK_PATH": str(database),
            "FAILING_DISK_CONTROL": str(path),
        }

    def fail(self, fault: str) -> None:
        self._map[0:4] = struct.pack("=I", FAULTS[fault])

    @contextlib.contextmanager
    def failing(self, fault: str):
        self.fail(fault)
        try:
            yield
        finally:
            self.heal()

    def heal(self) -> None:
        self._map[0:4] = bytes(4)

    @property
    def refused(self) -> int:
        """How many calls of the gateway have failed."""
        return struct.unpack("=I", self._map[4:8])[0]

    def wait_for_refusals(self, more: int = 2) -> None:
        """So many from now on: one try may have been under way, the next one was not."""
        before = self.refused
        wait_until(lambda: self.refused >= before + more, 10, "a call that the disk refuses")
