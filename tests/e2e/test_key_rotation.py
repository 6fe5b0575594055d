"""A key gets a new secret: its name, budget and quotas go on, and the old secret works for as long
as its owner has said, not a moment longer."""

import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import answers
import pytest
from errors import check_error
from prices import usd
from rawhttp import chat_bytes
from test_gone import BODY, STREAMED
from test_revocation import admin, user_id  # noqa: F401
from wait import wait_until

HOUR = 3600
WEEK = 7 * 24 * HOUR


def rotate(customer, grace: int, status: int = 201, **members) -> dict:
    """The old secret stays the customer's."""
    path = f"/keys/{customer.key_id}/rotate"
    return customer.call("POST", path, status, json={"grace_seconds": grace, **members})


def ask_with(customer, key: str):
    kept, customer.key = customer.key, key
    try:
        return customer.ask()
    finally:
        customer.key = kept


def time_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def end(customer) -> dict:
    return customer.call("DELETE", f"/keys/{customer.key_id}/rotate", 200)


def own_key(customer) -> dict:
    return next(key for key in customer.call("GET", "/keys", 200)["data"]
                if key["id"] == customer.key_id)  # fmt: skip


def test_both_work_and_are_one_key(customer, provider):
    customer.create_key("the one", budget="5", budget_period="month")
    customer.call("POST", "/quotas", 201,
                  json={"key_id": customer.key_id, "unit": "requests", "period": "day",
                        "amount": 3})  # fmt: skip
    assert customer.ask().status_code == 200
    customer.wait_for_record()
    spent = own_key(customer)["period_spent"]
    before = own_key(customer)
    made = rotate(customer, WEEK, last4=customer.key[-4:])
    assert made["key"] != customer.key
    (old,) = made["data"]["old_secrets"]
    assert (old["last4"], old["prefix"]) == (customer.key[-4:], customer.key[:11])
    assert time_of(old["works_until"]) - time_of(old["replaced_at"]) == WEEK
    changed = {name for name in before if before[name] != made["data"][name]}
    assert changed <= {"prefix", "last4", "old_secrets"}
    assert ask_with(customer, made["key"]).status_code == 200
    assert customer.ask().status_code == 200, "the old one works on"
    customer.wait_for_record(3)
    assert usd(own_key(customer)["period_spent"]) == 3 * usd(spent)
    assert {record["key_id"] for record in customer.records()} == {customer.key_id}
    for key in (customer.key, made["key"]):
        check_error(ask_with(customer, key), 429, "quota_exceeded", retry=False)


def test_without_grace_the_old_one_is_over_at_once(customer, gateway):
    made = rotate(customer, 0)
    assert made["data"]["old_secrets"] == []
    response = customer.ask()
    check_error(response, 401, "key_replaced", retry=False)
    assert ask_with(customer, made["key"]).status_code == 200
    refused = customer.wait_for_refusal(response.headers["x-request-id"])
    assert (refused["error_code"], refused["key_id"]) == ("key_replaced", customer.key_id)


def test_it_stops_at_the_moment_that_was_said(customer):
    """Asked again and again across that moment: each answer is as its time says."""
    until = time_of(rotate(customer, 1)["data"]["old_secrets"][0]["works_until"])
    while True:
        begun = time.time()
        status = customer.get("/key").status_code
        if time.time() < until:
            assert status == 200
        elif begun >= until:
            assert status == 401
            break
    assert own_key(customer)["old_secrets"] == []


def test_it_is_ended_early(customer):
    new = rotate(customer, HOUR)["key"]
    third = rotate(customer, HOUR)["key"]
    assert len(own_key(customer)["old_secrets"]) == 2
    assert end(customer)["old_secrets"] == []
    for key in (customer.key, new):
        check_error(ask_with(customer, key), 401, "key_replaced", retry=False)
    assert ask_with(customer, third).status_code == 200
    listed = customer.call("GET", f"/keys/{customer.key_id}/rotate", 200)["data"]
    assert [old["last4"] for old in listed] == [new[-4:], customer.key[-4:]]
    assert all(old["ended_at"] for old in listed)


@pytest.mark.parametrize("how", ["ended", "replaced"])
def test_streams_with_an_ended_secret_end(gateway, customer, provider, how):
    provider.answer = answers.endless(piece_bytes=40, gap_s=0.02)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        assert connection.read_head().status == 200
        connection.read_chunk()
        if how == "ended":
            rotate(customer, HOUR)
            connection.read_chunk()
            end(customer)
        else:
            rotate(customer, 0)
        rest = b""
        while chunk := connection.read_chunk():
            rest += chunk
    assert b'"code":"key_disabled"' in rest
    assert b"replaced" in rest
    customer.wait_for_no_hold()


