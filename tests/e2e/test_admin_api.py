"""What the operator's pages call: /api/admin/..., through the outside."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import answers
import httpx2 as httpx
import pytest
from answers import Usage
from customer import Customer
from errors import check_error
from gateway import UPSTREAM_KEY
from idempotent import HEADER, check_same, is_replay
from policies import Lua
from prices import PRICES, charge, cost_usd, usd
from wait import wait_until

numbers = itertools.count(1)


def api_error(response: httpx.Response, status: int, code: str | None, **how) -> dict:
    return check_error(response, status, code, on_api=False, **how)


def make_admin(gateway) -> Customer:
    admin = Customer(gateway)
    admin.email = f"boss{next(numbers)}.{admin.email}"
    admin.password = gateway.value_of("user", "create", admin.email, "--admin")
    assert admin.sign_in()["user"]["role"] == "admin"
    admin.user_id = admin.call("GET", "/auth/me", 200)["user"]["id"]
    return admin


@pytest.fixture
def admin(gateway):
    return make_admin(gateway)


def id_of(customer) -> str:
    return customer.call("GET", "/auth/me", 200)["user"]["id"]


def audit(admin, **params) -> list[dict]:
    return admin.call("GET", "/admin/audit", 200, params=params)["data"]


# ---- customers ----


def test_customers(admin, customer):
    customer.ask()
    customer.wait_for_no_hold()
    user_id = id_of(customer)
    for search in (customer.email, customer.email.upper()[:12], user_id):
        params = {"search": search, "limit": 1000}
        found = admin.call("GET", "/admin/users", 200, params=params)["data"]
        assert user_id in [user["id"] for user in found]
    (row,) = (user for user in found if user["id"] == user_id)
    assert row["email"] == customer.email
    assert usd(row["balance"]) == customer.balance
    assert usd(row["total_credits"]) == 10
    assert usd(row["total_usage"]) == 10 - customer.balance
    assert row["requests"] == 1
    assert row["last_used_at"]
    shown = admin.call("GET", f"/admin/users/{user_id}", 200)
    assert row.items() <= shown.items()
    assert shown["available"] == shown["balance"]
    assert shown["keys"] == 1
    assert admin.call("GET", "/admin/users", 200, params={"search": "nobody%"})["data"] == []
    for text in (str(found), str(shown)):
        assert "argon2" not in text
        assert "password" not in text


def test_customers_in_pages(admin, gateway):
    made = [id_of(gateway.customer(credit=None)) for _ in range(5)]
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = admin.call("GET", "/admin/users", 200, params=params)
        seen += [user["id"] for user in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert [user_id for user_id in seen if user_id in made] == made[::-1]


@pytest.mark.quick
def test_disable_at_once(admin, gateway, customer, provider):
    """Keys refuse, sessions are over, nothing is lost; and all of it comes back."""
    user_id = id_of(customer)
    path = f"/admin/users/{user_id}"
    shown = admin.call("PATCH", path, 200, json={"disabled": True, "reason": "fraud"})
    assert shown["disabled"] is True
    check_error(customer.ask(), 401, "key_disabled", retry=False)
    api_error(customer.web.get("/auth/me"), 401, "not_signed_in")
    api_error(customer.web.get("/pulse"), 401, "not_signed_in")
    body = {"email": customer.email, "password": customer.password}
    api_error(gateway.http.post("/api/auth/signin", json=body), 401, "invalid_credentials")
    assert provider.requests == []
    admin.call("PATCH", path, 200, json={"disabled": False})
    assert customer.ask().status_code == 200
    api_error(customer.web.get("/auth/me"), 401, "not_signed_in")
    customer.sign_in()
    assert customer.balance < 10
    last, first = audit(admin, user_id=user_id)
    assert (last["action"], last["detail"]) == (
        "customer.update",
        {"disabled": False, "reason": None},
    )
    assert first["detail"] == {"disabled": True, "reason": "fraud"}
    assert first["actor"] == {"kind": "admin", "id": admin.user_id, "email": admin.email}
    assert first["target"]["email"] == customer.email
    assert first["address"] == "127.0.0.1"


def test_nobody_disables_himself(admin):
    path = f"/admin/users/{admin.user_id}"
    api_error(admin.web.patch(path, json={"disabled": True}), 409, "conflict", param="disabled")
    assert admin.call("PATCH", path, 200, json={"group": ""})["group"] == ""
    assert admin.call("GET", "/auth/me", 200)


def test_group(make_gateway):
    """Another group, another price, from the next call on."""
    gateway = make_gateway()
    gateway.policies.write("margins", 'return { default = "20%", groups = { vip = "0%" } }')
    gateway.policies.write("examples", "return {}")
    gateway.reload()
    admin, customer = make_admin(gateway), gateway.customer()
    full = usd(customer.ask("gpt-4o").json()["usage"]["cost"])
    admin.call("PATCH", f"/admin/users/{id_of(customer)}", 200, json={"group": "vip"})
    assert usd(customer.ask("gpt-4o").json()["usage"]["cost"]) * Decimal("1.2") == full


def test_keys_of_a_customer(admin, customer):
    user_id = id_of(customer)
    (key,) = admin.call("GET", "/admin/keys", 200, params={"user_id": user_id})["data"]
    assert key["id"] == customer.key_id
    assert customer.key not in str(key)
    path = f"/admin/keys/{customer.key_id}"
    shown = admin.call("PATCH", path, 200, json={"disabled": True, "reason": "leaked"})
    assert shown["disabled_by"] == "operator"
    check_error(customer.ask(), 401, "key_disabled", retry=False)
    own = f"/keys/{customer.key_id}"
    api_error(customer.web.patch(own, json={"disabled": False}), 409, "key_disabled_by_operator")
    admin.call("PATCH", path, 200, json={"disabled": False})
    assert customer.ask().status_code == 200
    entries = audit(admin, user_id=user_id)
    assert [entry["action"] for entry in entries] == ["key.update", "key.update"]
    assert entries[-1]["target"]["id"] == customer.key_id


def test_credit(admin, customer):
    user_id = id_of(customer)
    body = {"user_id": user_id, "amount": "2.5", "reason": "sorry for the trouble"}
    made = admin.call("POST", "/admin/credits", 201, json=body)
    assert usd(made["balance"]) == customer.balance == Decimal("12.5")
    assert made["transfer"]["kind"] == "manual"
    (line, _) = customer.call("GET", "/transfers", 200)["data"]
    assert line["reason"] == body["reason"]
    admin.call("POST", "/admin/credits", 201, json={**body, "kind": "promotion"})
    assert customer.balance == 15
    first = audit(admin, user_id=user_id)[-1]
    assert first["action"] == "credit.create"
    assert first["target"]["id"] == made["transfer"]["id"]
    assert first["detail"] == {"amount": "2.500000000", "kind": "manual", "reason": body["reason"]}


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [({"user_id": "user_0"}, 404, "not_found", "user_id"),
     ({"user_id": None}, 400, "missing_field", "user_id"),
     ({"user_id": "a b"}, 404, "not_found", "user_id"),
     ({"amount": "0"}, 400, "invalid_amount", "amount"),
     ({"amount": "-5"}, 400, "invalid_amount", "amount"),
     ({"amount": "1e30"}, 400, "invalid_amount", "amount"),
     ({"amount": None}, 400, "missing_field", "amount"),
     ({"reason": None}, 400, "missing_field", "reason"),
     ({"reason": ""}, 400, "missing_field", "reason"),
     ({"reason": "  "}, 400, "missing_field", "reason"),
     ({"reason": "x" * 501}, 400, "invalid_value", "reason"),
     ({"kind": "gift"}, 400, "invalid_value", "kind")],
)  # fmt: skip
def test_credit_of_nonsense(admin, customer, change, status, code, param):
    body = {"user_id": id_of(customer), "amount": "1", "reason": "x"} | change
    api_error(admin.web.post("/admin/credits", json=body), status, code, param=param)
    assert customer.balance == 10


def test_refund(admin, customer, provider):
    provider.answer = answers.chat(usage=Usage(1000, 500))
    request_id = customer.ask("gpt-4o").headers["x-request-id"]
    customer.wait_for_no_hold()
    paid = 10 - customer.balance
    body = {"exchange_id": request_id, "amount": "0.000001", "reason": "a bad answer"}
    admin.call("POST", "/admin/refunds", 201, json=body)
    assert customer.balance == 10 - paid + Decimal("0.000001")
    too_much = admin.web.post("/admin/refunds", json={**body, "amount": str(paid)})
    api_error(too_much, 400, "invalid_amount")
    del body["amount"]
    admin.call("POST", "/admin/refunds", 201, json=body)
    assert customer.balance == 10
    api_error(admin.web.post("/admin/refunds", json=body), 409, "nothing_to_refund")
    unknown = admin.web.post("/admin/refunds", json={**body, "exchange_id": "req_0"})
    api_error(unknown, 404, "not_found", param="exchange_id")
    entry = audit(admin, user_id=id_of(customer))[0]
    assert entry["action"] == "refund.create"
    assert entry["detail"]["exchange_id"] == request_id
    shown = admin.call("GET", f"/admin/usage/{request_id}", 200)
    assert usd(shown["refunded"]) == paid
    assert usd(shown["profit"]) == -usd(shown["provider_cost"])


def pay(admin, path: str, body: dict, key: str | None = None) -> httpx.Response:
    return admin.web.post(path, json=body, headers={HEADER: key} if key else {})


@pytest.mark.quick
def test_credit_once(admin, gateway, customer):
    """A page that is sent twice pays once, and is in the audit log once."""
    body = {"user_id": id_of(customer), "amount": "2.5", "reason": "sorry"}
    first = pay(admin, "/admin/credits", body, "a")
    assert first.status_code == 201
    for boss in (admin, make_admin(gateway)):
        check_same(first, pay(boss, "/admin/credits", body, "a"))
    assert customer.balance == Decimal("12.5")
    (entry,) = audit(admin, user_id=body["user_id"])
    assert entry["action"] == "credit.create"
    assert entry["target"]["id"] == first.json()["transfer"]["id"]
    other = pay(admin, "/admin/credits", body | {"amount": "2.6"}, "a")
    check_error(other, 422, "idempotency_key_reused", retry=False)
    top_up = customer.web.post("/balance/charge", json=body, headers={HEADER: "a"})
    check_error(top_up, 422, "idempotency_key_reused", retry=False)
    assert pay(admin, "/admin/credits", body, "b").status_code == 201
    assert pay(admin, "/admin/credits", body).status_code == 201
    assert customer.balance == Decimal("17.5")


def test_refund_once(admin, customer, provider):
    provider.answer = answers.chat(usage=Usage(1000, 500))
    request_id = customer.ask("gpt-4o").headers["x-request-id"]
    customer.wait_for_no_hold()
    before = customer.balance
    body = {"exchange_id": request_id, "amount": "0.000001", "reason": "a bad answer"}
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: pay(admin, "/admin/refunds", body, "a"), range(8)))
    (first,) = (reply for reply in replies if reply.status_code == 201 and not is_replay(reply))
    for reply in replies:
        if reply.status_code == 201 and reply is not first:
            check_same(first, reply)
        elif reply is not first:
            check_error(reply, 409, "idempotency_in_progress")
    check_same(first, pay(admin, "/admin/refunds", body, "a"))
    assert customer.balance == before + Decimal("0.000001")
    assert [entry["action"] for entry in audit(admin, user_id=id_of(customer))] == ["refund.create"]


def test_usage_of_a_customer(admin, customer, provider):
    usage = Usage(1234, 567, cached=890)
    provider.answer = answers.chat(usage=usage)
    request_id = customer.ask("gpt-4o").headers["x-request-id"]
    customer.wait_for_no_hold()
    params = {"user_id": id_of(customer)}
    own = customer.call("GET", "/usage", 200)
    assert admin.call("GET", "/admin/usage", 200, params=params) == own
    by_model = customer.call("GET", "/usage/summary", 200, params={"by": "model"})
    assert (
        admin.call("GET", "/admin/usage/summary", 200, params=params | {"by": "model"}) == by_model
    )
    assert admin.call("GET", "/admin/transfers", 200, params=params) == customer.call(
        "GET", "/transfers", 200
    )
    shown = admin.call("GET", f"/admin/usage/{request_id}", 200)
    assert customer.call("GET", f"/usage/{request_id}", 200).items() <= shown.items()
    assert shown["email"] == customer.email
    assert shown["user_id"] == params["user_id"]
    assert shown["margin"] == "20%"
    assert len(shown["policy_revision"]) == 64
    cost = cost_usd(PRICES["gpt-4o"], usage)
    assert sum(Decimal(line["amount"]) for line in shown["cost_lines"]) == Decimal(
        cost.numerator
    ) / Decimal(cost.denominator)
    assert [line["price"] for line in shown["cost_lines"]] == ["2.5", "1.25", "10"]
    assert usd(shown["provider_cost"]) >= Decimal(cost.numerator) / Decimal(cost.denominator)
    assert usd(shown["profit"]) == usd(shown["cost"]) - usd(shown["provider_cost"])


@pytest.mark.parametrize("path", ["/admin/keys", "/admin/usage", "/admin/usage/summary",
                                  "/admin/transfers"])  # fmt: skip
def test_of_whom(admin, path):
    api_error(admin.web.get(path), 400, "missing_field", param="user_id")
    for user_id in ("user_0", "x" * 200, "a b"):
        response = admin.web.get(path, params={"user_id": user_id})
        api_error(response, 404, "not_found", param="user_id")


# ---- the business ----


def test_sales(make_gateway, provider):
    """Revenue, cost and profit are those of the calls, however they are grouped."""
    gateway = make_gateway()
    admin, one, two = make_admin(gateway), gateway.customer(), gateway.customer()
    revenue, cost = Decimal(0), Decimal(0)
    calls = [(one, "gpt-4o", 100), (two, "gpt-4o", 200), (two, "gpt-4o-mini", 300)]
    for customer, model, tokens in calls:
        usage = Usage(tokens, tokens)
        provider.answer = answers.chat(usage=usage)
        request_id = customer.ask(model).headers["x-request-id"]
        revenue += charge(model, usage)
        cost += charge(model, usage, "0")
    two.wait_for_no_hold()
    body = {"exchange_id": request_id, "amount": "0.000001", "reason": "x"}
    admin.call("POST", "/admin/refunds", 201, json=body)

    def sales(**params) -> dict:
        return admin.call("GET", "/admin/sales", 200, params=params)

    for by in ("day", "model", "provider", "customer", "day,model,provider"):
        answer = sales(by=by)
        totals = answer["totals"]
        assert totals["requests"] == 3
        assert usd(totals["revenue"]) == revenue
        assert usd(totals["cost"]) == cost
        assert usd(totals["refunded"]) == Decimal("0.000001")
        assert usd(totals["profit"]) == revenue - cost - Decimal("0.000001")
        for name in ("revenue", "cost", "refunded", "profit", "overrun"):
            assert sum(usd(row[name]) for row in answer["data"]) == usd(totals[name])
        assert sum(row["input_tokens"] for row in answer["data"]) == 600
    by_customer = sales(by="customer")["data"]
    assert [row["customer"]["email"] for row in by_customer] == [two.email, one.email]
    assert {row["model"]: row["requests"] for row in sales(by="model")["data"]} == {
        "gpt-4o": 2, "gpt-4o-mini": 1}  # fmt: skip
    assert [row["provider"] for row in sales(by="provider")["data"]] == ["openai"]
    assert sales(to="2001-01-01")["totals"]["requests"] == 0
    for by in ("key", "day,day", "customer,day", "day,"):
        api_error(admin.web.get("/admin/sales", params={"by": by}), 400, "invalid_value")


def test_live(make_gateway, provider):
    """Open streams and holds while a call runs; then calls, errors and times of the last minute."""
    gateway = make_gateway(workers=2)
    admin, customer = make_admin(gateway), gateway.customer()

    def live() -> dict:
        return admin.call("GET", "/admin/live", 200)

    quiet = live()
    assert quiet["workers"] == 2
    assert quiet["requests"] == quiet["requests_open"] == quiet["holds_open"] == 0
    assert quiet["first_byte_ms"] == {"count": 0, "p50": None, "p95": None}
    assert quiet["database_writable"] is True
    assert quiet["started_at"] <= quiet["now"]
    provider.answer = answers.endless(gap_s=0.01)
    openai = customer.openai()
    with openai.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "x"}], stream=True
    ) as stream:
        next(iter(stream))
        wait_until(lambda: live()["streams_open"] == 1, 10, "an open stream")
        during = live()
        assert during["requests_open"] == during["holds_open"] == 1
        assert usd(during["held"]) > 0
    provider.answer = answers.chat()
    wait_until(lambda: live()["streams_open"] == 0, 10, "no open stream")
    assert customer.ask().status_code == 200
    assert customer.ask("no-such-model").status_code == 404
    provider.answer = answers.error(500, "no", "server_error", "server_error")
    assert customer.ask().status_code == 502
    assert gateway.http.get("/api/v1/models", headers={"x-api-key": "x"}).status_code == 401
    after = live()
    assert after["requests"] == 4
    assert after["client_errors"] == 2, "an unknown model, and who left his stream"
    assert after["server_errors"] == 1
    assert after["first_byte_ms"]["count"] == 1
    assert 0 <= after["first_byte_ms"]["p50"] <= after["first_byte_ms"]["p95"]
    assert 1 <= after["window_s"] < 70
    assert after["version"]


# ---- providers ----


def test_providers(make_gateway, provider):
    gateway = make_gateway(prepare=lambda policies: policies.provider(
        "keyless", api_key=Lua('env("NO_SUCH_KEY")')))  # fmt: skip
    admin, customer = make_admin(gateway), gateway.customer()

    def state(name: str = "openai") -> dict:
        data = admin.call("GET", "/admin/providers", 200)["data"]
        assert UPSTREAM_KEY not in str(data)
        assert [row["name"] for row in data] == sorted(row["name"] for row in data)
        return next(row for row in data if row["name"] == name)

    fresh = state()
    assert fresh["health"] == "idle"
    assert fresh["base_url"] == provider.url
    assert fresh["dialect"] == "openai"
    assert fresh["models"] == 5
    assert fresh["last_error"] is None
    assert fresh["last_success_at"] is None
    assert customer.ask().status_code == 200
    good = state()
    assert (good["health"], good["attempts"], good["failures"]) == ("ok", 1, 0)
    assert good["first_byte_ms"]["count"] == 1
    assert good["last_success_at"]
    none = {"reported": 0, "corrected": 0, "missing": 0, "excessive": 0}
    assert (fresh["usage"], good["usage"]) == (none, none | {"reported": 1})
    provider.answer = answers.error(400, "your fault", "bad", "invalid_request_error")
    assert customer.ask().status_code == 400
    assert (state()["attempts"], state()["failures"]) == (2, 0), "the customer's fault"
    provider.answer = answers.error(503, f"down {UPSTREAM_KEY}", "x", "server_error")
    failed = customer.ask()
    assert failed.status_code == 503
    bad = state()
    assert (bad["health"], bad["failures"]) == ("degraded", 1)
    assert bad["last_error"]["outcome"] == "429"
    assert bad["last_error"]["status"] == 503
    assert bad["last_error"]["request_id"] == failed.headers["x-request-id"]
    for _ in range(2):
        customer.ask()
    assert state()["health"] == "down"
    keyless = state("keyless")
    assert keyless["health"] == "unavailable"
    assert "key" in keyless["unavailable_reason"]


def test_provider_that_cuts_streams(make_gateway, provider):
    """It has answered, and yet failed."""
    gateway = make_gateway()
    admin, customer = make_admin(gateway), gateway.customer()
    events = [answers.content_event("Hello")]
    provider.answer = answers.stream(events, ending="cut")
    customer.ask(stream=True)
    customer.wait_for_no_hold()
    data = admin.call("GET", "/admin/providers", 200)["data"]
    (row,) = (row for row in data if row["name"] == "openai")
    assert (row["attempts"], row["failures"], row["health"]) == (1, 1, "down")
    assert row["last_error"]["outcome"] == "cut"


# ---- policies ----


def test_policies(make_gateway):
    gateway = make_gateway()
    admin = make_admin(gateway)
    started = admin.call("GET", "/admin/policies", 200)
    (line,) = gateway.logged("listening")
    assert started["revision"] == line["policies"]
    assert started["folder"] == str(gateway.policies.folder)
    names = ("providers", "models", "margins", "routes", "limits", "examples", "catalog",
             "payments")  # fmt: skip
    assert [file["name"] for file in started["files"]] == [f"{name}.lua" for name in names]
    for file in started["files"]:
        path = gateway.policies.folder / file["name"]
        assert file["bytes"] == path.stat().st_size
    assert started["models"] == 6
    assert started["refused"] is None
    good = gateway.policies.read("margins")
    gateway.policies.write("margins", '\nreturn {\n    default = "twenty",\n}\n')
    gateway.reload(refused=True)
    refused = admin.call("GET", "/admin/policies", 200)
    assert refused["revision"] == started["revision"]
    assert refused["loaded_at"] == started["loaded_at"]
    assert refused["refused"]["file"] == "margins.lua"
    assert refused["refused"]["line"] == 3
    assert "percentage" in refused["refused"]["reason"]
    assert refused["refused"]["at"] >= started["loaded_at"]
    gateway.policies.write("margins", good + "\n")
    gateway.reload()
    loaded = admin.call("GET", "/admin/policies", 200)
    assert loaded["revision"] != started["revision"]
    assert loaded["loaded_at"] > started["loaded_at"]
    assert loaded["refused"] is None
    last, before = audit(admin)[:2]
    assert (last["action"], last["actor"]["kind"]) == ("policy.reload", "cli")
    assert last["detail"]["revision"] == loaded["revision"]
    assert "margins.lua:3" in before["detail"]["refused"]


def test_prices(admin):
    rows, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = admin.call("GET", "/admin/prices", 200, params=params)
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    by_model = {row["model"]: row for row in rows}
    assert len(rows) == len(by_model) == 6
    mini = by_model["gpt-4o-mini"]
    assert mini["buy"] == {"input": "0.15", "cached_input": "0.075", "output": "0.6"}
    assert mini["sell"] == {"input": "0.18", "cached_input": "0.09", "output": "0.72"}
    assert mini["margin"] == "20%"
    assert (mini["provider"], mini["place"], mini["available"]) == ("openai", 1, True)
    assert admin.call("GET", "/admin/prices", 200)["data"] == rows
    api_error(admin.web.get("/admin/prices", params={"cursor": "x"}), 400, "invalid_value")


def test_prices_of_many_models(make_gateway):
    """600 models with eight candidates: no page is more than a turn of Lua can do."""

    def prepare(policies) -> None:
        policies.write("models", """
            local models = {}
            local candidates = {}
            for i = 1, 8 do
                candidates[i] = { provider = "openai", model = "m" .. i }
            end
            for i = 1, 600 do
                models["model-" .. i] = { context = 1000, max_output = 100, input = "1",
                    output = "2", candidates = candidates }
            end
            return models""")  # fmt: skip
        policies.write("examples", "return {}")

    gateway = make_gateway(prepare=prepare, workers=1)
    admin = make_admin(gateway)
    seen, params = set(), {"limit": 500}
    while True:
        page = admin.call("GET", "/admin/prices", 200, params=params)
        seen |= {(row["model"], row["place"]) for row in page["data"]}
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert len(seen) == 4_800
    assert len(admin.call("GET", "/models", 200)["data"]) == 600


def test_model_without_a_price(make_gateway):
    def prepare(policies) -> None:
        policies.write("models", 'return { free = { context = 9, max_output = 9, candidates = '
                                 '{ { provider = "demo" } } } }')  # fmt: skip
        policies.write("examples", "return {}")

    gateway = make_gateway(prepare=prepare)
    (row,) = make_admin(gateway).call("GET", "/admin/prices", 200)["data"]
    assert row["buy"] is row["sell"] is row["margin"] is None
    assert row["available"] is False


# ---- the audit log ----


def test_audit_log_of_the_command_line(make_gateway):
    """Every act leaves its entry, beside the server as without it."""
    gateway = make_gateway()
    admin = make_admin(gateway)
    email = "somebody@example.com"
    gateway.value_of("user", "create", email)
    gateway.value_of("key", "create", email, "--name", "for tests")
    gateway.value_of("credit", email, "5", "--reason", "a start")
    key_id = None

    def entries() -> list[dict]:
        return audit(admin, limit=100)

    wait_until(lambda: len(entries()) == 4, 10, "the entries")
    credit, key, user, boss = entries()
    assert [entry["action"] for entry in (credit, key, user, boss)] == [
        "credit.create", "key.create", "user.create", "user.create"]  # fmt: skip
    for entry in (credit, key, user, boss):
        assert entry["actor"] == {"kind": "cli", "id": None, "email": None}
        assert entry["address"] is None
    assert {entry["target"]["email"] for entry in (credit, key, user)} == {email}
    assert credit["detail"]["amount"] == "5.000000000"
    assert credit["detail"]["reason"] == "a start"
    assert key["detail"] == {"name": "for tests"}
    assert key["target"]["id"] != key_id
    assert boss["detail"] == {"email": admin.email, "role": "admin"}
    ids = [entry["id"] for entry in entries()]
    assert ids == sorted(ids, reverse=True)


def test_audit_log_is_of_the_operator_only(admin, gateway):
    """What customers do for themselves is not in it."""
    before = audit(admin, limit=1)[0]["id"]
    customer = gateway.customer()
    customer.charge("1")
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
    customer.delete_key()
    assert audit(admin, user_id=id_of(customer)) == []
    assert audit(admin, limit=1)[0]["id"] == before
