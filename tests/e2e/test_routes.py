"""Every route there is, as everybody who may come: nobody, another customer, an administrator. The
table of routes is read from the sources, so a new one cannot be forgotten here."""

import re
from pathlib import Path

import httpx2 as httpx
import pytest
from customer import QUESTION
from errors import check_error, code_of
from test_admin_api import id_of, make_admin

pytestmark = pytest.mark.once

LUA = Path(__file__).resolve().parents[2] / "lua"
ADD = re.compile(r'^add(?:_changing)?\("(\w+)", "([^"]+)"', re.MULTILINE)
ROUTE = re.compile(r'\{ method = "(\w+)", path = "([^"]+)"')


def routes_in(*names: str) -> list[tuple[str, str]]:
    text = "".join((LUA / name / "init.lua").read_text() for name in names)
    found = ADD.findall(text) + ROUTE.findall(text)
    assert len(found) == len(re.findall(r'"(?:GET|POST|PATCH|PUT|DELETE)"', text)) - text.count(
        'method ~= "GET"'
    ), "a route that this test cannot read"
    return found


OPEN = {("GET", "/hello"), ("GET", "/site"), ("GET", "/prices"), ("POST", "/auth/signup"),
        ("POST", "/auth/signin"), ("POST", "/auth/signout"), ("POST", "/auth/link"),
        ("POST", "/auth/link/password"), ("POST", "/auth/forgot"),
        ("POST", "/auth/verify"), ("POST", "/auth/signin/code"), ("GET", "/auth/session"),
        ("GET", "/auth/challenge"), ("POST", "/auth/invitation")}  # fmt: skip
# Paths whose id is a user's.
OF_USERS = ("/users/", "/admin/sessions/", "/second-factors/", "/data/", "/erase/", "/user-keys/")
# What an administrator gets of a customer who has neither a second factor nor an empty balance.
REFUSED = {
    ("POST", "/admin/refunds"): (400, "invalid_amount"),  # a whole dollar was not paid
    ("POST", "/admin/alerts/test"): (409, "no_receiver"),  # nobody is named in the settings
    ("POST", "/admin/users"): (409, "email_taken"),
    ("POST", "/admin/invitations"): (409, "email_taken"),
    ("DELETE", "/admin/second-factors/{id}"): (404, "not_found"),
    ("POST", "/admin/erase/{id}"): (409, "balance_left"),
}
DASHBOARD = routes_in("dashboard")
ADMIN = routes_in("admin")
OPENAI = routes_in("openai")
GEMINI = routes_in("gemini")
KEYLESS = {("GET", "/responses")}  # 426 for whoever asks
SIGNED = {("POST", "/payment-events/{id}")}  # by the payment processor, from its own site
OWN = [route for route in DASHBOARD if route not in OPEN | SIGNED]


def ids(routes: list[tuple[str, str]]) -> list[str]:
    return [" ".join(route) for route in routes]


@pytest.fixture(scope="module")
def people(shared_gateway, shared_provider):
    """Ann with a key, money and a call; Bob, who would like to have them; the administrator."""
    shared_provider.reset()
    ann = shared_gateway.customer()
    ann.request_id = ann.ask().headers["x-request-id"]
    ann.wait_for_no_hold()
    bob = shared_gateway.customer(credit="20")
    for person in (ann, bob):
        person.user_id = id_of(person)
    shared_gateway.customers.clear()
    return ann, bob, make_admin(shared_gateway)


def things_of(person) -> list[str]:
    """What an answer to somebody else must not hold."""
    account = person.call("GET", "/auth/me", 200)["user"]["account_id"]
    return [
        person.user_id,
        account,
        person.key_id,
        person.email,
        getattr(person, "request_id", "?"),
    ]


def come_back(person) -> None:
    """One route signs the person out everywhere."""
    if person.web.get("/auth/me").status_code == 401:
        person.sign_in()


def state_of(person) -> dict:
    """All that a call by somebody else could change."""
    return {
        path: person.call("GET", path, 200)
        for path in ("/auth/me", "/keys", "/balance", "/transfers", "/usage")
    }


def call(web: httpx.Client, route: tuple[str, str], target, origin: str | None = None):
    """The route, aimed at all that is the target's."""
    method, path = route
    thing = target.key_id
    if "/usage/" in path:
        thing = target.request_id
    elif any(part in path for part in OF_USERS):
        thing = target.user_id
    elif "voucher" in path:
        thing = getattr(target, "voucher_id", "vch_0")
    elif "/quotas/" in path:
        thing = getattr(target, "quota_id", "quo_0")
    elif "/notes/" in path:
        thing = getattr(target, "note_id", "note_0")
    elif "/invitations/" in path:
        thing = getattr(target, "invitation_id", "inv_0")
    params = {"user_id": target.user_id, "key_id": target.key_id, "key": target.key_id,
              "account_id": "x", "search": target.email, "model": "gpt-4o-mini",
              "provider": "openai", "month": "2026-11"}  # fmt: skip
    body = {
        "user_id": target.user_id, "exchange_id": target.request_id, "amount": "1", "reason": "x",
        "disabled": True, "name": "taken", "email": target.email,
        "password": "wrong password", "model": "gpt-4o-mini", "messages": list(QUESTION),
        "provider": "openai", "count": 1, "withdrawn": True, "code": "0000-0000-0000-0000",
        "unit": "usd", "period": "day", "text": target.email, "grace_seconds": 0,
    }  # fmt: skip
    how = {} if method == "GET" else {"json": body}
    headers = {"Origin": origin} if origin else {}
    path = path.replace("{id}", thing)
    response = web.request(method, path, params=params, headers=headers, **how)
    while response.status_code == 400 and "cannot be changed" in response.text:
        del body[response.json()["error"]["param"]]  # a route names what it does not take
        response = web.request(method, path, params=params, headers=headers, **how)
    return response


