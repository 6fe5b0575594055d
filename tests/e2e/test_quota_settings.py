"""Quotas that are set in the dashboard: by the operator for a customer, by customers for their
keys; and what customers see of all."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import answers
import httpx2 as httpx
import pytest
from answers import Usage
from errors import check_error
from fake_provider import Gate
from gateway import Gateway
from prices import Price
from test_admin_api import audit, id_of, make_admin
from test_dialect_money import CLIENTS, check_refusal, request_of, sell
from test_quotas import check_refused, no_midnight  # noqa: F401 (a fixture)
from wait import wait_until


@pytest.fixture
def admin(gateway):
    return make_admin(gateway)


def set_for(admin, customer, unit: str, period: str | None, amount, **how) -> dict:
    body = {"user_id": id_of(customer), "unit": unit, "period": period, "amount": amount, **how}
    return admin.call("POST", "/admin/quotas", 201, json=body)


def set_own(customer, unit: str, period: str | None, amount, **how) -> dict:
    body = {"key_id": customer.key_id, "unit": unit, "period": period, "amount": amount, **how}
    return customer.call("POST", "/quotas", 201, json=body)


def shown(customer) -> list[dict]:
    return customer.call("GET", "/quotas", 200)["data"]


def test_of_a_customer(gateway, admin, provider):
    """The operator's quota counts all keys, is seen, noted, and can be taken away."""
    customer = gateway.customer()
    assert customer.ask().status_code == 200  # counts, though it came before
    made = set_for(admin, customer, "requests", "day", 2)
    assert (made["scope"], made["key_id"], made["amount"]) == ("user", None, 2)
    customer.create_key()
    customer.wait_for_no_hold()
    assert customer.ask().status_code == 200
    told = check_refused(customer.ask(), "requests", "day", "user")
    assert told["used"] == 2
    (row,) = [row for row in shown(customer) if row["id"]]
    assert (row["used"], row["left"], row["set_by"], row["near"]) == (2, 0, "operator", True)
    assert row["resets_at"] == told["resets_at"]
    listed = admin.call("GET", "/admin/quotas", 200, params={"user_id": id_of(customer)})["data"]
    assert row in listed
    set_for(admin, customer, "requests", "day", 3)  # replaces it
    assert customer.ask().status_code == 200
    (row,) = [row for row in shown(customer) if row["id"]]
    admin.call("DELETE", f"/admin/quotas/{row['id']}", 204)
    assert customer.ask().status_code == 200
    assert not [row for row in shown(customer) if row["id"]]
    acts = [entry["action"] for entry in audit(admin, user_id=id_of(customer))]
    assert acts[:3] == ["quota.delete", "quota.set", "quota.set"]


def test_a_customer_cannot_lift_it(gateway, admin, provider):
    """Nor see or change another's."""
    customer, other = gateway.customer(), gateway.customer()
    made = set_for(admin, customer, "requests", "day", 0)
    for thief in (customer, other):
        refused = thief.web.request("DELETE", f"/quotas/{made['id']}")
        check_error(refused, 404, "not_found", on_api=False)
    body = {"key_id": customer.key_id, "unit": "requests", "period": "day", "amount": 5}
    check_error(other.web.post("/quotas", json=body), 404, "not_found", on_api=False)
    assert customer.web.get("/admin/quotas", params={"user_id": id_of(other)}).status_code == 404
    check_error(customer.ask(), 429, "quota_exceeded", retry=False)


def test_of_a_key(gateway, provider):
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(1000, 1000))
    set_own(customer, "usd", "month", "0.002")
    assert customer.ask(max_tokens=1000).status_code == 200
    customer.wait_for_no_hold()
    while (refused := customer.ask(max_tokens=1000)).status_code == 200:
        customer.wait_for_no_hold()
    told = check_refused(refused, "usd", "month")
    (row,) = [row for row in shown(customer) if row["id"]]
    assert Decimal(row["used"]) == Decimal(told["used"])
    assert Decimal(row["left"]) == Decimal(told["left"])
    assert (row["key_id"], row["set_by"]) == (customer.key_id, "customer")
    limited = customer.key_id
    customer.create_key()
    assert customer.ask(max_tokens=1000).status_code == 200, "another key has none"
    customer.delete_key(limited)
    assert not [row for row in shown(customer) if row["id"]]