def test_grace_keeps_streams(gateway, customer, provider):
    provider.answer = answers.endless(piece_bytes=40, gap_s=0.02)
    other = gateway.customer()
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        assert connection.read_head().status == 200
        rotate(customer, HOUR)
        other.delete_key()  # lets the gateway look at all streams
        for _ in range(100):
            assert b'"error"' not in connection.read_chunk()
    customer.wait_for_no_hold()


def test_what_is_done_to_the_key_is_done_to_both(customer):
    new = rotate(customer, HOUR)["key"]
    path = f"/keys/{customer.key_id}"
    for members, status, code in [
        ({"disabled": True}, 401, "key_disabled"),
        ({"disabled": False, "models": ["gpt-4o"]}, 403, "model_not_allowed"),
        ({"models": None, "budget": "0"}, 402, "key_budget_exceeded"),
    ]:
        customer.call("PATCH", path, 200, json=members)
        for key in (customer.key, new):
            check_error(ask_with(customer, key), status, code, retry=False)
    customer.delete_key()
    for key in (customer.key, new):
        check_error(ask_with(customer, key), 401, "invalid_api_key", retry=False)
    customer.call("POST", path + "/rotate", 404, json={"grace_seconds": 0})


def test_after_a_crash(make_gateway, provider):
    gateway = make_gateway()
    customer = gateway.customer()
    first = customer.key
    second = rotate(customer, HOUR)["key"]
    third = rotate(customer, 0)["key"]
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert ask_with(customer, first).status_code == 200
    check_error(ask_with(customer, second), 401, "key_replaced", retry=False)
    assert ask_with(customer, third).status_code == 200
    end(customer)
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    check_error(ask_with(customer, first), 401, "key_replaced", retry=False)
    assert ask_with(customer, third).status_code == 200


def test_one_of_many_at_once(customer):
    """Who says which secret is meant replaces only that one."""
    with ThreadPoolExecutor(8) as pool:
        path = f"/keys/{customer.key_id}/rotate"
        body = {"grace_seconds": 0, "last4": customer.key[-4:]}
        replies = list(pool.map(lambda _: customer.web.post(path, json=body), range(8)))
    assert sorted(reply.status_code for reply in replies) == [201] + [409] * 7
    (made,) = [reply.json() for reply in replies if reply.status_code == 201]
    assert ask_with(customer, made["key"]).status_code == 200
    with ThreadPoolExecutor(8) as pool:
        body = {"grace_seconds": HOUR}
        replies = list(pool.map(lambda _: customer.web.post(path, json=body), range(8)))
    keys = {reply.json()["key"] for reply in replies}
    assert len(keys) == 8
    assert {ask_with(customer, key).status_code for key in keys} == {200}
    (present,) = [key for key in keys if key[-4:] == own_key(customer)["last4"]]
    assert end(customer)["last4"] == present[-4:]
    assert ask_with(customer, present).status_code == 200
    assert {ask_with(customer, key).status_code for key in keys - {present}} == {401}


def test_an_answer_is_given_after_the_change_is_known(customer):
    """Calls beside it never see a moment when neither secret works."""
    stop = threading.Event()
    keys, statuses = [customer.key], []

    def ask_all_along():
        while not stop.is_set():
            statuses.append(ask_with_own(customer, keys[-1]))

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask_all_along) for _ in range(3)]
        for _ in range(20):
            keys.append(rotate(customer, HOUR)["key"])
        stop.set()
        for each in asking:
            each.result()
    assert set(statuses) == {200}


