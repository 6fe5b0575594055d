"""OpenAI's Responses API, same dialect on both sides: the official package for Python, bytes as
they pass, what is not kept here, and the money."""

import json

import answers
import openai
import pytest
from answers import Usage
from gateway import UPSTREAM_KEY, Gateway
from prices import Price, charge, usd
from responses_answers import Response, response

MODEL = "gpt-test"
PRICE = Price("3", "15", "0.30")


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("responses"), shared_provider, {})
    gateway.policies.provider("both", dialect=("openai-responses", "openai-chat"))
    gateway.policies.model(MODEL, PRICE, providers=("both",))
    gateway.policies.model("gpt-sold", PRICE,
                           candidates=[{"provider": "both", "model": "gpt-theirs"}])  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.check_clean()
    gateway.check_holds()
    gateway.stop()


@pytest.fixture
def customer(house):
    return house.customer()


def ask(customer, stream=False, headers=None, **members):
    body = {"model": MODEL, "input": "Hello!", "stream": stream, **members}
    return customer.post(body, "/responses", headers=headers or {})


@pytest.mark.quick
def test_the_bytes_pass(customer, provider):
    provider.answer = response(cached_tokens=5)
    body = (
        b'{"model":"gpt-test","input":[{"type":"message","role":"user","content":[{"type":'
        b'"input_text","text":"a"}]}],"include":["reasoning.encrypted_content"],"store":false,'
        b'"prompt_cache_key":"k","member_of_tomorrow":[1.0,1e5,{}]}'
    )
    reply = customer.post(body, "/responses")
    assert reply.status_code == 200, reply.text
    sent = provider.last
    assert sent.body == body
    assert sent.path.endswith("/responses")
    assert sent.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    answer = reply.json()
    assert usd(answer["usage"].pop("cost")) == charge(PRICE, Usage(19, 10, cached=5))
    assert answer == json.loads(Response(cached_tokens=5).body({"model": MODEL}))


@pytest.mark.quick
def test_a_stream_passes(customer, provider):
    provider.answer = response()
    events = Response().events({"model": MODEL})
    reply = ask(customer, True)
    assert reply.content.startswith(b"".join(events[:-1]))
    last = reply.content[len(b"".join(events[:-1])) :]
    data = json.loads(last.split(b"data: ")[1])
    assert usd(data["response"]["usage"].pop("cost")) == charge(PRICE, Usage(19, 10))
    assert data == json.loads(events[-1].split(b"data: ")[1])
    assert b"[DONE]" not in reply.content


def test_chat_is_passed_to_a_provider_of_both(customer, provider):
    provider.answer = answers.chat()
    assert customer.ask(model=MODEL).status_code == 200
    assert provider.last.path.endswith("/chat/completions")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_name_of_the_provider_s_model_is_not_shown(customer, provider, streamed):
    provider.answer = response()
    reply = ask(customer, streamed, model="gpt-sold")
    assert provider.last.json["model"] == "gpt-theirs"
    assert "gpt-theirs" not in reply.text
    assert "gpt-sold" in reply.text


def test_money_that_ends_is_incomplete(house, provider):
    poor = house.customer(credit="0.02")
    pieces = tuple(f" word{number:04}" for number in range(3000))
    provider.answer = response(pieces=pieces, output_tokens=6000)
    with poor.openai().responses.stream(model=MODEL, input="Hello!") as stream:
        end = list(stream)[-1].response
    assert end.status == "incomplete"
    assert end.incomplete_details.reason == "max_output_tokens"
    assert end.output_text.startswith(" word0000 word0001")
    assert usd(end.usage.cost) == usd(poor.wait_for_record()["cost"])


