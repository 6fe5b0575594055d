"""W11: two workers, each on a core of its own, against one.

Where there are only two cores, the provider and the generator must share them with the gateway. So
that this does no harm to the comparison, they do so in both runs: with one worker all share one
core, with two all share two. The rates' ratio then has a most of 2. It needs both cores for itself;
the processor time of a request does not. A worker that the other does not hinder needs the same for
a request; so twice the ratio of these is what two cores are worth, unless workers wait for each
other asleep. The idle share of the cores would show that.
"""

import contextlib
import os

from comparison import NOW
from figures import Figures
from processes import Load, Provider
from stage import checked, new_gateway, verify


def cores():
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[:2]


def pin(gateway, workers, cpus):
    """Each worker to its core; the ledger and others may run on any of these."""
    threads = gateway.workers()
    if len(threads) != workers:
        raise RuntimeError(f"{gateway.name} has {len(threads)} workers, not {workers}")
    for thread, cpu in zip(threads, cpus, strict=True):
        os.sched_setaffinity(thread, {cpu})


@contextlib.contextmanager
def standing(bench, name, program, workers):
    """A gateway with so many workers and as many cores; its provider on the same."""
    cpus = cores()[:workers]
    folder = bench.folder / f"w11-{name}-{workers}"
    with Provider(cpus, answer_bytes=1024) as provider:
        settings = {"workers": workers}
        gateway = new_gateway(
            bench, folder, provider, settings=settings, program=program, name=name
        )
        gateway.cpu = cpus
        with gateway:
            pin(gateway, workers, cpus)
            yield gateway, provider
            verify(gateway)


def run(gateway, provider, **load):
    mark = gateway.books.mark()
    watch = {"target": gateway.pid, "provider": provider.pid}
    running = Load(gateway, gateway.cpu, gateway.books.first_key_path, watch, **load)
    return checked(gateway, mark, running.wait())


def w11(bench):
    """two workers, each on its own core, against one; 64 connections a core"""
    if len(cores()) < 2:
        raise SystemExit("W11 needs two processors")
    figures = Figures()
    load = {"seconds": bench.seconds(6), "warmup_ms": 1000}
    with contextlib.ExitStack() as stack:
        found = {
            (name, workers): stack.enter_context(standing(bench, name, program, workers))
            for name, program in bench.programs.items()
            for workers in (1, 2)
        }
        for number, names in enumerate(bench.turns()):
            runs = {}
            for name in names:
                for workers in (2, 1) if number % 2 else (1, 2):
                    runs[name, workers] = run(
                        *found[name, workers], connections=64 * workers, **load
                    )
            pairs = {name: (runs[name, 1], runs[name, 2]) for name in names}
            by_cpu = {name: 2 * one.cpu_us / two.cpu_us for name, (one, two) in pairs.items()}
            by_rate = {name: two.requests_per_s / one.requests_per_s
                       for name, (one, two) in pairs.items()}  # fmt: skip
            idle = {name: 100 * (2 - two.busy - two.harness_busy)
                    for name, (_, two) in pairs.items()}  # fmt: skip
            figures.add("two workers / one, by CPU a request", by_cpu[NOW])
            compared = figures.compared
            compared.add("two workers / one, by CPU a request", by_cpu, of_value=True,
                         more_is_better=True, must=1.9, aim=1.95)  # fmt: skip
            compared.add("two workers / one, requests/s", by_rate)
            compared.add("two workers: a core's time that they had not", idle, "%")
            compared.add("one worker: CPU a request",
                         {name: one.cpu_us for name, (one, _) in pairs.items()}, "us")  # fmt: skip
    yield "W11", figures
