"""W10: half of the calls fail over to a second provider. What the second attempt costs."""

import contextlib

from books import Void
from comparison import NOW
from figures import Figures
from processes import Load, Provider
from stage import checked, new_gateway, verify

MODEL = "bench-failover"
# As gpt-4o-mini is sold (books.py): the charge is the same.
ENTRY = """
    ["bench-failover"] = {
        context = 128000, max_output = 16384,
        input = "0.15", cached_input = "0.075", output = "0.60",
        candidates = {
            { provider = "failing", model = "gpt-4o-mini" },
            { provider = "openai", model = "gpt-4o-mini" },
        },
    },
"""
PROVIDER = """
    failing = { dialect = "openai", base_url = "http://127.0.0.1:%d/v1", api_key = "sk-bench"%s },
"""


def sell(gateway, failing):
    """The model with a provider that fails first. A breaker would leave that one out."""
    breakers = "`breaker`" in (gateway.program.tree / "docs/POLICIES.md").read_text()
    off = ", breaker = false" if breakers else ""
    gateway.add_to_policy("providers.lua", PROVIDER % (failing.port, off))
    gateway.add_to_policy("models.lua", ENTRY)


def attempts_since(books, mark):
    """Attempts a call."""
    with contextlib.closing(books.connect()) as db:
        return db.execute("SELECT avg(attempts) FROM usage WHERE seq > ?", [mark[0]]).fetchone()[0]


def run(bench, gateway, provider, model, **load):
    mark = gateway.books.mark()
    watch = {"target": gateway.pid, "provider": provider.pid}
    keys = gateway.books.first_key_path
    running = Load(gateway, bench.cpus.measuring, keys, watch, model=model, **load)
    found = checked(gateway, mark, running.wait())
    wanted = 1.5 if model == MODEL else 1
    if abs((attempts := attempts_since(gateway.books, mark)) - wanted) > 0.01:
        raise Void(f"{gateway.name}: {attempts:.3f} attempts a call, not {wanted}")
    return found


@contextlib.contextmanager
def gateways(bench):
    folder = bench.folder / "w10"
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        cpu = bench.cpus.measuring
        provider = stack.enter_context(Provider(cpu, answer_bytes=1024))
        failing = stack.enter_context(Provider(cpu, answer_bytes=1024, fail_every=2))
        found = {}
        for name, program in bench.programs.items():
            gateway = new_gateway(bench, folder / name, provider, program=program, name=name)
            sell(gateway, failing)
            found[name] = stack.enter_context(gateway)
        yield found, provider
        for gateway in found.values():
            verify(gateway)


def w10(bench):
    """half of the calls fail over to a second provider, 64 connections"""
    figures = Figures()
    load = {"connections": 64, "seconds": bench.seconds(6), "warmup_ms": 1000}
    with gateways(bench) as (found, provider):
        for number, names in enumerate(bench.turns()):
            plain, half = {}, {}
            for name in names:
                models = ["gpt-4o-mini", MODEL]
                for model in reversed(models) if number % 2 else models:
                    runs = half if model == MODEL else plain
                    runs[name] = run(bench, found[name], provider, model, **load).cpu_us
            # Half of the calls have a second attempt: one costs twice what their mean is dearer.
            share = {name: 2 * (half[name] - plain[name]) / plain[name] for name in names}
            figures.add("a second attempt / a call without", share[NOW])
            compared = figures.compared
            compared.add("a second attempt / a call without", share, of_value=True, must=0.5)
            compared.add("CPU a call, half of them fail over", half, "us")
            compared.add("CPU a call, none", plain, "us")
    yield "W10", figures
