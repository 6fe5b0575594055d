"""/metrics against the books: after a load in which much fails, its counters are the ledger's own
figures; and whatever things are called, a reader can take the page."""

import contextlib
import random
import sqlite3
from collections import Counter
from decimal import Decimal

import answers
import pytest
from answers import Usage
from exposition import families_of, value_of
from gateway import Gateway
from load import Load
from monitored import CALL, call, page_of
from prices import Price
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser
from rawhttp import chat_bytes
from wait import wait_until

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PRICE = Price("1", "2")
PAIRS = 200  # LIMIT_METRICS_PAIRS


def readable(gateway: Gateway) -> str:
    """The page, which the reference parsers take in both forms, and in which no series is twice."""
    page = page_of(gateway)
    series = [line.rpartition(" ")[0] for line in page.splitlines() if not line.startswith("#")]
    assert [name for name, count in Counter(series).items() if count > 1] == []
    assert list(parser.text_string_to_metric_families(page))
    assert list(openmetrics_parser.text_string_to_metric_families(page_of(gateway, OPENMETRICS)))
    return page


# ---- names ----

# As Lua writes them. The last two are not UTF-8, and would be shown alike.
NAMES = ('a\\"b', "a\\\\b", "a b", "x{y=1}", "한국", "none", "other", "o" * 63, "\\254", "\\255")


def test_a_page_is_readable_whatever_things_are_called(make_gateway):
    def prepare(policies):
        names = [(f"model-{i}", f"provider-{i}") for i in range(len(NAMES))]
        for model, provider in [*names, ("other", names[NAMES.index("other")][1])]:
            policies.provider(provider)
            policies.model(model, PRICE, candidates=[{"provider": provider, "model": 'in"ner'}])
        for file in ("providers", "models"):
            text = policies.read(file)
            for i, name in enumerate(NAMES):
                text = text.replace(f'"provider-{i}"', f'"{name}"')
            policies.write(file, text)
        policies.write("examples", "return {}\n")

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    for model in [*(f"model-{i}" for i in range(len(NAMES))), "other"]:
        assert customer.ask(model).status_code == 200
    page = readable(gateway)
    assert value_of(page, "llm_gateway_requests_total") == len(NAMES) + 1
    for provider in ('a\\"b', "a\\\\b", "한국"):  # as the page writes them
        assert value_of(page, "llm_gateway_requests_total", provider=provider) == 1
        name = "llm_gateway_provider_usage_total"
        assert value_of(page, name, provider=provider, usage="reported") == 1


def test_more_pairs_than_have_series(make_gateway):
    """Those that came first have theirs; all others one together. Nothing is lost."""
    count = PAIRS + 20

    def prepare(policies):
        entries = "".join(
            f'    ["m{i}"] = {{ input = "1", output = "1", context = 9000, max_output = 100,'
            f' candidates = {{ {{ provider = "openai", model = "inner" }} }} }},\n'
            for i in range(count)
        )
        policies.write("models", f"return {{\n{entries}}}\n")
        policies.write("examples", "return {}\n")

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    for _ in range(2):
        for i in range(count):
            assert customer.ask(f"m{i}").status_code == 200
    page = readable(gateway)
    name = "llm_gateway_requests_total"
    pairs = {(has["model"], has["provider"]) for _, has, _ in families_of(page)[name].samples}
    assert len(pairs) == PAIRS + 1
    assert value_of(page, name) == 2 * count
    assert value_of(page, name, model="other", provider="other") == 2 * (count - PAIRS)


# ---- figures ----

HEDGED, FALLING = "hedged", "falling"


def sell(policies) -> None:
    policies.provider("second")
    spare = {"provider": "second", "model": "spare"}
    policies.model(HEDGED, PRICE, max_output=1000,
                   candidates=[{"provider": "openai", "model": "late"}, spare],
                   hedge={"percentile": 50, "max_extra_load": "100%"})  # fmt: skip
    policies.model(FALLING, PRICE, max_output=1000,
                   candidates=[{"provider": "openai", "model": "broken"}, spare])  # fmt: skip
    policies.write("examples", "return {}\n")


def mixed(draw: random.Random):
    """Answers of a provider that one should leave."""
    good = answers.chat(usage=Usage(draw.randrange(1, 99), draw.randrange(1, 99)))
    bad = draw.choice([
        answers.chat(usage=Usage(9, 100_000)),  # more than it may be
        answers.stream([answers.content_event("Hello")], ending="reset"),
        answers.error(500, "It broke", None, "server_error"),
        answers.error(400, "No", "bad", "invalid_request_error"),
        answers.error(429, "Later", "rate_limited", "rate_limit"),
        answers.truncated_body(),
        answers.close_before_head(),
    ])  # fmt: skip
    return draw.choice([good, good, bad])


def late(then):
    """After a while, so that it is asked of another one, too."""

    async def answer(connection, request) -> None:
        await connection.pause(0.1)
        await then(connection, request)

    return answer


def leave_midway(gateway, key: str) -> None:
    with gateway.connect() as connection:
        connection.send(chat_bytes(key, CALL % b',"stream":true'))
        connection.read_head()
        connection.reset()


def one_of(gateway, key: str, draw: random.Random) -> None:
    kind = draw.randrange(6)
    if kind == 0:
        leave_midway(gateway, key)
    elif kind == 1:
        call(gateway, "llm_sk_none")
    else:
        model = draw.choice([b"gpt-4o-mini", HEDGED.encode(), FALLING.encode(), b"nothing"])
        streamed = draw.choice([b"", b',"stream":true'])
        call(gateway, key, CALL.replace(b"gpt-4o-mini", model) % streamed)


