"""Every route there is, as everybody who may come: nobody, another customer, an administrator. The
table of routes is read from the sources, so a new one cannot be forgotten here."""

import copy
import re
from pathlib import Path

import httpx2 as httpx
import pytest
from customer import QUESTION, Customer
from errors import check_error, code_of
from gateway import Gateway
from stripe_server import StripeServer
from test_admin_api import make_admin
from test_roles import MAY
from test_roles import routes as guarded_routes

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
# Whose id stands in a path: what a person has, who has everything.
THINGS = {
    "/auth/sessions/{id}": "session_id",
    "/keys/{id}": "key_id",
    "/keys/{id}/rotate": "key_id",
    "/quotas/{id}": "quota_id",
    "/payments/{id}": "payment_id",
    "/usage/{id}": "request_id",
    "/playground/estimate/{id}": "endpoint",
    "/playground/{id}": "endpoint",
    "/admin/invitations/{id}": "invitation_id",
    "/admin/users/{id}": "user_id",
    "/admin/sessions/{id}": "user_id",
    "/admin/second-factors/{id}": "user_id",
    "/admin/data/{id}": "user_id",
    "/admin/erase/{id}": "user_id",
    "/admin/keys/{id}": "key_id",
    "/admin/user-keys/{id}": "user_id",
    "/admin/quotas/{id}": "quota_id",
    "/admin/notes/{id}": "note_id",
    "/admin/usage/{id}": "request_id",
    "/admin/vouchers/{id}": "voucher_id",
    "/admin/voucher-codes/{id}": "voucher_id",
}
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
PERMISSIONS = {(method, path): permission for method, path, permission in guarded_routes()}
OPENAI = routes_in("openai")
GEMINI = routes_in("gemini")
KEYLESS = {("GET", "/responses")}  # 426 for whoever asks
# By the payment processor and the mail service, from their own sites.
SIGNED = {("POST", "/payment-events/{id}"), ("POST", "/mail-events/{id}")}
OWN = [route for route in DASHBOARD if route not in OPEN | SIGNED]


def ids(routes: list[tuple[str, str]]) -> list[str]:
    return [" ".join(route) for route in routes]


@pytest.fixture(scope="module")
def house(tmp_path_factory, shared_provider):
    """A gateway with everything switched on that makes things of customers."""
    stripe = StripeServer()
    settings = stripe.settings | {"customer_webhooks": "any", "keep_responses_days": 7}
    gateway = Gateway(tmp_path_factory.mktemp("routes"), shared_provider, settings).start()
    yield gateway
    gateway.stop()
    stripe.stop()


def settle_in(gateway, admin, credit: str = "10") -> Customer:
    """A customer who has one of everything that a path can name."""
    person = Customer(gateway)
    person.user_id = person.sign_up()["user"]["id"]
    body = {"user_id": person.user_id, "amount": credit, "reason": "a start"}
    admin.call("POST", "/admin/credits", 201, json=body)
    person.create_key()
    person.request_id = person.ask().headers["x-request-id"]
    person.wait_for_no_hold()
    person.wait_for_record()
    quota = {"key_id": person.key_id, "unit": "usd", "period": "month", "amount": "1"}
    made = person.call("POST", "/quotas", 201, json=quota)
    person.quota_id = made.get("id") or person.call("GET", "/quotas", 200)["data"][0]["id"]
    charge = {"amount": "10", "save_card": True}
    person.payment_id = person.call("POST", "/balance/charge", 201, json=charge)["id"]
    person.session_id = person.call("GET", "/auth/sessions", 200)["data"][0]["id"]
    hook = {"url": "http://127.0.0.1:9/hook"}
    person.call("POST", "/notices/webhook", 201, json=hook)
    batch = {"name": "taken", "amount": "1", "count": 1}
    person.voucher_id = admin.call("POST", "/admin/vouchers", 201, json=batch)["id"]
    note = {"user_id": person.user_id, "text": "taken"}
    person.note_id = admin.call("POST", "/admin/notes", 201, json=note)["id"]
    invited = admin.call("POST", "/admin/invitations", 201, json={"uses": 1})
    person.invitation_id = invited["invitation"]["id"]
    person.endpoint = "embeddings"
    return person


@pytest.fixture(scope="module")
def people(house, shared_provider):
    """Ann with everything; Bob, who would like to have it; the administrator."""
    shared_provider.reset()
    admin = make_admin(house)
    return settle_in(house, admin), settle_in(house, admin, "20"), admin


@pytest.fixture(scope="module")
def staff(house, people):
    """By their roles."""
    _, _, admin = people
    found = {"admin": admin}
    for role in ("support", "billing"):
        found[role] = Customer(house)
        user_id = found[role].sign_up()["user"]["id"]
        admin.call("PATCH", f"/admin/users/{user_id}", 200, json={"role": role})
    return found


