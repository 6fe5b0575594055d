"""Anthropic's Messages API, same dialect on both sides: the official package for Python, and bytes
as they pass. What a call costs, how it ends and what fails has Anthropic's form."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import answers
import anthropic
import anthropic_answers as theirs
import pytest
from answers import Usage
from anthropic_answers import Message, message, named
from customer import question_of
from fake_provider import Gate
from gateway import UPSTREAM_KEY, Gateway
from prices import Price, charge, usd

MODEL = "claude-test"
PRICE = Price("3", "15", "0.30")
HELLO = [{"role": "user", "content": "Hello!"}]


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("anthropic"), shared_provider, {})
    policies = gateway.policies
    policies.provider("claude", dialect="anthropic")
    policies.provider("second", dialect="anthropic")
    policies.model(MODEL, PRICE, providers=("claude",), capabilities=["vision"],
                   image_tokens_max=1600, cache_write="3.75", cache_write_long="6")  # fmt: skip
    policies.model("claude-two", PRICE, providers=("claude", "second"))
    policies.model("claude-sold", PRICE,
                   candidates=[{"provider": "claude", "model": "claude-theirs"}])  # fmt: skip
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def sdk(customer, **how) -> anthropic.Anthropic:
    usual = {"base_url": customer.gateway.origin, "api_key": customer.key, "max_retries": 0}
    return anthropic.Anthropic(**usual | how)


@pytest.fixture
def client(customer):
    return sdk(customer)


def cost_of(stream) -> Decimal:
    """Reads the stream to its end. The SDK's own message leaves members out that it does not
    know."""
    deltas = [event for event in stream if event.type == "message_delta"]
    return usd(deltas[-1].usage.cost)


def ask(customer, stream: bool = False, headers: dict | None = None, **members):
    body = {"model": MODEL, "max_tokens": 100, "messages": HELLO, "stream": stream, **members}
    return customer.post(body, "/messages", headers=headers or {})


# ---- answers ----


@pytest.mark.quick
def test_a_message(client, customer, provider):
    provider.answer = message(input_tokens=1000, output_tokens=500)
    answer = client.messages.create(model=MODEL, max_tokens=600, messages=HELLO)
    assert answer.content[0].text == "Hello there!"
    assert answer.stop_reason == "end_turn"
    assert usd(answer.usage.cost) == charge(PRICE, Usage(1000, 500))
    record = customer.wait_for_record()
    assert answer._request_id == record["id"]
    assert (record["finish_reason"], record["input_tokens"]) == ("stop", 1000)
    sent = provider.last
    assert sent.path == "/v1/messages"
    assert sent.headers["x-api-key"] == UPSTREAM_KEY
    assert "authorization" not in sent.headers
    assert sent.json == {"model": MODEL, "max_tokens": 600, "messages": HELLO}


@pytest.mark.quick
def test_a_stream(client, customer, provider):
    said = Message(thinking=("Let me", " think"), tool={"name": "f", "input": {"a": "ü"}},
                   input_tokens=2000, output_tokens=40)  # fmt: skip
    provider.answer = message(**vars(said))
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        cost = cost_of(stream)
        answer = stream.get_final_message()
    kinds = [block.type for block in answer.content]
    assert kinds == ["thinking", "text", "tool_use"]
    assert answer.content[0].signature == "c2lnbmF0dXJl"
    assert answer.content[2].input == {"a": "ü"}
    assert answer.stop_reason == "tool_use"
    assert cost == charge(PRICE, Usage(2000, 40))
    assert customer.wait_for_record()["finish_reason"] == "tool_calls"


def test_a_stream_passes_byte_for_byte(customer, provider):
    said = Message(ping=False)
    provider.answer = message(ping=False)
    reply = ask(customer, stream=True)
    events = said.events({"model": MODEL})
    assert reply.content.startswith(b"".join(events[:-2]))
    rest = reply.content[len(b"".join(events[:-2])) :]
    delta, stop = [event for event in rest.split(b"\n\n") if event]
    assert stop == events[-1].strip()
    data = json.loads(delta.split(b"data: ")[1])
    cost = data["usage"].pop("cost")
    assert usd(cost) == charge(PRICE, Usage(19, 10))
    assert data == json.loads(events[-2].split(b"data: ")[1])
    assert reply.headers["request-id"] == reply.headers["x-request-id"]


def test_unknown_members_and_headers_pass(customer, provider):
    provider.answer = message()
    body = (
        b'{"model":"claude-test", "max_tokens":100,"system":[{"type":"text","text":"x-billing: a"},'
        b'{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}],"thinking":{"type":'
        b'"adaptive"},"output_config":{"effort":"high"},"metadata":{"user_id":"u"},'
        b'"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text",'
        b'"text":"a","cache_control":{"type":"ephemeral"}}]}],"member_of_tomorrow":[1.0,1e5,{}]}'
    )
    headers = {"anthropic-version": "2026-10-21", "anthropic-beta": "a-2026,b-2026",
               "Anthropic-Of-Tomorrow": "1"}  # fmt: skip
    reply = customer.post(body, "/messages?beta=true", headers=headers)
    assert reply.status_code == 200, reply.text
    sent = provider.last
    assert sent.body == body
    for name, value in headers.items():
        assert sent.headers[name.lower()] == value


@pytest.mark.parametrize("name", ["anthropic-workspace-id", "Anthropic-User-Profile-Id"])
def test_no_header_names_what_belongs_to_the_account(customer, provider, name):
    provider.answer = message()
    assert ask(customer, headers={name: "theirs"}).status_code == 200
    assert name.lower() not in provider.last.headers


def test_limits_are_told_in_both_ways(customer, provider):
    """Anthropic's resets are dates, OpenAI's are durations."""
    provider.answer = message()
    told = ask(customer).headers
    for kind in ("requests", "tokens"):
        for word in ("limit", "remaining"):
            assert told[f"anthropic-ratelimit-{kind}-{word}"] == told[f"x-ratelimit-{word}-{kind}"]
        resets = datetime.fromisoformat(told[f"anthropic-ratelimit-{kind}-reset"])
        assert 0 < (resets - datetime.now(UTC)).total_seconds() <= 60
    other = customer.post({"model": "claude-test", "messages": HELLO}, "/chat/completions").headers
    assert not [name for name in other if name.startswith("anthropic-")]


def test_the_version_is_said_for_a_client_that_says_none(customer, provider):
    provider.answer = message()
    assert ask(customer).status_code == 200
    assert provider.last.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_name_of_the_provider_s_model_is_not_shown(customer, provider, streamed):
    provider.answer = message(model="claude-theirs")
    reply = ask(customer, streamed, model="claude-sold")
    assert provider.last.json["model"] == "claude-theirs"
    assert "claude-theirs" not in reply.text
    assert '"model":"claude-sold"' in reply.text.replace('": "', '":"')


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_cache_writes_have_their_price(customer, provider, streamed):
    usage = {
        "cache_creation_input_tokens": 3000,
        "cache_read_input_tokens": 500,
        "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
    }
    provider.answer = message(input_tokens=100, output_tokens=10, usage=usage)
    messages = question_of(4000)
    assert ask(customer, streamed, messages=messages).status_code == 200
    cost = customer.wait_for_record()["cost"]
    exact = (100 * 3 + 500 * 0.30 + 1000 * 3.75 + 2000 * 6 + 10 * 15) * 1.2 / 1e6
    assert abs(float(cost) - exact) < 1e-9


# ---- money ----


def test_money_that_ends_ends_by_length(house, provider):
    customer = house.customer(credit="0.02")
    pieces = tuple(f" word{number:04}" for number in range(4000))
    provider.answer = message(pieces=pieces, output_tokens=8000)
    with sdk(customer).messages.stream(model=MODEL, max_tokens=16000, messages=HELLO) as stream:
        cost = cost_of(stream)
        answer = stream.get_final_message()
    assert answer.stop_reason == "max_tokens"
    assert answer.content[0].text.startswith(" word0000 word0001")
    record = customer.wait_for_record()
    assert cost == usd(record["cost"])
    assert customer.balance >= 0


@pytest.mark.quick
def test_no_money_is_a_billing_error(house, provider):
    poor = house.customer(credit=None)
    with pytest.raises(anthropic.APIStatusError) as caught:
        sdk(poor).messages.create(model=MODEL, max_tokens=100, messages=HELLO)
    assert caught.value.status_code == 402
    error = caught.value.body["error"]
    assert (error["type"], error["code"]) == ("billing_error", "insufficient_credits")
    assert "http" in error["message"], "the address for a top-up stands in the message"
    assert provider.requests == []


def test_a_client_that_leaves_pays(customer, provider):
    gate = Gate(provider)
    events = Message(pieces=("Hello",) * 50).events({"model": MODEL})
    with gate:
        provider.answer = answers.stream(events, gates={20: gate})
        with sdk(customer).messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
            for event in stream:
                if event.type == "text":
                    break
        record = customer.wait_for_record()
    assert usd(record["cost"]) > 0


# ---- errors ----


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (413, "request_too_large"), (422, "invalid_request_error")],
)
def test_a_client_s_error_passes(customer, provider, status, kind):
    text = "max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens"
    provider.answer = theirs.error(status, kind, text)
    reply = ask(customer)
    assert reply.status_code == status
    error = reply.json()
    assert error["type"] == "error"
    assert error["error"]["message"] == text
    assert error["error"]["type"] == kind
    assert customer.balance == 10


@pytest.mark.parametrize("status", [401, 402, 403])
def test_errors_of_our_account_never_pass(customer, provider, status):
    provider.answer = theirs.error(status, "authentication_error", f"bad key {UPSTREAM_KEY}")
    reply = ask(customer)
    assert reply.status_code == 503
    assert reply.json()["type"] == "error"
    assert UPSTREAM_KEY not in reply.text


def test_overload_falls_over(customer, provider):
    provider.then(theirs.error(529, "overloaded_error", "Overloaded"), message())
    reply = ask(customer, model="claude-two")
    assert reply.json()["content"][0]["text"] == "Hello there!"


def test_an_error_before_anything_is_said_falls_over(customer, provider):
    start = Message().events({"model": "claude-two"})[0]
    failing = answers.stream([start, theirs.error_event("overloaded_error", "Overloaded")])
    provider.then(failing, message())
    reply = ask(customer, stream=True, model="claude-two")
    assert reply.text.count("message_start") == 2, "one event, with its name and its type"
    assert "Overloaded" not in reply.text


def test_an_error_in_mid_stream(client, customer, provider):
    events = Message().events({"model": MODEL})[:5]
    provider.answer = answers.stream([*events, theirs.error_event("api_error", "Internal")])
    stream = client.messages.create(model=MODEL, max_tokens=100, messages=HELLO, stream=True)
    with pytest.raises(anthropic.APIStatusError) as caught:
        list(stream)
    assert "was charged" in str(caught.value)
    assert usd(customer.wait_for_record()["cost"]) > 0


def test_a_cut_stream_ends_with_an_error(customer, provider):
    events = Message().events({"model": MODEL})[:5]
    provider.answer = answers.stream(events, ending="cut")
    reply = ask(customer, stream=True)
    assert reply.content.split(b"\n\n")[-2].startswith(b"event: error\n")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 400, "invalid_request_error"),
        ({"model": MODEL, "messages": HELLO}, 400, "invalid_request_error"),
        ({"model": "nope", "max_tokens": 1, "messages": HELLO}, 404, "not_found_error"),
        ({"model": MODEL, "max_tokens": 0, "messages": HELLO}, 400, "invalid_request_error"),
        ({"model": MODEL, "max_tokens": 1, "messages": []}, 400, "invalid_request_error"),
    ],
)
def test_our_refusals_have_the_form(customer, provider, body, status, kind):
    reply = customer.post(body, "/messages")
    assert reply.status_code == status
    error = reply.json()
    assert (error["type"], error["error"]["type"]) == ("error", kind)
    assert error["request_id"] == reply.headers["request-id"]
    assert reply.headers["x-should-retry"] == "false"


def test_a_wrong_key(house):
    with pytest.raises(anthropic.AuthenticationError):
        anthropic.Anthropic(
            base_url=house.origin, api_key="llm_sk_nope", max_retries=0
        ).messages.create(model=MODEL, max_tokens=1, messages=HELLO)


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
def test_the_key_may_stand_in_either_header(customer, provider, header):
    provider.answer = message()
    value = customer.key if header == "x-api-key" else f"Bearer {customer.key}"
    body = {"model": MODEL, "max_tokens": 100, "messages": HELLO}
    reply = customer.gateway.http.post("/v1/messages", json=body, headers={header: value})
    assert reply.status_code == 200


# ---- forms of streams ----


def test_every_split(customer, provider):
    said = Message(pieces=("Grüße", " 🎉"), ping=False)
    whole = b"".join(said.events({"model": MODEL}))
    expected = None
    for at in range(0, len(whole), 37):
        provider.answer = answers.stream([part for part in (whole[:at], whole[at:]) if part])
        reply = ask(customer, stream=True)
        content = reply.content
        expected = expected or content
        assert content == expected


def test_pings_and_comments_are_ours_to_send(customer, provider):
    events = Message().events({"model": MODEL})
    provider.answer = answers.stream([b": hello\n\n", events[0], named("ping"), *events[1:]])
    reply = ask(customer, stream=True)
    assert b": hello" not in reply.content
    assert b"ping" not in reply.content


def test_events_without_names_get_them(customer, provider):
    """Anthropic's SDKs skip an event that has no name."""
    events = [b"data:" + event.split(b"data:")[1] for event in Message().events({"model": MODEL})]
    provider.answer = answers.stream(events)
    with sdk(customer).messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        assert stream.get_final_message().content[0].text == "Hello there!"


