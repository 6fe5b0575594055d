"""A disk that fails in the middle of streams and plain answers of every dialect, passed and
translated: their ends wait until the charge is written, or say that it could not be.
test_failing_disk.py has the rest."""

import json
import signal
import threading

import answers
import pytest
from failing_disk import Disk
from fake_provider import Gate
from gateway import Gateway
from prices import usd
from stream_grammar import READ, Read, read_responses
from test_dialect_money import CLIENTS, PAIRS, events_of, request_of, sell
from test_dialects import answer_of
from test_failing_disk import open_holds
from wait import wait_until

PIECES = 10
END = {  # without it no client takes a stream for whole
    "openai": "[DONE]",
    "openai-responses": "response.completed",
    "anthropic": "message_stop",
    "gemini": "finishReason",
}


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path, tmp_path / "gateway" / "gateway.db")


@pytest.fixture
def house(tmp_path, shared_provider, disk):
    settings = {"durability": "power", "drain_timeout_ms": 500}
    gateway = Gateway(tmp_path / "gateway", shared_provider, settings, env=disk.env)
    sell(gateway)
    yield gateway.start()
    disk.heal()
    gateway.stop()


def of_model(request) -> str:
    """The provider's dialect, by the name of its model."""
    return next(of for of in reversed(CLIENTS) if f"m-{of}".encode() in request.head + request.body)


class Stream(threading.Thread):
    """What a client gets, as it comes."""

    def __init__(self, customer, client: str, of: str):
        super().__init__(daemon=True)
        self.customer, self.client, self.of = customer, client, of
        self.got = ""
        self.start()

    def read(self) -> Read:
        if self.client == self.of == "openai-responses":
            return read_responses(self.got, typed=False)
        return READ[self.client](self.got)

    def run(self) -> None:
        path, body = request_of(self.client, self.of, True)
        with self.customer.gateway.http.stream(
            "POST", path, json=body, headers=self.customer.authorization
        ) as reply:
            for piece in reply.iter_text():
                self.got += piece


def fail_before_the_ends(house, provider, disk, customers) -> list[Stream]:
    """Of all streams the text has come, and the provider has ended them; the disk has refused."""
    with Gate(provider) as gate:

        async def answer(connection, request):
            events = events_of(of_model(request), PIECES)
            await answers.stream(events, gates={len(events) - 5: gate})(connection, request)

        provider.answer = answer
        streams = [Stream(customer, *pair) for customer, pair in zip(customers, PAIRS, strict=True)]
        for stream in streams:
            wait_until(lambda stream=stream: "w0003" in stream.got, 10, "text")
        disk.fail("enospc")
        gate.set()
        for stream in streams:
            wait_until(lambda stream=stream: "w0008" in stream.got, 10, "the rest of the text")
    disk.wait_for_refusals()
    for stream in streams:
        assert stream.is_alive(), (stream.client, stream.of)
        assert END[stream.client] not in stream.got, (stream.client, stream.of)
        assert '"cost"' not in stream.got
    return streams


def test_ends_wait_for_their_settlement(house, disk, provider):
    customers = [house.customer() for _ in PAIRS]
    streams = fail_before_the_ends(house, provider, disk, customers)
    disk.heal()
    for stream in streams:
        stream.join(15)
        read = stream.read()
        assert (read.end, read.text) == ("whole", "".join(f" w{n:04}" for n in range(PIECES)))
        stream.customer.wait_for_no_hold()
        (record,) = stream.customer.all_records()
        assert record["usage_source"] == "reported"
        assert 10 - stream.customer.balance == usd(record["cost"]) > 0


def test_a_stop_says_what_could_not_be_written(house, disk, provider):
    customers = [house.customer() for _ in PAIRS]
    streams = fail_before_the_ends(house, provider, disk, customers)
    house.signal(signal.SIGTERM)
    house.wait_for_exit(code=1)
    for stream in streams:
        stream.join(15)
        assert stream.read().end == "error", (stream.client, stream.got[-500:])
        assert "cannot write its ledger" in stream.got
        assert '"cost"' not in stream.got
    disk.heal()
    house.verify_ledger()
    house.start()
    for customer in customers:
        customer.web.base_url = house.origin + "/api"
        assert customer.balance == 10
        assert customer.records() == []


