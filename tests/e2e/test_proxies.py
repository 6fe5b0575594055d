"""Behind proxies: whose request it is, and whether the client's side is https."""

import ssl

import httpx2 as httpx
import pytest
from certificate import make_certificate
from customer import PASSWORD
from proxy import CLIENT, PROXY_V1, SIGNATURE, STRANGER, proxy_v2
from rawhttp import RawConnection, request_bytes
from wait import wait_until

KEYLESS = "/v1/models"


def peer_of(gateway, request_id: str) -> str:
    """The address that the log has for it."""
    (line,) = wait_until(lambda: gateway.logged("exchange", request_id=request_id), 5, "a log line")
    return line["peer"]


def ask(gateway, **headers) -> str:
    """The address in the log of a request with these headers."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return peer_of(gateway, gateway.http.get(KEYLESS, headers=names).headers["x-request-id"])


def test_client_behind_proxies(make_gateway):
    gateway = make_gateway(trusted_proxies="127.0.0.1, 10.0.0.0/8", workers=1)
    assert ask(gateway) == "127.0.0.1"
    assert ask(gateway, x_forwarded_for=CLIENT) == CLIENT
    assert ask(gateway, x_forwarded_for=f"198.51.100.1, {CLIENT}, 10.0.0.9") == CLIENT
    assert ask(gateway, x_forwarded_for=f"nonsense, {CLIENT}:1234") == CLIENT
    assert ask(gateway, x_forwarded_for=f"{CLIENT}, nonsense") == "127.0.0.1"
    assert ask(gateway, forwarded='for="[2001:db8::9]:1";proto=https') == "2001:db8::9"
    assert ask(gateway) == "127.0.0.1", "a kept connection remembers nothing"


def test_headers_of_strangers_mean_nothing(make_gateway):
    for settings in ({}, {"trusted_proxies": "10.0.0.0/8"}):
        gateway = make_gateway(**settings)
        assert ask(gateway, x_forwarded_for=CLIENT, forwarded=f"for={CLIENT}") == "127.0.0.1"
        client = httpx.Client(base_url=gateway.origin, trust_env=False)
        cookie = sign_up(client, {"X-Forwarded-Proto": "https"})
        assert "secure" not in cookie.lower()


def sign_up(client: httpx.Client, headers: dict) -> str:
    """The cookie that signing up sets."""
    body = {"email": "someone@example.com", "password": PASSWORD}
    response = client.post("/api/auth/signup", json=body, headers=headers)
    assert response.status_code == 201, response.text
    (cookie,) = response.headers.get_list("set-cookie")
    return cookie


def test_https_at_the_clients_side(make_gateway):
    """The cookie is Secure, it works, and the Origin is that of the https side."""
    gateway = make_gateway(trusted_proxies="127.0.0.1")
    host = "gateway.example.com"
    headers = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "Host": host}
    own = headers | {"Origin": f"https://{host}"}
    client = httpx.Client(base_url=gateway.origin, trust_env=False)
    cookie = sign_up(client, own)
    assert cookie.startswith("__Host-session=")
    assert "; secure" in cookie.lower()
    sent = {"Cookie": cookie.split(";")[0]}
    assert client.get("/api/auth/me", headers=headers | sent).status_code == 200
    made = client.post("/api/keys", json={"name": "a"}, headers=own | sent)
    assert made.status_code == 201
    plain = headers | sent | {"Origin": f"http://{host}"}
    assert client.post("/api/keys", json={"name": "b"}, headers=plain).status_code == 403


def test_audit_names_the_client(make_gateway):
    gateway = make_gateway(trusted_proxies="loopback")
    gateway.value_of("user", "create", "admin@example.com", "--admin")
    password = gateway.value_of("user", "create", "boss@example.com", "--admin").split()[-1]
    customer = gateway.customer()
    headers = {"X-Forwarded-For": CLIENT}
    web = httpx.Client(base_url=gateway.origin + "/api", trust_env=False, headers=headers)
    body = {"email": "boss@example.com", "password": password}
    assert web.post("/auth/signin", json=body).status_code == 200
    user = customer.call("GET", "/auth/me", 200)["user"]["id"]
    given = {"user_id": user, "amount": "1", "reason": "test"}
    assert web.post("/admin/credits", json=given).status_code == 201
    entries = web.get("/admin/audit").json()["data"]
    assert entries[0]["address"] == CLIENT


# ---- the PROXY protocol ----


@pytest.fixture
def behind(make_gateway):
    """A gateway to which 127.0.0.1 is a load balancer that sends PROXY headers."""
    return make_gateway(trusted_proxies="127.0.0.1", proxy_protocol="yes", workers=1)


def ask_raw(connection: RawConnection, gateway, **headers) -> str:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.send(request_bytes("GET", KEYLESS, names))
    return read_peer(connection, gateway)


def read_peer(connection: RawConnection, gateway) -> str:
    return peer_of(gateway, connection.read_reply("GET").headers["x-request-id"])


@pytest.mark.parametrize("header", [proxy_v2(), proxy_v2(tls=True), PROXY_V1])
def test_proxy_header(behind, header):
    """In one piece with a request, byte by byte, and with a second request behind it."""
    with behind.connect() as connection:
        connection.send(header + request_bytes("GET", KEYLESS))
        assert read_peer(connection, behind) == CLIENT
        assert ask_raw(connection, behind, x_forwarded_for="198.51.100.1") == CLIENT
    with behind.connect() as connection:
        for at in range(len(header)):
            connection.send(header[at : at + 1])
        assert ask_raw(connection, behind) == CLIENT


def test_proxy_header_of_the_balancer_itself(behind):
    """LOCAL: how a balancer looks whether we live."""
    with behind.connect() as connection:
        connection.send(proxy_v2(command=0x20))
        assert ask_raw(connection, behind) == "127.0.0.1"


def test_headers_behind_a_balancer(behind):
    """A balancer in front of a trusted proxy: then the proxy's headers say whose request it is."""
    with behind.connect() as connection:
        connection.send(proxy_v2("127.0.0.1"))
        assert ask_raw(connection, behind, x_forwarded_for=CLIENT) == CLIENT


