"""A stream ends when its key is deleted or disabled, or its user is, and what came is paid."""

import threading
import time

import answers
import pytest
from answers import Usage
from prices import charge, usd
from rawhttp import chat_bytes
from test_gone import BODY, STREAMED
from wait import wait_until

PROMISED_S = 1.0
SLACK_S = 2.0  # for two busy cores


@pytest.fixture
def admin(gateway):
    """The operator of the shared gateway."""
    admin = gateway.customer()
    admin.password = gateway.value_of("user", "create", f"op.{admin.email}", "--admin")
    admin.email = f"op.{admin.email}"
    admin.sign_in()
    return admin


def user_id(customer) -> str:
    return customer.call("GET", "/auth/me", 200)["user"]["id"]


REVOKE = {
    "deleted": lambda customer, admin: customer.delete_key(),
    "disabled by its owner": lambda customer, admin: customer.call(
        "PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True}
    ),
    "disabled by the operator": lambda customer, admin: admin.call(
        "PATCH", f"/admin/keys/{customer.key_id}", 200, json={"disabled": True}
    ),
    "user disabled": lambda customer, admin: admin.call(
        "PATCH", f"/admin/users/{user_id(customer)}", 200, json={"disabled": True}
    ),
}


def record_of(admin, user: str) -> dict:
    """As the operator sees it: a user who is disabled sees nothing."""
    path = f"/admin/usage?user_id={user}"
    wait_until(lambda: admin.call("GET", path, 200)["data"], 10, "the record")
    return admin.call("GET", path, 200)["data"][0]


@pytest.mark.parametrize("how", REVOKE)
def test_a_running_stream_ends_and_is_paid(gateway, customer, provider, admin, how):
    provider.answer = answers.endless(piece_bytes=40, gap_s=0.02)
    user = user_id(customer)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        assert connection.read_head().status == 200
        for _ in range(5):
            connection.read_chunk()
        revoked = time.monotonic()
        REVOKE[how](customer, admin)
        rest = b""
        while chunk := connection.read_chunk():
            rest += chunk
    assert time.monotonic() - revoked < PROMISED_S + SLACK_S
    assert b'"code":"key_disabled"' in rest
    assert b'"finish_reason":"stop"' not in rest
    wait_until(lambda: provider.last.gone_at, 10, "the end of the upstream call")
    record = record_of(admin, user)
    assert (record["error_code"], record["usage_source"]) == ("key_disabled", "partial")
    usage = Usage(record["input_tokens"], record["output_tokens"])
    assert usage.completion > 0
    assert usd(record["cost"]) == charge("gpt-4o-mini", usage)
    gateway.customers.remove(customer)  # its wallet may be out of its sight
    gateway.verify_ledger()


def test_a_stream_that_has_not_begun_is_no_free_call(gateway, customer, provider, admin):
    """Who deletes the key in time does not get what the provider was asked for nothing."""
    provider.answer = answers.silence()
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        provider.wait_for_requests(1)
        customer.delete_key()
        reply = connection.read_reply()
    assert reply.status == 401
    assert b'"code":"key_disabled"' in reply.body
    wait_until(lambda: provider.last.gone_at, 10, "the end of the upstream call")
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert (record["status"], record["output_tokens"]) == (401, 0)
    assert 10 - customer.balance == usd(record["cost"]) > 0


def test_a_call_that_is_not_streamed_ends_by_itself(gateway, customer, provider):
    gate = threading.Event()
    provider.answer = answers.behind(gate, answers.chat(usage=Usage(1000, 500)))
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, BODY))
        provider.wait_for_requests(1)
        customer.delete_key()
        gate.set()
        assert connection.read_reply().status == 200
    assert 10 - customer.balance == charge("gpt-4o-mini", Usage(1000, 500))


def test_other_streams_run_on(gateway, customer, provider):
    other = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(answers.Chat(), gates={3: gate})
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        assert connection.read_head().status == 200
        other.delete_key()
        customer.create_key("another")
        customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
        gate.set()
        body = b""
        while chunk := connection.read_chunk():
            body += chunk
    assert b'"finish_reason":"stop"' in body