# ---- plain answers, and Google's streams that are one array ----

CREDIT = 1000  # a plain answer is held for at its longest
TEXT = ("Grüße", " from", " w0009")
FORMS = [*[(client, of, False) for client, of in PAIRS], *[("gemini", of, True) for of in CLIENTS]]


class Call(threading.Thread):
    """A call whose client reads its answer as one document."""

    def __init__(self, customer, client: str, of: str, as_array: bool):
        super().__init__(daemon=True)
        self.customer, self.client, self.as_array = customer, client, as_array
        self.path, self.body = request_of(client, of, as_array)
        self.path = self.path.removesuffix("?alt=sse")
        self.name = f"{client} of {of}" + (" as an array" if as_array else "")
        self.status, self.got = 0, b""
        self.start()

    def run(self) -> None:
        with self.customer.gateway.http.stream(
            "POST", self.path, json=self.body, headers=self.customer.authorization
        ) as reply:
            self.status = reply.status_code
            for piece in reply.iter_bytes():
                self.got += piece

    def document(self):
        self.join(15)
        assert not self.is_alive(), self.name
        return json.loads(self.got)

    def text(self) -> str:
        """What the answer says."""
        document = self.document()
        if self.client == "openai":
            return document["choices"][0]["message"]["content"]
        if self.client == "anthropic":
            return "".join(block["text"] for block in document["content"])
        if self.client == "openai-responses":
            return "".join(part["text"] for part in document["output"][0]["content"])
        chunks = document if self.as_array else [document]
        parts = [chunk["candidates"][0]["content"]["parts"] for chunk in chunks]
        return "".join(part["text"] for some in parts for part in some)


def fail_before_the_answers(house, provider, disk) -> list[Call]:
    """All are asked and held for; the disk has refused what the answers cost."""
    with Gate(provider) as gate:

        async def answer(connection, request):
            await connection.until(gate)
            await answer_of(of_model(request), TEXT)(connection, request)

        provider.answer = answer
        calls = [Call(house.customer(credit=str(CREDIT)), *form) for form in FORMS]
        provider.wait_for_requests(len(calls))
        wait_until(lambda: open_holds(house) == len(calls), 10, "all holds on disk")
        disk.fail("enospc")
        gate.set()
        disk.wait_for_refusals()
    for call in calls:
        assert call.is_alive(), call.name
        assert call.status == 0 or call.as_array, call.name
        assert b"cost" not in call.got, call.name
        assert b"finishReason" not in call.got, call.name
    return calls


def test_plain_answers_wait_for_their_settlement(house, disk, provider):
    calls = fail_before_the_answers(house, provider, disk)
    disk.heal()
    for call in calls:
        assert call.text() == "".join(TEXT), call.name
        assert call.status == 200
        call.customer.wait_for_no_hold()
        (record,) = call.customer.all_records()
        assert record["usage_source"] == "reported"
        assert CREDIT - call.customer.balance == usd(record["cost"]) > 0


def test_a_stop_refuses_plain_answers_that_could_not_be_written(house, disk, provider):
    calls = fail_before_the_answers(house, provider, disk)
    house.signal(signal.SIGTERM)
    house.wait_for_exit(code=1)
    for call in calls:
        document = call.document()
        error = (document[-1] if call.as_array else document)["error"]
        assert "cannot write its ledger" in error["message"], call.name
        assert call.status == (200 if call.as_array else 503), call.name
        assert call.client != "gemini" or error["status"] in ("UNAVAILABLE", "INTERNAL")
        assert b'"cost"' not in call.got
    disk.heal()
    house.verify_ledger()
    house.start()
    for call in calls:
        call.customer.web.base_url = house.origin + "/api"
        assert call.customer.balance == CREDIT
        assert call.customer.records() == []
