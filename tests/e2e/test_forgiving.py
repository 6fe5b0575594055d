"""What clients do not say as others do, and is clear all the same: slashes, doubled mounts, packed
bodies, a byte order mark."""

import gzip
import json
import zlib

import pytest
from errors import check_error
from rawhttp import chat_bytes, request_bytes

BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}'
KINDS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}
MB = 1024 * 1024

# ---- paths ----


@pytest.mark.parametrize(
    "path",
    ["//v1/chat/completions", "/v1//chat/completions", "/v1/chat//completions",
     "/v1/chat/completions/", "/v1/chat/completions//", "/v1/v1/chat/completions",
     "/v1/api/v1/chat/completions", "/api/v1/v1/chat/completions", "/v1//v1/chat/completions/",
     "/v1/v1/v1/chat/completions", "/v1/chat/completions/chat/completions"],
)  # fmt: skip
def test_paths_of_a_call(customer, path):
    url = customer.gateway.origin + path
    reply = customer.gateway.http.post(url, content=BODY, headers=customer.authorization)
    assert reply.status_code == 200
    assert reply.json()["choices"]


@pytest.mark.parametrize(
    "path",
    ["/v1/models/", "/v1//models", "/api/v1//models", "/v1/v1/models",
     "/v1/chat/completions/models", "/v1/models/gpt-4o-mini/", "/v1//models/gpt-4o-mini",
     "/v1/v1/models/gpt-4o-mini"],
)  # fmt: skip
def test_paths_of_models(customer, path):
    reply = customer.gateway.http.get(path, headers=customer.authorization)
    assert reply.status_code == 200
    assert reply.json().get("data") or reply.json()["id"] == "gpt-4o-mini"


def test_paths_of_the_dashboard(customer):
    for path in ("/api//keys", "/api/keys/", "//api/keys"):
        reply = customer.web.get(customer.gateway.origin + path)
        assert reply.status_code == 200


@pytest.mark.parametrize("path", ["/chat/completions", "/openai/chat/completions", "/v2/models"])
def test_says_what_is_meant(customer, path):
    reply = customer.gateway.http.post(path, content=BODY, headers=customer.authorization)
    error = check_error(reply, 404, "not_found", on_api=False)
    assert "Did you mean /v1/" in error["message"]


@pytest.mark.parametrize("path", ["/v1/" + "/" * 8000, "/v1" * 2000, "/v1/models" * 800], ids=len)
def test_long_paths(gateway, path):
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", path))
        assert connection.read_reply("GET").status in (401, 404)


# ---- packed bodies ----


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["length", "chunks", "pieces"])
def test_packed(gateway, customer, provider, kind, how):
    """The provider gets what was meant, and Content-Encoding does not go on."""
    packed = KINDS[kind](BODY)
    headers = {"Content-Encoding": kind}
    if how == "chunks":
        packed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (packed[:9], packed[9:]))
        packed += b"0\r\n\r\n"
        headers |= {"Transfer-Encoding": "chunked"}
        data = request_bytes("POST", "/v1/chat/completions", headers | customer.authorization)
        data += packed
    else:
        data = chat_bytes(customer.key, packed, headers)
    with gateway.connect() as connection:
        step = 1 if how == "pieces" else len(data)
        for at in range(0, len(data), step):
            connection.send(data[at : at + step])
        assert connection.read_reply().status == 200
        connection.send(chat_bytes(customer.key, BODY))  # the connection goes on
        assert connection.read_reply().status == 200
    first = provider.requests[0]
    assert first.json["messages"] == json.loads(BODY)["messages"]
    assert "content-encoding" not in {name.lower() for name in first.headers}


def test_packed_for_the_dashboard(customer):
    body = gzip.compress(b'{"name":"packed"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert customer.web.post("/keys", content=body, headers=headers).status_code == 201


def large(size: int) -> bytes:
    """Text that packs about ten to one, as prompts with much of a kind do."""
    words = " ".join(f"{n} {n * n % 977}" for n in range(size // 8))
    message = {"role": "user", "content": (words * 3)[:size]}
    return json.dumps({"model": "gpt-4o-mini", "messages": [message], "max_tokens": 5}).encode()


def test_large_packed(customer, provider):
    body = large(2 * MB)
    packed = gzip.compress(body, 1)
    reply = customer.post(packed, headers={"Content-Encoding": "gzip"})
    assert reply.status_code == 200, reply.text
    assert len(provider.last.body) >= 2 * MB


@pytest.mark.parametrize("kind", ["br", "zstd", "gzip, gzip", "compress", "gzip;q=1"])
def test_unknown_packing(customer, provider, kind):
    reply = customer.post(BODY, headers={"Content-Encoding": kind})
    error = check_error(reply, 415, "unsupported_content_encoding")
    assert "gzip" in error["message"]
    assert reply.headers["accept-encoding"] == "gzip, deflate"
    assert not provider.requests


def test_identity(customer):
    assert customer.post(BODY, headers={"Content-Encoding": "identity"}).status_code == 200


GARBLED = {
    "not packed": BODY,
    "cut": gzip.compress(BODY)[:-5],
    "more behind its end": gzip.compress(BODY) + b"x",
    "a head only": b"\x1f\x8b" + b"\0" * 50,
}


@pytest.mark.parametrize("name", GARBLED)
def test_garbled(customer, provider, name):
    reply = customer.post(GARBLED[name], headers={"Content-Encoding": "gzip"})
    check_error(reply, 400, "invalid_request")
    assert not provider.requests


def test_grows_too_large(make_gateway, provider):
    """Neither above body_bytes_max nor out of all proportion."""
    gateway = make_gateway(body_bytes_max=MB)
    customer = gateway.customer()
    headers = {"Content-Encoding": "gzip"}
    check_error(customer.post(gzip.compress(large(2 * MB)), headers=headers), 413)
    blank = b'{"model":"gpt-4o-mini",' + b" " * 900_000 + BODY[1:]
    check_error(customer.post(gzip.compress(blank), headers=headers), 413)
    assert customer.post(gzip.compress(large(900_000)), headers=headers).status_code == 200


def test_large_packed_without_a_key(gateway):
    """Small as it comes, large as it is: known before it is unpacked."""
    packed = gzip.compress(b" " * 100_000)
    headers = {"Content-Encoding": "gzip"}
    reply = gateway.http.post("/v1/chat/completions", content=packed, headers=headers)
    check_error(reply, 413, "request_too_large", on_api=False)


# ---- a byte order mark ----


def test_byte_order_mark(customer, provider):
    assert customer.post(b"\xef\xbb\xbf" + BODY).status_code == 200
    assert provider.last.body.startswith(b"{")
    headers = {"Content-Type": "application/json"}
    made = customer.web.post("/keys", content=b'\xef\xbb\xbf{"name":"mark"}', headers=headers)
    assert made.status_code == 201
    check_error(customer.post(b"\xef\xbb" + BODY), 400)
    check_error(customer.post(b"\xef\xbb\xbf\xef\xbb\xbf" + BODY), 400)
