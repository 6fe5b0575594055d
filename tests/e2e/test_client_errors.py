"""A client's own mistake, in the same dialect on both sides: the provider's error passes as the
provider wrote it, secrets masked. What has more than the dialect's own members is written anew,
because that may be about the operator's account."""

import json

import pytest
from answers import reply
from gateway import UPSTREAM_KEY, Gateway
from prices import Price
from test_dialect_money import CLIENTS, request_of
from wait import wait_until

PRICE = Price("3", "15")
LONG = "Unknown name 'x' at 'tools[0]': Cannot find field. " * 40
FIELD = {"field": "tools[0].x", "description": "Cannot find field."}
RPC = "type.googleapis.com/google.rpc."


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("errors"), shared_provider, {})
    for dialect in CLIENTS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        theirs = {"provider": f"of-{dialect}", "model": "theirs-7"}
        gateway.policies.model(f"m-{dialect}", PRICE, candidates=[theirs])
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def error_of(dialect: str, message: str, status: int = 400) -> dict:
    """As its provider writes it, with words of its own."""
    if dialect == "gemini":
        details = [{"@type": f"{RPC}BadRequest", "fieldViolations": [FIELD]}]
        error = {"code": status, "message": message, "status": "FAILED_PRECONDITION"}
        return {"error": error | {"details": details}}
    if dialect == "anthropic":
        error = {"type": "invalid_request_error", "message": message}
        return {"type": "error", "error": error, "request_id": "req_theirs"}
    kind = {
        "type": "image_generation_user_error",
        "param": "tools[0].x",
        "code": "a_word_of_theirs",
    }
    return {"error": {"message": message, **kind}}


def written(error: dict) -> bytes:
    """With spaces, escapes and line breaks that nobody here would write."""
    return json.dumps(error, indent=3).replace("tools", "t\\u006fols").encode() + b"\n"


def ask(customer, dialect: str, streamed: bool = False, **headers):
    path, body = request_of(dialect, dialect, streamed)
    return customer.gateway.http.post(
        path, json=body, headers={**customer.authorization, **headers}
    )


def message_of(response) -> str:
    return response.json()["error"]["message"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("dialect", CLIENTS)
def test_it_passes_as_it_came(customer, provider, dialect, status, streamed):
    body = written(error_of(dialect, LONG, status))
    provider.answer = reply(status, body)
    response = ask(customer, dialect, streamed)
    assert (response.status_code, response.content) == (status, body)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-should-retry"] == "false"
    assert customer.balance == 10
    assert len(provider.requests) == 1


@pytest.mark.parametrize("dialect", CLIENTS)
def test_a_retry_gets_the_same(customer, provider, dialect):
    body = written(error_of(dialect, LONG))
    provider.answer = reply(400, body)

    def answered():
        """Until the hold is voided, the first still runs."""
        response = ask(customer, dialect, **{"Idempotency-Key": "k"})
        return None if response.status_code == 409 else response

    for _ in range(2):
        assert wait_until(answered, 10, "an answer").content == body
    assert len(provider.requests) == 1


@pytest.mark.parametrize("dialect", CLIENTS)
def test_what_is_ours_is_masked(customer, provider, dialect):
    """Wherever it stands, however it is escaped; the rest stays as it came."""
    secret = UPSTREAM_KEY.replace("U", "\\u0055")
    ours = error_of(dialect, f"theirs-7 at https://10.0.0.5/x of org-1 KEY: {LONG}")
    body = json.dumps(ours, indent=3).replace("KEY", secret).replace("Cannot", "theirs-7 can not")
    provider.answer = reply(400, body.encode())
    response = ask(customer, dialect)
    assert response.status_code == 400
    for word in ("theirs-7", "10.0.0.5", "org-1", UPSTREAM_KEY[3:]):
        assert word not in response.text
        assert word not in json.dumps(response.json())
    words = message_of(response).split()
    assert (words[0], words[1], set(words[2]), words[4]) == (f"m-{dialect}", "at", {"*"}, "org-*")
    assert len(message_of(response)) > len(LONG)
    assert response.text.endswith("\n}")


def more(dialect: str) -> list[dict]:
    """What may be about the operator's account, or is not of the form."""
    usual = error_of(dialect, "no such thing")
    inner = usual["error"]
    wrong = [
        usual | {"user_id": "user_operator"},
        usual | {"error": inner | {"metadata": {"consumer": "projects/operator"}}},
        usual | {"error": inner | {"message": ["no such thing"]}},
    ]
    if dialect == "gemini":
        info = {"@type": f"{RPC}ErrorInfo", "metadata": {"consumer": "projects/operator"}}
        stack = {"@type": f"{RPC}DebugInfo", "detail": "operator"}
        wrong += [
            usual | {"error": inner | {"details": [one]}} for one in (info, stack, "operator")
        ]
        wrong += [usual | {"error": inner | {"code": 404}}, [usual]]
    return wrong


@pytest.mark.parametrize("dialect", CLIENTS)
def test_what_has_more_is_written_anew(customer, provider, dialect):
    for error in more(dialect):
        provider.answer = reply(400, json.dumps(error).encode())
        response = ask(customer, dialect)
        assert (response.status_code, message_of(response)) == (400, "no such thing"), error
        assert "operator" not in response.text
    twice = json.dumps(error_of(dialect, "no such thing"))
    provider.answer = reply(400, twice.replace('"message"', '"message": "a", "message"').encode())
    assert ask(customer, dialect).text.count('"message"') == 1


@pytest.mark.parametrize("dialect", ["openai", "openai-responses"])
def test_clients_find_their_word_for_a_long_prompt(customer, provider, dialect):
    provider.answer = reply(400, json.dumps(error_of(dialect, "prompt is too long")).encode())
    error = ask(customer, dialect).json()["error"]
    assert (error["code"], error["message"]) == ("context_length_exceeded", "prompt is too long")
