"""A terminal of a given size that a command runs in, and what stands on it: it knows the codes that
we use, and fails on any other."""

import fcntl
import os
import re
import struct
import subprocess
import termios
import threading

from wait import wait_until

CODE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


class Screen:
    """Rows of text. Where a line is too long it goes on in the next row, as in a real one."""

    def __init__(self, columns: int, rows: int):
        self.columns = columns
        self.rows = rows
        self.lines = [""]
        self.row = 0
        self.scrolled = 0

    def take(self, text: str) -> None:
        while text:
            code = CODE.match(text)
            if code:
                self.obey(*code.groups())
                text = text[code.end() :]
                continue
            self.put(text[0])
            text = text[1:]

    def obey(self, words: str, letter: str) -> None:
        assert words == "", (words, letter)
        if letter == "H":
            self.row, self.column = 0, 0
        elif letter == "K":
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif letter == "J":
            self.lines = [*self.lines[: self.row], ""]
        else:
            raise AssertionError(f"what is this code? {letter}")

    column = 0

    def down(self) -> None:
        self.row += 1
        self.column = 0
        if self.row == len(self.lines):
            self.lines.append("")
        if self.row == self.rows:
            self.lines.pop(0)
            self.row -= 1
            self.scrolled += 1

    def put(self, letter: str) -> None:
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self.down()
        else:
            assert letter >= " ", repr(letter)
            if self.column == self.columns:
                self.down()
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + letter + line[self.column + 1 :]
            self.column += 1


class Terminal:
    def __init__(self, words: list, env: dict[str, str], columns: int = 80, rows: int = 24,
                 kind: str | None = "xterm", locale: str = "C.UTF-8"):  # fmt: skip
        self.size = (columns, rows)
        self.raw = b""
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        env = {name: value for name, value in env.items() if name != "TERM"} | {"LC_ALL": locale}
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave,
                                        env=env | ({"TERM": kind} if kind else {}))  # fmt: skip
        os.close(slave)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        while True:
            try:
                got = os.read(self.master, 65536)
            except OSError:  # all who wrote have gone
                got = b""
            if not got:
                return
            self.raw += got

    def text(self) -> str:
        return self.raw.decode(errors="replace")

    def screen(self) -> Screen:
        """Without what may still be on its way: a code that has not come whole."""
        screen = Screen(*self.size)
        screen.take(re.sub(r"\x1b[^A-Za-z]*$", "", self.text()))
        return screen

    def shows(self, pattern: str) -> None:
        wait_until(lambda: re.search(pattern, "\n".join(self.screen().lines)), 20, pattern)

    def end(self) -> int:
        """Waits until it ends by itself."""
        status = self.process.wait(60)
        self.reader.join()
        os.close(self.master)
        return status

    def interrupt(self) -> None:
        self.process.terminate()
        self.end()
