"""/metrics: both of its forms, what it counts, and that docs/METRICS.md, the alarms and the
dashboard speak of series that it has."""

import re
import threading
import time
from decimal import Decimal
from pathlib import Path

import answers
import httpx2 as httpx
import pytest
from answers import Chat, Usage
from exposition import families_of, value_of
from gateway import ROOT
from hung import paused
from monitored import (
    CALL,
    alert_rules,
    call,
    dashboard,
    dashboard_expressions,
    metrics_of,
    page_of,
    use,
)
from prices import Price
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser
from wait import wait_until

DOCUMENT = Path(__file__).parents[2] / "docs" / "METRICS.md"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
# As Prometheus 3 asks (v0.316.0 of its module).
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| (.*) \|$", re.MULTILINE)
SELECTOR = re.compile(r"\b((?:llm_gateway|process)_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
OF_PROMETHEUS = {"job", "instance"}


@pytest.fixture
def used(make_gateway, provider):
    """A gateway of its own, behind calls of several kinds."""
    gateway = make_gateway(workers=2)
    use(gateway, provider)
    return gateway


def names_of(families) -> set[tuple]:
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in families
        for sample in family.samples
    }


def test_both_forms_are_read_by_the_reference_parsers(used):
    text = names_of(parser.text_string_to_metric_families(page_of(used)))
    families = list(openmetrics_parser.text_string_to_metric_families(page_of(used, OPENMETRICS)))
    assert names_of(families) == text
    assert len(families) == len(families_of(page_of(used)))
    units = {family.name: family.unit for family in families}
    assert units["llm_gateway_charged_dollars"] == "dollars"
    assert units["llm_gateway_overhead_seconds"] == "seconds"


@pytest.mark.parametrize(("accept", "form"), [
    (PROMETHEUS_3, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
    ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
])  # fmt: skip
def test_the_reader_chooses_the_form(gateway, accept, form):
    with metrics_of(gateway) as client:
        reply = client.get("/metrics", headers={"accept": accept})
        assert reply.headers["content-type"] == form
        assert reply.text.endswith("# EOF\n") == ("openmetrics" in form)
        assert client.head("/metrics").content == b""
        assert client.post("/metrics").status_code == 405


def test_an_address_for_prometheus(make_gateway, provider):
    """Without a password, so it names no customer."""
    gateway = make_gateway(metrics_listen="127.0.0.1:0")
    use(gateway, provider)
    (line,) = gateway.logs("metrics")
    with httpx.Client(trust_env=False) as client:
        page = client.get(f"http://127.0.0.1:{line['port']}/metrics").text
    assert value_of(page, "llm_gateway_requests_total") == 3
    for secret in ("llm_sk_", "key_", "acct_", "user_", "@"):
        assert secret not in page


@pytest.mark.quick
def test_a_call_is_counted_once(make_gateway, provider):
    gateway = make_gateway(workers=2)
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(30, 20))
    replies = [call(gateway, customer.key) for _ in range(4)]
    page = page_of(gateway)
    of = {"model": "gpt-4o-mini", "provider": "openai"}
    assert value_of(page, "llm_gateway_requests_total", status="2xx", **of) == 4
    assert value_of(page, "llm_gateway_requests_total") == 4
    assert value_of(page, "llm_gateway_attempts_total", outcome="answered", **of) == 4
    assert value_of(page, "llm_gateway_tokens_total", unit="input", **of) == 120
    assert value_of(page, "llm_gateway_tokens_total", unit="output", **of) == 80
    for name in ("request_duration", "overhead", "first_byte", "hold_wait", "commit"):
        assert value_of(page, f"llm_gateway_{name}_seconds_count", **of) == 4
        assert value_of(page, f"llm_gateway_{name}_seconds_bucket", le="+Inf", **of) == 4
    charged = [
        Decimal(value)
        for sample, _, value in families_of(page)["llm_gateway_charged_dollars_total"].samples
    ]
    assert charged == [sum(Decimal(reply.headers["x-llm-cost"]) for reply in replies)]
    assert value_of(page, "llm_gateway_provider_usage_total", usage="reported") == 4


def test_what_is_refused_and_what_fails(used):
    page = page_of(used)
    count = "llm_gateway_requests_total"
    assert value_of(page, count, status="5xx", provider="openai") == 1
    assert value_of(page, "llm_gateway_attempts_total", outcome="5xx") >= 1
    assert value_of(page, "llm_gateway_errors_total", code="invalid_api_key") == 1
    assert (
        value_of(page, "llm_gateway_endpoint_requests_total", endpoint="other", status="4xx") == 1
    )
    assert value_of(page, "llm_gateway_endpoint_requests_total", endpoint="openai-chat") == 3


def test_a_name_that_only_a_client_says_is_no_label(gateway):
    customer = gateway.customer()
    body = CALL.replace(b"gpt-4o-mini", b"no-such-model") % b""
    assert call(gateway, customer.key, body).status == 404
    page = page_of(gateway)
    assert "no-such-model" not in page
    assert value_of(page, "llm_gateway_requests_total", model="none", status="4xx") >= 1
    assert value_of(page, "llm_gateway_errors_total", code="model_not_found") >= 1


