"""A customer's data: a copy of all of it, and erasing it. The ledger stays, and says no name."""

import json
import sqlite3
import threading
from contextlib import closing

import answers
import httpx2 as httpx
import pytest
from customer import PASSWORD, Customer
from errors import check_error
from fake_provider import Gate
from phone import with_phone
from prices import usd
from wait import wait_until

NAME = "Wilhelmina Quistenbergh"
KEY_NAME = "key of the Quistenbergh project"
SECRET = "The word is Quibbleflax."
HOOK = "http://127.0.0.1:9/quistenbergh/hook"

# Tables with somebody's id, account or address, and what becomes of their rows. Whoever makes a new
# one says here whether user.erase (core/store/operations/erasure.c) empties it.
ERASED = {
    "address_links", "automatic_top_ups", "customer_notes", "customer_webhooks", "devices",
    "kept_answers", "kept_bytes", "kept_turns", "notices", "outbox", "password_links",
    "payment_customers", "pending_signins", "provider_objects", "quota_events", "quotas",
    "recovery_codes", "refusals", "refusals_left_out", "second_factors", "sessions",
    "sign_ups",
}  # fmt: skip
OVERWRITTEN = {"users", "keys", "audit", "invitations", "payments"}
# Amounts, times and models under ids that name nobody.
STAYS = {
    "balances", "customer_day_units", "customer_days", "excess_tokens", "first_credits", "holds",
    "hourly", "hourly_units", "open_holds", "terms_acceptances", "usage", "vouchers",
}  # fmt: skip
PERSONAL = {"user_id", "account_id", "email", "subject", "destination", "address"}
NO_CUSTOMERS = {"alerts"}  # their subjects are providers and models


def me(customer: Customer) -> dict:
    return customer.call("GET", "/auth/me", 200)["user"]


def browser(gateway) -> httpx.Client:
    return httpx.Client(base_url=gateway.origin + "/api", timeout=60, trust_env=False)


def rows(gateway, query: str, *values) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as db:
        return db.execute(query, values).fetchall()