def test_concurrency_and_minutes_of_a_key(gateway, provider):
    customer = gateway.customer()
    set_own(customer, "concurrency", None, 0)
    check_error(customer.ask(), 429, "rate_limit_exceeded")
    (row,) = [row for row in shown(customer) if row["id"]]
    assert (row["unit"], row["period"], row["used"]) == ("concurrency", None, None)
    customer.call("DELETE", f"/quotas/{row['id']}", 204)
    set_own(customer, "requests", "minute", 1)
    assert customer.ask().status_code == 200
    check_error(customer.ask(), 429, "rate_limit_exceeded", retry=True)


def test_of_a_model(gateway, provider):
    customer = gateway.customer()
    set_own(customer, "requests", "day", 1, model="gpt-4o-mini")
    assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    told = check_refused(customer.ask(), "requests", "day")
    assert told["models"] == ["gpt-4o-mini"]
    assert customer.ask(model="gpt-4o").status_code == 200
    fallback = customer.ask(models=["gpt-4o", "gpt-4o-mini"], model="gpt-4o")
    assert fallback.status_code == 429, "one of the models that may answer"


TWO = {"model": "gpt-4o-mini", "models": ["gpt-4o-mini", "gpt-4o"]}


@pytest.mark.parametrize(
    ("unit", "period"),
    [("requests", "day"), ("requests", "minute"), ("tokens", "minute"), ("usd", "month"),
     ("concurrency", None)],
)  # fmt: skip
def test_of_one_of_several_models(gateway, provider, unit, period):
    """A call that names several models counts against the quotas of each of them, and no other."""
    customer = gateway.customer()
    zero = "0" if unit == "usd" else 0
    set_own(customer, unit, period, zero, model="gpt-4")
    assert customer.ask(**TWO).status_code == 200
    set_own(customer, unit, period, zero, model="gpt-4o")
    assert customer.ask(**TWO).status_code == 429
    assert customer.ask().status_code == 200


def test_another_name_of_a_model(make_gateway, provider):
    """A quota and a key's list of models are of the entry that a name stands for."""

    def prepare(policies):
        policies.replace("models", "return {", 'return { ["best"] = "gpt-4o-mini",')

    customer = make_gateway(prepare=prepare).customer()
    made = set_own(customer, "requests", "day", 1, model="best")
    assert made["model"] == "gpt-4o-mini"
    assert [customer.ask(model=name).status_code for name in ("best", "gpt-4o-mini")] == [200, 429]
    body = {"name": "x", "models": ["best", "gpt-4o-mini", "gpt-4o"]}
    made = customer.call("POST", "/keys", 201, json=body)
    assert made["data"]["models"] == ["gpt-4o-mini", "gpt-4o"]
    customer.key = made["key"]
    assert [customer.ask(model=name).status_code for name in ("best", "gpt-4o-mini")] == [200, 200]


@pytest.mark.parametrize("is_name", [False, True])
def test_of_a_model_that_gets_another_name(make_gateway, provider, is_name):
    """The quota limits nothing any more, and whoever looks is told: customer, operator, `check`."""
    gateway = make_gateway(prepare=lambda policies: policies.model("old", Price("1", "2")))
    customer, admin = gateway.customer(), make_admin(gateway)
    set_own(customer, "requests", "day", 1, model="old")
    set_own(customer, "requests", "day", 9, model="gpt-4o")
    set_for(admin, customer, "usd", "month", "0.1", model="old")
    assert customer.ask("old").status_code == 200
    customer.wait_for_no_hold()
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"models": ["old", "gpt-4o"]})
    assert [row["near"] for row in shown(customer) if row["models"] == ["old"]] == [False, True]
    assert "warning" not in gateway.command("check").stdout
    name = '["old"] = "new", ' if is_name else ""
    gateway.policies.replace("models", '["old"] = {', f'{name}["new"] = {{')
    gateway.reload()
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"models": None})
    assert customer.ask("old" if is_name else "new").status_code == 200
    user = {"user_id": id_of(customer)}
    for rows in (shown(customer), admin.call("GET", "/admin/quotas", 200, params=user)["data"]):
        of_models = [row for row in rows if row["models"]]
        told = [(*row["models"], row["in_force"], row["near"]) for row in of_models]
        assert sorted(told) == [("gpt-4o", True, False)] + 2 * [("old", False, False)]
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"models": ["gpt-4o"]})
    why = 'is another name of "new"' if is_name else "models.lua does not have"
    told = f'warning: 2 quotas are of the model "old", which {why}; they limit nothing\n'
    checked = gateway.command("check")
    assert (checked.returncode, checked.stdout.count("warning")) == (0, 1), checked
    assert told in checked.stdout