def test_overhead_is_without_the_providers_time(make_gateway, provider):
    """Also without that of an attempt that has failed, and of a stream's pauses."""
    gateway = make_gateway()
    customer = gateway.customer()
    waited_s = 0.0
    for body, answer in (
        (b"", lambda gate: answers.behind(gate, answers.chat(usage=Usage(30, 20)))),
        (b',"stream":true', lambda gate: answers.stream_of(Chat(), gates={2: gate})),
        (b"", lambda gate: answers.behind(gate, answers.error(500, "no", None, "x"))),
    ):
        gate = threading.Event()
        provider.requests.clear()
        provider.answer = answer(gate)
        caller = threading.Thread(target=call, args=(gateway, customer.key, CALL % body))
        caller.start()
        provider.wait_for_requests(1)
        begun = time.monotonic()
        wait_until(lambda since=begun: time.monotonic() - since > 0.2, 5, "some time")
        waited_s += time.monotonic() - begun
        gate.set()
        caller.join()
    page = wait_until(
        lambda: value_of(p := page_of(gateway), "llm_gateway_overhead_seconds_count") == 3 and p,
        10, "the calls' ends")  # fmt: skip
    whole_s = value_of(page, "llm_gateway_request_duration_seconds_sum")
    overhead_s = value_of(page, "llm_gateway_overhead_seconds_sum")
    assert 0 < overhead_s <= whole_s - waited_s


@pytest.mark.parametrize("streamed", [False, True])
def test_overhead_is_also_what_comes_behind_the_providers_last_byte(
    make_gateway, provider, streamed
):
    """The journal stands still while the charge waits for it."""
    gateway = make_gateway(durability="power")
    customer = gateway.customer()
    gate = threading.Event()
    answer = Chat(usage=Usage(30, 20))
    provider.answer = (
        answers.stream_of(answer, gates={2: gate})
        if streamed
        else answers.behind(gate, answers.chat(usage=answer.usage))
    )
    body = CALL % (b',"stream":true' if streamed else b"")
    caller = threading.Thread(target=call, args=(gateway, customer.key, body))
    caller.start()
    wait_until(lambda: value_of(page_of(gateway), "llm_gateway_open_holds") == 1, 10, "the hold")
    with paused(gateway.process.pid, "journal"):
        gate.set()
        jobs = "llm_gateway_queue_jobs"
        wait_until(lambda: value_of(page_of(gateway), jobs, queue="journal") > 0, 10, "the charge")
        begun = time.monotonic()
        wait_until(lambda: time.monotonic() - begun > 0.2, 5, "some time")
    caller.join()
    page = wait_until(
        lambda: value_of(p := page_of(gateway), "llm_gateway_overhead_seconds_count") == 1 and p,
        10, "the call's end")  # fmt: skip
    commit_s = value_of(page, "llm_gateway_commit_seconds_sum")
    assert 0.2 <= commit_s <= value_of(page, "llm_gateway_overhead_seconds_sum")


def test_what_is_open(gateway, provider):
    """Workers show their figures each tenth of a second."""
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(usage=Usage(30, 20)), gates={2: gate})
    caller = threading.Thread(
        target=call, args=(gateway, customer.key, CALL % b',"stream":true'))  # fmt: skip
    caller.start()
    page = wait_until(
        lambda: value_of(p := page_of(gateway), "llm_gateway_open_streams") == 1 and p,
        10, "the stream")  # fmt: skip
    assert value_of(page, "llm_gateway_open_calls") == 1
    assert value_of(page, "llm_gateway_open_holds") == 1
    assert value_of(page, "llm_gateway_held_dollars") > 0
    assert value_of(page, "llm_gateway_connections", state="active") == 1
    assert value_of(page, "llm_gateway_open_requests", kind="client") == 1
    gate.set()
    caller.join()
    for name in ("llm_gateway_open_calls", "llm_gateway_open_holds"):
        wait_until(lambda name=name: value_of(page_of(gateway), name) == 0, 10, name)


def test_reloads(make_gateway, provider):
    """A counter goes on: its policies only name what it counts."""
    gateway = make_gateway()
    customer = gateway.customer()
    assert call(gateway, customer.key).status == 200
    before = page_of(gateway)
    gateway.policies.write("examples", "return {}\n")
    gateway.reload()
    assert call(gateway, customer.key).status == 200
    page = page_of(gateway)
    assert value_of(page, "llm_gateway_requests_total", model="gpt-4o-mini") == 2
    revision = "llm_gateway_policies_info"
    assert families_of(page)[revision].samples[0][1] != families_of(before)[revision].samples[0][1]
    assert value_of(page, "llm_gateway_last_reload_successful") == 1
    gateway.policies.write("margins", "return {")
    gateway.reload(refused=True)
    page = page_of(gateway)
    assert value_of(page, "llm_gateway_last_reload_successful") == 0
    assert value_of(page, "llm_gateway_alerts_open", kind="reload_refused") == 1