def things_of(person) -> list[str]:
    """What an answer to somebody else must not hold."""
    account = person.call("GET", "/auth/me", 200)["user"]["account_id"]
    return [
        person.user_id, account, person.key_id, person.email, person.request_id, person.quota_id,
        person.payment_id, person.session_id,
    ]  # fmt: skip


def come_back(person) -> None:
    """One route signs the person out everywhere."""
    if person.web.get("/auth/me").status_code == 401:
        person.sign_in()


def state_of(person) -> dict:
    """All that a call by somebody else could change."""
    state = person.call("GET", "/account/data", 200)
    del state["made_at"]
    for one in state["sessions"]:
        del one["seen_at"]
    state["notes"] = person.call("GET", "/notices", 200)
    return state


def call(web: httpx.Client, route: tuple[str, str], target, origin: str | None = None):
    """The route, aimed at all that is the target's."""
    method, path = route
    if "{id}" in path:
        path = path.replace("{id}", getattr(target, THINGS[path]))
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
    response = web.request(method, path, params=params, headers=headers, **how)
    while response.status_code == 400 and "cannot be changed" in response.text:
        del body[response.json()["error"]["param"]]  # a route names what it does not take
        response = web.request(method, path, params=params, headers=headers, **how)
    return response


def nobodys(person) -> Customer:
    """Ids like the person's, which nobody has."""
    other = copy.copy(person)
    for name in {*THINGS.values(), "user_id"} - {"endpoint"}:
        text = getattr(person, name)
        setattr(other, name, text[:-6] + ("0" * 6 if text[-6:] != "0" * 6 else "1" * 6))
    return other


def unnamed(response: httpx.Response, person) -> tuple:
    """What an answer says, but for the ids that were asked for."""
    text = response.text
    for name in THINGS.values():
        text = text.replace(getattr(person, name), "ID")
    return response.status_code, text, {*response.headers}


WITH_ID = [route for route in OWN if "{id}" in route[1]]


@pytest.mark.parametrize("route", WITH_ID, ids=ids(WITH_ID))
def test_the_owner(house, people, route):
    """For whom the same ids are there: so what others get by them is no mistake of these tests."""
    response = call((ann := settle_in(house, people[2])).web, route, ann)
    assert response.status_code != 404, response.text


@pytest.mark.parametrize("route", OWN + ADMIN, ids=ids(OWN + ADMIN))
def test_nobody(house, people, route):
    """Without a session there is nothing, whatever key comes along."""
    ann, _, _ = people
    before = state_of(ann)
    for headers in ({}, ann.authorization, {"Cookie": "session=" + "a" * 43}):
        with httpx.Client(base_url=house.origin + "/api", headers=headers, trust_env=False) as web:
            check_error(call(web, route, ann), 401, "not_signed_in", on_api=False)
    # Her own key came along: the page Refused calls tells her.
    assert state_of(ann) | {"refusals": 0} == before | {"refusals": 0}


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
        assert unnamed(response, ann) == unnamed(call(bob.web, route, nobodys(ann)), nobodys(ann))
    assert state_of(ann) == before


@pytest.mark.parametrize("role", ["support", "billing", "admin"])
@pytest.mark.parametrize("route", OWN, ids=ids(OWN))
def test_operators_by_the_customers_door(people, staff, role, route):
    """An operator's session is no key to a customer's own pages either."""
    ann, _, _ = people
    person = staff[role]
    before = state_of(ann)
    come_back(person)
    response = call(person.web, route, ann)
    for thing in things_of(ann):
        assert thing not in response.text.replace(f"/{thing}", ""), response.text
    if "{id}" in route[1]:
        check_error(response, 404, "not_found", on_api=False)
    assert state_of(ann) == before


FORBIDDEN = [
    (role, *route) for role in MAY for route in ADMIN if PERMISSIONS[route] not in MAY[role]
]


@pytest.mark.parametrize(("role", "method", "path"), FORBIDDEN)
def test_a_role_shows_and_changes_nothing_that_it_may_not(people, staff, role, method, path):
    """Though the ids are there."""
    ann, _, _ = people
    route = method, path
    before = state_of(ann)
    response = call(staff[role].web, route, ann)
    check_error(response, 403, "not_permitted", on_api=False)
    assert PERMISSIONS[route] in response.text
    for thing in things_of(ann):
        assert thing not in response.text, response.text
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
def test_administrator(house, people, route):
    """And for whom they are there, they do what they say."""
    admin = people[2]
    customer = settle_in(house, admin)
    quota = {"user_id": customer.user_id, "unit": "usd", "period": "month", "amount": "1"}
    customer.quota_id = admin.call("POST", "/admin/quotas", 201, json=quota)["id"]
    response = call(admin.web, route, customer)
    if route in REFUSED:
        check_error(response, *REFUSED[route], on_api=False)
    else:
        assert response.status_code in (200, 201, 204), response.text
    if "PATCH" in route:
        answer = response.json()
        done = answer.get("disabled") is True or answer.get("withdrawn_at") or answer.get("keys")
        assert done or answer["text"] == customer.email
