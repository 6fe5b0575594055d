"""The operators' search: what one has in hand leads to what it belongs to."""

import pytest
from customer import Customer
from test_admin_api import api_error, make_admin
from wait import wait_until

BODY = {"name": "spring", "amount": "5", "count": 2}


@pytest.fixture
def admin(gateway):
    return make_admin(gateway)


def colleague(gateway, admin, role: str) -> Customer:
    person = Customer(gateway)
    person.email = f"{role}.{person.email}"
    person.sign_up()
    change = {"role": role, "reason": "new here"}
    user = person.call("GET", "/auth/me", 200)["user"]
    admin.call("PATCH", f"/admin/users/{user['id']}", 200, json=change)
    return person


def search(person, text: str) -> dict:
    return person.call("POST", "/admin/search", 200, json={"text": text})


def only(person, text: str) -> dict:
    found = search(person, text)
    assert found["exact"], found
    (hit,) = found["data"]
    return hit


def user_of(customer) -> dict:
    return customer.call("GET", "/auth/me", 200)["user"]


def test_each_id(admin, customer):
    """Whatever id we print leads to one thing; spaces around it do not matter."""
    user = user_of(customer)
    request_id = customer.ask().headers["x-request-id"]
    refused_id = customer.ask("no-such-model").headers["x-request-id"]
    customer.wait_for_record()
    body = {"user_id": user["id"], "amount": "1", "reason": "x"}
    transfer_id = admin.call("POST", "/admin/credits", 201, json=body)["transfer"]["id"]
    debit = admin.call("POST", "/admin/debits", 201, json=body)
    batch_id = admin.call("POST", "/admin/vouchers", 201, json=BODY)["id"]
    for text, kind in (
        (request_id, "request"),
        (refused_id, "request"),
        (customer.key_id, "key"),
        (user["id"], "customer"),
        (user["account_id"], "customer"),
        (customer.email.upper(), "customer"),
        (transfer_id, "transfer"),
    ):
        hit = only(admin, f"  {text} ")
        assert (hit["kind"], hit["user_id"], hit["email"]) == (kind, user["id"], customer.email)
    assert only(admin, refused_id)["label"] == "model_not_found"
    assert only(admin, transfer_id)["amount"] == "1.000000000"
    assert only(admin, batch_id) | {"kind": "voucher", "label": "spring"} == only(admin, batch_id)
    (line, *_) = admin.call("GET", "/admin/transfers", 200, params={"user_id": user["id"]})["data"]
    assert only(admin, line["id"])["user_id"] == user["id"]
    assert debit["taken"] == "1.000000000"


def test_keys_by_what_there_is_of_them(admin, customer):
    key = customer.key
    wanted = (customer.key_id, user_of(customer)["id"])
    for text in (key, f"{key[:11]}…{key[-4:]}", key[:11], key[-4:], key[7:11]):
        hits = search(admin, text)["data"]
        assert wanted in [(hit["id"], hit["user_id"]) for hit in hits if hit["kind"] == "key"], text
    assert only(admin, key)["id"] == customer.key_id
    customer.delete_key()
    assert only(admin, key)["id"] == wanted[0]
    assert search(admin, key[:-1] + ("A" if key[-1] != "A" else "B"))["data"] == []


def test_a_whole_key_is_nowhere_afterwards(make_gateway):
    """Not in the log, whatever its level; and no address takes it."""
    gateway = make_gateway(log_level="debug")
    admin, customer = make_admin(gateway), gateway.customer()
    assert only(admin, customer.key)
    api_error(
        admin.web.get("/admin/users", params={"search": customer.key}),
        400,
        "invalid_value",
        param="search",
    )
    wait_until(lambda: "/api/admin/users" in gateway.stderr(), 5, "the last request's line")
    assert "/api/admin/search" in gateway.stderr()
    assert customer.key not in gateway.stderr()


def test_parts_of_addresses_and_names(admin, gateway):
    mark = "zebra"
    people = []
    for name in ("Zebrano Kim", None):
        person = Customer(gateway)
        person.email = person.email if name else f"{mark}.{person.email}"
        body = {"email": person.email, "password": person.password}
        person.call("POST", "/auth/signup", 201, json=body | ({"name": name} if name else {}))
        people.append(user_of(person)["id"])
    found = search(admin, mark.upper())
    assert not found["exact"]
    assert [hit["id"] for hit in found["data"]] == people[::-1]
    assert search(admin, "%")["data"] == search(admin, "no such thing")["data"] == []


def test_money_is_for_who_may_see_it(admin, gateway):
    batch_id = admin.call("POST", "/admin/vouchers", 201, json=BODY)["id"]
    assert search(colleague(gateway, admin, "support"), batch_id)["data"] == []
    assert only(colleague(gateway, admin, "billing"), batch_id)["id"] == batch_id


@pytest.mark.parametrize("text", ["", "  ", None, "x" * 201, "a\nb", 5])
def test_nonsense(admin, text):
    answer = admin.web.post("/admin/search", json={"text": text})
    code = "missing_field" if text is None else "invalid_value"
    api_error(answer, 400, code, param="text")


def test_only_operators_search(customer):
    answer = customer.web.post("/admin/search", json={"text": customer.email})
    api_error(answer, 404, "not_found")
