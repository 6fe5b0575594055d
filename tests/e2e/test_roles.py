"""What operators with less than everything may do: support and billing."""

import re
from pathlib import Path

import answers
import pytest
from answers import Usage
from customer import Customer
from test_admin_api import api_error, make_admin

ROUTES = Path(__file__).parents[2] / "lua/admin/init.lua"
ROUTE = re.compile(r'^add\("(\w+)", "([^"]+)", "([\w.]+)",', re.MULTILINE)

MAY = {
    "support": {"customers.read", "customers.help", "service.read"},
    "billing": {"customers.read", "money.read", "money.write"},
}
# What docs/API.md says of each permission, route by route: written by hand, so that a route whose
# permission in the sources is too small is found.
OPENS = {
    "customers.read": """
        GET audit, GET audit.csv, GET groups, GET invitations, GET keys, GET notes, POST notes,
        PATCH notes/{id}, DELETE notes/{id}, GET quotas, GET refusals, POST search, GET
        sessions, GET transfers, GET usage, GET usage.csv, GET usage/summary, GET usage/{id},
        GET users, GET users/{id}
    """,
    "customers.help": """
        PATCH keys/{id}, POST password-links, DELETE second-factors/{id}, DELETE sessions/{id},
        POST unlocks, PATCH user-keys/{id}
    """,
    "customers.manage": """
        GET data/{id}, POST erase/{id}, POST invitations, DELETE invitations/{id}, POST quotas,
        DELETE quotas/{id}, POST users, PATCH users/{id}
    """,
    "money.read": """
        GET payments, GET prices, GET sales, GET sales.csv, GET statement.csv, GET vouchers, GET
        vouchers/{id}
    """,
    "money.write": """
        POST credits, POST debits, POST refunds, GET voucher-codes/{id}, POST vouchers, PATCH
        vouchers/{id}
    """,
    "service.read": """
        GET alerts, GET attempts, GET live, GET providers
    """,
    "service.manage": """
        POST alerts/test, GET policies, POST providers/test, GET replay, GET trials, GET
        trials/compare
    """,
}
OURS = {"margin", "cost_lines", "provider_cost", "overrun", "profit", "stated_cost"}


@pytest.fixture
def admin(gateway):
    return make_admin(gateway)


@pytest.fixture
def staff(gateway, admin):
    """staff(role): an operator with this role."""

    def make(role: str) -> Customer:
        person = Customer(gateway)
        person.email = f"{role}.{person.email}"
        person.sign_up()
        person.user_id = id_of(person)
        change = {"role": role, "reason": "new here"}
        made = admin.call("PATCH", f"/admin/users/{person.user_id}", 200, json=change)
        assert made["role"] == role
        return person

    return make


def id_of(customer) -> str:
    return customer.call("GET", "/auth/me", 200)["user"]["id"]


def routes() -> list[tuple[str, str, str]]:
    return ROUTE.findall(ROUTES.read_text())


def test_every_route_needs_a_permission():
    every = re.findall(r"^add\(", ROUTES.read_text(), re.MULTILINE)
    assert len(routes()) == len(every) >= 40


def test_each_route_needs_what_the_documents_say():
    listed = {
        (*route.split(), permission)
        for permission, text in OPENS.items()
        for route in text.split(",")
    }
    assert {
        (method, path.removeprefix("/admin/"), need) for method, path, need in routes()
    } == listed


@pytest.mark.parametrize("role", MAY)
def test_a_role_reaches_what_it_may_and_nothing_else(staff, role):
    """Whatever else is wrong with a request, it is refused for the role first."""
    person = staff(role)
    me = person.call("GET", "/auth/me", 200)
    assert set(me["permissions"]) == MAY[role]
    for method, path, permission in routes():
        if path in ("/admin/audit", "/admin/audit.csv"):
            path += "?user_id=" + person.user_id  # the whole log is for administrators
        body = {} if method == "GET" else {"json": {}}
        answer = person.web.request(method, path.replace("{id}", "user_0"), **body)
        refused = answer.status_code == 403 and answer.json()["error"]["code"] == "not_permitted"
        assert refused == (permission not in MAY[role]), (method, path, answer.text)
        assert not refused or permission in answer.json()["error"]["message"]


def test_for_customers_there_is_nothing(gateway):
    customer = gateway.customer()
    assert customer.call("GET", "/auth/me", 200)["permissions"] == []
    for method, path, _ in routes():
        body = {} if method == "GET" else {"json": {}}
        answer = customer.web.request(method, path.replace("{id}", "user_0"), **body)
        api_error(answer, 404, "not_found")


