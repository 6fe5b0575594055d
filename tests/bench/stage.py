"""Sets up what a workload compares, and runs one after the other, round by round."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from books import Books, Void
from comparison import BEFORE, NOW
from processes import Cpus, Gateway, Load, MemoryPeak, Nginx, Program, Provider


@dataclass
class Bench:
    """What was asked for on the command line."""

    folder: Path
    rounds: int
    quick: bool
    cpus: Cpus
    descriptors: int
    before: Program | None = None  # another commit's, measured in turn with this tree's
    commit: str | None = None  # as it was asked for

    @property
    def programs(self):
        """The gateways of a comparison, by the name of the target."""
        return {NOW: Program()} | ({BEFORE: self.before} if self.before else {})

    def turns(self):
        """For each round the names of these, each the first in its turn."""
        names = list(self.programs)
        for number in range(self.rounds):
            turn = number % len(names)
            yield names[turn:] + names[:turn]

    def seconds(self, usual):
        return 2 if self.quick else usual


class Run:
    """One target under one load: what the generator has measured, in the units of the figures."""

    def __init__(self, result, peak=None):
        self.result = result
        self.peak = peak  # of its memory, in bytes, where that was watched
        window_us = result["seconds"] * 1e6
        self.requests_per_s = result["completed"] / result["seconds"]
        self.cpu_us = result["cpu_us"]["target"] / max(result["completed"], 1)
        self.cpu_us_per_event = result["cpu_us"]["target"] / max(result["events"], 1)
        self.busy = result["cpu_us"]["target"] / window_us
        harness_us = result["cpu_us"]["provider"] + result["cpu_us"]["generator"]
        self.harness_busy = harness_us / window_us
        self.p50_us = result["latency_us"]["p50"]
        self.p99_us = result["latency_us"]["p99"]
        self.first_byte_us = result["first_byte_us"]["p50"]
        self.lost = result["events_lost"] + result["incomplete"]
        self.failed = result["failed"] + result["unanswered"]


def checked(target, mark, result, words=0, peak=None):
    """The run, if it may count: the gateway's books are right, and others have answered too."""
    if mark is not None:
        try:
            target.books.audit(mark, result, words)
        except Void as why:
            raise Void(f"{target.name}: {why}") from None
    elif result["failed"] or result["unanswered"] or result["events_lost"]:
        raise Void(f"{target.name} has failed, so there is nothing to compare with")
    return Run(result, peak)


@dataclass
class Stage:
    """What stands and waits for load."""

    bench: Bench
    provider: Provider
    nginx: Nginx
    gateways: dict[str, Gateway]
    load_cpu: int

    @property
    def gateway(self):
        return self.gateways[NOW]

    @property
    def targets(self):
        return [self.provider, self.nginx, *self.gateways.values()]

    def load(self, target, keys=None, **options):
        books = target.books if isinstance(target, Gateway) else self.gateway.books
        keys = keys or books.first_key_path
        watch = {"target": target.pid, "provider": self.provider.pid}
        return Load(target, self.load_cpu, keys, watch, **options)

    def run(self, target, keys=None, memory=False, **options):
        mark = target.books.mark() if isinstance(target, Gateway) else None
        running = self.load(target, keys, **options)
        peak = MemoryPeak.of(target.pid, running) if memory else None
        return checked(target, mark, running.wait(), options.get("stream", 0), peak)

    def rounds(self, **options):
        """For each round the runs by target: each is first, second and last in its turn."""
        for number in range(self.bench.rounds):
            turn = number % len(self.targets)
            order = self.targets[turn:] + self.targets[:turn]
            yield {target.name: self.run(target, **options) for target in order}


@contextlib.contextmanager
def stage(bench, name, *, streams=False, accounts=1, settings=None, one_cpu=False, **provider):
    """Provider, nginx and the gateways, each with accounts that have credits and a key each."""
    folder = bench.folder / name
    folder.mkdir()
    load_cpu = bench.cpus.measured if one_cpu else bench.cpus.measuring
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(Provider(load_cpu, **provider))
        nginx = Nginx(folder / "nginx", bench.cpus.measured, source.port, streams)
        stack.enter_context(nginx)
        gateways = {}
        for target, program in bench.programs.items():
            gateways[target] = new_gateway(
                bench, folder / target, source, accounts, settings, program, target
            )
            stack.enter_context(gateways[target])
        yield Stage(bench, source, nginx, gateways, load_cpu)
        for gateway in gateways.values():
            verify(gateway)


def new_gateway(bench, folder, provider, accounts=1, settings=None, program=None, name=None):
    """Not started yet."""
    books = Books(folder)
    gateway = Gateway(folder, bench.cpus.measured, provider.port, books, settings, program, name)
    gateway.prepare()
    books.make_secret()
    books.open_accounts(accounts)
    return gateway


def verify(gateway):
    try:
        gateway.command("ledger", "verify")
    except RuntimeError as differs:
        raise Void(f"{gateway.name}: {differs}") from None