@pytest.mark.parametrize("route", OWN + ADMIN, ids=ids(OWN + ADMIN))
def test_nobody(gateway, people, route):
    """Without a session there is nothing, whatever key comes along."""
    ann, _, _ = people
    before = state_of(ann)
    for headers in ({}, ann.authorization, {"Cookie": "session=" + "a" * 43}):
        with httpx.Client(
            base_url=gateway.origin + "/api", headers=headers, trust_env=False
        ) as web:
            check_error(call(web, route, ann), 401, "not_signed_in", on_api=False)
    assert state_of(ann) == before


@pytest.mark.parametrize("route", ADMIN, ids=ids(ADMIN))
def test_no_administrator(people, route):
    """The operator's pages are not there for customers."""
    ann, bob, _ = people
    before = state_of(ann)
    for person in (ann, bob):
        check_error(call(person.web, route, ann), 404, "not_found", on_api=False)
    assert state_of(ann) == before


@pytest.mark.parametrize("route", OWN, ids=ids(OWN))
def test_another_customer(people, route):
    """What is Ann's neither shows nor moves, whatever Bob asks for."""
    ann, bob, _ = people
    before = state_of(ann)
    come_back(bob)
    response = call(bob.web, route, ann)
    for thing in things_of(ann):
        assert thing not in response.text.replace(f"/{thing}", ""), response.text
    if "{id}" in route[1]:
        check_error(response, 404, "not_found", on_api=False)
    assert state_of(ann) == before


@pytest.mark.parametrize("route", OWN, ids=ids(OWN))
def test_administrator_by_the_customers_door(people, route):
    """An administrator's session is no key to a customer's own pages either."""
    ann, _, admin = people
    before = state_of(ann)
    come_back(admin)
    response = call(admin.web, route, ann)
    for thing in things_of(ann):
        assert thing not in response.text.replace(f"/{thing}", ""), response.text
    assert state_of(ann) == before


API = [(method, f"/api/v1{path}") for method, path in OPENAI if (method, path) not in KEYLESS]
API += [(method, f"/api/v1beta{path}") for method, path in GEMINI]


@pytest.mark.parametrize("route", API, ids=ids(API))
def test_api_with_a_session_only(people, route):
    """The API wants a key; a session, which a page of another site might ride on, is none."""
    ann, _, admin = people
    method, path = route
    thing = "gpt-4o:generateContent" if method == "POST" and "/models/" in path else "gpt-4o"
    for person in (ann, admin):
        url = person.gateway.origin + path.replace("{id}", thing)
        response = person.web.request(method, url, json={} if method == "POST" else None)
        assert response.status_code == 401
        assert code_of(response.json()) == "invalid_api_key"


CHANGING = [route for route in DASHBOARD + ADMIN if route[0] != "GET" and route not in SIGNED]


@pytest.mark.parametrize("route", CHANGING, ids=ids(CHANGING))
@pytest.mark.parametrize("origin", ["https://evil.test", "null"])
def test_from_another_site(people, route, origin):
    ann, _, admin = people
    before = state_of(ann)
    for person in (ann, admin):
        response = call(person.web, route, ann, origin)
        check_error(response, 403, "origin_not_allowed", on_api=False)
    assert state_of(ann) == before


@pytest.mark.parametrize("route", ADMIN, ids=ids(ADMIN))
def test_administrator(gateway, route):
    """And for whom they are there, they do what they say."""
    admin, customer = make_admin(gateway), gateway.customer()
    customer.request_id = customer.ask().headers["x-request-id"]
    customer.wait_for_no_hold()
    customer.user_id = id_of(customer)
    batch = {"name": "taken", "amount": "1", "count": 1}
    customer.voucher_id = admin.call("POST", "/admin/vouchers", 201, json=batch)["id"]
    quota = {"user_id": customer.user_id, "unit": "usd", "period": "month", "amount": "1"}
    customer.quota_id = admin.call("POST", "/admin/quotas", 201, json=quota)["id"]
    note = {"user_id": customer.user_id, "text": "taken"}
    customer.note_id = admin.call("POST", "/admin/notes", 201, json=note)["id"]
    invited = admin.call("POST", "/admin/invitations", 201, json={"uses": 1})
    customer.invitation_id = invited["invitation"]["id"]
    response = call(admin.web, route, customer)
    if route in REFUSED:
        check_error(response, *REFUSED[route], on_api=False)
    else:
        assert response.status_code in (200, 201, 204), response.text
    if "PATCH" in route:
        answer = response.json()
        done = answer.get("disabled") is True or answer.get("withdrawn_at") or answer.get("keys")
        assert done or answer["text"] == customer.email
    gateway.customers.clear()
