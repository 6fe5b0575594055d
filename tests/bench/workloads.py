"""W1 to W8: what is measured, and what it must and should come to, beside nginx (`figures.add`) and
beside another commit (`figures.compared`). W9 to W12 are in files of their own."""

import contextlib
import os
import signal
import time

import dashboard
import ledgers
from books import Void
from failover import w10
from figures import Figures
from large_ledgers import w7_cold, w9, w9_migration
from processes import Load, Provider, end, memory_bytes
from stage import checked, stage
from traces import w12
from two_workers import w11

MILLI = 1000  # what a microsecond figure is divided by, to be in milliseconds
# What makes a figure doubtful: other work on the machine. A rate, where neither nginx nor what
# loads it has had this much of a CPU; a time, where even nginx was so much later than the provider.
BUSY = 0.85
LATE_US = 5000


def explain(figures, runs):
    """What the ratios are made of; it has no targets."""
    for name, run in runs.items():
        if name != "direct":
            figures.add(f"{name}: CPU a request", run.cpu_us, "us")
    for name, run in runs.items():
        figures.add(f"{name}: requests/s", run.requests_per_s)
    for name, run in runs.items():
        figures.add(f"{name}: p50", run.p50_us, "us")
    for name, run in runs.items():
        figures.add(f"{name}: p99", run.p99_us, "us")
    figures.add("nginx: its CPU was busy", 100 * runs["nginx"].busy, "%")
    figures.add("gateway: its CPU was busy", 100 * runs["gateway"].busy, "%")
    figures.add("harness: its CPU was busy (nginx)", 100 * runs["nginx"].harness_busy, "%")


def of_each(runs, value):
    """By target; of `direct`, too, where there is one."""
    return {name: value(run) for name, run in runs.items()}


def compare_memory(compared, runs):
    for kind, targets in (("rss", {"must": 0.5, "aim": 0.35}), ("pss", {})):
        peaks = of_each(runs, lambda run, kind=kind: run.peak[kind])
        if None not in peaks.values():
            sizes = {name: size / 2**20 for name, size in peaks.items()}
            compared.add(f"memory while it runs, {kind.upper()}", sizes, "MB", **targets)


def one_core(run):
    """Requests/s of a whole core. Nginx may be faster than what loads it: then what it did in a
    part of its CPU's time, it would do in all of it at the same cost."""
    limited = run.harness_busy > BUSY and run.busy < 1
    return run.requests_per_s / run.busy if limited else run.requests_per_s


def w1(bench):
    """1 KB in, 1 KB out, immediate upstream, 64 connections"""
    figures = Figures()
    with stage(bench, "w1", answer_bytes=1024) as here:
        load = {"connections": 64, "seconds": bench.seconds(6), "warmup_ms": 1000}
        for runs in here.rounds(memory=True, **load):
            nginx, gateway = runs["nginx"], runs["gateway"]
            figures.add("CPU a request / nginx's", gateway.cpu_us / nginx.cpu_us,
                        must=3.0, aim=2.3)  # fmt: skip
            figures.add("requests/s on one core / nginx's",
                        gateway.requests_per_s / one_core(nginx),
                        doubtful=nginx.busy < BUSY and nginx.harness_busy < BUSY,
                        must=0.33, aim=0.45, more_is_better=True)  # fmt: skip
            explain(figures, runs)
            compared = figures.compared
            compared.add("CPU a request", of_each(runs, lambda run: run.cpu_us), "us",
                         must=0.75, aim=0.6)  # fmt: skip
            compared.add("p99", of_each(runs, lambda run: run.p99_us), "us",
                         doubtful=nginx.p99_us > LATE_US, must=0.4, aim=0.2)  # fmt: skip
            compared.add("p50", of_each(runs, lambda run: run.p50_us), "us")
            compare_memory(compared, runs)
    yield "W1", figures


def w1_one(bench):
    """W1 with one connection, all on one CPU, durability = process and power"""
    for durability in ("process", "power"):
        yield f"W1 one connection, {durability}", w1_one_figures(bench, durability)


def w1_one_figures(bench, durability):
    figures = Figures()
    settings = {"durability": durability}
    name = f"w1-one-{durability}"
    # A power loss is survived by a sync for each request: targets for its time are for `process`.
    targets = {"must": 60, "aim": 35} if durability == "process" else {}
    with stage(bench, name, answer_bytes=1024, one_cpu=True, settings=settings) as here:
        for runs in here.rounds(connections=1, seconds=bench.seconds(4), warmup_ms=500):
            added_us = runs["gateway"].p50_us - runs["direct"].p50_us
            shared = runs["nginx"].busy + runs["nginx"].harness_busy
            figures.add("added p50 over direct", added_us, "us",
                        doubtful=shared < BUSY, **targets)  # fmt: skip
            figures.add("nginx: added p50 over direct",
                        runs["nginx"].p50_us - runs["direct"].p50_us, "us")  # fmt: skip
            explain(figures, runs)
            direct_us = runs["direct"].p50_us
            figures.compared.add("CPU a request", of_each(runs, lambda run: run.cpu_us), "us",
                                 must=0.6, aim=0.45)  # fmt: skip
            added = of_each(runs, lambda run, direct_us=direct_us: run.p50_us - direct_us)
            figures.compared.add("added p50 over direct", added, "us",
                                 doubtful=shared < BUSY, must=0.8, aim=0.6)  # fmt: skip
    return figures


