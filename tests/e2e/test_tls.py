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


@pytest.mark.parametrize(
    ("suites", "served"),
    [
        ("AES128-GCM-SHA256", False),
        ("AES256-SHA", False),
        ("DHE-RSA-AES128-GCM-SHA256", False),
        ("ECDHE-RSA-AES128-SHA", False),
        ("ECDHE-RSA-AES128-GCM-SHA256", True),
        ("ECDHE-RSA-CHACHA20-POLY1305", True),
    ],
)
def test_forward_secrecy(make_gateway, tmp_path, suites, served):
    """With an RSA certificate, which suites without it could use: none of them is taken."""
    certificate, key = make_certificate(tmp_path, "rsa")
    gateway = make_gateway(tls_certificate=certificate, tls_key=key)
    trust = ssl.create_default_context(cafile=certificate)
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    trust.set_ciphers(f"{suites}:@SECLEVEL=0")
    if not served:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            gateway.connect(tls=trust)
        return
    with gateway.connect(tls=trust) as connection:
        assert connection.socket.cipher()[0] == suites


@pytest.mark.parametrize("begun", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_stalled_handshake(make_gateway, certificate, begun):
    """Ends with the head's deadline, long before a connection that idles."""
    gateway = make_gateway(
        tls_certificate=certificate[0], tls_key=certificate[1], head_timeout_ms=300
    )
    with gateway.connect() as connection:
        connection.send(begun)
        assert connection.is_closed()


def test_idle_after_the_handshake(make_gateway, certificate, trust):
    """The head's deadline is not that of a connection that idles."""
    gateway = make_gateway(
        tls_certificate=certificate[0], tls_key=certificate[1], head_timeout_ms=300
    )
    with gateway.connect(tls=trust) as connection:
        assert not connection.is_closed(1)
        connection.socket.settimeout(15)
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.read_reply("GET").status == 200


# ---- HSTS ----

HSTS = "strict-transport-security"


def test_hsts(secure):
    for path in ("/healthz", "/", "/v1/models", "/nothing"):
        assert secure.http.get(path).headers[HSTS] == "max-age=31536000"


def test_hsts_behind_a_proxy(make_gateway):
    gateway = make_gateway(trusted_proxies="127.0.0.1", hsts_max_age_s=60)
    for scheme, said in (("https", "max-age=60"), ("http", None)):
        reply = gateway.http.get("/healthz", headers={"X-Forwarded-Proto": scheme})
        assert reply.headers.get(HSTS) == said


def test_no_hsts(make_gateway, certificate):
    """Never over plain HTTP (RFC 6797, 7.2), and not where it is turned off."""
    assert HSTS not in make_gateway().http.get("/healthz").headers
    gateway = make_gateway(tls_certificate=certificate[0], tls_key=certificate[1], hsts_max_age_s=0)
    assert HSTS not in gateway.http.get("/healthz").headers


# ---- a renewed certificate ----


def served_certificate(gateway) -> str:
    return ssl.get_server_certificate(gateway.address)


def test_certificate_renewed(make_gateway, tmp_path):
    """SIGHUP: new connections get the new one, old ones go on; a bad one changes nothing."""
    certificate, key = make_certificate(tmp_path)
    gateway = make_gateway(tls_certificate=certificate, tls_key=key)
    trust = ssl.create_default_context(cafile=certificate)
    old = gateway.connect(tls=trust)
    before = served_certificate(gateway)
    make_certificate(tmp_path, "rsa")
    gateway.reload()
    assert gateway.logs("certificate read again")
    renewed = served_certificate(gateway)
    assert renewed != before
    assert renewed.strip() == certificate.read_text().strip()
    old.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert old.read_reply("GET").status == 200
    old.close()

    make_certificate(tmp_path)  # and the key of another
    key.write_text("nonsense")
    gateway.reload()
    (line,) = gateway.logs("the certificate in use stays")
    assert str(key) in line["reason"]
    assert served_certificate(gateway) == renewed


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
