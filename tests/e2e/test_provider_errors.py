"""What a provider's error means: what only the operator can have caused is another candidate's
turn and an alarm; what the customer has caused keeps its status, in whatever shape it is said."""

import json

import answers
import pytest
from answers import Usage, reply, stream
from errors import check_error
from gateway import Gateway
from prices import Price
from wait import wait_until

PRICE = Price("0.15", "0.60")
DEPLOYMENT = "deploy-7"
OTHER = answers.chat(pieces=("from the other",), usage=Usage(10, 5))


@pytest.fixture(scope="module")
def module_gateway(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("errors"), shared_provider)
    ours = {"provider": "openai", "model": DEPLOYMENT}
    gateway.policies.provider("open", errors_shown=True)
    gateway.policies.model("both", PRICE, candidates=[ours, {"provider": "openai"}])
    gateway.policies.model("solo", PRICE, candidates=[ours])
    gateway.policies.model("frank", PRICE, candidates=[ours | {"provider": "open"}])
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def customer(module_gateway, provider):
    customer = module_gateway.customer()
    yield customer
    customer.wait_for_no_hold()
    module_gateway.check_clean()
    module_gateway.check_holds()


def error(message: str, **members) -> dict:
    return {"error": {"message": message, **members}}


def answer(status: int, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reply(status, data)


def alarms(gateway) -> int:
    return len([line for line in gateway.log() if line["level"] == "error"])


MISSING = f"The model {DEPLOYMENT} does not exist"
OURS = {
    "404": (404, error(MISSING, type="invalid_request_error", code="model_not_found")),
    "404 without words": (404, b""),
    "404 of a path": (404, {"detail": "Not Found"}),
    "405": (405, {"detail": "Method Not Allowed"}),
    "410": (410, error("not here")),
    "400 of a model": (400, error(MISSING)),
    "400 of a retired model": (400, error(f"{DEPLOYMENT}: the model has been decommissioned")),
    "422 of a model": (422, error("m", code="model_not_found")),
    "400 of a key": (400, [error("API key not valid.", code=400, status="INVALID_ARGUMENT")]),
    "400 of an account": (400, error("Your credit balance is too low", type="invalid_request")),
    "401": (401, {"message": "no"}),
    "403": (403, error("forbidden")),
}


@pytest.mark.parametrize("name", OURS)
def test_what_only_we_can_have_caused(customer, provider, module_gateway, name):
    before = alarms(module_gateway)
    provider.then(answer(*OURS[name]))
    provider.answer = OTHER
    assert "from the other" in customer.ask("both").text
    wait_until(lambda: alarms(module_gateway) == before + 1, 5, "an alarm")
    provider.answer = answer(*OURS[name])
    response = customer.ask("solo")
    check_error(response, 503, "provider_unavailable", retry=False)
    assert DEPLOYMENT not in response.text
    wait_until(lambda: alarms(module_gateway) == before + 2, 5, "another alarm")


@pytest.mark.parametrize("status", [424, 500, 502, 503, 529, 429, 408])
def test_the_other_one_is_asked(customer, provider, status):
    provider.then(answer(status, error("not now")))
    provider.answer = OTHER
    assert "from the other" in customer.ask("both").text


WORDS = f"Unknown name web_search_options for {DEPLOYMENT}"
THEIRS = {
    "as OpenAI": error(WORDS, type="invalid_request_error", param=None, code="unknown"),
    "as a list": [error(WORDS, code=400, status="INVALID_ARGUMENT")],
    "at the top": {"object": "error", "message": WORDS, "type": "BadRequestError", "code": 400},
    "a detail": {"detail": WORDS},
    "details": {"detail": [{"loc": ["body", "x"], "msg": WORDS, "type": "value_error"}]},
    "a message of details": {"object": "error", "message": {"detail": [{"msg": WORDS}]}},
    "a text as error": {"error": WORDS},
    "errors": {"success": False, "errors": [{"code": 7003, "message": WORDS}]},
    "as Anthropic": {"type": "error", "error": {"type": "invalid_request_error", "message": WORDS}},
    "as a problem": {"title": WORDS, "status": 400},
    "behind an aggregator": {"error": {"message": "Provider returned error", "code": 400,
                                       "metadata": {"raw": json.dumps(error(WORDS))}}},
    "a text": WORDS.encode(),
    "a JSON text": json.dumps(WORDS).encode(),
    "an event": b"data: " + json.dumps(error(WORDS)).encode() + b"\n\n",
}  # fmt: skip


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("name", THEIRS)
def test_what_the_customer_can_mend(customer, provider, name, status):
    provider.answer = answer(status, THEIRS[name])
    told = check_error(customer.ask("both"), status, retry=False)
    assert "Unknown name web_search_options for both" in told["message"]
    assert len(provider.requests) == 1, "no other provider would like it better"
    assert customer.balance == 10


OVERFLOWS = [
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "the request exceeds the available context size, try increasing it",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "Requested tokens (5000) exceed context window of 2048",
    "Input is too long for requested model.",
    "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
    "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000",
    "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
    "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
    "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    "Please reduce the length of the messages or completion.",
    "Range of input length should be [1, 129024]",
    "Your request exceeded model token limit: 8192",
    # llama.cpp's embeddings and rerank, with status 500
    "input (2050 tokens) is too large to process. increase the physical batch size "
    "(current batch size: 512)",
]


@pytest.mark.parametrize("message", OVERFLOWS)
@pytest.mark.parametrize("status", [400, 413, 500])
def test_longer_than_the_context(customer, provider, message, status):
    provider.answer = answer(status, error(message, type="x", code=status))
    told = check_error(customer.ask("both"), 400, "context_length_exceeded", retry=False)
    assert told["message"] == message
    assert len(provider.requests) == 1


def test_context_by_its_code(customer, provider):
    """As llama.cpp says it."""
    body = error("too much", type="exceed_context_size_error", code=400, n_ctx=4096)
    provider.answer = answer(400, body)
    check_error(customer.ask("solo"), 400, "context_length_exceeded")


def test_rate_limit_without_another_candidate(customer, provider):
    provider.answer = answers.error(429, "slow down", "rate_limit_exceeded", "x",
                                    {"Retry-After": "3"})  # fmt: skip
    response = customer.ask("solo")
    check_error(response, 429, "rate_limit_exceeded", retry=True)
    assert response.headers["retry-after"] == "3"


@pytest.mark.parametrize("streamed", [False, True])
def test_failure_with_a_reason(customer, provider, streamed):
    """It is told where the operator allows it, and with nothing of ours in it."""
    reason = f"{DEPLOYMENT}: cannot load image at http://10.0.0.5:8080/x"
    provider.answer = answer(500, error(reason, type="server_error"))
    told = check_error(customer.ask("solo", stream=streamed), 502, "provider_unavailable")
    assert "(HTTP 500)" in told["message"]
    assert "image" not in told["message"]
    told = check_error(customer.ask("frank", stream=streamed), 502, "provider_unavailable")
    assert "(HTTP 500)" in told["message"]
    assert "frank: cannot load image at ***" in told["message"]


def test_reasons_in_mid_stream(customer, provider):
    failed = b"data: " + json.dumps(error("out of memory", code=500)).encode() + b"\n\n"
    refused = b"data: " + json.dumps(error("no such tool", code=400)).encode() + b"\n\n"
    text = answers.content_event("x")
    provider.answer = stream([text, failed])
    assert "out of memory" not in customer.ask("solo", stream=True).text
    assert "out of memory" in customer.ask("frank", stream=True).text
    provider.answer = stream([text, refused])
    told = customer.ask("solo", stream=True).text
    assert "no such tool" in told
    assert '"type":"invalid_request_error"' in told


def test_a_page_is_something_in_between(customer, provider):
    provider.answer = reply(400, b"<html>Bad Request</html>", {"Content-Type": "text/html"})
    check_error(customer.ask("solo"), 502, "provider_unavailable")


def test_a_body_too_large_for_a_proxy(customer, provider):
    provider.answer = reply(413, b"<html>Too Large</html>", {"Content-Type": "text/html"})
    check_error(customer.ask("both"), 413, "request_too_large")