def w2(bench):
    """60 ms upstream, 3,000 requests/s open loop"""
    figures = Figures()
    latency_us = 60000
    with stage(bench, "w2", answer_bytes=1024, latency_us=latency_us) as here:
        for runs in here.rounds(
            connections=1000, rate=3000, seconds=bench.seconds(8), warmup_ms=1000
        ):
            added_ms = (runs["gateway"].p99_us - runs["nginx"].p99_us) / MILLI
            figures.add("added p99 over nginx's", added_ms, "ms",
                        doubtful=runs["nginx"].p99_us > latency_us + LATE_US,
                        must=2, aim=0.5)  # fmt: skip
            explain(figures, runs)
            nginx_us = runs["nginx"].p99_us
            late = nginx_us > latency_us + LATE_US
            added = {name: (runs[name].p99_us - nginx_us) / MILLI for name in here.gateways}
            figures.compared.add("added p99 over nginx's", added, "ms",
                                 doubtful=late, must=0.5, aim=0.25)  # fmt: skip
            figures.compared.add("CPU a request", of_each(runs, lambda run: run.cpu_us), "us")
    yield "W2", figures


def add_stream_figures(figures, runs, pace_us):
    direct, nginx, gateway = runs["direct"], runs["nginx"], runs["gateway"]
    figures.add("CPU an event / nginx's", gateway.cpu_us_per_event / nginx.cpu_us_per_event,
                must=1.5, aim=1.0)  # fmt: skip
    figures.add("added time to first byte p50, over nginx's",
                (gateway.first_byte_us - nginx.first_byte_us) / MILLI, "ms",
                doubtful=nginx.first_byte_us > pace_us + LATE_US, must=0.3, aim=0.1)  # fmt: skip
    figures.add("events lost", gateway.lost, must=0, aim=0)
    figures.add("added time to first byte p50, over direct",
                (gateway.first_byte_us - direct.first_byte_us) / MILLI, "ms")  # fmt: skip
    figures.add("nginx: added time to first byte p50, over direct",
                (nginx.first_byte_us - direct.first_byte_us) / MILLI, "ms")  # fmt: skip
    figures.add("nginx: CPU an event", nginx.cpu_us_per_event, "us")
    figures.add("gateway: CPU an event", gateway.cpu_us_per_event, "us")
    for name, run in runs.items():
        figures.add(f"{name}: events/s", run.result["events"] / run.result["seconds"])
    figures.add("harness: its CPU was busy (nginx)", 100 * nginx.harness_busy, "%")
    compared = figures.compared
    compared.add("CPU an event", of_each(runs, lambda run: run.cpu_us_per_event), "us",
                 must=0.8, aim=0.7)  # fmt: skip
    added = of_each(runs, lambda run: (run.first_byte_us - direct.first_byte_us) / MILLI)
    compared.add("added time to first byte p50, over direct", added, "ms")


def w3(bench):
    """SSE, 100 chunks, paced 20 ms (the first after 20 ms, too)"""
    chunks = 25 if bench.quick else 100
    pace_us = 20000
    sizes = (64, 500) if bench.quick else (64, 500, 1000)
    for streams in sizes[:1] if bench.before else sizes:
        figures = Figures()
        with stage(bench, f"w3-{streams}", streams=True, chunks=chunks, latency_us=pace_us,
                   pace_us=pace_us) as here:  # fmt: skip
            # Spread over the length of a stream, so that they begin and end evenly from then on.
            spread_ms = (chunks + 1) * pace_us // 1000
            for runs in here.rounds(
                connections=streams, stream=chunks, seconds=bench.seconds(6), warmup_ms=spread_ms
            ):
                add_stream_figures(figures, runs, pace_us)
        yield f"W3 {streams} streams", figures


def memory_open(here, target, **load):
    """(idle, with all streams open) of the target's process."""
    idle = memory_bytes(target.pid)
    mark = target.books.mark() if target is not here.nginx else None
    # Of several accounts: one may not have all the requests that the gateway accounts for.
    books = here.gateway.books if target is here.nginx else target.books
    running = here.load(target, books.keys_path, **load)
    if not running.wait_open():
        raise Void(f"{target.name} did not keep all streams open at once")
    time.sleep(1)
    full = memory_bytes(target.pid)
    checked(target, mark, running.wait(), load["stream"])
    if target is not here.nginx:
        end(target.process)  # it would keep its connections to the provider, which has no more
    return idle, full