def test_check_names_what_policies_do_not_know(make_gateway):
    """All kinds, those that are over left aside."""

    def prepare(policies) -> None:
        policies.model("old", Price("1", "2"))
        policies.write("routes", 'return { groups = { "vip" } }')

    gateway = make_gateway(prepare=prepare)
    customer, admin = gateway.customer(), make_admin(gateway)
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"models": ["old", "gpt-4o"]})
    admin.call("PATCH", f"/admin/users/{id_of(customer)}", 200, json={"group": "vip"})
    for _ in range(2):
        made = admin.call("POST", "/admin/invitations", 201, json={"group": "vip"})
        invited = made["invitation"]
        batch = {"name": "v", "amount": "1", "count": 2, "group": "vip"}
        vouchers = admin.call("POST", "/admin/vouchers", 201, json=batch)
    admin.call("DELETE", f"/admin/invitations/{invited['id']}", 200)
    admin.call("PATCH", f"/admin/vouchers/{vouchers['id']}", 200, json={"withdrawn": True})
    assert "warning" not in gateway.command("check").stdout
    gateway.policies.write("routes", "return {}")
    gateway.policies.replace("models", '["old"] = {', '["new"] = {')
    checked = gateway.command("check")
    assert checked.returncode == 0, checked.stderr
    lines = [line for line in checked.stdout.split("\n") if line.startswith("warning: ")]
    assert lines == [
        'warning: 1 user is in the group "vip", which no policy names',
        'warning: 1 invitation is for the group "vip", which no policy names',
        'warning: 1 batch of vouchers is for the group "vip", which no policy names',
        'warning: 1 key may use the model "old", which models.lua does not have',
    ]


def test_it_can_only_be_stricter_for_a_key(make_gateway, provider):
    def prepare(policies):
        policies.write("limits", 'return { { scope = "key", requests_per_day = 2 },\n'
                                 '{ scope = "user", requests_per_day = 2 } }\n')  # fmt: skip

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    set_own(customer, "requests", "day", 50)
    (row,) = [row for row in shown(customer) if row["scope"] == "key"]
    assert (row["amount"], row["set_by"]) == (2, "policy")
    set_for(make_admin(gateway), customer, "requests", "day", 50)  # the operator may allow more
    (row,) = [row for row in shown(customer) if row["scope"] == "user"]
    assert (row["amount"], row["set_by"]) == (50, "operator")
    assert [customer.ask().status_code for _ in range(3)] == [200, 200, 429]
    customer.create_key()
    assert customer.ask().status_code == 200


def test_a_kill_forgets_no_setting(make_gateway, provider):
    gateway = make_gateway()
    customer = gateway.customer()
    set_own(customer, "requests", "month", 2)
    assert customer.ask().status_code == 200
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert [customer.ask().status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"unit": "requests"}, "missing_field", "period"),
        ({"unit": "usd", "period": "day"}, "missing_field", "amount"),
        ({"period": "day", "amount": 1}, "missing_field", "unit"),
        ({"unit": "words", "period": "day", "amount": 1}, "invalid_value", "unit"),
        ({"unit": "usd", "period": "week", "amount": 1}, "invalid_value", "period"),
        ({"unit": "concurrency", "period": "day", "amount": 1}, "invalid_value", "period"),
        ({"unit": "requests", "period": "day", "amount": -1}, "invalid_value", "amount"),
        ({"unit": "requests", "period": "day", "amount": 1.5}, "invalid_value", "amount"),
        ({"unit": "requests", "period": "day", "amount": "5"}, "invalid_value", "amount"),
        ({"unit": "usd", "period": "day", "amount": "-1"}, "invalid_amount", "amount"),
        ({"unit": "tokens", "period": "day", "amount": 10**16}, "invalid_value", "amount"),
        ({"unit": "usd", "period": "day", "amount": 1, "model": "none"}, "invalid_value", "model"),
        ({"unit": "usd", "period": "day", "amount": 1, "scope": "user"}, "invalid_value", "scope"),
    ],
)
def test_what_is_refused(gateway, body, code, param):
    customer = gateway.customer()
    refused = customer.web.post("/quotas", json={"key_id": customer.key_id, **body})
    check_error(refused, 400, code, param=param, on_api=False)
    assert not [row for row in shown(customer) if row["id"]]


