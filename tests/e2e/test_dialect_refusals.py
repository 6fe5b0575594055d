"""Requests that are refused before any handler has them, in the form of the dialect that their
path belongs to."""

import json

import httpx2 as httpx
import pytest
from gateway import Gateway
from rawhttp import request_bytes
from test_dialect_money import CLIENTS, check_refusal, request_of, sell

WORDS = {
    408: {"anthropic": "timeout_error", "gemini": "DEADLINE_EXCEEDED"},
    413: {"anthropic": "request_too_large", "gemini": "INVALID_ARGUMENT"},
    415: {"anthropic": "invalid_request_error", "gemini": "INVALID_ARGUMENT"},
    431: {"anthropic": "invalid_request_error", "gemini": "INVALID_ARGUMENT"},
}
CODES = {408: "request_timeout", 413: "request_too_large", 415: "unsupported_content_encoding",
         431: "request_too_large"}  # fmt: skip


@pytest.fixture(scope="module")
def tight(shared_provider, tmp_path_factory):
    settings = {"body_bytes_max": 100_000, "body_timeout_ms": 500, "head_timeout_ms": 500}
    gateway = Gateway(tmp_path_factory.mktemp("tight"), shared_provider, settings)
    sell(gateway)
    yield from gateway.served()


def request_to(customer, client: str, how: str) -> bytes:
    path, body = request_of(client, client, False)
    headers = {"Authorization": f"Bearer {customer.key}", "Content-Type": "application/json"}
    text = json.dumps(body).encode()
    if how == "a large body":
        text += b" " * 100_000
    elif how == "a large head":
        headers["X-Large"] = "x" * 70_000
    elif how == "an endless head":
        headers = {"X-Large": "x" * 70_000}
    elif how == "an encoding":
        headers["Content-Encoding"] = "br"
    request = request_bytes("POST", path, headers, text)
    cut = {"a slow head": len(path) + 30, "a slow body": len(request) - 9}.get(how)
    if how == "an endless head":
        cut = 65_000
    return request[:cut]


HOW = {"a slow head": 408, "a slow body": 408, "a large body": 413, "an encoding": 415,
       "a large head": 431, "an endless head": 431}  # fmt: skip


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_refusal_has_the_form(tight, provider, client, how):
    customer = tight.customer()
    with tight.connect() as connection:
        connection.send(request_to(customer, client, how))
        got = connection.read_reply()
    reply = httpx.Response(got.status, headers=got.headers, content=got.body)
    check_refusal(client, reply, HOW[how], CODES[HOW[how]], WORDS[HOW[how]])
    assert provider.requests == []
