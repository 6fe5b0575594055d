"""A gateway as systemd runs it: it tells a socket how it does, and may get a listening socket."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from gateway import BINARY, Gateway
from wait import wait_until

# Takes the place of itself by the gateway, with the socket at the descriptor where systemd has it.
HAND_OVER = """
import os, sys
if sys.argv[1] != "-":
    os.dup2(int(sys.argv[1]), 3)
    os.set_inheritable(3, True)
    os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """What the service manager hears."""

    def __init__(self, folder: Path):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.messages: list[dict[str, str]] = []

    def heard(self) -> list[dict[str, str]]:
        while True:
            try:
                text = self.socket.recv(4096).decode()
            except BlockingIOError:
                return self.messages
            self.messages.append(dict(line.split("=", 1) for line in text.split("\n")))

    def wait_for(self, name: str, count: int = 1, timeout_s: float = 10) -> list[dict[str, str]]:
        def those():
            return [message for message in self.heard() if name in message]

        wait_until(lambda: len(those()) >= count, timeout_s, f"{count} of {name}")
        return those()

    def close(self) -> None:
        self.socket.close()


class ManagedGateway(Gateway):
    manager: Manager | None = None
    listener: socket.socket | None = None

    def spawn(self) -> None:
        self.write_config()
        self._log_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        env = dict(self.env)
        fds: tuple[int, ...] = ()
        if self.manager:
            env["NOTIFY_SOCKET"] = self.manager.path
        if self.listener:
            env["LISTEN_FDS"] = "1"
            fds = (self.listener.fileno(),)
        words = [sys.executable, "-c", HAND_OVER, str(fds[0]) if fds else "-"]
        with self.open_stderr() as stderr:
            self.process = subprocess.Popen(
                [*words, BINARY, "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=env,
                cwd=self.folder,
                pass_fds=fds,
            )


def listening_socket(family: int = socket.AF_INET, address: str = "127.0.0.1") -> socket.socket:
    """As systemd makes it: it exists before the gateway, and after it."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 0))
    listener.listen(os.cpu_count() * 64)
    return listener
