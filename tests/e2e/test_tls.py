"""With a certificate: the same, over TLS."""

import contextlib
import ssl

import answers
import httpx2 as httpx
import openai
import pytest
from answers import Usage
from certificate import make_certificate
from customer import PASSWORD
from prices import charge, usd
from rawhttp import chat_bytes

BODY = b'{"stream":true,"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(make_gateway, certificate):
    return make_gateway(tls_certificate=certificate[0], tls_key=certificate[1])


@pytest.fixture
def trust(certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[0])


def test_sdk_over_tls(secure, trust, provider):
    customer = secure.customer()
    provider.answer = answers.chat(usage=Usage(100, 10))
    http = openai.DefaultHttpxClient(verify=trust)
    client = customer.openai(http_client=http)
    ask = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    whole = client.chat.completions.create(**ask)
    assert usd(whole.usage.cost) == charge("gpt-4o-mini", Usage(100, 10))
    chunks = list(client.chat.completions.create(**ask, stream=True))
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_cookie_is_secure(secure, trust):
    client = httpx.Client(base_url=secure.origin, verify=trust, trust_env=False)
    body = {"email": "tls@example.com", "password": PASSWORD}
    response = client.post("/api/auth/signup", json=body)
    (cookie,) = response.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-")
    for attribute in ("; secure", "; httponly", "; samesite=lax", "; path=/"):
        assert attribute in cookie.lower()
    assert "domain" not in cookie.lower()
    assert client.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(secure, trust, version):
    trust.minimum_version = trust.maximum_version = version
    with secure.connect(tls=trust) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.read_reply("GET").status == 200


def test_old_versions_are_refused(secure):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        secure.connect(tls=old)


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""]
)
def test_no_tls(secure, data):
    """Plain text, garbage or nothing: the connection ends, the gateway lives."""
    with secure.connect(timeout=5) as connection:
        connection.send(data)
        with contextlib.suppress(OSError):  # it may be closed by now
            connection.half_close()
        connection.read_to_end()
    assert secure.is_alive()


def test_split_into_small_packets(secure, trust, provider):
    customer = secure.customer()
    data = chat_bytes(customer.key, BODY)
    with secure.connect(tls=trust) as connection:
        for at in range(0, len(data), 3):
            connection.send(data[at : at + 3])
        reply = connection.read_reply()
    assert reply.status == 200
    assert reply.body.endswith(answers.DONE)


def test_gone_in_mid_stream(secure, trust, provider):
    customer = secure.customer()
    provider.answer = answers.endless(piece_bytes=40, gap_s=0.02)
    with secure.connect(tls=trust) as connection:
        connection.send(chat_bytes(customer.key, BODY))
        connection.read_head()
        connection.read_chunk()
        connection.reset()
    customer.wait_for_no_hold()
    assert customer.wait_for_record()["usage_source"] == "partial"


def test_bad_certificate_files(make_gateway, certificate):
    """Said at start, with the name of the file."""
    cases = [("/nonexistent.pem", certificate[1]), (certificate[0], certificate[0]),
             (certificate[1], certificate[1])]  # fmt: skip
    for shown, key in cases:
        gateway = make_gateway(start=False, tls_certificate=shown, tls_key=key)
        result = gateway.command("serve")
        assert result.returncode in (1, 2)
        assert ".pem" in result.stderr + result.stdout
