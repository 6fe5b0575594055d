"""W12: what traces cost: every exchange sampled and sent to a collector, beside none.

The collector is nginx, which reads what comes and says 200: its own processor time does not count,
as the provider's does not.
"""

import contextlib
from statistics import median

from books import Void
from comparison import NOW
from figures import Figures
from processes import Load, Nginx, Provider
from stage import checked, new_gateway, verify

SPAN_BYTES_MIN = 300  # of a call's two spans: fewer are not all of them
# Of a round. Other work on a machine comes and goes in seconds: windows that lie side by side share
# it, and many of them tell what one pair cannot.
PAIRS, WINDOW_S, WARMUP_MS = 10, 1, 300

COLLECTOR_CONF = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 64; }}
http {{
    log_format length $content_length;
    access_log {folder}/lengths length;
    client_max_body_size 64m;
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200; }}
    }}
}}
"""


class Collector(Nginx):
    """Takes spans, and keeps nothing but how many bytes they had."""

    conf = COLLECTOR_CONF

    def bytes(self):
        return sum(int(line) for line in (self.folder / "lengths").read_text().split())


@contextlib.contextmanager
def standing(bench, name, program):
    """Two gateways of that program, by whether they trace, and the provider and the collector."""
    folder = bench.folder / f"w12-{name}"
    folder.mkdir()
    cpu = bench.cpus.measuring
    with contextlib.ExitStack() as stack:
        provider = stack.enter_context(Provider(cpu, answer_bytes=1024))
        collector = stack.enter_context(Collector(folder / "collector", cpu, 0, False))
        url = f"http://127.0.0.1:{collector.port}/v1/traces"
        gateways = {}
        for traced, settings in ((False, {}), (True, {"trace_url": url})):
            here = folder / ("on" if traced else "off")
            gateway = new_gateway(
                bench, here, provider, settings=settings, program=program, name=name
            )
            gateways[traced] = stack.enter_context(gateway)
        yield gateways, provider, collector
        for gateway in gateways.values():
            verify(gateway)


def run(bench, gateway, provider, **load):
    mark = gateway.books.mark()
    watch = {"target": gateway.pid, "provider": provider.pid}
    keys = gateway.books.first_key_path
    running = Load(gateway, bench.cpus.measuring, keys, watch, connections=64, **load)
    return checked(gateway, mark, running.wait())


def traced_run(bench, gateway, provider, collector, **load):
    """The run, and how many bytes a call sent to the collector."""
    before = collector.bytes()
    found = run(bench, gateway, provider, **load)
    call_bytes = (collector.bytes() - before) / found.result["answers"]
    lost = gateway.logged("spans") + gateway.logged("are not traced")
    if lost or call_bytes < SPAN_BYTES_MIN:
        raise Void(f"{gateway.name}: not all calls are traced ({call_bytes:.0f} bytes a call)")
    return found, call_bytes


def pair(bench, gateways, provider, collector, traced_first, **load):
    """CPU a request without traces and with them, in two windows side by side; bytes a call."""
    cpu_us = {}
    for traced in (True, False) if traced_first else (False, True):
        if traced:
            found, call_bytes = traced_run(bench, gateways[True], provider, collector, **load)
        else:
            found = run(bench, gateways[False], provider, **load)
        cpu_us[traced] = found.cpu_us
    return cpu_us[False], cpu_us[True], call_bytes


def medians(pairs):
    """What traces add in per cent, CPU without and with them, bytes a call."""
    off, on, call_bytes = zip(*pairs, strict=True)
    added = median(100 * (mine / other - 1) for other, mine, _ in pairs)
    return added, median(off), median(on), median(call_bytes)


def w12(bench):
    """traces of every call, beside none, 64 connections"""
    figures = Figures()
    load = {"seconds": WINDOW_S, "warmup_ms": WARMUP_MS}
    with contextlib.ExitStack() as stack:
        found = {
            name: stack.enter_context(standing(bench, name, program))
            for name, program in bench.programs.items()
        }
        for names in bench.turns():
            pairs = {name: [] for name in names}
            for number in range(2 if bench.quick else PAIRS):
                for name in names:
                    pairs[name].append(pair(bench, *found[name], number % 2 == 1, **load))
            found_of = {name: medians(pairs[name]) for name in names}
            added, off, on, call_bytes = found_of[NOW]
            figures.add("what traces add to the CPU a request", added, "%", must=5)
            figures.add("CPU a request, no traces", off, "us")
            figures.add("CPU a request, all traced", on, "us")
            figures.add("sent to the collector a call", call_bytes, "bytes")
            compared = figures.compared
            added_by = {name: values[0] for name, values in found_of.items()}
            compared.add(
                "what traces add to the CPU a request", added_by, "%", of_value=True, must=5
            )
            on_by = {name: values[2] for name, values in found_of.items()}
            compared.add("CPU a request, all traced", on_by, "us")
    yield "W12", figures
