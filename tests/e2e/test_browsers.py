"""Pages of other sites that call the API with a key (CORS)."""

import answers
import pytest
from rawhttp import request_bytes

ORIGIN = {"Origin": "https://app.example.com"}
ASKED = "authorization,content-type,x-stainless-os"
PREFLIGHT = ORIGIN | {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": ASKED,
}
ALLOW = "access-control-allow-origin"
EXPOSE = "access-control-expose-headers"
CREDENTIALS = "access-control-allow-credentials"
QUESTION = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    "path",
    ["/v1/chat/completions", "/api/v1/chat/completions", "/v1/models", "/v1/models/x",
     "//v1/models", "/v1", "/v1/nothing"],
)  # fmt: skip
def test_preflight(gateway, path):
    reply = gateway.http.options(gateway.origin + path, headers=PREFLIGHT)
    assert reply.status_code == 204
    assert reply.headers[ALLOW] == "*"
    assert reply.headers["access-control-allow-headers"] == ASKED
    assert {"GET", "POST"} <= set(reply.headers["access-control-allow-methods"].split(", "))
    assert int(reply.headers["access-control-max-age"]) >= 600
    assert CREDENTIALS not in reply.headers


def test_preflight_of_odd_headers(gateway):
    """What is given back is a list of names, or none of the client's."""
    for asked in ("a; b", "x" * 2000, "é", ""):
        headers = PREFLIGHT | {"Access-Control-Request-Headers": asked.encode("latin-1")}
        reply = gateway.http.options("/v1/models", headers=headers)
        assert reply.headers["access-control-allow-headers"] == "authorization, content-type"


def test_answers_may_be_read(gateway, customer, provider):
    for stream in (False, True):
        reply = customer.post(QUESTION | {"stream": stream}, headers=ORIGIN)
        assert reply.status_code == 200
        assert reply.headers[ALLOW] == "*"
        exposed = reply.headers[EXPOSE].split(", ")
        assert {"x-request-id", "x-llm-cost", "retry-after"} <= set(exposed)
        assert CREDENTIALS not in reply.headers


def test_errors_may_be_read(gateway, customer, provider):
    """Also what is refused before any handler: by then the path is known."""
    bad_key = {"Authorization": "Bearer llm_sk_x"}
    cases = [
        (gateway.http.get("/v1/models", headers=ORIGIN | bad_key), 401),
        (gateway.http.get("/v1/nothing", headers=ORIGIN | customer.authorization), 404),
        (gateway.http.put("/v1/models", headers=ORIGIN | customer.authorization), 405),
        (gateway.http.post("/v1/chat/completions", headers=ORIGIN, content=b"x" * 70_000), 413),
        (customer.post(b"{", headers=ORIGIN), 400),
    ]
    for reply, status in cases:
        assert reply.status_code == status
        assert reply.headers[ALLOW] == "*"
    provider.answer = answers.reply(500, b"{}")
    assert customer.post(QUESTION, headers=ORIGIN).headers[ALLOW] == "*"


@pytest.mark.parametrize(
    "path", ["/api/keys", "/api", "/api/auth/signin", "/api/v1x", "/apiv1/models", "/healthz",
             "/", "/api/playground/chat/completions", "/api//keys"]
)  # fmt: skip
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_not_the_dashboards(gateway, customer, method, path):
    """What a cookie opens stays closed to pages of other sites."""
    with gateway.connect() as connection:
        connection.send(request_bytes(method, path, PREFLIGHT))
        reply = connection.read_head()
    assert not [name for name in reply.headers if name.startswith("access-control-")]


def test_scripts_get_none(gateway, customer):
    reply = gateway.http.get("/v1/models", headers=customer.authorization)
    assert not [name for name in reply.headers if name.startswith("access-control-")]


def test_other_mounts(make_gateway):
    """The API is where routes.lua has it."""
    gateway = make_gateway(
        prepare=lambda policies: policies.write(
            "routes", 'return { mounts = { openai = { "/llm" }, dashboard = "/v1" } }\n'
        ),
        start=False,
    )
    gateway.start()
    assert gateway.http.options("/llm/models", headers=PREFLIGHT).headers[ALLOW] == "*"
    assert ALLOW not in gateway.http.options("/v1/keys", headers=PREFLIGHT).headers


def test_turned_off(make_gateway):
    gateway = make_gateway(cors="off")
    assert gateway.http.options("/v1/models", headers=PREFLIGHT).status_code == 405
    assert ALLOW not in gateway.http.get("/v1/models", headers=ORIGIN).headers
