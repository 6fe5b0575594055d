"""Money and refusals in each dialect: bounds of a call, budgets, keys that end, a disk that fails,
a reload under way. Each client is served by a provider of its own dialect and by one of another."""

import contextlib
import json

import answers
import anthropic_answers
import gemini_answers
import pytest
import responses_answers
from answers import Usage
from errors import code_of
from failing_disk import Disk
from fake_provider import Gate
from gateway import Gateway
from prices import Price, charge, usd
from wait import wait_until

CLIENTS = ["openai", "openai-responses", "anthropic", "gemini"]
OTHER = {"openai": "anthropic", "openai-responses": "gemini", "anthropic": "openai",
         "gemini": "openai-responses"}  # fmt: skip
PAIRS = [(client, provider) for client in CLIENTS for provider in (client, OTHER[client])]
EACH = pytest.mark.parametrize(("client", "of"), PAIRS)
PRICE = Price("100", "1000")  # a dollar is 833 tokens of output, with margin
HELLO = [{"role": "user", "content": "Hello!"}]
LONG = 4000  # pieces of text, each a token


def sell(gateway: Gateway) -> None:
    for dialect in CLIENTS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(f"m-{dialect}", PRICE, providers=(f"of-{dialect}",),
                               max_output=16384)  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.write("limits", "return {}\n")


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("money"), shared_provider, {})
    sell(gateway)
    yield from gateway.served()


def request_of(client: str, of: str, streamed: bool) -> tuple[str, dict]:
    body = {"model": f"m-{of}", "stream": streamed}
    if client == "gemini":
        method = "streamGenerateContent?alt=sse" if streamed else "generateContent"
        return f"/v1beta/models/m-{of}:{method}", {
            "contents": [{"role": "user", "parts": [{"text": "Hello!"}]}]
        }
    if client == "openai-responses":
        return "/v1/responses", {"input": "Hello!", **body}
    if client == "anthropic":
        return "/v1/messages", {"max_tokens": 16000, "messages": HELLO, **body}
    usage = {"stream_options": {"include_usage": True}} if streamed else {}
    return "/v1/chat/completions", {"messages": HELLO, **usage, **body}


def ask(customer, client: str, of: str, streamed: bool = True, **headers):
    path, body = request_of(client, of, streamed)
    headers = {"Authorization": f"Bearer {customer.key}", **headers}
    return customer.gateway.http.post(path, json=body, headers=headers)


@contextlib.contextmanager
def streaming(customer, client: str, of: str):
    """The lines of a stream, as they come."""
    path, body = request_of(client, of, True)
    headers = {"Authorization": f"Bearer {customer.key}"}
    with customer.gateway.http.stream("POST", path, json=body, headers=headers) as reply:
        assert reply.status_code == 200
        yield reply.iter_lines()


def events_of(of: str, pieces: int) -> list[bytes]:
    text = tuple(f" w{number:04}" for number in range(pieces))
    if of == "anthropic":
        said = anthropic_answers.Message(pieces=text, output_tokens=pieces)
        return said.events({"model": "m"})
    if of == "openai-responses":
        said = responses_answers.Response(pieces=text, output_tokens=pieces)
        return said.events({"model": "m"})
    if of == "gemini":
        return gemini_answers.Content(pieces=text, output_tokens=pieces).events()
    said = answers.Chat(pieces=text, usage=Usage(19, pieces))
    return said.events({"stream_options": {"include_usage": True}, "model": "m"})


def data_of(lines) -> list[dict]:
    datas = [line[6:] for line in lines if line.startswith("data: ")]
    return [json.loads(data) for data in datas if data != "[DONE]"]


def limit_asked(of: str, body: dict) -> int:
    """The longest answer that the provider was asked for."""
    if of == "gemini":
        return body["generationConfig"]["maxOutputTokens"]
    return body["max_output_tokens" if of == "openai-responses" else "max_tokens"]


def ends_by_length(client: str, events: list[dict]) -> bool:
    last = events[-1]
    if client == "openai-responses":
        details = last["response"]["incomplete_details"]
        return (last["type"], details["reason"]) == ("response.incomplete", "max_output_tokens")
    if client == "anthropic":
        reason = events[-2]["delta"]["stop_reason"]
        return (last["type"], reason) == ("message_stop", "max_tokens")
    if client == "gemini":
        return last["candidates"][0]["finishReason"] == "MAX_TOKENS"
    return [choice["finish_reason"] for event in events for choice in event["choices"]
            if choice["finish_reason"]] == ["length"]  # fmt: skip


def check_deleted(client: str, event: dict) -> None:
    """That the stream ends because its key was deleted, in the client's own form."""
    if client == "openai-responses":
        error = event["response"]["error"]
        assert (event["type"], error["code"]) == ("response.failed", "server_error")
    elif client == "gemini":
        error = event["error"]
        assert code_of(event) == "key_disabled"
    else:
        error = event["error"]
        assert error["code"] == "key_disabled"
        assert event.get("type") == ("error" if client == "anthropic" else None)
    assert "API key was deleted" in error["message"]