def test_there_is_a_bound(gateway):
    customer = gateway.customer()
    for period in ("minute", "day", "month"):
        for unit in ("requests", "tokens", "usd"):
            set_own(customer, unit, period, 1000)
    for model in ("gpt-4o", "gpt-4o-mini", "gpt-4", "gpt-4-turbo", "gpt-3.5-turbo", "demo"):
        set_own(customer, "requests", "day", 1000, model=model)
    set_own(customer, "concurrency", None, 100)
    body = {"key_id": customer.key_id, "unit": "tokens", "period": "day", "amount": 1}
    refused = customer.web.post("/quotas", json={**body, "model": "demo"})
    check_error(refused, 400, "too_many_quotas", on_api=False)
    customer.call("POST", "/quotas", 201, json=body)  # replaces one
    assert len([row for row in shown(customer) if row["id"]]) == 16


def test_get_key(gateway, provider):
    """OpenRouter's members, with the quota of money that has less left than the budget."""
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(1000, 1000))
    customer.create_key(budget="5", budget_period="month")
    data = customer.get("/key").json()["data"]
    assert (data["limit"], data["limit_remaining"], data["limit_reset"]) == (5, 5, "monthly")
    assert customer.ask(max_tokens=1000).status_code == 200
    customer.wait_for_no_hold()
    set_own(customer, "usd", "day", "1.5")
    data = customer.get("/key").json()["data"]
    spent = Decimal(data["spent"])
    assert spent > 0
    assert Decimal(str(data["usage"])) == Decimal(str(data["usage_daily"])) == spent
    assert (data["limit"], data["limit_reset"]) == (1.5, "daily")
    assert Decimal(str(data["limit_remaining"])) == Decimal("1.5") - spent
    (quota,) = [quota for quota in data["quotas"] if quota["id"]]
    assert Decimal(quota["left"]) == Decimal("1.5") - spent


@pytest.mark.parametrize(
    ("unit", "amount"), [("requests", 5), ("tokens", 5000), ("usd", "0.010000000")]
)
def test_what_a_call_holds_is_not_left(make_gateway, provider, unit, amount):
    """The page and GET /key tell what the headers and a refusal tell: of the policy's quotas, of a
    customer's and of a key's, while a call runs and when it has ended."""
    limit = f'"{amount}"' if unit == "usd" else amount
    rules = f'return {{ {{ scope = "user", {unit}_per_month = {limit} }} }}\n'
    gateway = make_gateway(prepare=lambda it: it.write("limits", rules))
    customer = gateway.customer()
    set_own(customer, unit, "day", amount, model="gpt-4o-mini")
    set_for(make_admin(gateway), customer, unit, "day", amount)
    provider.answer = answers.chat(usage=Usage(100, 200))

    def told() -> list[Decimal]:
        """Used, held and left, as all quotas tell them in both places."""
        page, key = shown(customer), customer.get("/key").json()["data"]["quotas"]
        assert len(page) == len(key) == 3
        (figures,) = {tuple(it[name] for name in ("used", "held", "left")) for it in page + key}
        return [Decimal(figure) for figure in figures]

    with Gate(provider) as gate, ThreadPoolExecutor(1) as pool:
        provider.answer = answers.behind(gate, provider.answer)
        running = pool.submit(customer.ask, max_tokens=1000)
        wait_until(lambda: provider.requests)
        used, held, left = told()
        assert (used, held + left) == (0, Decimal(amount))
        assert held > 0
        gate.set()
        headers = running.result().headers
    assert Decimal(headers[f"x-ratelimit-remaining-{unit}"]) == left
    customer.wait_for_no_hold()
    used, held, left = told()
    assert (held, used + left) == (0, Decimal(amount))
    assert used > 0


