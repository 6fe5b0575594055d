"""OpenTelemetry's own collector reads our traces: its OTLP receiver takes them, and what it writes
is what was meant."""

import json
import os
import re
import subprocess
from pathlib import Path

import answers
import pytest
import spoken
from answers import Usage
from gateway import ROOT, Gateway
from prices import Price
from wait import wait_until

PROGRAM = Path(os.environ.get("COLLECTOR") or ROOT / "build/collector/collector")
LISTENS = re.compile(r'Starting HTTP server.*"endpoint": "([^"]+)"')


class Collector:
    def __init__(self, folder: Path):
        self.path = folder / "traces.json"
        self.log_path = folder / "collector.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen([PROGRAM, self.path], stdout=log, stderr=log)
        self.address = wait_until(self._address, 30, "the collector")

    def _address(self) -> str | None:
        assert self.process.poll() is None, self.log_path.read_text()
        found = LISTENS.search(self.log_path.read_text())
        return found and found[1]

    def spans(self) -> list[dict]:
        """With their attributes as it has read them; complete lines only."""
        text = self.path.read_text() if self.path.exists() else ""
        spans = []
        for line in text.splitlines(keepends=True):
            if not line.endswith("\n"):
                break
            for resource in json.loads(line)["resourceSpans"]:
                named = attributes(resource["resource"])
                for scope in resource["scopeSpans"]:
                    spans += [
                        span | {"attributes": attributes(span), "resource": named}
                        for span in scope["spans"]
                    ]
        return spans

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0, self.log_path.read_text()


def plain(value: dict):
    ((kind, held),) = value.items()
    if kind == "arrayValue":
        return [plain(one) for one in held["values"]]
    return int(held) if kind == "intValue" else held


def attributes(holder: dict) -> dict:
    return {pair["key"]: plain(pair["value"]) for pair in holder.get("attributes", [])}


@pytest.fixture
def collector(tmp_path):
    collector = Collector(tmp_path)
    yield collector
    collector.stop()


def test_what_the_collector_reads(collector, shared_provider, tmp_path):
    settings = {"trace_url": f"http://{collector.address}/v1/traces", "workers": 1}
    gateway = house_of_its_own(tmp_path, shared_provider, settings)
    customer = gateway.customer()
    shared_provider.script("inner", answers.chat(usage=Usage(19, 10, cached=4)))
    for streamed in (False, True):
        response = customer.ask("traced", stream=streamed)
        assert response.status_code == 200
        check_call(collector, response.headers["x-request-id"], streamed)
    gateway.stop()
    log = gateway.stderr()
    assert "spans" not in log, "the collector has refused nothing"


def test_what_the_collector_reads_of_a_conversation(collector, shared_provider, tmp_path):
    """Also of a long one, in all lengths of characters."""
    settings = {"trace_url": f"http://{collector.address}/v1/traces", "workers": 1,
                "trace_content": "yes", "trace_content_max": 131072}  # fmt: skip
    gateway = house_of_its_own(tmp_path, shared_provider, settings)
    customer = gateway.customer()
    question = 'a\u00e9\u20ac\U0001f600\n"\\' * 4000
    messages = [{"role": "user", "content": question}]
    shared_provider.script("inner", answers.chat(pieces=("Aye", " \U0001f600", "!")))
    for streamed in (False, True):
        response = customer.ask("traced", messages=messages, stream=streamed)
        assert response.status_code == 200
        _, attempt = spans_of(collector, response.headers["x-request-id"])
        told = attempt["attributes"]
        asked = spoken.read(told["gen_ai.input.messages"])
        answered = spoken.read(told["gen_ai.output.messages"])
        assert spoken.facts(asked) == [("text", question)]
        assert spoken.facts(answered) == [("text", "Aye \U0001f600!")]
    gateway.stop()
    assert "spans" not in gateway.stderr(), "the collector has refused nothing"


def house_of_its_own(folder: Path, provider, settings: dict) -> Gateway:
    gateway = Gateway(folder / "house", provider, settings)
    gateway.policies.provider("maker")
    gateway.policies.model(
        "traced",
        Price("1", "2"),
        candidates=[{"provider": "maker", "model": "inner"}],
        max_output=1000,
    )
    gateway.policies.write("examples", "return {}\n")
    return gateway.start()


def spans_of(collector, request_id: str) -> tuple[dict, dict]:
    """Of a call with one attempt."""

    def found() -> list[dict]:
        return [
            span
            for span in collector.spans()
            if span["attributes"].get("llm_gateway.request_id") == request_id
        ]

    (server,) = wait_until(found, 20, "the span of the call")
    (attempt,) = wait_until(
        lambda: [
            span for span in collector.spans() if span.get("parentSpanId") == server["spanId"]
        ],
        20,
        "the span of its attempt",
    )
    return server, attempt


def check_call(collector, request_id: str, streamed: bool) -> None:
    server, attempt = spans_of(collector, request_id)
    assert server["traceId"] == attempt["traceId"]
    assert re.fullmatch("[0-9a-f]{32}", server["traceId"])
    assert (server["kind"], attempt["kind"]) == (2, 3)
    assert (server["name"], attempt["name"]) == ("POST /api/v1/chat/completions", "chat inner")
    assert server["attributes"]["http.response.status_code"] == 200
    assert server["attributes"]["llm_gateway.charge_usd"] > 0
    assert attempt["attributes"]["gen_ai.usage.input_tokens"] == 19
    assert attempt["attributes"]["gen_ai.usage.cache_read.input_tokens"] == 4
    assert attempt["attributes"]["gen_ai.response.finish_reasons"] == ["stop"]
    assert attempt["attributes"].get("gen_ai.request.stream", False) == streamed
    assert int(server["startTimeUnixNano"]) <= int(attempt["startTimeUnixNano"])
    assert int(attempt["endTimeUnixNano"]) <= int(server["endTimeUnixNano"])
    assert server["resource"]["service.name"] == "llm-gateway"
    assert server.get("status", {}) == {}