def test_a_stream_without_its_last_event(customer, provider):
    provider.answer = answers.stream(Message().events({"model": MODEL})[:-1])
    with sdk(customer).messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        assert stream.get_final_message().stop_reason == "end_turn"


def test_silence_is_filled_with_pings(shared_provider, tmp_path_factory, provider):
    gateway = Gateway(tmp_path_factory.mktemp("pings"), shared_provider,
                      {"keepalive_comment_ms": 200, "first_event_wait_ms": 300})  # fmt: skip
    gateway.policies.provider("claude", dialect="anthropic")
    gateway.policies.model(MODEL, PRICE, providers=("claude",))
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    try:
        gate = Gate(provider)
        provider.answer = answers.stream(Message().events({"model": MODEL}), gates={0: gate})
        customer = gateway.customer()
        with (
            gate,
            sdk(customer).messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream,
        ):
            gate.set()
            assert stream.get_final_message().content[0].text == "Hello there!"
    finally:
        gateway.stop()


# ---- idempotency ----


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_retry_gets_the_same_answer(customer, provider, streamed):
    provider.answer = message()
    headers = {"Idempotency-Key": "k1"}
    first = ask(customer, streamed, headers=headers)
    again = ask(customer, streamed, headers=headers)
    assert first.content == again.content
    assert len(provider.requests) == 1