def check_refusal(client: str, reply, status: int, code: str, kind: dict[str, str]) -> None:
    """In the client's own form. `kind`: the word of each dialect for it."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    error = body["error"]
    assert isinstance(error["message"], str)
    if client == "gemini":
        assert (error["code"], error["status"]) == (status, kind["gemini"])
        assert code_of(body) == code
        return
    assert error["code"] == code
    if client == "anthropic":
        assert (body["type"], error["type"]) == ("error", kind["anthropic"])
        assert body["request_id"] == reply.headers["request-id"]


# ---- x-llm-max-cost ----


@EACH
def test_what_the_bound_does_not_pay_is_not_begun(house, provider, client, of):
    provider.reset()
    customer = house.customer()
    reply = ask(customer, client, of, **{"x-llm-max-cost": "0.0001"})
    words = {"anthropic": "invalid_request_error", "gemini": "INVALID_ARGUMENT"}
    check_refusal(client, reply, 400, "max_cost_exceeded", words)
    assert provider.requests == []
    assert customer.balance == 10


@EACH
def test_a_stream_ends_at_the_bound(house, provider, client, of):
    customer = house.customer()
    provider.answer = answers.stream(events_of(of, LONG))
    reply = ask(customer, client, of, **{"x-llm-max-cost": "0.5"})
    assert reply.status_code == 200, reply.text
    assert limit_asked(of, provider.last.json) <= 500
    assert ends_by_length(client, data_of(reply.text.splitlines()))
    record = customer.wait_for_record()
    assert usd("0.3") < usd(record["cost"]) <= usd("0.5")
    assert record["error_code"] == "max_cost"


# ---- budgets ----


@EACH
def test_a_stream_ends_with_the_key_s_budget(house, provider, client, of):
    customer = house.customer(budget="2")
    provider.answer = answers.stream(events_of(of, LONG))
    reply = ask(customer, client, of)
    assert ends_by_length(client, data_of(reply.text.splitlines()))
    record = customer.wait_for_record()
    assert usd("1.5") < usd(record["cost"]) <= 2
    assert record["error_code"] == "key_budget_exceeded"
    again = ask(customer, client, of)
    words = {"anthropic": "billing_error", "gemini": "RESOURCE_EXHAUSTED"}
    status = 429 if client == "openai-responses" else 402
    if client == "openai-responses":  # what ends Codex at once
        assert again.status_code == status
        assert again.json()["error"]["code"] == "insufficient_quota"
        return
    check_refusal(client, again, status, "key_budget_exceeded", words)


# ---- a key that ends ----


@EACH
def test_a_stream_of_a_key_that_is_deleted_ends(house, provider, client, of):
    customer = house.customer()
    provider.answer = answers.stream(events_of(of, 200), gap_s=0.05)
    with streaming(customer, client, of) as lines:
        for line in lines:
            if "w0005" in line:
                break
        customer.delete_key()
        rest = data_of(lines)
    check_deleted(client, rest[-1])
    assert "w0199" not in str(rest)
    wait_until(lambda: provider.last.gone_at, 10, "the end of the upstream call")
    record = customer.wait_for_record()
    assert (record["error_code"], record["usage_source"]) == ("key_disabled", "partial")
    used = Usage(record["input_tokens"], record["output_tokens"])
    assert usd(record["cost"]) == charge(PRICE, used) > 0


# ---- a reload ----


@EACH
def test_a_reload_changes_no_stream_under_way(house, provider, client, of):
    """Nor its translation, whose VM goes only with its last call."""
    customer = house.customer()
    with Gate(provider) as gate:
        provider.answer = answers.stream(events_of(of, 40), gates={20: gate})
        with streaming(customer, client, of) as lines:
            read = [next(lines) for _ in range(3)]
            house.reload()
            house.reload()
            gate.set()
            read += list(lines)
    assert "w0039" in "\n".join(read)
    record = customer.wait_for_record()
    assert record["output_tokens"] == 40
    assert 10 - customer.balance == charge(PRICE, Usage(record["input_tokens"], 40))


# ---- a disk that fails ----


@pytest.fixture(scope="module")
def ill(shared_provider, tmp_path_factory):
    """A gateway, and its disk."""
    folder = tmp_path_factory.mktemp("ill")
    disk = Disk(folder, folder / "gateway.db")
    gateway = Gateway(folder, shared_provider, {"durability": "power"}, env=disk.env)
    sell(gateway)
    gateway.start()
    yield gateway, disk
    disk.heal()
    gateway.stop()


@pytest.mark.parametrize("client", CLIENTS)
def test_what_cannot_be_written_is_not_begun(ill, provider, client):
    gateway, disk = ill
    customer = gateway.customer()
    provider.answer = answers.stream(events_of(client, 3))
    words = {"anthropic": "overloaded_error", "gemini": "UNAVAILABLE"}
    with disk.failing("eio"):
        reply = ask(customer, client, client)
        check_refusal(client, reply, 503, "ledger_unavailable", words)
    wait_until(lambda: gateway.http.get("/readyz").status_code == 200, 10, "ready")
    provider.reset()
    provider.answer = answers.stream(events_of(client, 3))
    assert ask(customer, client, client).status_code == 200


# ---- refused before the body is read ----


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("of", ["a method", "a body"])
def test_refusals_of_the_mount_have_the_form(house, client, of):
    customer = house.customer()
    path, body = request_of(client, client, False)
    headers = {"Authorization": f"Bearer {customer.key}"}
    if of == "a method":
        reply = house.http.put(path, json=body, headers=headers)
        assert reply.status_code == 405
    else:
        reply = house.http.post(path, content=b"[]", headers=headers)
        assert reply.status_code == 400
    error = reply.json()["error"]
    if client == "gemini":
        assert error["code"] == reply.status_code
        assert error["status"]
    else:
        assert error["type"]
    assert (reply.json().get("type") == "error") == (client == "anthropic")