def compare_streams(compared, sizes, streams):
    """`sizes`: (idle, with all streams open) by target."""
    added = {name: (full["rss"] - idle["rss"]) / streams / 1024
             for name, (idle, full) in sizes.items()}  # fmt: skip
    compared.add("memory a stream, RSS", added, "KB", must=0.7, aim=0.5)
    for kind, targets in (("rss", {"must": 0.6, "aim": 0.5}), ("pss", {})):
        idle = {name: idle[kind] for name, (idle, _) in sizes.items()}
        if None not in idle.values():
            idle = {name: size / 2**20 for name, size in idle.items()}
            compared.add(f"memory idle, {kind.upper()}", idle, "MB", **targets)


def w4(bench):
    """9,000 slow streams (an event every 2 s), each process new"""
    figures = Figures()
    wanted = 1000 if bench.quick else 9000
    streams = min(wanted, (bench.descriptors - 200) // 2)
    ramp_s = max(streams // 1000, 1)
    chunks = 4 if bench.quick else 12  # they last long enough to be all open at once
    provider = {"streams": True, "chunks": chunks, "latency_us": 2000000, "pace_us": 2000000}
    load = {"connections": streams, "stream": chunks, "seconds": 1, "warmup_ms": ramp_s * 1000}
    for number in range(bench.rounds):
        with stage(bench, f"w4-{number}", accounts=10, **provider) as here:
            sizes = {name: memory_open(here, target, **load)
                     for name, target in here.gateways.items()}  # fmt: skip
            idle, full = sizes["gateway"]
            added = (full["rss"] - idle["rss"]) / streams / 1024
            figures.add("memory a stream", added, "KB", must=24, aim=12)
            figures.add("memory idle after start", idle["rss"] / 2**20, "MB", must=20, aim=10)
            if idle["pss"] is not None:
                figures.add("gateway: idle, proportional (PSS)", idle["pss"] / 2**20, "MB")
            if number == 0:
                sizes["nginx"] = memory_open(here, here.nginx, **load)
                idle, full = sizes["nginx"]
                added = (full["rss"] - idle["rss"]) / streams / 1024
                figures.add("nginx: memory a stream", added, "KB")
            compare_streams(figures.compared, sizes, streams)
            figures.add("streams", streams)
    yield "W4", figures


def w5(bench):
    """100 KB prompt, 1 KB out, immediate upstream, 64 connections"""
    load = {"connections": 64, "prompt_bytes": 100 * 1024, "seconds": bench.seconds(6),
            "warmup_ms": 1000}  # fmt: skip
    for text, korean in (("ASCII", 0), ("Korean", 1)):
        figures = Figures()
        with stage(bench, f"w5-{text}", answer_bytes=1024) as here:
            for runs in here.rounds(korean=korean, **load):
                ratio = runs["gateway"].cpu_us / runs["nginx"].cpu_us
                targets = {} if korean else {"must": 3.0, "aim": 1.5}
                figures.add("CPU a request / nginx's", ratio, **targets)
                explain(figures, runs)
                cpu_us = of_each(runs, lambda run: run.cpu_us)
                figures.compared.add("CPU a request", cpu_us, "us", must=0.6, aim=0.5)
        yield f"W5, {text}", figures


def w6_runs(here, target, many_first, **load):
    """(one account, 10,000 accounts)"""
    keys = target.books.keys_path
    if many_first:
        many = here.run(target, keys=keys, **load)
        return here.run(target, **load), many
    return here.run(target, **load), here.run(target, keys=keys, **load)


def w6(bench):
    """W1 with all on one account, and on 10,000 accounts"""
    figures = Figures()
    load = {"connections": 64, "seconds": bench.seconds(6), "warmup_ms": 1000}
    with stage(bench, "w6", answer_bytes=1024, accounts=10000) as here:
        for number, names in enumerate(bench.turns()):
            pairs = {name: w6_runs(here, here.gateways[name], number % 2, **load)
                     for name in names}  # fmt: skip
            one, many = pairs["gateway"]
            figures.add("requests/s, one account / 10,000 accounts",
                        one.requests_per_s / many.requests_per_s,
                        must=0.9, aim=1.0, more_is_better=True)  # fmt: skip
            figures.add("requests/s, 10,000 accounts / one account",
                        many.requests_per_s / one.requests_per_s)  # fmt: skip
            figures.add("one account: CPU a request", one.cpu_us, "us")
            figures.add("10,000 accounts: CPU a request", many.cpu_us, "us")
            figures.add("one account: requests/s", one.requests_per_s)
            figures.add("10,000 accounts: requests/s", many.requests_per_s)
            compared = figures.compared
            starved = any(run.busy < BUSY for pair in pairs.values() for run in pair)
            rates = of_each(pairs, lambda pair: pair[1].requests_per_s / pair[0].requests_per_s)
            compared.add("requests/s, 10,000 accounts / one account", rates,
                         doubtful=starved, of_value=True, more_is_better=True,
                         must=0.95, aim=1.0)  # fmt: skip
            compared.add("10,000 accounts: CPU a request",
                         of_each(pairs, lambda pair: pair[1].cpu_us), "us")  # fmt: skip
            # One account's rate by the same time of a processor: no other work is in it.
            compared.add("CPU a request, one account / 10,000 accounts",
                         of_each(pairs, lambda pair: pair[0].cpu_us / pair[1].cpu_us))  # fmt: skip
    yield "W6", figures


def w7(bench):
    """W1 on a ledger of 10 M records, and of 10 k"""
    figures = Figures()
    sizes = {"small": 10_000, "large": 100_000 if bench.quick else 10_000_000}
    load = {"connections": 64, "seconds": bench.seconds(6), "warmup_ms": 1000}
    with contextlib.ExitStack() as stack:
        provider = stack.enter_context(Provider(bench.cpus.measuring, answer_bytes=1024))
        gateways = {}
        for name, records in sizes.items():
            folder = bench.folder / f"w7-{name}"
            gateway, cookies = ledgers.gateway(bench, folder, provider, records)
            gateways[name] = stack.enter_context(gateway)
        for number in range(bench.rounds):
            runs = {}
            for name in sorted(gateways, reverse=number % 2 == 1):
                gateway = gateways[name]
                mark = gateway.books.mark()
                keys = gateway.books.first_key_path
                watch = {"target": gateway.pid, "provider": provider.pid}
                result = Load(gateway, bench.cpus.measuring, keys, watch, **load).wait()
                runs[name] = checked(gateway, mark, result)
            figures.add("CPU a request, large / small",
                        runs["large"].cpu_us / runs["small"].cpu_us,
                        must=1.3, aim=1.1)  # fmt: skip
            for name, run in runs.items():
                figures.add(f"{name}: CPU a request", run.cpu_us, "us")
                figures.add(f"{name}: requests/s", run.requests_per_s)
            times = 3 if bench.quick else 20
            asked = dashboard.ask(gateways["large"], cookies, sizes["large"], times)
            dashboard.add_figures(figures, asked)
    figures.add("records of the large ledger", sizes["large"])
    yield "W7", figures


def reload_often(gateway, running, count):
    """A changed policy each second while the load runs. Raises Void when one was not taken."""
    limits = gateway.folder / "policies/limits.lua"
    text = limits.read_text()
    before = gateway.logged("policies reloaded")
    for number in range(count):
        time.sleep(1)
        limits.write_text(f"-- change {number}\n{text}")
        os.kill(gateway.pid, signal.SIGHUP)
    result = running.wait()
    limits.write_text(text)
    if (done := gateway.logged("policies reloaded") - before) != count:
        raise Void(f"{done} of {count} reloads were done")
    return result


def w8(bench):
    """20 reloads in 20 s under 1,000 requests/s, open loop"""
    figures = Figures()
    count = 4 if bench.quick else 20
    load = {"connections": 1000, "rate": 1000, "seconds": count, "warmup_ms": 1000}
    with stage(bench, "w8", answer_bytes=1024) as here:
        gateway = here.gateway
        for _ in range(bench.rounds):
            steady = here.run(gateway, **load)
            mark = gateway.books.mark()
            result = reload_often(gateway, here.load(gateway, **load), count)
            changing = checked(gateway, mark, result)
            figures.add("requests failed", changing.failed, must=0, aim=0)
            figures.add("p99 / p99 when steady", changing.p99_us / steady.p99_us,
                        must=2, aim=1.2)  # fmt: skip
            figures.add("steady: p99", steady.p99_us / MILLI, "ms")
            figures.add("reloading: p99", changing.p99_us / MILLI, "ms")
            figures.add("reloading: longest", changing.result["latency_us"]["max"] / MILLI, "ms")
    yield "W8", figures


WORKLOADS = {
    "W1": w1,
    "W1-one": w1_one,
    "W2": w2,
    "W3": w3,
    "W4": w4,
    "W5": w5,
    "W6": w6,
    "W7": w7,
    "W7-cold": w7_cold,
    "W8": w8,
    "W9": w9,
    "W9-migration": w9_migration,
    "W10": w10,
    "W11": w11,
    "W12": w12,
}
NOT_COMPARED = {"W7", "W8"}
ONLY_COMPARED = {"W9-migration"}