def farm(policies) -> None:
    """A provider whose breaker opens, and one whose account can be refused."""
    for name in ("shy", "poor"):
        policies.provider(name, breaker={"base_ejection_ms": 60000, "consecutive_failures": 2})
        policies.model(f"{name}-model", Price("1", "1"),
                       candidates=[{"provider": name, "model": f"inner-{name}"}])  # fmt: skip
    policies.write("examples", "return {}\n")


def test_breakers(make_gateway, provider):
    gateway = make_gateway(prepare=farm)
    customer = gateway.customer()
    provider.script("inner-shy", answers.error(500, "It broke", None, "server_error"))
    provider.script("inner-poor", answers.error(401, "Bad key", "invalid_api_key", "x"))
    for name in ("shy", "shy", "poor"):
        assert customer.ask(f"{name}-model").status_code >= 500
    page = page_of(gateway)
    shy = {"provider": "shy", "provider_model": "inner-shy"}
    assert value_of(page, "llm_gateway_breaker_state", state="open", **shy) == 1
    assert value_of(page, "llm_gateway_breaker_state", state="closed", **shy) == 0
    assert value_of(page, "llm_gateway_breaker_state", state="closed", provider="poor") == 1
    assert value_of(page, "llm_gateway_provider_keys_refused") == 1
    assert value_of(page, "llm_gateway_attempts_total", outcome="auth", provider="poor") >= 1
    assert value_of(page, "llm_gateway_alerts_open", kind="account_refused") == 1
    assert value_of(page, "llm_gateway_alerts_open", kind="breaker_open") == 1


def test_the_document_lists_every_series(used):
    families = families_of(page_of(used))
    listed = {row[0]: row for row in ROW.findall(DOCUMENT.read_text())}
    assert set(listed) == set(families)
    for name, family in families.items():
        _, kind, labels, meaning = listed[name]
        assert kind == family.kind, name
        assert meaning == family.help, name
        if family.samples:
            assert set(re.findall(r"`(\w+)`", labels)) == family.labels(), name


def test_the_document_has_each_alarm():
    headings = re.findall(r"^### (\w+)$", DOCUMENT.read_text(), re.MULTILINE)
    assert headings == [rule["alert"] for rule in alert_rules()]
    for rule in alert_rules():
        page = f"/docs/operators/metrics#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook_url"].strip().endswith(page)
        assert rule["labels"]["severity"] in ("warning", "critical")


def check_selectors(expression: str, families: dict) -> int:
    """Each name is a series that /metrics has, with these labels. Returns how many there were."""
    found = SELECTOR.findall(expression)
    for name, matchers in found:
        plain = name if name in families else re.sub(r"_(bucket|sum|count)$", "", name)
        family = families.get(plain)
        assert family is not None, f"{name} in {expression}"
        if plain != name:
            assert family.kind == "histogram", name
        if family.samples:
            assert set(MATCHER.findall(matchers)) <= family.labels() | OF_PROMETHEUS, expression
    return len(found)


LABEL_VALUES = re.compile(r'(\w+)[!=]~?"([\w|]+)"')
LITERAL = re.compile(r'"(\w+)"')


def test_alarms_and_dashboard_ask_for_values_that_the_program_writes():
    """A label's value that was renamed would make an alarm silent for ever."""
    written = {
        word for file in (ROOT / "core").rglob("*.c") for word in LITERAL.findall(file.read_text())
    }
    expressions = [rule["expr"] for rule in alert_rules()] + dashboard_expressions()
    asked = {
        (label, value)
        for text in expressions
        for label, values in LABEL_VALUES.findall(text)
        if label not in OF_PROMETHEUS
        for value in values.split("|")
    }
    assert len(asked) > 15
    assert {one for one in asked if one[1] not in written} == set()


def test_the_runbook_of_long_queues_names_each_of_them(used):
    family = families_of(page_of(used))["llm_gateway_queue_jobs"]
    section = (
        DOCUMENT.read_text().partition("\n### LLMGatewayQueueLong\n")[2].partition("\n### ")[0]
    )
    named = set(re.findall(r"`(\w+)`", section))
    assert {labels["queue"] for _, labels, _ in family.samples} <= named


def test_alarms_and_dashboard_speak_of_series_that_there_are(used):
    families = families_of(page_of(used))
    expressions = [rule["expr"] for rule in alert_rules()] + dashboard_expressions()
    assert sum(check_selectors(text, families) for text in expressions) > 100
    for variable in dashboard()["templating"]["list"]:
        check_selectors(str(variable["query"]), families)


def test_grafana_can_place_the_panels():
    board = dashboard()
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == panel["datasource"]["uid"] == "${datasource}"
    assert {variable["name"] for variable in board["templating"]["list"]} == {
        "datasource", "job", "instance", "provider", "model"}  # fmt: skip
