"""Vertex with a service account: one access token for all workers, in time, and what happens to
calls when there is none."""

import json
from concurrent.futures import ThreadPoolExecutor

import answers
import anthropic_answers
import gemini_answers
import pytest
from answers import Usage, reply
from certificate import make_certificate
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from errors import check_error
from fake_provider import Gate
from policies import Lua
from prices import Price, charge
from replays import make_admin
from token_server import TokenServer, pem_of, private_key
from wait import wait_until

PRICE = Price("1", "4", "0.10")
PROJECT = "/v1beta1/projects/their-project/locations/europe-west4"
GEMINI = f"{PROJECT}/publishers/google/models/theirs"
MESSAGE = '{"role":"user","content":"Hello \\ud83d\\ude00"}'
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


@pytest.fixture
def tokens():
    server = TokenServer()
    yield server
    server.stop()


def buy_from_vertex(policies, provider, **members) -> None:
    origin = provider.url.removesuffix("/v1")
    policies.provider("google", provider="vertex", dialect=None, api_key=None,
                      location="europe-west4", service_account=Lua('env("ACCOUNT")'),
                      base_url=origin + "/v1beta1/projects/{project}/locations/{location}"
                      "/publishers/google", **members)  # fmt: skip


@pytest.fixture
def make_house(make_gateway, provider, tokens, tmp_path):
    """A gateway that sells `gem`, of Vertex, and `other`, of a provider with a key."""

    def make(*, fallback=False, env=None, start=True, breaker=False, tokens=tokens, ca_file=None,
             **settings):  # fmt: skip
        path = tokens.write(tmp_path / "account.json")
        env = {"ACCOUNT": str(path)} | (env or {})
        gateway = make_gateway(env=env, start=False, **settings)
        policies = gateway.policies
        buy_from_vertex(policies, provider, breaker=breaker, ca_file=ca_file)
        named = [{"provider": "google", "model": "theirs"}]
        policies.model("gem", PRICE, candidates=named + [{"provider": "openai"}] * fallback)
        policies.model("other", PRICE)
        policies.write("examples", "return {}\n")
        provider.script("theirs", gemini_answers.content())
        return gateway.start() if start else gateway

    return make


def ask(customer):
    """As Gemini's clients do."""
    return customer.post(CONTENTS, "/models/gem:generateContent")


def sent(provider) -> str:
    """The key of the last call."""
    return provider.last.headers["authorization"].removeprefix("Bearer ")


def quote(gateway) -> str:
    return gateway.stderr() + (gateway.folder / "stdout.log").read_text()


def test_calls(make_house, provider, tokens):
    """Translated or not, streamed or not: the address, the token, and what is charged."""
    gateway = make_house()
    customer = gateway.customer()
    assert ask(customer).json()["candidates"][0]["content"]["parts"][0]["text"] == "Hello"
    assert provider.last.path == f"{GEMINI}:generateContent"
    assert provider.last.headers.get("x-goog-api-key") is None
    assert sent(provider) == tokens.given[0]
    answer = customer.ask("gem", stream=True)
    assert "Hello" in answer.text
    assert answer.text.endswith("data: [DONE]\n\n")
    assert provider.last.path == f"{GEMINI}:streamGenerateContent?alt=sse"
    assert sent(provider) == tokens.given[0]
    customer.wait_for_no_hold()
    assert 10 - customer.balance == 2 * charge(PRICE, Usage(19, 10))
    assert tokens.asked == 1
    gateway.stop()
    said = quote(gateway)
    assert tokens.given[0][:30] not in said
    assert pem_of(private_key(1)).splitlines()[1] not in said


def test_chat(make_house, provider, tokens):
    """Vertex for OpenAI's clients: one address for all models, and the same token."""
    gateway = make_house(start=False)
    base = provider.url.removesuffix("/v1") + "/v1/projects/p/locations/us/endpoints/openapi"
    gateway.policies.provider("llamas", provider="vertex-openai", dialect=None, api_key=None,
                              service_account=Lua('env("ACCOUNT")'), base_url=base)  # fmt: skip
    sold = [{"provider": "llamas", "model": "meta/llama-4"}]
    gateway.policies.model("llama", PRICE, candidates=sold)
    customer = gateway.start().customer()
    assert ask(customer).status_code == 200
    answer = customer.ask("llama", max_completion_tokens=50)
    assert answer.json()["choices"][0]["message"]["content"]
    assert provider.last.path == "/v1/projects/p/locations/us/endpoints/openapi/chat/completions"
    assert provider.last.json["model"] == "meta/llama-4"
    assert provider.last.json["max_tokens"] == 50
    assert sent(provider) == tokens.given[0]
    assert tokens.asked == 1
    gateway.stop()


