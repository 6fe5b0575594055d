"""A provider that fails, in each dialect of clients and of providers, plain and streamed: another
one answers and the customer notices nothing; where there is no other, the error has the client's
form. No provider is asked twice, and nothing is paid but the answer."""

import answers
import anthropic_answers
import gemini_answers
import pytest
import responses_answers
from answers import Usage
from errors import code_of
from gateway import Gateway
from prices import Price, charge, usd
from test_provider_farm import KINDS

PRICE = Price("3", "15")
USAGE = Usage(9, 4)
CLIENTS = ["openai", "openai-responses", "anthropic", "gemini"]
GOOD = {
    "openai": answers.chat(usage=USAGE),
    "openai-responses": responses_answers.response(input_tokens=9, output_tokens=4),
    "anthropic": anthropic_answers.message(usage={"input_tokens": 9}, output_tokens=4),
    "gemini": gemini_answers.content(input_tokens=9, output_tokens=4),
}
# What a customer sees who has no other provider: a failure is the gateway's, never the client's.
ALONE = {
    "silence": (504, "timeout"),
    "503": (503, "provider_overloaded"),
    "529": (503, "provider_overloaded"),
    "429 that says when": (429, "rate_limit_exceeded"),
    "429 in milliseconds": (429, "rate_limit_exceeded"),
    "401": (503, "provider_unavailable"),
    "402": (503, "provider_unavailable"),
    "403": (503, "provider_unavailable"),
    "404 of the model": (503, "provider_unavailable"),
    "429 for want of quota": (503, "provider_unavailable"),
}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    """No breakers: each call asks the one that fails first."""
    gateway = Gateway(tmp_path_factory.mktemp("failing"), shared_provider)
    for dialect in CLIENTS:
        for name in ("shy", "steady"):
            gateway.policies.provider(f"{name}-{dialect}", dialect=dialect, breaker=False,
                                      first_byte_timeout_ms=300)  # fmt: skip
    for of in CLIENTS:
        shy = {"provider": f"shy-{of}", "model": f"shy-{of}"}
        gateway.policies.model(f"alone-{of}", PRICE, candidates=[shy])
        for client in CLIENTS:
            steady = {"provider": f"steady-{client}", "model": f"steady-{client}"}
            gateway.policies.model(f"{of}-{client}", PRICE, candidates=[shy, steady])
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.write("limits", "return {}\n")
    yield from gateway.served()


def ask(customer, client: str, model: str, streamed: bool):
    hello = [{"role": "user", "content": "Hello!"}]
    if client == "gemini":
        method = "streamGenerateContent?alt=sse" if streamed else "generateContent"
        body = {"contents": [{"role": "user", "parts": [{"text": "Hello!"}]}]}
        headers = {"x-goog-api-key": customer.key}
        path = f"/v1beta/models/{model}:{method}"
        return customer.gateway.http.post(path, json=body, headers=headers)
    stream = {"stream": True} if streamed else {}
    if client == "openai-responses":
        return customer.post({"model": model, "input": "Hello!", **stream}, "/responses")
    if client == "anthropic":
        return customer.post(
            {"model": model, "max_tokens": 100, "messages": hello, **stream}, "/messages"
        )
    return customer.post({"model": model, "messages": hello, **stream}, "/chat/completions")


def asked(provider, kind: str) -> list[str]:
    """Where a kept connection broke, the same one is asked once more over a new one."""
    models = [request.model for request in provider.requests]
    if kind in ("a reset", "a close") and models[:1] == models[1:2]:
        return models[1:]
    return models


CASES = [
    pytest.param(
        client, of, streamed, id=f"{client} of {of}, {'streamed' if streamed else 'plain'}"
    )
    for client in CLIENTS
    for of in CLIENTS
    for streamed in (False, True)
]


@pytest.mark.parametrize(("client", "of", "streamed"), CASES)
def test_another_one_answers(house, provider, client, of, streamed):
    customer = house.customer("100")
    provider.script(f"steady-{client}", GOOD[client])
    for kind, (failure, _) in KINDS.items():
        provider.script(f"shy-{of}", failure)
        provider.requests.clear()
        reply = ask(customer, client, f"{of}-{client}", streamed)
        assert reply.status_code == 200, (kind, reply.text)
        assert '"error":{' not in reply.text.replace(" ", ""), (kind, reply.text)
        assert asked(provider, kind) == [f"shy-{of}", f"steady-{client}"], kind
    customer.wait_for_no_hold()
    assert 100 - customer.balance == len(KINDS) * charge(PRICE, USAGE)


def check_form(client: str, body: dict) -> None:
    """The client's SDK finds its error where it looks for it."""
    if client == "anthropic":
        assert body["type"] == "error"
        assert body["error"]["type"].endswith("_error")
    elif client == "gemini":
        assert body["error"]["status"].isupper()
        assert isinstance(body["error"]["code"], int)
    else:
        assert body["error"]["type"]
    assert "Nothing was charged" in body["error"]["message"]


@pytest.mark.parametrize(("client", "of", "streamed"), CASES)
def test_nobody_else_is_there(house, provider, client, of, streamed):
    customer = house.customer("100")
    for kind, (failure, _) in KINDS.items():
        provider.script(f"shy-{of}", failure)
        provider.requests.clear()
        reply = ask(customer, client, f"alone-{of}", streamed)
        body = reply.json()
        status, code = ALONE.get(kind, (502, "provider_unavailable"))
        assert (reply.status_code, code_of(body)) == (status, code), (kind, reply.text)
        check_form(client, body)
        assert len(asked(provider, kind)) == 1, kind
    customer.wait_for_no_hold()
    assert customer.balance == usd("100")