def test_support_sees_no_money_of_ours(gateway, provider, admin, staff):
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(1000, 500))
    customer.ask("gpt-4")
    (record,) = customer.records()
    path = f"/admin/usage/{record['id']}"
    seen = {role: staff(role).call("GET", path, 200) for role in MAY}
    whole = admin.call("GET", path, 200)
    assert set(whole) >= OURS
    assert seen["billing"] == whole
    assert seen["support"] == {k: v for k, v in whole.items() if k in seen["support"]}
    assert set(whole) - set(seen["support"]) == OURS | {"computed_cost", "shadow", "hedge"}
    (shown,) = [
        row
        for row in staff("support").call("GET", "/admin/providers", 200)["data"]
        if row["name"] == "openai"
    ]
    assert shown["balance"] is None
    assert shown["spending"] is None


def test_support_helps(gateway, staff):
    customer, support = gateway.customer(), staff("support")
    body = {"user_id": id_of(customer)}
    assert support.call("POST", "/admin/password-links", 201, json=body)["url"]
    support.call("POST", "/admin/unlocks", 200, json=body)
    off = {"disabled": True, "reason": "leaked"}
    support.call("PATCH", f"/admin/keys/{customer.key_id}", 200, json=off)
    entries = support.call("GET", "/admin/audit", 200, params=body)["data"]
    assert {entry["actor"]["email"] for entry in entries[:3]} == {support.email}
    support.web.delete(f"/admin/sessions/{body['user_id']}").raise_for_status()
    assert customer.web.get("/auth/me").status_code == 401
    customer.sign_in()
    api_error(support.web.get("/admin/audit"), 403, "not_permitted")


def test_billing_moves_money(gateway, staff):
    customer, billing = gateway.customer(), staff("billing")
    body = {"user_id": id_of(customer), "amount": "2", "reason": "sorry"}
    assert billing.call("POST", "/admin/credits", 201, json=body)["balance"] == "12.000000000"
    assert billing.call("POST", "/admin/debits", 201, json=body)["balance"] == "10.000000000"
    gateway.verify_ledger()


@pytest.mark.parametrize("target", ["admin", "support", "billing", "self"])
def test_only_administrators_act_on_operators(gateway, admin, staff, target):
    """Or support would set the administrator's password, and billing pay itself."""
    support, billing = staff("support"), staff("billing")
    known = {"admin": admin, "support": staff("support"), "billing": staff("billing")}

    def refused(actor, method: str, path: str, json: dict | None = None) -> None:
        answer = actor.web.request(method, path, json=json)
        message = api_error(answer, 403, "not_permitted")["message"]
        assert "staff.manage" in message

    for actor in (support, billing):
        user_id = known.get(target, actor).user_id
        body = {"user_id": user_id}
        if actor is support:
            refused(actor, "POST", "/admin/password-links", body)
            refused(actor, "POST", "/admin/unlocks", body)
            refused(actor, "DELETE", f"/admin/sessions/{user_id}")
            owner = known.get(target, actor)
            owner.create_key()
            refused(actor, "PATCH", f"/admin/keys/{owner.key_id}", {"disabled": True})
            refused(actor, "PATCH", f"/admin/user-keys/{user_id}", {"disabled": True})
            if target != "self":  # who is told to use the page Account
                refused(actor, "DELETE", f"/admin/second-factors/{user_id}")
            refused(actor, "POST", "/admin/notes", body | {"text": "x"})
        else:
            amount = body | {"amount": "1", "reason": "me"}
            refused(actor, "POST", "/admin/credits", amount)
            refused(actor, "POST", "/admin/debits", amount)
    admin.call("POST", "/admin/password-links", 201, json={"user_id": support.user_id})


def test_billing_refunds_no_call_of_its_own(provider, staff):
    billing = staff("billing")
    billing.charge("5")
    billing.create_key()
    provider.answer = answers.chat(usage=Usage(1000, 500))
    billing.ask("gpt-4")
    (record,) = billing.records()
    body = {"exchange_id": record["id"], "reason": "me"}
    api_error(billing.web.post("/admin/refunds", json=body), 403, "not_permitted")


def test_a_role_that_was_taken_is_gone_at_once(admin, staff):
    support = staff("support")
    path = f"/admin/users/{support.user_id}"
    assert support.call("GET", "/admin/users", 200)["data"]
    admin.call("PATCH", path, 200, json={"role": "user"})
    api_error(support.web.get("/admin/users"), 404, "not_found")
    api_error(admin.web.patch(path, json={"role": "root"}), 400, "invalid_value", param="role")


def test_the_command(gateway):
    customer = gateway.customer()
    for role in ("support", "billing", "user"):
        gateway.value_of("user", "role", customer.email, role)
        assert customer.call("GET", "/auth/me", 200)["user"]["role"] == role
    said = gateway.command("user", "role", customer.email, "root")
    assert said.returncode == 1
    assert "role must be user, support, billing or admin" in said.stderr
