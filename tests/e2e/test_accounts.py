"""Accounts as the dashboard and scripts see them: docs/API.md, /api/..."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import answers
import httpx2 as httpx
import openai
import pytest
from answers import Usage
from customer import PASSWORD, Customer
from errors import check_error
from gateway import REAL_PASSWORDS
from prices import usd
from rawhttp import request_bytes
from wait import wait_until

MONEY = re.compile(r"-?\d+\.\d{9}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
KEY = re.compile(r"llm_sk_[0-9A-Za-z]{33,}")


def api_error(response: httpx.Response, status: int, code: str, **how) -> dict:
    return check_error(response, status, code, on_api=False, **how)


@pytest.fixture
def visitor(gateway):
    """Somebody with an e-mail address and no account."""
    return Customer(gateway)


@pytest.fixture
def sign_up(gateway):
    def sign_up(**fields) -> httpx.Response:
        return gateway.http.post("/api/auth/signup", json=fields)

    yield sign_up
    gateway.http.cookies.clear()


# ---- signing up, in and out ----


@pytest.mark.quick
def test_first_steps(gateway, visitor, provider):
    """Sign-up, charge, key, call: what a newcomer does."""
    made = visitor.sign_up()
    assert made["user"]["email"] == visitor.email
    me = visitor.call("GET", "/auth/me", 200)
    assert me["user"]["id"] == made["user"]["id"]
    assert visitor.wallet() == {
        "balance": "0.000000000", "held": "0.000000000", "available": "0.000000000",
        "owed": "0.000000000",
        "currency": "USD",
    }  # fmt: skip
    charged = visitor.charge("5")
    assert usd(visitor.wallet()["balance"]) == 5
    assert charged["transfer"]["id"]
    visitor.create_key()
    assert KEY.fullmatch(visitor.key)
    assert visitor.ask().status_code == 200
    assert 0 < visitor.balance < 5


def test_sign_in_and_out(gateway, visitor):
    visitor.sign_up()
    visitor.call("POST", "/auth/signout", 204)
    api_error(visitor.web.get("/auth/me"), 401, None)
    assert visitor.sign_in()["user"]["email"] == visitor.email
    old = dict(visitor.web.cookies)
    assert visitor.call("GET", "/auth/me", 200)
    visitor.call("POST", "/auth/signout", 204)
    stolen = httpx.Client(base_url=gateway.origin + "/api", cookies=old, trust_env=False)
    api_error(stolen.get("/auth/me"), 401, None)


def test_email_is_taken(visitor, sign_up):
    visitor.sign_up()
    for email in (visitor.email, visitor.email.upper()):
        api_error(sign_up(email=email, password=PASSWORD), 409, "email_taken")


@pytest.mark.parametrize("password", ["", "short", "123456789", "hunter2", " " * 5])
def test_weak_password(visitor, sign_up, password):
    error = api_error(sign_up(email=visitor.email, password=password), 400, "weak_password")
    assert password not in error["message"] or not password.strip()


@pytest.mark.parametrize(
    "email",
    ["", "x", "@", "a@", "@b.c", "a b@c.de", "a@b@c.de", "a@b.c\n", "a@b.c\r\nBcc: x@y.z",
     "a@" + "b" * 300 + ".de", "a\u0000@b.de", " a@b.de ", "<a@b.de>"],
)  # fmt: skip
def test_invalid_email(sign_up, email):
    api_error(sign_up(email=email, password=PASSWORD), 400, "invalid_email")


def test_sign_in_refusals_are_alike(make_gateway):
    """An unknown address and a wrong password: same text, and about the same work."""
    gateway = make_gateway(env=REAL_PASSWORDS)
    visitor = Customer(gateway)
    visitor.sign_up()

    def refused(email: str) -> tuple[dict, float]:
        began = gateway.cpu_s()
        response = httpx.post(
            gateway.origin + "/api/auth/signin",
            json={"email": email, "password": "not the password"}, trust_env=False,
        )  # fmt: skip
        return api_error(response, 401, "invalid_credentials"), gateway.cpu_s() - began

    tries = range(5)
    known, known_s = zip(*(refused(visitor.email) for _ in tries), strict=True)
    unknown, unknown_s = zip(*(refused(f"no{i}.{visitor.email}") for i in tries), strict=True)
    assert {error["message"] for error in known} == {error["message"] for error in unknown}
    # The least of each: what else the machine does only adds to the others.
    assert min(known_s) > 0.02, "a password is hashed"
    assert min(known_s) / 2 < min(unknown_s) < min(known_s) * 2, (known_s, unknown_s)


def test_password_is_exact(gateway, visitor):
    visitor.password = "pa\u00dfwort \U0001f600 " + "x" * 100
    visitor.sign_up()
    for wrong in (visitor.password[:-1], visitor.password + "x", visitor.password.upper()):
        body = {"email": visitor.email, "password": wrong}
        api_error(gateway.http.post("/api/auth/signin", json=body), 401, "invalid_credentials")
    assert visitor.sign_in()


# ---- the session cookie ----


def cookie_of(response: httpx.Response) -> str:
    (cookie,) = response.headers.get_list("set-cookie")
    return cookie


def test_cookie(gateway, visitor, sign_up):
    cookie = cookie_of(sign_up(email=visitor.email, password=PASSWORD)).lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie, "the browser would not send it back over http"


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "A" * 5000, "%00", '"'])
def test_wrong_cookie(gateway, customer, cookie):
    name = next(iter(customer.web.cookies))
    response = httpx.get(
        gateway.origin + "/api/auth/me", headers={"Cookie": f"{name}={cookie}"}, trust_env=False
    )
    api_error(response, 401, None)


STATE_CHANGING = [
    ("POST", "/auth/signin", {"email": "a@b.de", "password": PASSWORD}),
    ("POST", "/auth/signup", {"email": "a@b.de", "password": PASSWORD}),
    ("POST", "/auth/signout", None),
    ("POST", "/keys", {"name": "x"}),
    ("DELETE", "/keys/x", None),
    ("POST", "/balance/charge", {"amount": "1"}),
]


@pytest.mark.parametrize(("method", "path", "body"), STATE_CHANGING)
@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.test"]
)
def test_foreign_origin(gateway, customer, method, path, body, origin):
    response = customer.web.request(method, path, json=body, headers={"Origin": origin})
    check_error(response, 403, on_api=False)
    assert customer.balance == 10


def test_own_origin(gateway, customer):
    headers = {"Origin": gateway.origin}
    customer.call("POST", "/balance/charge", 201, json={"amount": "1"}, headers=headers)
    assert customer.balance == 11


@pytest.mark.parametrize(
    "call",
    [("GET", "/keys"), ("POST", "/keys"), ("DELETE", "/keys/x"), ("GET", "/balance"),
     ("POST", "/balance/charge"), ("GET", "/usage"), ("GET", "/usage/summary"),
     ("GET", "/auth/me")],
)  # fmt: skip
def test_without_a_session(gateway, customer, call):
    """Not even with an API key: that is for /api/v1."""
    for headers in ({}, customer.authorization):
        json = {} if call[0] == "POST" else None
        response = gateway.http.request(call[0], "/api" + call[1], json=json, headers=headers)
        check_error(response, 401, on_api=False)


# ---- keys ----


def test_keys(customer):
    (shown,) = customer.call("GET", "/keys", 200)["data"]
    assert set(shown) >= {"id", "name", "prefix", "last4", "created_at", "last_used_at",
                          "expires_at", "disabled", "budget", "spent"}  # fmt: skip
    assert customer.key.startswith(shown["prefix"])
    assert customer.key.endswith(shown["last4"])
    assert customer.key not in str(shown)
    assert len(shown["prefix"]) + len(shown["last4"]) < 20
    assert TIME.fullmatch(shown["created_at"])
    assert shown["last_used_at"] is None
    assert shown["expires_at"] is None
    assert shown["budget"] is None
    assert shown["disabled"] is False
    assert MONEY.fullmatch(shown["spent"])


@pytest.mark.quick
def test_revoked_key_is_dead_at_once(gateway, customer):
    """Also on connections that are open, and for a request right behind the DELETE."""
    for _ in range(10):
        customer.create_key()
        assert customer.get("/models").status_code == 200
        customer.delete_key()
        check_error(customer.ask(), 401, retry=False)
        check_error(customer.get("/models"), 401)
    api_error(customer.web.delete(f"/keys/{customer.key_id}"), 404, "not_found")


def test_expired_key(customer):
    soon = datetime.now(UTC) + timedelta(seconds=2)
    customer.create_key(expires_at=soon.isoformat().replace("+00:00", "Z"))
    assert customer.get("/models").status_code == 200
    response = wait_until(
        lambda: (r := customer.get("/models")).status_code != 200 and r, 10, "the key's end"
    )
    check_error(response, 401, "key_expired", retry=False)
    assert datetime.now(UTC) >= soon - timedelta(seconds=1)


@pytest.mark.parametrize(
    "fields",
    [{"name": 5}, {"name": ""}, {"name": "x" * 1000}, {"name": None}, {"expires_at": "soon"},
     {"expires_at": "2001-01-01T00:00:00Z"}, {"expires_at": 5}, {"budget": "-1"},
     {"budget": "much"}, {"budget": 1e300}, {"models": "gpt-4o"}, {"models": [5]},
     {"models": ["no-such-model"]}, {"models": ["gpt-4o"] * 1000}],
)  # fmt: skip
def test_key_of_nonsense(customer, fields):
    before = customer.call("GET", "/keys", 200)
    response = customer.web.post("/keys", json={"name": "x", **fields})
    check_error(response, 400, on_api=False, param=next(iter(fields)))
    assert customer.call("GET", "/keys", 200) == before


def test_where_the_key_stands(gateway, customer):
    """In any of the headers that clients of the field use."""
    places = [{"Authorization": f"Bearer {customer.key}"}, {"x-api-key": customer.key},
              {"authorization": f"bearer {customer.key}"}, {"x-goog-api-key": customer.key},
              {"api-key": customer.key}]  # fmt: skip
    for headers in places:
        for prefix in ("/v1", "/api/v1"):
            assert gateway.http.get(prefix + "/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "value",
    [None, "", "Bearer", "Bearer ", "Basic dTpw", "Bearer llm_sk_", "Bearer sk-proj-123",
     "Bearer llm_sk_" + "a" * 38, "Bearer " + "x" * 5000, "Bearer {key} x", "Bearer {other}",
     "Bearer {key}\u00e4", "Bearer\t{key}x"],
)  # fmt: skip
def test_wrong_key(gateway, customer, value):
    key = customer.key
    other = key[:10] + ("a" if key[10] != "a" else "b") + key[11:]
    headers = {}
    if value is not None:
        text = value.replace("{key}", key).replace("{other}", other)
        headers = {"Authorization": text.encode().decode("latin-1")}
    with gateway.connect() as connection:  # httpx refuses to send some of these
        connection.send(request_bytes("GET", "/api/v1/models", headers))
        reply = connection.read_reply()
    error = check_error(reply, 401, "invalid_api_key", retry=False)
    assert key not in str(error)


def test_key_of_its_own(customer, provider):
    """GET key: limits, use and what is left, of the key that asks."""
    customer.create_key(budget="2.5", models=["gpt-4o-mini"])
    provider.answer = answers.chat(usage=Usage(1_000_000, 0))
    customer.ask(max_tokens=10)
    customer.wait_for_no_hold()
    data = customer.get("/key").json()["data"]
    spent = usd(data["spent"] if "spent" in data else data["usage"])
    assert spent > 0
    assert customer.key not in str(data)


# ---- money ----


@pytest.mark.parametrize("amount", ["0.000000001", "1", "12.5", "999", 3, 0.25])
def test_charge_amounts(gateway, amount):
    customer = gateway.customer(credit=None)
    answer = customer.call("POST", "/balance/charge", 201, json={"amount": amount})
    assert customer.balance == Decimal(str(amount))
    assert MONEY.fullmatch(customer.wallet()["balance"])
    assert MONEY.fullmatch(str(answer["transfer"]["amount"]))


def test_charge_adds_up(gateway):
    """0.1 ten times is 1, in decimals."""
    customer = gateway.customer(credit=None)
    for _ in range(10):
        customer.charge("0.1")
    assert customer.wallet()["balance"] == "1.000000000"


# ---- two users ----


@pytest.fixture
def pair(gateway, provider):
    """Two users with a key and a call each."""
    one, two = gateway.customer(), gateway.customer(credit="20")
    for customer in (one, two):
        customer.last_id = customer.ask().headers["x-request-id"]
        customer.wait_for_no_hold()
    return one, two


@pytest.mark.quick
def test_users_are_apart(pair):
    one, two = pair
    assert two.balance > 19
    assert one.balance < 10
    assert [record["id"] for record in one.records()] == [one.last_id]
    assert [record["id"] for record in two.records()] == [two.last_id]
    ids = {key["id"] for key in one.call("GET", "/keys", 200)["data"]}
    assert two.key_id not in ids
    assert two.get("/credits").json()["data"]["total_credits"] == 20


def test_ids_of_others_do_not_exist(pair):
    one, two = pair
    api_error(one.web.delete(f"/keys/{two.key_id}"), 404, "not_found")
    assert two.get("/models").status_code == 200
    check_error(one.get("/generation", params={"id": two.last_id}), 404, "not_found")
    assert two.get("/generation", params={"id": two.last_id}).status_code == 200
    foreign = one.call("GET", "/usage", 200, params={"key": two.key_id})
    assert foreign["data"] == []
    groups = one.call("GET", "/usage/summary", 200, params={"by": "key"})["data"]
    assert [group["key_id"] for group in groups] == [one.key_id]


def test_cursors_of_others_show_nothing(gateway, provider):
    one, two = gateway.customer(), gateway.customer()
    for _ in range(3):
        one.ask()
        two.ask()
    for customer in (one, two):
        customer.wait_for_record(3)
    cursor = one.call("GET", "/usage", 200, params={"limit": 1})["next_cursor"]
    response = two.web.get("/usage", params={"cursor": cursor})
    own = {record["id"] for record in two.records()}
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert {record["id"] for record in response.json()["data"]} <= own


def test_members_of_others_are_ignored(pair):
    """An id in the body is not whom it is done for."""
    one, two = pair
    me = two.call("GET", "/auth/me", 200)["user"]
    before = two.balance
    extra = {"user_id": me["id"], "account_id": me.get("account_id", "x"), "user": me["id"]}
    one.web.post("/balance/charge", json={"amount": "1", **extra})
    one.web.post("/keys", json={"name": "x", **extra})
    assert two.balance == before
    assert len(two.call("GET", "/keys", 200)["data"]) == 1


def test_one_pays_for_oneself_only(gateway, provider):
    """An empty wallet is empty, however full the other is."""
    rich, poor = gateway.customer(credit="100"), gateway.customer(credit=None)
    check_error(poor.ask(), 402, "insufficient_credits")
    assert rich.balance == 100
    with pytest.raises(openai.APIStatusError):
        poor.openai().chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "x"}], user=rich.email
        )


def test_nobody_is_admin_by_asking(gateway, sign_up, visitor):
    body = {"email": visitor.email, "password": PASSWORD, "role": "admin", "admin": True}
    made = sign_up(**body).json()
    assert made["user"].get("role", "user") == "user"


def test_user_shows_no_secret(visitor):
    text = str(visitor.sign_up()) + str(visitor.call("GET", "/auth/me", 200))
    for secret in ("argon2", "password", "hash", "digest", PASSWORD):
        assert secret not in text
