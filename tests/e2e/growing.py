"""Files that grow while they are looked at: each byte of a long log is read once."""

import contextlib
import json
import os
import threading
from pathlib import Path


class GrowingFile:
    """What is new in a file. It begins again with another file, or where this one has shrunk."""

    def __init__(self):
        self._identity: tuple = ()
        self._offset = 0

    def read_on(self, path: Path, start: int) -> tuple[bytes, bool]:
        """What came since the last call; true: it begins at `start` again."""
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            status = os.fstat(file.fileno())
            identity = (path, start, status.st_dev, status.st_ino)
            is_new = identity != self._identity or status.st_size < self._offset
            if is_new:
                self._identity, self._offset = identity, start
            file.seek(self._offset)
            data = file.read()
            self._offset += len(data)
            return data, is_new
        self._identity, self._offset = (), 0
        return b"", True


class GrowingLog:
    """The lines of a log that are JSON objects. Threads may look at the same time."""

    def __init__(self):
        self._file = GrowingFile()
        self._lines: list[dict] = []
        self._rest = b""  # a line whose end has not come
        self._lock = threading.Lock()

    def lines(self, path: Path, start: int) -> list[dict]:
        with self._lock:
            data, is_new = self._file.read_on(path, start)
            if is_new:
                self._lines, self._rest = [], b""
            *whole, self._rest = (self._rest + data).split(b"\n")
            for line in whole:
                with contextlib.suppress(ValueError):
                    read = json.loads(line)
                    if isinstance(read, dict):
                        self._lines.append(read)
            return list(self._lines)


class Watch:
    """Which of these words stand in a file."""

    def __init__(self, *words: str):
        self._file = GrowingFile()
        self._words = [word.encode() for word in words]
        self._end = b""  # a word may have come by half
        self._found: list[str] = []

    def found(self, path: Path) -> list[str]:
        data, is_new = self._file.read_on(path, 0)
        if is_new:
            self._end, self._found = b"", []
        data = self._end + data
        self._end = data[-max(map(len, self._words)) :]
        self._found += [word.decode() for word in self._words if word in data]
        return self._found