def dump(gateway) -> dict[str, str]:
    """Everything in each table, as text."""
    with closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as db:
        tables = [
            name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {name: str(db.execute(f"SELECT * FROM {name}").fetchall()) for name in tables}


@pytest.fixture
def house(make_gateway):
    return make_gateway(keep_responses_days=7, customer_webhooks="any")


@pytest.fixture
def operator(house):
    person = house.customer(credit=None)
    assert house.command("user", "role", person.email, "admin").returncode == 0
    return person


def lived_in(gateway, operator=None, credit="10") -> Customer:
    """A customer who has left traces everywhere."""
    customer = Customer(gateway)
    body = {"email": customer.email, "password": PASSWORD, "name": NAME}
    customer.call("POST", "/auth/signup", 201, json=body)
    if credit:
        customer.charge(credit)
    customer.create_key(KEY_NAME)
    customer.call("POST", "/notices/webhook", 201, json={"url": HOOK})
    customer.call("POST", "/notices/webhook/test", 202, json={})
    customer.call("PATCH", "/notices", 200, json={"low_balance": "1"})
    quota = {"key_id": customer.key_id, "unit": "usd", "period": "day", "amount": "5"}
    customer.call("POST", "/quotas", 201, json=quota)
    if credit:
        assert customer.post({"model": "gpt-4o-mini", "input": SECRET}, "/responses").is_success
        asked = {"Idempotency-Key": "quistenbergh-1"}
        assert customer.post(
            {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": SECRET}]},
            headers=asked,
        ).is_success
        assert customer.ask("no-such-model").status_code == 404
        customer.wait_for_record(2)
        wait_until(lambda: customer.call("GET", "/refusals", 200)["data"], what="a refusal")
    customer.phone = with_phone(customer)
    if operator:
        user_id = me(customer)["id"]
        operator.call("POST", "/admin/password-links", 201, json={"user_id": user_id})
        reason = {"group": "", "reason": f"{customer.email.upper()} wrote from {customer.email}"}
        operator.call("PATCH", f"/admin/users/{user_id}", 200, json=reason)
    return customer


def erase(customer: Customer, **members) -> httpx.Response:
    body = {"email": customer.email, "password": PASSWORD, **members}
    if "code" not in body:
        body["code"] = customer.phone.recovery_code()
    return customer.web.post("/account/erase", json=body)


# ---- the copy ----


def test_copy_has_everything(house):
    customer = lived_in(house)
    response = customer.web.get("/account/data")
    assert response.headers["content-type"].startswith("application/json")
    assert "attachment" in response.headers["content-disposition"]
    copy = response.json()
    assert copy["profile"]["email"] == customer.email
    assert copy["profile"]["name"] == NAME
    assert copy["notices"]["webhook"]["url"] == HOOK
    assert [key["name"] for key in copy["keys"]] == [KEY_NAME]
    assert len(copy["usage"]) == 2
    assert [one["error_code"] for one in copy["refusals"]] == ["model_not_found"]
    assert len(copy["transfers"]) == 1
    assert len(copy["sessions"]) == 1
    assert len(copy["quotas"]) == 1
    assert copy["payments"] == []
    (kept,) = copy["kept_responses"]
    assert SECRET in json.dumps(kept["content"]["input"])
    assert kept["content"]["response"]["object"] == "response"
    text = response.text
    assert customer.key not in text, "no key"
    assert "password_hash" not in text
    assert customer.phone.totp.secret not in text


def test_copy_has_what_operators_noted(house, operator):
    """What is said of the customer is the customer's to read; who said it is somebody else."""
    customer, other = lived_in(house), house.customer(credit=None)
    for person, text in ((customer, "First\n"), (other, "Of another"), (customer, "Likes tea")):
        operator.call("POST", "/admin/notes", 201, json={"user_id": me(person)["id"], "text": text})
    copy = customer.web.get("/account/data")
    noted = copy.json()["operator_notes"]
    assert [note["text"].strip() for note in noted] == ["Likes tea", "First"]
    assert all(set(note) == {"text", "created_at", "edited_at"} for note in noted)
    assert operator.email not in copy.text
    assert me(operator)["id"] not in copy.text


def test_copy_of_many_pages(house):
    """Each record once, whatever the number of pages."""
    customer = house.customer()
    with closing(sqlite3.connect(house.database, timeout=30)) as db, db:
        assert customer.ask().is_success
        customer.wait_for_record()
        customer.wait_for_no_hold()
        account = me(customer)["account_id"]
        columns = [name for _, name, *_ in db.execute("PRAGMA table_info(refusals)")][1:]
        assert columns[0] == "exchange_id"
        row = (account, customer.key_id, 1, 1, 404, "model_not_found", "x", "/v1/x")
        for number in range(1207):
            db.execute(
                f"INSERT INTO refusals ({', '.join(columns)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (f"req_{number:026}", row[0], row[1], number + 1, *row[3:]),
            )
    copy = customer.call("GET", "/account/data", 200)
    assert len({one["id"] for one in copy["refusals"]}) == len(copy["refusals"]) == 1207
    with closing(sqlite3.connect(house.database, timeout=30)) as db, db:
        db.execute("DELETE FROM refusals")


def test_operator_takes_a_copy(house, operator):
    customer = lived_in(house)
    user_id = me(customer)["id"]
    copy = operator.call("GET", f"/admin/data/{user_id}", 200)
    assert copy["profile"]["email"] == customer.email
    assert len(copy["usage"]) == 2
    acts = operator.call("GET", "/admin/audit", 200, params={"user_id": user_id})["data"]
    assert acts[0]["action"] == "user.export"
    customer.call("GET", f"/admin/data/{user_id}", 404)
    operator.call("GET", "/admin/data/user_0", 404)


# ---- erasing ----


def test_erase_needs_address_password_and_code(house):
    customer = lived_in(house)
    for members, status, code in [
        ({"email": "x@example.com", "code": "1"}, 400, "invalid_value"),
        ({"password": "not it, alas", "code": "1"}, 403, "wrong_password"),
        ({"code": customer.phone.wrong_code()}, 403, "wrong_code"),
        ({}, 409, "balance_left"),
    ]:
        check_error(erase(customer, **members), status, code, on_api=False)
    assert me(customer)["erased_at"] is None
    assert customer.ask().is_success


def check_erased(gateway, customer: Customer, user: dict) -> None:
    """Nothing personal is left: not in a table, and not in the file."""
    personal = [customer.email, NAME, KEY_NAME, HOOK, SECRET, "quistenbergh"]
    for table, text in dump(gateway).items():
        for word in personal:
            assert word.lower() not in text.lower(), f"{word} in {table}"
        if table in ERASED:
            assert user["id"] not in text, table
            assert user["account_id"] not in text or table == "changes", table
    (left,) = rows(
        gateway, "SELECT email, disabled, password_hash FROM users WHERE id = ?", user["id"]
    )
    assert left == (f"erased-{user['id']}@invalid", 1, "")


def test_customer_erases_the_account(house, operator):
    customer = lived_in(house, operator)
    user = me(customer)
    spent = 10 - customer.balance
    assert erase(customer, forfeit=True).status_code == 204
    check_erased(house, customer, user)
    assert customer.web.get("/auth/me").status_code == 401
    assert customer.ask().status_code == 401, "its keys do not work"
    with browser(house) as web:
        body = {"email": customer.email, "password": PASSWORD}
        check_error(web.post("/auth/signin", json=body), 401, "invalid_credentials", on_api=False)
    house.verify_ledger()
    (charged,) = rows(
        house, "SELECT sum(charge_nusd) FROM usage WHERE account_id = ?", user["account_id"]
    )[0]
    assert charged == spent * 10**9 > 0
    shown = operator.call("GET", f"/admin/users/{user['id']}", 200)
    assert shown["erased_at"]
    assert usd(shown["balance"]) == 0
    house.stop()
    with closing(sqlite3.connect(house.database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for word in (customer.email, NAME, HOOK):
        assert word.encode() not in house.database.read_bytes(), f"{word} is left in the file"


def test_operator_erases_a_customer(house, operator):
    customer = lived_in(house, operator)
    user = me(customer)
    path = f"/admin/erase/{user['id']}"
    body = {"email": customer.email}
    customer.call("POST", path, 404, json=body)
    operator.call("POST", path, 400, json={"email": "x@example.com", "forfeit": True})
    check_error(operator.web.post(path, json=body), 409, "balance_left", on_api=False)
    done = operator.call("POST", path, 200, json={**body, "forfeit": True})
    assert done["erased_at"]
    check_erased(house, customer, user)
    acts = operator.call("GET", "/admin/audit", 200, params={"user_id": user["id"]})["data"]
    assert acts[0]["action"] == "user.erase"
    assert acts[0]["actor"]["email"] == operator.email
    again = {"email": done["email"], "forfeit": True}
    check_error(operator.web.post(path, json=again), 409, "already_erased", on_api=False)
    for change in ({"disabled": False}, {"role": "admin"}):
        response = operator.web.patch(f"/admin/users/{user['id']}", json=change)
        assert response.status_code == 409 or change.get("role"), response.text
    made = operator.call("POST", "/admin/password-links", 201, json={"user_id": user["id"]})
    with browser(house) as web:
        link = {"token": made["url"].split("#")[1], "password": PASSWORD}
        assert not web.post("/auth/link/password", json=link).is_success, "it stays erased"


def test_the_last_administrator_stays(house, operator):
    phone = with_phone(operator)
    body = {"email": operator.email, "password": PASSWORD, "code": phone.recovery_code()}
    response = operator.web.post("/account/erase", json=body)
    check_error(response, 409, "last_administrator", on_api=False)
    own = f"/admin/erase/{me(operator)['id']}"
    response = operator.web.post(own, json={"email": operator.email})
    check_error(response, 409, "conflict", on_api=False)


def test_the_address_can_sign_up_again(house):
    customer = lived_in(house)
    old = me(customer)
    assert erase(customer, forfeit=True).status_code == 204
    again = Customer(house)
    again.email = customer.email
    fresh = again.sign_up()["user"]
    assert fresh["id"] != old["id"]
    assert again.balance == 0
    assert again.records() == []


def test_a_running_call_is_charged_and_leaves_nothing(house, provider):
    """Its customer is erased while the provider answers."""
    customer = lived_in(house)
    user = me(customer)
    with Gate(provider) as gate:
        provider.answer = answers.behind(gate, answers.chat())
        replies = []
        body = {"model": "gpt-4o-mini", "input": SECRET}
        headers = {"Idempotency-Key": "quistenbergh-2"}
        caller = threading.Thread(
            target=lambda: replies.append(customer.post(body, "/responses", headers=headers))
        )
        seen = len(provider.requests)
        caller.start()
        wait_until(lambda: len(provider.requests) > seen, what="the call at the provider")
        assert erase(customer, forfeit=True).status_code == 204
    caller.join()
    assert replies[0].status_code in (200, 401)
    query = "SELECT count(*) FROM usage WHERE account_id = ?"
    wait_until(lambda: rows(house, query, user["account_id"]) == [(3,)], what="the record")
    wait_until(
        lambda: rows(house, "SELECT count(*) FROM open_holds") == [(0,)], what="no open hold"
    )
    account = user["account_id"]
    (charged,) = rows(house, "SELECT sum(charge_nusd) FROM usage WHERE account_id = ?", account)[0]
    left = "SELECT coalesce(sum(posted_nusd), 0) FROM balances WHERE account_id IN (?, ?)"
    wait_until(
        lambda: (
            rows(house, left, account, f"debt:{account}") == [(0,)]
            and rows(house, left, f"forfeited:{account}", "") == [(10**10 - charged,)]
        ),
        what="what the call has freed to be forfeited, and its charge to be no debt",
    )
    house.verify_ledger()
    check_erased(house, customer, user)


def test_every_table_with_somebody_is_named(house):
    """A new table with a customer's id must say what becomes of it."""
    with closing(sqlite3.connect(f"file:{house.database}?mode=ro", uri=True)) as db:
        tables = [
            name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        found = {
            name
            for name in tables
            if PERSONAL & {column for _, column, *_ in db.execute(f"PRAGMA table_info({name})")}
        }
    assert found == ERASED | OVERWRITTEN | STAYS | NO_CUSTOMERS


def test_killed_while_it_erases(house, operator):
    """It is done, or nothing of it is."""
    house.customers.clear()
    outcomes = set()
    for number in range(12):
        customer = Customer(house)
        customer.sign_up()
        customer.create_key(KEY_NAME)
        body = {"email": customer.email, "password": PASSWORD}

        def ask(customer=customer, body=body):
            try:
                customer.web.post("/account/erase", json=body)
            except httpx.HTTPError:
                pass

        caller = threading.Thread(target=ask)
        caller.start()
        threading.Event().wait(0.002 * number)  # somewhere in all of it
        house.kill()
        caller.join()
        house.start()
        (user,) = rows(house, "SELECT id, erased_ms FROM users WHERE email = ? OR (email LIKE"
                       " 'erased-%' AND id NOT IN (SELECT user_id FROM sessions)) ORDER BY id DESC"
                       " LIMIT 1", customer.email)  # fmt: skip
        keys = rows(house, "SELECT count(*) FROM keys WHERE user_id = ? AND name = ''", user[0])
        sessions = rows(house, "SELECT count(*) FROM sessions WHERE user_id = ?", user[0])
        done = user[1] is not None
        outcomes.add(done)
        assert (keys, sessions) == (([(1,)], [(0,)]) if done else ([(0,)], [(1,)]))
    assert outcomes
    house.verify_ledger()