CLAUDE = "/v1/projects/their-project/locations/us-east5/publishers/anthropic"


@pytest.fixture
def claude(make_house, provider):
    """Sells `claude`, of Anthropic on Vertex."""
    gateway = make_house(start=False)
    origin = provider.url.removesuffix("/v1")
    gateway.policies.provider("claudes", provider="vertex-anthropic", dialect=None, api_key=None,
                              location="us-east5", service_account=Lua('env("ACCOUNT")'),
                              base_url=origin + "/v1/projects/{project}/locations/{location}"
                              "/publishers/anthropic")  # fmt: skip
    sold = [{"provider": "claudes", "model": "claude-x@20250929"}]
    gateway.policies.model("claude", PRICE, candidates=sold)
    provider.answer = anthropic_answers.message(model="claude-x")
    yield gateway.start().customer()
    gateway.stop()


@pytest.mark.parametrize(
    ("sent_version", "version"),
    [
        (None, "vertex-2023-10-16"),
        ("2023-06-01", "vertex-2023-10-16"),
        ("2026-10-21", "2026-10-21"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_claude(claude, provider, tokens, stream, sent_version, version):
    """The address has the model, the body the version; all else is the client's, byte for byte."""
    stated = f'"stream":{json.dumps(stream)}, "metadata" :{{"user_id":"\\u00e9"}}'
    asked = f'{{"max_tokens":50, "model" : "claude",{stated},"messages":[{MESSAGE}]}}'
    headers = claude.authorization | {"anthropic-beta": "some-beta", "content-type": "x/json"}
    if sent_version:
        headers["anthropic-version"] = sent_version
    answer = claude.gateway.http.post("/v1/messages", content=asked, headers=headers)
    assert answer.status_code == 200
    assert "Hello" in answer.text
    method = "streamRawPredict" if stream else "rawPredict"
    got = provider.last
    assert got.path == f"{CLAUDE}/models/claude-x@20250929:{method}"
    assert got.body.decode() == (
        f'{{"max_tokens":50, "anthropic_version":"{version}",{stated},"messages":[{MESSAGE}]}}'
    )
    assert got.headers["anthropic-beta"] == "some-beta"
    assert "anthropic-version" not in got.headers
    assert "x-api-key" not in got.headers
    assert sent(provider) == tokens.given[0]
    claude.wait_for_no_hold()
    assert 10 - claude.balance == charge(PRICE, Usage(19, 10))


@pytest.mark.parametrize("stream", [False, True])
def test_claude_for_clients_of_openai(claude, provider, stream):
    answer = claude.ask("claude", stream=stream)
    assert "Hello" in answer.text
    method = "streamRawPredict" if stream else "rawPredict"
    assert provider.last.path == f"{CLAUDE}/models/claude-x@20250929:{method}"
    assert provider.last.json["anthropic_version"] == "2026-10-21"
    assert "model" not in provider.last.json
    assert "anthropic-version" not in provider.last.headers
    claude.wait_for_no_hold()
    assert 10 - claude.balance == charge(PRICE, Usage(19, 10))


def test_hosts(make_house, tokens):
    """Each location has its host; the project is the key file's unless the entry has one."""
    gateway = make_house(start=False)
    for location, project in (("global", None), ("eu", "p"), ("us-central1", "example.com:p")):
        members = {} if project is None else {"project": project}
        gateway.policies.provider(f"at-{location}", provider="vertex", dialect=None, api_key=None,
                                  base_url=None, location=location,
                                  service_account=Lua('env("ACCOUNT")'), **members)  # fmt: skip
    gateway.policies.provider("nowhere", provider="vertex", dialect=None, api_key=None,
                              base_url=None, service_account=Lua('env("ACCOUNT")'))  # fmt: skip
    admin = make_admin(gateway.start(), "admin@example.com")
    rows = {row["name"]: row for row in admin.call("GET", "/admin/providers", 200)["data"]}
    end = "/publishers/google"
    assert rows["at-global"]["base_url"] == (
        "https://aiplatform.googleapis.com/v1beta1/projects/their-project/locations/global" + end
    )
    assert rows["at-eu"]["base_url"] == (
        "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p/locations/eu" + end
    )
    assert rows["at-us-central1"]["base_url"] == (
        "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/example.com:p"
        "/locations/us-central1" + end
    )
    assert rows["at-eu"]["available"]
    assert rows["nowhere"]["unavailable_reason"] == (
        'provider "nowhere" has no address: location is missing'
    )
    gateway.stop()


def test_many_calls_get_one_token(make_house, provider, tokens):
    """They wait for it together; meanwhile every worker serves other calls."""
    gate = Gate(tokens.server)

    async def late(connection, request):
        await connection.until(gate)
        await tokens.answer(connection, request)

    tokens.server.answer = late
    gateway = make_house(workers=2)
    customer = gateway.customer()
    tokens.server.wait_for_requests(1)
    with gate, ThreadPoolExecutor(24) as pool:
        waiting = [pool.submit(ask, customer) for _ in range(24)]
        wait_until(lambda: gateway.http.get("/healthz").status_code == 200)
        for _ in range(8):  # both workers
            with gateway.client() as fresh:
                asked = {"model": "other", "messages": [{"role": "user", "content": "x"}]}
                answer = fresh.post(
                    "/v1/chat/completions", json=asked, headers=customer.authorization
                )
                assert answer.status_code == 200
        assert not any(call.done() for call in waiting)
        gate.set()
        assert [call.result().status_code for call in waiting] == [200] * 24
    keys = {r.headers["authorization"] for r in provider.requests if r.path.startswith(PROJECT)}
    assert keys == {f"Bearer {tokens.given[0]}"}
    assert tokens.asked == 1
    gateway.stop()


def test_renewal(make_house, provider, tokens):
    """A token is renewed before it ends, once for all workers, and no call sees a gap."""
    tokens.lasts_s = 2
    gateway = make_house(workers=4)
    customer = gateway.customer()
    tokens.server.wait_for_requests(1)
    for count in range(1, 5):
        wait_until(lambda: len(tokens.given) >= count)  # noqa: B023
        assert [ask(customer).status_code for _ in range(4)] == [200] * 4
        assert sent(provider) in tokens.given[count - 1 :]
    assert len(tokens.claims) == tokens.asked
    gateway.stop()


@pytest.mark.parametrize(
    ("lasts", "taken_as"), [(1800, 1800), ("3599", 3599), (None, 600), ("soon", 600), (-5, 600)]
)
def test_how_long_it_lasts(make_house, tokens, lasts, taken_as):
    """Some servers say it as a text, or not at all: none makes the gateway ask again and again."""
    tokens.lasts_s = lasts
    gateway = make_house(log_level="debug")
    [got] = wait_until(lambda: gateway.logged("a service account has an access token"))
    assert got["lasts_s"] == taken_as
    customer = gateway.customer()
    assert [ask(customer).status_code for _ in range(3)] == [200] * 3
    assert tokens.asked == 1
    gateway.stop()


REFUSED = {"error": "invalid_grant", "error_description": "Invalid grant: account not found"}


def test_refusal(make_house, provider, tokens):
    """The operator reads why, the customer does not; calls do not make the server's work more."""
    tokens.server.answer = reply(400, json.dumps(REFUSED).encode())
    gateway = make_house()
    customer = gateway.customer()
    [said] = wait_until(lambda: gateway.logged("a service account gets no access token")[:1])
    assert said["reason"] == "HTTP status 400: invalid_grant: Invalid grant: account not found"
    assert said["level"] == "error"
    assert said["token_uri"] == tokens.uri
    for _ in range(20):
        refused = check_error(customer.ask("gem"), 503, "provider_unavailable", retry=False)
        assert "grant" not in refused["message"]
    assert not provider.requests
    assert tokens.asked < 8
    customer.wait_for_no_hold()
    assert customer.balance == 10
    gateway.stop()


def test_failing_over(make_house, provider, tokens):
    """Another candidate answers while there is no token."""
    tokens.server.answer = reply(503, b"<html>try later</html>")
    gateway = make_house(fallback=True)
    customer = gateway.customer()
    assert customer.ask("gem").status_code == 200
    assert provider.last.path == "/v1/chat/completions"
    gateway.stop()


@pytest.mark.parametrize(
    "bad",
    [
        reply(500, b'{"error":"internal_failure"}'),
        reply(200, b'{"token_type":"Bearer","expires_in":3599}'),
        reply(200, b'{"access_token":"two\\r\\nlines: 1","expires_in":3599}'),
        reply(200, b"x" * 100_000),
        answers.close_before_head(),
    ],
    ids=["500", "no token", "no header", "large", "cut"],
)
def test_recovery(make_house, tokens, bad):
    """What is no answer fails calls at once, and is tried again until it is one."""
    tokens.server.answer = bad
    gateway = make_house()
    customer = gateway.customer()
    wait_until(lambda: gateway.logged("a service account gets no access token"))
    check_error(customer.ask("gem"), 502, "provider_unavailable")
    tokens.server.answer = tokens.answer
    wait_until(lambda: gateway.logged("a service account has an access token", level="info"), 20)
    assert customer.ask("gem").status_code == 200
    gateway.stop()


def test_a_server_that_is_down(make_house, tokens):
    with tokens.server.refusing():
        gateway = make_house()
        customer = gateway.customer()
        wait_until(lambda: gateway.logged("a service account gets no access token"))
        check_error(customer.ask("gem"), 502, "provider_unavailable")
    wait_until(lambda: customer.ask("gem").status_code == 200, 20)
    gateway.stop()


def test_rotation(make_house, provider, tokens, tmp_path):
    """A reload takes the key file as it is now; one that has not changed keeps its token."""
    gateway = make_house(workers=2)
    customer = gateway.customer()
    assert ask(customer).status_code == 200
    gateway.reload()
    assert [ask(customer).status_code for _ in range(4)] == [200] * 4
    assert tokens.asked == 1
    tokens.write(tmp_path / "account.json", 2)
    tokens.known = (2,)
    gateway.reload()
    tokens.server.wait_for_requests(2)
    assert [ask(customer).status_code for _ in range(4)] == [200] * 4
    assert sent(provider) == tokens.given[1]
    assert tokens.key_ids == ["key-1", "key-2"]
    gateway.stop()


def test_a_key_that_is_mended(make_house, tokens, tmp_path):
    """A key that was refused is left out; the one that takes its place is asked at once."""
    tokens.known = (2,)
    gateway = make_house(breaker=None)
    customer = gateway.customer()
    wait_until(lambda: gateway.logged("a service account gets no access token"))
    opened = "breaker opened: a provider refuses our account, and is not asked"
    for _ in range(10):
        check_error(customer.ask("gem"), 503, "provider_unavailable")
    assert gateway.logs(opened)
    tokens.write(tmp_path / "account.json", 2)
    gateway.reload()
    assert customer.ask("gem").status_code == 200
    gateway.stop()


def test_the_text_itself(make_house, provider, tokens):
    """The variable may have the file's text instead of its path."""
    gateway = make_house(env={"ACCOUNT": json.dumps(tokens.key_file())})
    assert ask(gateway.customer()).status_code == 200
    assert sent(provider) == tokens.given[0]
    gateway.stop()


def test_a_stop_while_a_token_is_awaited(make_house, tokens):
    """Nothing hangs, and no hold is left."""
    gate = Gate(tokens.server)

    async def never(connection, request):
        await connection.until(gate)

    tokens.server.answer = never
    gateway = make_house(drain_timeout_ms=100)
    customer = gateway.customer()
    tokens.server.wait_for_requests(1)
    with gate, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, customer)
        wait_until(lambda: customer.wallet()["held"] != "0.000000000")
        gateway.stop()
        assert waiting.result().status_code >= 500


EC_PEM = pem_of(ec.generate_private_key(ec.SECP256R1()))
SHORT_PEM = pem_of(rsa.generate_private_key(public_exponent=65537, key_size=1024))
BAD_FILES = {
    "no file": (None, "the key file /nonexistent/account.json cannot be read: No such file"),
    "no JSON": ("secret-words", "the key file is no JSON"),
    "another kind": ('{"type":"authorized_user"}', "the key file is none of a service account"),
    "no key": ({"private_key": "secret-words"}, '"private_key" is no private key in PEM'),
    "an elliptic key": ({"private_key": EC_PEM}, '"private_key" is no RSA key of at least 2048'),
    "a short key": ({"private_key": SHORT_PEM}, '"private_key" is no RSA key of at least 2048'),
    "no e-mail": ({"client_email": 5}, '"client_email" is missing or no short text'),
    "in the clear": ({"token_uri": "http://example.com/token"}, "must begin with https://"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_key_files(make_house, tokens, tmp_path, name):
    """The file and line of the entry and what to do; never a word of the key file."""
    content, why = BAD_FILES[name]
    path = tmp_path / "bad.json"
    if content is None:
        path = "/nonexistent/account.json"
    else:
        whole = tokens.key_file(**content) if isinstance(content, dict) else None
        path.write_text(content if whole is None else json.dumps(whole))
    gateway = make_house(env={"ACCOUNT": str(path)}, start=False)
    gateway.write_config()
    checked = gateway.command("check")
    assert checked.returncode == 1
    said = checked.stdout + checked.stderr
    assert why in said
    assert "providers.lua:" in said
    assert "service_account: " in said
    assert "secret-words" not in said


def test_a_broken_file_at_a_reload(make_house, tokens, tmp_path):
    gateway = make_house()
    customer = gateway.customer()
    assert ask(customer).status_code == 200
    (tmp_path / "account.json").write_text("{")
    gateway.reload(refused=True)
    assert ask(customer).status_code == 200
    gateway.stop()


# ---- over https ----


@pytest.fixture
def secure_tokens(tmp_path):
    """A token server with an authority of its own."""
    server = TokenServer(certificate=make_certificate(tmp_path))
    yield server
    server.stop()


def test_a_token_server_over_https(make_house, provider, secure_tokens):
    authority = str(secure_tokens.certificate[0])
    gateway = make_house(tokens=secure_tokens, ca_file=authority)
    customer = gateway.customer()
    assert ask(customer).status_code == 200
    assert sent(provider) == secure_tokens.given[0]
    assert secure_tokens.claims[0]["aud"].startswith("https://")
    gateway.stop()


@pytest.mark.parametrize("others", [False, True], ids=["the system's", "another file's"])
def test_a_certificate_that_is_not_trusted(make_house, provider, secure_tokens, tmp_path, others):
    """The operator reads what to do; no assertion is sent, and no call is made or charged. With the
    right file at a reload, it works."""
    (tmp_path / "others").mkdir()
    other = str(make_certificate(tmp_path / "others")[0])
    gateway = make_house(tokens=secure_tokens, ca_file=other if others else None)
    customer = gateway.customer()
    [said] = wait_until(lambda: gateway.logged("a service account gets no access token")[:1])
    assert said["level"] == "error"
    assert said["token_uri"] == secure_tokens.uri
    assert said["reason"].startswith(
        "the server's certificate is not trusted (one of your own needs ca_file): SSL certificate"
    )
    refused = check_error(customer.ask("gem"), 502, "provider_unavailable")
    assert "certificate" not in refused["message"]
    assert secure_tokens.asked == 0
    customer.wait_for_no_hold()
    assert customer.balance == 10
    buy_from_vertex(gateway.policies, provider, ca_file=str(secure_tokens.certificate[0]))
    gateway.reload()
    wait_until(lambda: customer.ask("gem").status_code == 200, 20)
    gateway.stop()


def test_without_a_variable(make_house):
    """The provider is unavailable, and `check` says of which variable."""
    gateway = make_house(env={"ACCOUNT": ""})
    check_error(gateway.customer().ask("gem"), 503)
    checked = gateway.command("check")
    assert checked.returncode == 0
    assert "environment variable ACCOUNT is not set" in checked.stdout + checked.stderr
    gateway.stop()
