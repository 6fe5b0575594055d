"""How spans come to a collector that is well, slow, full or away, and the settings of that."""
# ruff: noqa: F811 (fixtures that test_traces has, too)

import signal
import socket
import time

import pytest
from otlp_server import TAKEN, partial_success
from test_traces import MODEL, collector, request_id, traced  # noqa: F401
from wait import wait_until

SECRET = "s3cr3t token"

# ---- the collector ----


def test_headers_for_the_collector(traced, collector):
    gateway = traced(
        trace_headers="authorization=Bearer%20${TRACE_TOKEN},x-team = a%2Cb",
        trace_service_name="Gateway 한국",
        env={"TRACE_TOKEN": SECRET.replace(" ", "%20")},
    )
    gateway.http.get("/api/v1/models")
    (span,) = collector.spans(1)
    headers, _ = collector.bodies[0]
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert headers["x-team"] == "a,b"
    assert span.resource["service.name"] == "Gateway 한국"
    gateway.stop()
    assert SECRET not in gateway.stderr()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_collector_that_may_take_it_later(traced, collector, status):
    asked_s = []

    def answer(number):
        asked_s.append(time.monotonic())
        return TAKEN if number > 1 else (status, {"retry-after": "1"}, b"{}")

    collector.answer = answer
    gateway = traced()
    gateway.http.get("/api/v1/models")
    collector.spans(1)
    assert asked_s[1] - asked_s[0] >= 1, "not before the time that it named"
    (first, again) = (body for _, body in collector.bodies)
    assert first == again
    line = gateway.logs("spans wait for the collector")[0]
    assert str(status) in line["why"]
    gateway.logs("takes spans again")


@pytest.mark.parametrize("status", [400, 401, 404, 413, 500])
def test_a_collector_that_refuses(traced, collector, status):
    said = b"\x08\x10\x12\x0eno such tenant"[0 if status < 404 else 4 :]  # a Status, or text
    collector.answer = lambda number: TAKEN if number > 1 else (status, {}, said)
    gateway = traced()
    gateway.http.get("/api/v1/models")
    assert gateway.logs("spans are given up")[0]["why"] == f"status {status}: no such tenant"
    gateway.http.get("/api/v1/models")
    collector.spans(1)
    assert collector.bodies[0][1] != collector.bodies[1][1], "it is not sent again"


@pytest.mark.parametrize("in_json", [False, True])
def test_a_partial_success(traced, collector, in_json):
    said = b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}'
    collector.answer = lambda _: (200, {}, said if in_json else partial_success(1, "too old"))
    gateway = traced()
    gateway.http.get("/api/v1/models")
    line = gateway.logs("the collector has not taken all spans")[0]
    assert (line["why"], line["spans_rejected"]) == ("too old", 1)


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def test_a_collector_that_is_away(traced, collector):
    """Calls do not wait for it; what finds no room is counted; the rest goes when it is back."""
    gateway = traced(trace_url=f"http://127.0.0.1:{free_port()}/v1/traces", trace_queue_max=3)
    customer = gateway.customer()
    for _ in range(6):
        assert customer.ask(MODEL).status_code == 200
    gateway.logs("spans wait for the collector")
    for _ in range(10):
        assert customer.ask(MODEL).status_code == 200
    gateway.stop()
    (line,) = gateway.logged("the end of the traces is lost")
    lost = sum(line["calls"] for line in gateway.logged("calls are not traced"))
    assert lost + line["calls"] > 0
    assert line["spans"] > 0


def test_a_collector_that_does_not_answer(traced, collector, provider):
    """Nobody waits for it, the end of the process three seconds."""

    def wait(_):
        collector.gate.wait(60)
        return TAKEN

    collector.answer = wait
    gateway = traced()
    customer = gateway.customer()
    wait_until(lambda: collector.bodies, 10, "a body")
    for _ in range(20):
        assert customer.ask(MODEL).status_code == 200
    gateway.stop()
    assert gateway.logged("the end of the traces is lost")
    assert not collector.taken


def test_a_stop_sends_what_is_left(traced, collector):
    gateway = traced()
    response = gateway.http.get("/api/v1/models")
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit()
    assert [span["llm_gateway.request_id"] for span in collector.taken] == [request_id(response)]


def test_many_calls_go_in_few_bodies(traced, collector):
    gateway = traced(workers=2)
    count = 600
    for _ in range(count):
        gateway.http.get("/api/v1/models")
    gateway.stop()
    assert len({span.id for span in collector.taken}) == count
    assert len(collector.bodies) < count / 10


def test_what_has_waited_goes_in_bodies_of_bounded_length(traced, collector):
    """Short batches go together, as long as they fit; each span once."""
    collector.answer = lambda number: TAKEN if number > 1 else (collector.gate.wait(60), TAKEN)[1]
    gateway = traced()
    gateway.http.get("/api/v1/models")
    wait_until(lambda: collector.bodies, 10, "a body")
    count = 1700
    for number in range(count):
        gateway.http.get(f"/{number}/{'a' * 250}")
    collector.gate.set()
    gateway.stop()
    assert len({span.id for span in collector.taken}) == len(collector.taken) == count + 1
    lengths = [len(body) for _, body in collector.bodies]
    assert sum(lengths) > 512 * 1024
    assert max(lengths) <= 512 * 1024
    assert len(lengths) < 8


# ---- settings ----


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"trace_url": "http://collector.example:4318/v1/traces"}, "must be an address"),
        ({"trace_url": "http://127.0.0.1:4318"}, "http://127.0.0.1:4318/v1/traces"),
        ({"trace_url": "https://user:pw@example.com/v1/traces"}, "use trace_headers"),
        ({"trace_url": "4318"}, "must be an address"),
        ({"trace_sample": "1.5"}, "from 0 to 1"),
        ({"trace_sample": "half"}, "from 0 to 1"),
        ({"trace_headers": "authorization: Bearer hidden"}, "name=value"),
        ({"trace_headers": "host=hidden"}, "name=value"),
        ({"trace_headers": "a=hidden%0D%0Ab: c"}, "name=value"),
        ({"trace_service_name": ""}, "trace_service_name"),
    ],
)
def test_settings_that_are_refused(make_gateway, settings, why):
    gateway = make_gateway(start=False, **settings)
    said = gateway.command("check")
    assert said.returncode != 0
    assert why in said.stderr + said.stdout
    assert "hidden" not in said.stderr + said.stdout
