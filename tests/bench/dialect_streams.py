"""Processor time of an event and memory of a stream, for pairs of dialects: of the client, and of
the provider.

    ./dev build && build/venv/bin/python tests/bench/dialect_streams.py [CLIENT:PROVIDER...]

Each pair gets a gateway of its own. 64 streams run at once, each event in a write of its own, 20 ms
apart; then 400 streams stop in the middle of their text, and what they take is measured. Each
figure is also given as a ratio to chat's in the same round. docs/PERFORMANCE.md has a table.
"""

import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
sys.path.insert(0, str(ROOT / "tests/bench"))

import answers  # noqa: E402
import gateway as gateways  # noqa: E402
from dialects import ASK, DIALECTS, PRICE, events_of  # noqa: E402
from fake_provider import Gate, Provider  # noqa: E402
from wait import wait_until  # noqa: E402

ROUNDS = 3
EVENTS, GAP_S, STREAMS = 300, 0.02, 64
HELD_STREAMS, HELD_EVENTS = 400, 60
PLAIN = ("openai", "openai")


class House:
    """A gateway with one model at a provider of a dialect."""

    def __init__(self, folder: Path, client: str, dialect: str):
        self.client, self.dialect = client, dialect
        self.provider = Provider(default=answers.chat())
        self.gateway = gateways.Gateway(folder, self.provider, {"workers": 1})
        self.gateway.policies.provider("p", dialect=dialect)
        self.gateway.policies.model("m", PRICE, providers=("p",), max_output=100000)
        self.gateway.policies.write("examples", "return {}\n")

    def __enter__(self) -> "House":
        self.gateway.start()
        self.customer = self.gateway.customer(credit="1000")
        return self

    def __exit__(self, *_) -> None:
        self.gateway.stop()
        self.provider.stop()

    def _request(self) -> bytes:
        path, body = ASK[self.client]
        request = self.gateway.http.build_request(
            "POST", path, json=body, headers=self.customer.authorization
        )
        lines = [f"POST {path} HTTP/1.1", "connection: close"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()
                  if name.lower() != "connection"]  # fmt: skip
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + request.content

    async def _read(self, request: bytes) -> int:
        reader, writer = await asyncio.open_connection(*self.gateway.address)
        writer.write(request)
        total = 0
        while piece := await reader.read(65536):
            total += len(piece)
        writer.close()
        return total

    async def read(self, count: int, meanwhile=None) -> None:
        request = self._request()
        running = [asyncio.create_task(self._read(request)) for _ in range(count)]
        if meanwhile is not None:
            await asyncio.to_thread(meanwhile)
        sizes = await asyncio.gather(*running)
        assert min(sizes) == max(sizes) or min(sizes) > HELD_EVENTS * 20, sizes

    def cpu_ns(self) -> int:
        tasks = Path(f"/proc/{self.gateway.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks)

    def event_us(self) -> float:
        """The difference of two lengths: without what begins and ends a stream."""
        spent = []
        for count in (EVENTS // 10, EVENTS):
            self.provider.answer = answers.stream(events_of(self.dialect, count), gap_s=GAP_S)
            before = self.cpu_ns()
            asyncio.run(self.read(STREAMS))
            spent.append(self.cpu_ns() - before)
        return (spent[1] - spent[0]) / 1000 / STREAMS / (EVENTS - EVENTS // 10)

    def stream_kb(self) -> float:
        """Without what the first call of its kind loads for all others."""
        events = events_of(self.dialect, HELD_EVENTS)
        self.provider.answer = answers.stream(events)
        asyncio.run(self.read(1))
        with Gate(self.provider) as gate:
            self.provider.answer = answers.stream(events, gates={HELD_EVENTS - 5: gate})
            idle = self.gateway.rss_bytes()
            added = []

            def measure():
                wait_until(self._all_held, timeout=120)
                added.append(self.gateway.rss_bytes() - idle)
                gate.set()

            asyncio.run(self.read(HELD_STREAMS, measure))
        return added[0] / HELD_STREAMS / 1024

    def _all_held(self) -> bool:
        held = [request for request in self.provider.requests[-HELD_STREAMS:]
                if request.marks.get("events") == HELD_EVENTS - 5]  # fmt: skip
        return len(held) == HELD_STREAMS


def figures_of(folder: Path, pair: tuple[str, str]) -> tuple[float, float]:
    folder.mkdir()
    with House(folder, *pair) as house:
        return house.stream_kb(), house.event_us()


def main() -> None:
    asked = [tuple(pair.split(":")) for pair in sys.argv[1:]]
    pairs = asked or [(client, provider) for client in DIALECTS for provider in DIALECTS]
    found: dict[tuple, list] = {pair: [] for pair in [PLAIN, *pairs]}
    with tempfile.TemporaryDirectory() as name:
        for turn in range(ROUNDS):
            for number, pair in enumerate(found):
                found[pair].append(figures_of(Path(name) / f"{turn}-{number}", pair))
    print(
        f"{'client':18} {'provider':18} {'us an event':>12} {'ratio':>6} {'KB a stream':>12} ratio"
    )
    for pair, rounds in found.items():
        event = statistics.median(us for _, us in rounds)
        times = statistics.median(us / found[PLAIN][turn][1] for turn, (_, us) in enumerate(rounds))
        memory = statistics.median(kb for kb, _ in rounds)
        more = statistics.median(kb / found[PLAIN][turn][0] for turn, (kb, _) in enumerate(rounds))
        print(f"{pair[0]:18} {pair[1]:18} {event:12.1f} {times:6.2f} {memory:12.1f} {more:5.2f}")


if __name__ == "__main__":
    os.environ.pop("GATEWAY_BINARY", None)
    main()