RULES = {
    "none": ("", None, -1),
    "of the policy": ('{ scope = "key", requests_per_minute = 600 }', None, 600),
    "the stricter one of the key": ('{ scope = "key", requests_per_minute = 600 }', 50, 50),
    "the stricter one of the policy": ('{ scope = "key", requests_per_minute = 40 }', 50, 40),
    "of the key alone": ("", 50, 50),
    "nothing": ('{ scope = "key", requests_per_minute = 600 }', 0, 0),
    "the last for its group": (
        '{ scope = "key", requests_per_minute = 600 },'
        ' { scope = "key", requests_per_minute = 700 },'
        ' { scope = "key", group = "b", requests_per_minute = 5 }', None, 700),
    "no other": (
        '{ scope = "user", requests_per_minute = 3 }, { scope = "all", requests_per_minute = 4 },'
        ' { scope = "key", requests_per_day = 5 }, { scope = "key", tokens_per_minute = 6 },'
        ' { scope = "key", models = { "gpt-4o" }, requests_per_minute = 7 }', None, -1),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_get_key_tells_the_requests_of_a_minute(make_gateway, name):
    """As OpenRouter does: the number that is in force for the key, with any model; -1 without."""
    rules, own, told = RULES[name]
    gateway = make_gateway(prepare=lambda it: it.write("limits", f"return {{ {rules} }}\n"))
    customer = gateway.customer()
    if own is not None:
        set_own(customer, "requests", "minute", own)
    set_own(customer, "requests", "minute", 2, model="gpt-4o-mini")
    limit = customer.get("/key").json()["data"]["rate_limit"]
    assert (limit["requests"], limit["interval"]) == (told, "1m")


def test_a_warning_is_raised_once(make_gateway, provider):
    """When 80 % are used, and when all is; not again after a kill."""
    gateway = make_gateway()
    customer = gateway.customer()
    set_own(customer, "requests", "day", 5)

    def events() -> list[tuple]:
        with sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True) as database:
            return database.execute("SELECT kind, used, amount FROM quota_events"
                                    " WHERE subject = ? ORDER BY used",
                                    (customer.key_id,)).fetchall()  # fmt: skip

    for _ in range(3):
        customer.ask()
        customer.wait_for_no_hold()
    assert not [row for row in shown(customer) if row["near"]]
    customer.ask()
    wait_until(lambda: events() == [("near", 4, 5)], 10, "a warning")
    assert [row["used"] for row in shown(customer) if row["near"]] == [4]
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    customer.ask()
    wait_until(lambda: events() == [("near", 4, 5), ("reached", 5, 5)], 10, "a second one")
    assert customer.ask().status_code == 429
    gateway.log_is_caught_up()
    assert len(gateway.logged("quota is")) <= 3


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("quotas"), shared_provider, {})
    sell(gateway)
    yield from gateway.served()


@pytest.mark.parametrize("client", CLIENTS)
def test_each_dialect_is_refused_in_its_form(house, provider, client):
    customer = house.customer("1000")
    set_own(customer, "requests", "day", 0)
    path, body = request_of(client, client, False)
    headers = {"Authorization": f"Bearer {customer.key}"}
    reply = httpx.post(house.origin + path, json=body, headers=headers, trust_env=False)
    words = {"anthropic": "rate_limit_error", "gemini": "RESOURCE_EXHAUSTED"}
    check_refusal(client, reply, 429, "quota_exceeded", words)
    assert "requests a day for this key" in reply.json()["error"]["message"]
    if client == "anthropic":
        set_own(customer, "requests", "day", 7)
        provider.reset()
        reply = httpx.post(house.origin + path, json=body, headers=headers, trust_env=False)
        assert reply.headers["anthropic-ratelimit-requests-limit"] == "7"