# ---- what belongs to the operator ----


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_no_price_of_the_provider_is_shown(customer, provider, streamed):
    usage = {"cost": 0.4321, "cost_details": {"upstream_inference_cost": 0.8765}}
    provider.answer = message(usage=usage)
    reply = ask(customer, streamed)
    assert reply.status_code == 200
    assert "4321" not in reply.text
    assert "8765" not in reply.text
    assert '"cost":0.0002484' in reply.text.replace('": ', '":')


def test_tokens_are_counted_for_free(house, client, customer, provider):
    long = [{"role": "user", "content": "word " * 1000}]
    counted = client.messages.count_tokens(model=MODEL, messages=long)
    assert 500 <= counted.input_tokens <= 2000
    assert provider.requests == []
    assert customer.balance == 10
    poor = house.customer(credit=None)
    assert sdk(poor).messages.count_tokens(model=MODEL, messages=HELLO).input_tokens > 0


def test_models_are_listed(client):
    page = client.models.list(limit=1000)
    found = {model.id: model for model in page.data}
    assert found[MODEL].type == "model"
    assert found[MODEL].display_name == MODEL
    assert found[MODEL].created_at.year >= 1970
    assert page.has_more is False
    assert found[MODEL].lifecycle == "active"
    assert found[MODEL].max_tokens > 0
    assert client.models.retrieve(MODEL).id == MODEL


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_models_come_by_pages(client, limit):
    """The SDK's pages, forwards and backwards."""
    told = {"anthropic-version": "2023-06-01"}
    whole = [model.id for model in client.models.list(extra_headers=told).data]
    page = client.models.list(limit=limit, extra_headers=told)
    assert len(page.data) == min(limit, len(whole))
    assert [model.id for model in page] == whole
    before = client.models.list(limit=limit, before_id=whole[-1], extra_headers=told)
    assert [model.id for model in before.data] == whole[:-1][-limit:]
    assert before.has_more is (limit < len(whole) - 1)
    assert client.models.list(after_id=whole[-1], extra_headers=told).data == []
    for wrong in ({"after_id": "nothing"}, {"limit": 0}):
        with pytest.raises(anthropic.BadRequestError):
            client.models.list(**wrong, extra_headers=told)


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
def test_refusals_of_the_shared_address_have_the_form(house, client, version):
    """OpenAI's clients ask for models there, too; Anthropic's say their version."""
    told = {"anthropic-version": version}
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.models.retrieve("nothing", extra_headers=told)
    assert (caught.value.type, caught.value.body["type"]) == ("not_found_error", "error")
    assert caught.value.request_id.startswith("req_")
    stranger = anthropic.Anthropic(base_url=house.origin, api_key="no key", max_retries=0)
    with pytest.raises(anthropic.AuthenticationError) as caught:
        stranger.models.list(extra_headers=told)
    assert (caught.value.type, caught.value.body["type"]) == ("authentication_error", "error")
    reply = house.http.get(f"{house.origin}/v1/models/nothing")
    assert set(reply.json()) == {"error"}  # OpenAI's


def test_thoughts_shrink_with_the_money(house, provider):
    """A provider refuses a budget of thoughts that is not below the limit of the answer."""
    provider.answer = message()
    thinking = {"type": "enabled", "budget_tokens": 10_000}
    poor = house.customer(credit="0.05")
    body = {"model": MODEL, "max_tokens": 20_000, "messages": HELLO, "stream": True,
            "thinking": thinking}  # fmt: skip
    assert poor.post(body, "/messages").status_code == 200
    sent = provider.last.json
    assert 1024 <= sent["thinking"]["budget_tokens"] < sent["max_tokens"] < 3000
    assert house.customer().post(body, "/messages").status_code == 200
    assert provider.last.json["thinking"] == thinking
