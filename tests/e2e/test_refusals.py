"""A call that is refused leaves a record, and so does each attempt of one that failed somewhere.
Both are found by the id that was answered."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import answers
import httpx2 as httpx
import pytest
from answers import Chat
from errors import check_error
from gateway import UPSTREAM_KEY
from prices import Price
from test_admin_api import make_admin
from wait import wait_until

QUESTION = [{"role": "user", "content": "Hi"}]


def refusals(customer, **params) -> dict:
    return customer.call("GET", "/refusals", 200, params=params)


def check_found(customer, admin, response, code: str, model: str, key_id: str | None = None):
    """By its owner and the operator, in lists and by the id that we print."""
    request_id = response.headers["x-request-id"]
    record = customer.wait_for_refusal(request_id)
    assert record["status"] == response.status_code
    assert record["error_code"] == code
    assert record["model"] == model
    assert record["key_id"] == (key_id or customer.key_id)
    assert record["refused"] is True
    assert record["cost"] == "0.000000000"
    assert record["input_tokens"] == record["attempts"] == 0
    assert record["created_at"]
    assert customer.call("GET", f"/usage/{request_id}", 200) == record
    assert record not in customer.records(), "what was used is another list"
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    listed = admin.call("GET", "/admin/refusals", 200, params={"user_id": user_id})
    assert record in listed["data"]
    shown = admin.call("GET", f"/admin/usage/{request_id}", 200)
    assert record.items() <= shown.items()
    assert (shown["email"], shown["user_id"]) == (customer.email, user_id)
    found = admin.call("GET", "/admin/users", 200, params={"search": request_id})["data"]
    assert [user["email"] for user in found] == [customer.email]
    return record


@pytest.fixture
def admin(gateway):
    return make_admin(gateway)


def test_money_and_models(customer, gateway, admin, provider):
    poor = gateway.customer(credit=None)
    unpaid = poor.ask()
    check_error(unpaid, 402, "insufficient_credits")
    check_found(poor, admin, unpaid, "insufficient_credits", "gpt-4o-mini")
    unknown = customer.ask("no-such-model")
    check_error(unknown, 404, "model_not_found")
    record = check_found(customer, admin, unknown, "model_not_found", "no-such-model")
    assert customer.get("/generation", params={"id": record["id"]}).json()["data"] == record
    customer.create_key(models=["gpt-4o"])
    forbidden = customer.ask("gpt-4o-mini")
    check_error(forbidden, 403, "model_not_allowed")
    check_found(customer, admin, forbidden, "model_not_allowed", "gpt-4o-mini")
    budgeted = gateway.customer()
    budgeted.create_key(budget="0.00000001")
    spent = budgeted.ask()
    check_error(spent, 402, "key_budget_exceeded")
    check_found(budgeted, admin, spent, "key_budget_exceeded", "gpt-4o-mini")
    assert not provider.requests


def test_keys_that_are_known(customer, admin):
    """A disabled one tells its owner who still uses it; of an unknown one nobody is the owner."""
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
    off = customer.ask("gpt-4o")
    check_error(off, 401, "key_disabled")
    check_found(customer, admin, off, "key_disabled", "gpt-4o")
    soon = datetime.now(UTC) + timedelta(seconds=1)
    customer.create_key(expires_at=soon.isoformat())
    wait_until(lambda: customer.get("/credits").status_code == 401, 10, "the key to expire")
    late = customer.get("/models")
    check_error(late, 401, "key_expired")
    record = check_found(customer, admin, late, "key_expired", "")
    assert record["path"] == "/api/v1/models"
    count = len(refusals(customer)["data"])
    almost = customer.key[:-1] + ("y" if customer.key.endswith("x") else "x")
    for key in ("x", "llm_sk_" + "x" * 38, "sk-other", almost):
        headers = {"Authorization": f"Bearer {key}"}
        assert customer.gateway.http.get("/api/v1/models", headers=headers).status_code == 401
    last = customer.get("/models")
    customer.wait_for_refusal(last.headers["x-request-id"])
    assert len(refusals(customer)["data"]) == count + 1


def test_paths_and_bodies(customer, admin):
    """What is wrong with the request itself, also where nothing asks for the key."""
    lost = customer.post({"model": "gpt-4o", "input": "x"}, "/no/such/path")
    check_error(lost, 404, "not_found")
    check_found(customer, admin, lost, "not_found", "gpt-4o")
    broken = customer.post(b'{"model": ')
    check_error(broken, 400, "invalid_json")
    check_found(customer, admin, broken, "invalid_json", "")
    method = customer.gateway.http.put("/api/v1/models", headers=customer.authorization)
    check_error(method, 405, "method_not_allowed")
    check_found(customer, admin, method, "method_not_allowed", "")


def test_limits(make_gateway):
    rule = 'return { { scope = "key", requests_per_minute = 1 } }\n'
    gateway = make_gateway(prepare=lambda policies: policies.write("limits", rule))
    customer, admin = gateway.customer(), make_admin(gateway)
    assert customer.ask().status_code == 200
    limited = customer.ask()
    check_error(limited, 429, "rate_limit_exceeded")
    record = check_found(customer, admin, limited, "rate_limit_exceeded", "gpt-4o-mini")
    gateway.stop()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert refusals(customer)["data"] == [record], "it survives a restart"


def test_others_see_nothing(customer, gateway, provider):
    request_id = customer.ask("no-such-model").headers["x-request-id"]
    other = gateway.customer()
    assert refusals(other)["data"] == []
    for path in (f"/usage/{request_id}", "/admin/refusals", f"/admin/usage/{request_id}"):
        assert other.web.get(path).status_code == 404
    assert other.get("/generation", params={"id": request_id}).status_code == 404
    stranger = httpx.get(f"{gateway.origin}/api/refusals", trust_env=False)
    check_error(stranger, 401, "not_signed_in")


def test_a_loop_is_sampled(make_gateway):
    """Above 60 a minute of an account they are counted, so that no client fills the disk."""
    customer = make_gateway().customer()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(customer.ask, "no-such-model") for _ in range(150)]
    assert {answer.result().status_code for answer in asked} == {404}
    page = refusals(customer, limit=1000)
    assert 60 <= len(page["data"]) <= 120, "two minutes at most"
    assert len(page["data"]) + page["left_out"] == 150
    assert page["left_out"] >= 30


def test_list(customer):
    """Pages, newest first, by time, model and key."""
    ids = [customer.ask(f"no-{n}").headers["x-request-id"] for n in range(5)][::-1]
    seen, cursor = [], None
    while True:
        page = refusals(customer, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [record["id"] for record in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids
    assert page["left_out"] == 0
    assert [one["id"] for one in refusals(customer, model="no-3")["data"]] == [ids[1]]
    assert refusals(customer, key="key_0")["data"] == []
    assert refusals(customer, to="2001-01-01")["data"] == []
    assert len(refusals(customer, **{"from": "2001-01-01", "tz": "Asia/Kolkata"})["data"]) == 5
    for params in ({"limit": 0}, {"cursor": "x"}, {"tz": "x"}, {"from": "soon"}):
        check_error(customer.web.get("/refusals", params=params), 400, "invalid_value")


def test_it_shows_by_itself(customer):
    """The pulse of a page beats when a call has been refused."""
    before = customer.call("GET", "/pulse", 200)["version"]
    customer.ask("no-such-model")
    wait_until(lambda: customer.call("GET", "/pulse", 200)["version"] != before, 5, "a beat")


def test_nothing_to_refund(customer, gateway, admin):
    request_id = customer.ask("no-such-model").headers["x-request-id"]
    body = {"exchange_id": request_id, "reason": "x"}
    check_error(admin.web.post("/admin/refunds", json=body), 409, "nothing_to_refund")


# ---- attempts ----


@pytest.fixture
def two(make_gateway, provider):
    """A model with two candidates, of which the first is another provider. -> (gateway, other)"""

    def prepare(policies):
        policies.provider("first")
        policies.model("m", Price("1", "2"), providers=("first", "openai"))

    return make_gateway(prepare=prepare)


def attempts_of(admin, response) -> list[dict]:
    request_id = response.headers["x-request-id"]
    return admin.call("GET", f"/admin/usage/{request_id}", 200)["attempt_list"]


def failing_once(answer):
    """The first request of a provider is answered so, the next ones well."""
    seen = []

    async def play(connection, request):
        seen.append(request)
        await (answer if len(seen) == 1 else answers.chat())(connection, request)

    return play


def test_each_attempt_is_kept(two, provider):
    customer, admin = two.customer(), make_admin(two)
    said = f"Your quota of organisation org-1234567 is used up, key {UPSTREAM_KEY} in eu-west"
    provider.answer = failing_once(answers.error(500, said, "quota", "server_error"))
    response = customer.ask("m")
    assert response.status_code == 200
    customer.wait_for_record()
    first, second = attempts_of(admin, response)
    assert (first["number"], first["provider"], first["outcome"], first["status"]) == (
        1, "first", "5xx", 500)  # fmt: skip
    assert "Your quota of organisation" in first["words"]
    assert "eu-west" in first["words"]
    assert UPSTREAM_KEY not in first["words"]
    assert "1234567" not in first["words"]
    assert len(first["words"].encode()) <= 300
    assert first["duration_ms"] >= 0
    assert (second["number"], second["provider"], second["outcome"]) == (2, "openai", "answered")
    assert (second["status"], second["words"]) == (200, None)
    request_id = response.headers["x-request-id"]
    for shown in (customer.call("GET", f"/usage/{request_id}", 200),
                  customer.get("/generation", params={"id": request_id}).json()):  # fmt: skip
        assert "eu-west" not in json.dumps(shown)


@pytest.mark.parametrize("shown", ["yes", "no"])
def test_a_customer_sees_the_attempts_and_no_causes(make_gateway, provider, shown):
    def prepare(policies):
        policies.provider("first")
        policies.model("m", Price("1", "2"), providers=("first", "openai"))

    gateway = make_gateway(prepare=prepare, show_providers=shown)
    customer = gateway.customer()
    provider.answer = failing_once(answers.error(500, "no", "quota", "server_error"))
    response = customer.ask("m")
    assert response.status_code == 200
    customer.wait_for_record()
    told = customer.call("GET", f"/usage/{response.headers['x-request-id']}", 200)
    first, second = told["attempt_list"]
    names = ["first", "openai"] if shown == "yes" else [None, None]
    assert [first["provider"], second["provider"]] == names
    assert (first["number"], second["number"]) == (1, 2)
    assert second["class"] == "answered"
    assert first.keys() == {"number", "provider", "class", "created_at", "duration_ms"}


def test_all_attempts_fail(two, provider):
    customer, admin = two.customer(), make_admin(two)
    provider.answer = answers.html(502)
    response = customer.ask("m")
    assert response.status_code == 502
    customer.wait_for_record()
    tried = attempts_of(admin, response)
    assert [attempt["provider"] for attempt in tried] == ["first", "openai"]
    assert all("It works! secret-of-the-proxy" in attempt["words"] for attempt in tried)
    provider.answer = answers.close_before_head()
    response = customer.ask("m")
    customer.wait_for_record(2)
    for attempt in attempts_of(admin, response):
        assert (attempt["outcome"], attempt["status"]) == ("reset", None)
        assert attempt["words"], "where a provider says nothing: what happened"


def test_a_cut_stream_is_an_attempt(gateway, customer, admin, provider):

    async def cut(connection, request):
        await answers.stream(Chat().events(request.json)[:3], ending="reset")(connection, request)

    provider.answer = cut
    response = customer.ask(stream=True)
    customer.wait_for_record()
    (only,) = attempts_of(admin, response)
    assert (only["outcome"], only["status"]) == ("cut", 200)


def test_the_only_attempt_needs_no_row(customer, admin):
    response = customer.ask()
    customer.wait_for_record()
    assert attempts_of(admin, response) == []


# ---- the operator's search ----


def test_search(gateway, admin):
    """A leaked key, whole or what a page shows of it; its id, its end; a request."""
    customer, _other = gateway.customer(), gateway.customer()
    request_id = customer.ask().headers["x-request-id"]
    customer.wait_for_record()
    key = customer.key

    def found(search: str) -> list[str]:
        users = admin.call("GET", "/admin/users", 200, params={"search": search})["data"]
        return [user["email"] for user in users]

    for search in (key[:11], f"{key[:11]}\u2026{key[-4:]}", f"{key[:11]}...{key[-4:]}",
                   key[:20], customer.key_id, request_id, customer.email):  # fmt: skip
        assert found(search) == [customer.email], search
    assert customer.email in found(key[-4:])
    for search in ("req_0", "key_0", "llm_sk_0000", key[:-1]):
        assert customer.email not in found(search) or search == key[:-1], search
    customer.delete_key()
    assert found(key[:11]) == [customer.email], "somebody may still ask about it"