def test_tls_before_the_balancer(behind):
    body = b'{"email":"v2@example.com","password":"' + PASSWORD.encode() + b'"}'
    for number, (tls, secure) in enumerate(((True, True), (False, False), (None, False))):
        with behind.connect() as connection:
            mine = body.replace(b"v2", b"v%d" % number)
            connection.send(
                proxy_v2("2001:db8::9", tls) + request_bytes("POST", "/api/auth/signup", {}, mine)
            )
            cookie = connection.read_reply().headers["set-cookie"]
            assert ("; secure" in cookie.lower()) == secure


@pytest.mark.parametrize(
    "data",
    [
        request_bytes("GET", "/healthz"),
        b"PROXY TCP4 x y 1 2\r\n" + request_bytes("GET", "/healthz"),
        SIGNATURE + b"\x21\x11\x00\x00" + request_bytes("GET", "/healthz"),
    ],
)
def test_no_proxy_header(behind, data):
    """A trusted proxy that sends none, or nonsense, is not served: whose request would it be?"""
    with behind.connect() as connection:
        connection.send(data)
        assert connection.is_closed()
    assert behind.is_alive()


def test_proxy_header_of_a_stranger(behind):
    """From elsewhere it is a malformed request line; a plain request is served."""
    with behind.connect(source=STRANGER) as connection:
        assert ask_raw(connection, behind) == STRANGER
    with behind.connect(source=STRANGER) as connection:
        connection.send(PROXY_V1 + request_bytes("GET", KEYLESS))
        assert connection.read_reply("GET").status == 400


def test_unfinished_proxy_header(make_gateway):
    """Ends with the head's deadline."""
    gateway = make_gateway(trusted_proxies="127.0.0.1", proxy_protocol="yes", head_timeout_ms=200)
    for begun in (b"", SIGNATURE, PROXY_V1[:20]):
        with gateway.connect() as connection:
            connection.send(begun)
            assert connection.is_closed()


def test_proxy_header_before_tls(make_gateway, tmp_path):
    certificate, key = make_certificate(tmp_path)
    gateway = make_gateway(
        trusted_proxies="127.0.0.1", proxy_protocol="yes", workers=1,
        tls_certificate=certificate, tls_key=key, head_timeout_ms=1000,
    )  # fmt: skip
    trust = ssl.create_default_context(cafile=certificate)
    for header in (proxy_v2(), PROXY_V1):
        for piece in (len(header), 1):
            with gateway.connect() as connection:
                for at in range(0, len(header), piece):
                    connection.send(header[at : at + piece])
                connection.socket = trust.wrap_socket(
                    connection.socket, server_hostname="127.0.0.1"
                )
                assert ask_raw(connection, gateway) == CLIENT
    for begun in (b"", SIGNATURE, PROXY_V1, b"GET / HTTP/1.1\r\n\r\n"):
        with gateway.connect() as connection:
            connection.send(begun)
            assert connection.is_closed()
    assert gateway.is_alive()


def test_settings_are_checked(make_gateway):
    for settings, said in (
        ({"trusted_proxies": "10.0.0.1/8"}, "10.0.0.1/8"),
        ({"trusted_proxies": "proxy.example.com"}, "proxy.example.com"),
        ({"proxy_protocol": "yes"}, "trusted_proxies"),
    ):
        result = make_gateway(start=False, **settings).command("check")
        assert result.returncode == 1
        assert said in result.stderr