def rows(gateway, query: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def dollars(page: str, name: str) -> dict[tuple, Decimal]:
    """By model and provider, where it is not 0."""
    return {(has["model"], has["provider"]): amount
            for _, has, value in families_of(page)[name].samples
            if (amount := Decimal(value))}  # fmt: skip


def booked(gateway, column: str) -> dict[tuple, Decimal]:
    found = rows(gateway, f"SELECT model, provider, sum({column}) FROM usage GROUP BY 1, 2"
                          f" HAVING sum({column}) > 0")  # fmt: skip
    return {(model, provider): Decimal(nusd) / 10**9 for model, provider, nusd in found}


def check_buckets(page: str) -> None:
    """Each histogram's buckets rise, and the last one has what its count says."""
    for name, family in families_of(page).items():
        if family.kind != "histogram":
            continue
        buckets: dict[tuple, list[float]] = {}
        for sample, labels, value in family.samples:
            key = tuple(sorted(item for item in labels.items() if item[0] != "le"))
            if sample == f"{name}_bucket":
                buckets.setdefault(key, []).append(float(value))
            elif sample == f"{name}_count":
                assert buckets[key] == sorted(buckets[key]), (name, key)
                assert buckets[key][-1] == float(value), (name, key)


def counters_of(page: str) -> dict[tuple, float]:
    """Also the numbers of histograms, which are counters likewise."""
    return {
        (sample, *sorted(labels.items())): float(value)
        for family in families_of(page).values()
        if family.kind in ("counter", "histogram")
        for sample, labels, value in family.samples
    }


class Scraper:
    """Sees that nothing that counts goes down, and that no series vanishes."""

    def __init__(self, gateway: Gateway):
        self._gateway = gateway
        self._before: dict[tuple, float] = {}

    def look(self) -> None:
        page = page_of(self._gateway)
        check_buckets(page)
        now = counters_of(page)
        fallen = [key for key, value in self._before.items() if now.get(key, -1) < value]
        assert fallen == []
        self._before = now


def has_all(page: str) -> bool:
    """Whether each kind of end has been seen."""
    requests = "llm_gateway_requests_total"
    ends = ("2xx", "4xx", "5xx", "broken", "left")
    return all(value_of(page, requests, status=end) > 1 for end in ends) and all(
        value_of(page, name, **labels) > 1
        for name, labels in (
            ("llm_gateway_own_calls_total", {"kind": "hedge"}),
            ("llm_gateway_hedges_total", {"result": "won"}),
            ("llm_gateway_retries_total", {"model": FALLING}),
        )
    )


@pytest.mark.parametrize("workers", [1, 3])
def test_counters_are_the_books_figures(make_gateway, provider, workers):
    gateway = make_gateway(prepare=sell, workers=workers)
    draw = random.Random(workers)
    customers = [gateway.customer("1000") for _ in range(4)]
    draws = [random.Random(workers * 10 + i) for i in range(len(customers))]
    scraper = Scraper(gateway)

    def change() -> None:
        provider.answer = mixed(draw)
        provider.script("late", draw.choice([mixed, lambda draw: late(mixed(draw))])(draw))
        provider.script("broken", answers.error(500, "It broke", None, "server_error"))
        scraper.look()
        if draw.randrange(10) == 0:
            gateway.policies.write("examples", f"return {{}} -- {draw.random()}\n")
            gateway.reload()

    change()
    ask = [lambda i=i: one_of(gateway, customers[i].key, draws[i]) for i in range(len(customers))]
    with Load(len(customers), lambda i: ask[i]()) as load:
        load.run_for(2, change, 0.05, lambda: has_all(page_of(gateway)))
    compare_with_books(gateway, customers)


def compare_with_books(gateway, customers) -> None:
    for customer in customers:
        customer.wait_for_no_hold()
    name = "llm_gateway_requests_total"

    def settled() -> str | None:
        page = page_of(gateway)
        (count,) = rows(gateway, "SELECT count(*) FROM usage")[0]
        counted = value_of(page, name) - value_of(page, name, model="none")
        return (
            page if counted == count and value_of(page, "llm_gateway_open_requests") == 0 else None
        )

    page = wait_until(settled, 20, "each call in the books and on the page")
    check_buckets(page)
    for column, family in (("charge_nusd", "charged"), ("cost_nusd", "cost"),
                           ("overrun_nusd", "overrun")):  # fmt: skip
        assert dollars(page, f"llm_gateway_{family}_dollars_total") == booked(gateway, column)
    for unit, column in (("input", "input_tokens - cached_input_tokens"),
                         ("output", "output_tokens")):  # fmt: skip
        (tokens,) = rows(gateway, f"SELECT sum({column}) FROM usage")[0]
        assert value_of(page, "llm_gateway_tokens_total", unit=unit) == tokens > 0
    ((hedges, cost),) = rows(gateway, "SELECT count(*), sum(cost_nusd) FROM hedge_results")
    assert value_of(page, "llm_gateway_own_calls_total", kind="hedge") == hedges
    own = families_of(page)["llm_gateway_own_calls_cost_dollars_total"].samples
    spent = [Decimal(value) for _, labels, value in own if labels["kind"] == "hedge"]
    assert spent == [Decimal(cost or 0) / 10**9]
