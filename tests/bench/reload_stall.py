"""How long an event loop stands still while policies are reloaded.

    python3 tests/bench/reload_stall.py BINARY [OTHER-BINARY] [--models 2000] [--rounds 7]

Each round reloads each program once, in turn, with the shipped policies and so many models more.
Meanwhile two connections ask one after the other: the one what no Lua answers (/healthz), the other
what the VM answers, so that the first request to a new VM is among them, and the freeing of the old
one. The longest answer of a round is that round's stall; without the time that loop and questioner
waited for a processor it depends less on what else the machine is doing. The longest answer in as
much time without a reload says how quiet the machine was. Printed are the medians of the rounds,
and with two programs their ratio. It needs nothing but Python and the programs, and asserts
nothing.
"""

import argparse
import json
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AFTER_S = 2.5  # the old VM is freed, and garbage is collected after a second without requests
MODEL = (
    '    ["bench-{0}"] = {{ name = "Bench {0}", owned_by = "bench", created = 1715367049,\n'
    '        context = 128000, max_output = 16384, input = "2.{0}", output = "10.{0}",\n'
    '        capabilities = {{ "tools" }},\n'
    '        candidates = {{ {{ provider = "openai", model = "bench-{0}" }} }} }},\n'
)


class Gateway:
    """One program with one worker and policies of its own."""

    def __init__(self, binary: Path, folder: Path, models: int):
        self.binary, self.folder = binary, folder
        shutil.copytree(ROOT / "policies", folder / "policies")
        path = folder / "policies/models.lua"
        more = "".join(MODEL.format(number) for number in range(models))
        path.write_text(re.sub(r"(?m)^return \{\n", lambda at: at[0] + more, path.read_text()))
        self.config = folder / "gateway.conf"
        self.config.write_text(
            "listen = 127.0.0.1:0\nworkers = 1\ndurability = process\nlog_format = json\n"
            f"database = {folder}/gateway.db\nsecret_file = {folder}/secret\n"
            f"policies = {folder}/policies\nwebui = {folder}\n"
        )
        self.env = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
        self.command("user", "create", "bench@example.com")
        self.key = self.command("key", "create", "bench@example.com").split()[-1]
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([binary, "--config", self.config], stderr=log,
                                            env=self.env)  # fmt: skip
        self.port = self._wait_for("listening", 1)["port"]
        auth = f"Authorization: Bearer {self.key}\r\n"
        self.probes = [self._probe("/healthz", ""), self._probe("/api/v1/models/demo", auth)]
        self.loop = self._find_loop()

    def command(self, *words: str) -> str:
        return subprocess.run([self.binary, "--config", self.config, *words], env=self.env,
                              capture_output=True, text=True, check=True).stdout  # fmt: skip

    def _lines(self, event: str) -> list[dict]:
        text = self.log.read_text()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in lines if event in line["event"]]

    def _wait_for(self, event: str, count: int) -> dict:
        while len(found := self._lines(event)) < count:
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            time.sleep(0.05)
        return found[-1]

    def _probe(self, path: str, head: str):
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, f"GET {path} HTTP/1.1\r\nHost: bench\r\n{head}\r\n".encode()

    @staticmethod
    def _times_ms(task: Path) -> list[float]:
        """What the thread has run, and what it has waited for a processor."""
        return [int(word) / 1e6 for word in (task / "schedstat").read_text().split()[:2]]

    def _find_loop(self) -> Path:
        """The thread that works when it is asked."""
        tasks = list(Path(f"/proc/{self.process.pid}/task").iterdir())
        before = [self._times_ms(task)[0] for task in tasks]
        for _ in range(300):
            self._ask(*self.probes[1])
        worked = [self._times_ms(task)[0] - at for task, at in zip(tasks, before, strict=True)]
        return tasks[worked.index(max(worked))]

    def _waits_ms(self) -> float:
        return self._times_ms(self.loop)[1] + self._times_ms(Path("/proc/self"))[1]

    def _ask(self, connection: socket.socket, request: bytes) -> float:
        """How long the answer took, in milliseconds."""
        begun = time.perf_counter()
        connection.sendall(request)
        if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("a probe was refused")
        return (time.perf_counter() - begun) * 1000

    def _watch(self, is_over) -> tuple[float, float]:
        """The longest answer until it is over, and the longest without waits for a processor."""
        longest, own, next_look = 0.0, 0.0, 0.0
        while time.monotonic() < next_look or not is_over():
            if time.monotonic() > next_look:
                next_look = time.monotonic() + 0.2
            for probe in self.probes:
                waited = self._waits_ms()
                took = self._ask(*probe)
                longest = max(longest, took)
                own = max(own, took - (self._waits_ms() - waited))
            time.sleep(0.0005)
        return longest, own

    def _rest(self) -> tuple[float, float]:
        end = time.monotonic() + AFTER_S
        return self._watch(lambda: time.monotonic() > end)

    def reload(self) -> tuple[float, float, float]:
        """From SIGHUP until some time after the reload; and the longest answer without one."""
        count = len(self._lines("policies reloaded")) + 1
        self.process.send_signal(signal.SIGHUP)
        stalls = [
            self._watch(lambda: len(self._lines("policies reloaded")) >= count),
            self._rest(),
        ]
        longest, own = (max(figures) for figures in zip(*stalls, strict=True))
        return longest, own, self._rest()[0]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("binaries", nargs="+", type=Path, metavar="BINARY")
    parser.add_argument("--models", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        gateways = []
        for number, binary in enumerate(args.binaries):
            place = Path(folder) / str(number)
            place.mkdir()
            gateways.append(Gateway(binary.resolve(), place, args.models))
        rounds = [[gateway.reload() for gateway in gateways] for _ in range(args.rounds)]
        for gateway in gateways:
            gateway.stop()
    medians = []
    for binary, stalls in zip(args.binaries, zip(*rounds, strict=True), strict=True):
        medians.append([statistics.median(figures) for figures in zip(*stalls, strict=True)])
        longest, own, rest = medians[-1]
        print(f"{binary}: {longest:.2f} ms, without waits for a processor {own:.2f} ms; "
              f"without a reload {rest:.2f} ms")  # fmt: skip
    if len(medians) == 2:
        longest, own, _ = (other / first for first, other in zip(*medians, strict=True))
        print(f"1/{longest:.0f} of the other's stall, 1/{own:.0f} without waits for a processor")


if __name__ == "__main__":
    main()