def ask_with_own(customer, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return customer.gateway.http.get("/api/v1/key", headers=headers).status_code


def test_wrong_calls(gateway, customer):
    path = f"/keys/{customer.key_id}/rotate"
    for body in ({}, {"grace_seconds": WEEK + 1}, {"grace_seconds": -1}, {"grace_seconds": "1"},
                 {"grace_seconds": 1.5}, {"grace_seconds": 0, "name": "x"}):  # fmt: skip
        customer.call("POST", path, 400, json=body)
    customer.call("POST", path, 403, json={"grace_seconds": 0},
                  headers={"Origin": "https://elsewhere.example"})  # fmt: skip
    other = gateway.customer()
    for method in ("POST", "GET", "DELETE"):
        how = {"json": {"grace_seconds": 0}} if method == "POST" else {}
        other.call(method, path, 404, **how)
        other.call(method, "/keys/key_no-such/rotate", 404, **how)
        other.web.cookies.clear()
        other.call(method, path, 401, **how)
        other.sign_in()
    assert customer.ask().status_code == 200
    other.call("PUT", path, 405)


def test_there_is_a_bound(customer):
    for _ in range(64):
        rotate(customer, 0)
    error = rotate(customer, 0, 409)["error"]
    assert error["code"] == "too_many_replacements"


def test_it_is_audited_and_found(gateway, customer, admin):  # noqa: F811
    """By whoever has found the old secret somewhere."""
    new = rotate(customer, 0)["key"]
    rotate(customer, HOUR)
    end(customer)
    user = user_id(customer)
    entries = admin.call("GET", f"/admin/audit?user_id={user}", 200)["data"]
    assert [entry["action"] for entry in entries] == ["key.retire", "key.rotate", "key.rotate"]
    assert {(entry["actor"]["kind"], entry["actor"]["id"]) for entry in entries} == {("user", user)}
    assert {entry["target"]["id"] for entry in entries} == {customer.key_id}
    assert [entry["detail"].get("replaced") for entry in entries] == [
        None, new[-4:], customer.key[-4:]]  # fmt: skip
    for text in (customer.key, customer.key[:11], f"{customer.key[:11]}…{customer.key[-4:]}", new):
        found = admin.call("POST", "/admin/search", 200, json={"text": text})["data"]
        assert user in [one["user_id"] for one in found], text


def test_no_secret_is_kept(make_gateway, provider):
    gateway = make_gateway(log_level="debug")
    customer = gateway.customer()
    keys = [customer.key, rotate(customer, HOUR)["key"], rotate(customer, 0)["key"]]
    for key in keys:
        ask_with(customer, key)
    end(customer)
    for key in keys:
        ask_with(customer, key)
    gateway.stop()
    kept = gateway.stderr() + "".join(
        path.read_bytes().decode("latin-1") for path in gateway.folder.glob("gateway.db*")
    )
    assert not [key for key in keys if key in kept or key[11:-4] in kept]


def test_all_keys_of_a_customer_are_locked(gateway, customer, admin):  # noqa: F811
    keys = [customer.key, rotate(customer, HOUR)["key"], customer.create_key("second")]
    user = user_id(customer)
    path = f"/admin/user-keys/{user}"
    other = gateway.customer()
    locked = admin.call("PATCH", path, 200, json={"disabled": True, "reason": "leaked"})
    assert locked == {"keys": 2}
    for key in keys:
        check_error(ask_with(customer, key), 401, "key_disabled", retry=False)
    assert other.ask().status_code == 200
    customer.call("PATCH", f"/keys/{customer.key_id}", 409, json={"disabled": False})
    admin.call("PATCH", path, 200, json={"disabled": False})
    for key in keys:
        assert ask_with(customer, key).status_code == 200
    entries = admin.call("GET", f"/admin/audit?user_id={user}", 200)["data"]
    (unlocked, lock) = [entry for entry in entries if entry["action"] == "key.lock"]
    assert (lock["detail"], unlocked["detail"]["disabled"]) == (
        {"disabled": True, "reason": "leaked"}, False)  # fmt: skip
    admin.call("PATCH", "/admin/user-keys/user_nobody", 404, json={"disabled": True})
    admin.call("PATCH", path, 400, json={})
    customer.call("PATCH", path, 404, json={"disabled": True})


def test_what_the_owner_had_locked_stays_locked(customer, admin):  # noqa: F811
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
    path = f"/admin/user-keys/{user_id(customer)}"
    admin.call("PATCH", path, 200, json={"disabled": True})
    admin.call("PATCH", path, 200, json={"disabled": False})
    assert own_key(customer)["disabled_by"] == "owner"


def test_long_gone_secrets_are_forgotten(make_gateway):
    """A client that sends one after months is told as much as a stranger."""
    gateway = make_gateway()
    customer = gateway.customer()
    rotate(customer, 0)
    gateway.kill()
    with sqlite3.connect(gateway.database) as books:
        ago = 31 * 24 * HOUR * 1000
        books.execute(
            "UPDATE old_secrets SET replaced_ms = replaced_ms - ?, until_ms = until_ms - ?",
            (ago, ago),
        )
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    check_error(customer.ask(), 401, "invalid_api_key", retry=False)


def test_bodies_above_64_kb_know_it_too(customer):
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x" * 70_000}]}
    assert customer.post(body).status_code == 200
    rotate(customer, 0)
    check_error(customer.post(body), 401, "invalid_api_key")


def test_the_present_secret_is_found_by_the_playground(customer):
    rotate(customer, 0)
    path = f"/playground/chat/completions?key_id={customer.key_id}"
    customer.call("POST", path, 200, json=json.loads(BODY))
    wait_until(customer.records, 10, "the record")