@pytest.mark.quick
def test_no_money_ends_codex_at_once(house, provider):
    """Codex asks six times again after a 402, and not at all after this."""
    reply = ask(house.customer(credit=None))
    assert reply.status_code == 429
    assert reply.json()["error"]["code"] == "insufficient_quota"
    assert reply.headers["x-should-retry"] == "false"
    assert "http" in reply.json()["error"]["message"]
    assert provider.requests == []


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_money_for_less_than_a_provider_takes_is_none(house, provider, streamed):
    """OpenAI refuses max_output_tokens below 16: the client would read of a limit that it has not
    set, and not of its money."""
    provider.answer = response(output_tokens=8)
    for credit in range(100, 500, 25):
        poor = house.customer(credit=f"0.000{credit}")
        reply = ask(poor, streamed)
        if reply.status_code == 200:
            assert provider.last.json["max_output_tokens"] >= 16
            break
        assert reply.json()["error"]["code"] == "insufficient_quota"
        assert provider.requests == []
    else:
        raise AssertionError("no credit was enough")
    assert credit > 100


def test_a_bound_for_less_than_a_provider_takes_is_none(customer, provider):
    provider.answer = response(output_tokens=8)
    refused = ask(customer, headers={"x-llm-max-cost": "0.0001"})
    assert refused.json()["error"]["code"] == "max_cost_exceeded"
    assert provider.requests == []
    required = refused.json()["error"]["metadata"]["required"]
    assert ask(customer, headers={"x-llm-max-cost": required}).status_code == 200
    assert provider.last.json["max_output_tokens"] == 16


def test_a_failure_in_mid_stream(customer, provider):
    provider.answer = answers.stream(Response().events({"model": MODEL})[:6], ending="cut")
    with customer.openai().responses.stream(model=MODEL, input="Hello!") as stream:
        end = list(stream)[-1]
    assert end.type == "response.failed"
    assert "was charged" in end.response.error.message
    assert usd(customer.wait_for_record()["cost"]) > 0


def test_a_failed_response_falls_over_to_nobody(customer, provider):
    failed = Response().whole({"model": MODEL}, "failed", [])
    failed["error"] = {"code": "server_error", "message": "Internal"}
    event = {"type": "response.failed", "sequence_number": 1, "response": failed}
    provider.answer = answers.stream(
        [f"event: response.failed\ndata: {json.dumps(event)}\n\n".encode()]
    )
    reply = ask(customer, True)
    assert reply.status_code == 502
    assert customer.balance == 10


# ---- what is not kept ----


def test_there_are_no_websockets(customer):
    reply = customer.get("/responses")
    assert reply.status_code == 426
    assert reply.json()["error"]["code"] == "websocket_not_supported"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")],
)
def test_nobody_has_a_response_that_is_not_kept(customer, method, path):
    url = f"/v1/responses/resp_1{path}"
    reply = customer.gateway.http.request(method, url, headers=customer.authorization)
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "not_found"
    assert reply.headers["x-should-retry"] == "false"
    assert customer.gateway.http.request(method, url).status_code == 401


@pytest.mark.parametrize(
    "members",
    [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"background": True},
     {"prompt": {"id": "pmpt_1"}}],
)  # fmt: skip
def test_state_is_refused_by_name(customer, provider, members):
    reply = ask(customer, **members)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"].split(".")[0] == next(iter(members))
    assert provider.requests == []


def test_tokens_are_counted_for_free(customer, provider):
    counted = customer.openai().responses.input_tokens.count(model=MODEL, input="word " * 1000)
    assert 500 <= counted.input_tokens <= 2000
    assert provider.requests == []


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_retry_gets_the_same_answer(customer, provider, streamed):
    provider.answer = response()
    headers = {"Idempotency-Key": "k"}
    first = ask(customer, streamed, headers)
    assert ask(customer, streamed, headers).content == first.content
    assert len(provider.requests) == 1


def test_a_client_s_error_passes(customer, provider):
    provider.answer = answers.error(400, "Invalid 'input[0]'", "invalid_value",
                                    "invalid_request_error")  # fmt: skip
    with pytest.raises(openai.BadRequestError, match="Invalid 'input"):
        customer.openai().responses.create(model=MODEL, input="a")
