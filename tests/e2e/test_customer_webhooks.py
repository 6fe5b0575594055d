"""Webhooks of customers: signed, retried, told of a low balance and of a budget that is spent; no
door to the operator's own network; given up when nobody takes anything."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import answers
import pytest
from answers import Usage
from certificate import make_certificate
from customer import Customer
from errors import check_error
from receivers import Receiver, change, is_empty, outbox, words_of
from standardwebhooks import Webhook
from test_admin_api import id_of, make_admin
from test_quotas import no_midnight  # noqa: F401 (a fixture)
from wait import wait_until

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def near(make_gateway):
    """Makes a gateway whose operator lets webhooks come to this machine."""
    return lambda **how: make_gateway(customer_webhooks="any", mail_receipts="off", **how)


def set_webhook(customer: Customer, url: str) -> str:
    """Its secret."""
    return customer.call("POST", "/notices/webhook", 201, json={"url": url})["secret"]


def state(customer: Customer) -> dict | None:
    return customer.call("GET", "/notices", 200)["webhook"]


def try_it(customer: Customer) -> None:
    customer.call("POST", "/notices/webhook/test", 202, json={})


def wait_for_failure(customer: Customer) -> dict:
    wait_until(lambda: state(customer)["failed_at"], 20, "a failure")
    return state(customer)


def test_it_is_signed_and_its_secret_is_shown_once(near, receiver):
    gateway = near()
    customer = gateway.customer(credit=None)
    assert state(customer) is None
    secret = set_webhook(customer, receiver.url)
    said = state(customer)
    assert said["url"] == receiver.url
    assert said["delivered_at"] is None
    assert "secret" not in json.dumps(said)
    try_it(customer)
    (hook,) = receiver.wait_for_type("webhook.test")
    assert Webhook(secret).verify(hook.body, hook.headers)["data"] == {}
    wait_until(lambda: state(customer)["delivered_at"], 20, "a note")
    newer = set_webhook(customer, receiver.url)
    assert newer != secret
    try_it(customer)
    hooks = receiver.wait_for_type("webhook.test", 2)
    assert Webhook(newer).verify(hooks[1].body, hooks[1].headers)
    data = b"".join(path.read_bytes() for path in gateway.folder.glob("gateway.db*"))
    for text in (secret, newer):
        assert text.encode() not in data


def test_a_low_balance(near, receiver, provider):
    gateway = near()
    customer = gateway.customer(credit="10")
    secret = set_webhook(customer, receiver.url)
    customer.call("PATCH", "/notices", 200, json={"low_balance": "9.99"})
    provider.answer = answers.chat(usage=Usage(prompt=10, completion=1000))
    for _ in range(2):
        customer.ask("gpt-4", max_tokens=1000)
    (hook,) = receiver.wait_for_type("balance.low")
    data = Webhook(secret).verify(hook.body, hook.headers)["data"]
    assert data["threshold"] == "9.990000000"
    assert float(data["balance"]) < 9.99
    assert data["currency"] == "USD"
    wait_until(lambda: is_empty(gateway), 20, "a note")
    assert len(receiver.hooks) == 1


@pytest.mark.usefixtures("no_midnight")
def test_a_quota_that_is_used(near, receiver):
    """Told when most of it is used and when all is: once in a period, also after a kill."""
    gateway = near()
    customer = gateway.customer(credit="10")
    secret = set_webhook(customer, receiver.url)
    quota = {"key_id": customer.key_id, "unit": "requests", "period": "day", "amount": 5}
    customer.call("POST", "/quotas", 201, json=quota)
    for _ in range(7):
        customer.ask("gpt-4")
    (first,) = receiver.wait_for_type("quota.near")
    (second,) = receiver.wait_for_type("quota.reached")
    for hook, used in ((first, 4), (second, 5)):
        data = Webhook(secret).verify(hook.body, hook.headers)["data"]
        assert data["quota"].startswith("key/requests_per_day")
        assert (data["key_id"], data["limit"]) == (customer.key_id, 5)
        assert data["used"] >= used
    wait_until(lambda: is_empty(gateway), 20, "a note")
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert customer.ask("gpt-4").status_code == 429
    try_it(customer)
    receiver.wait_for_type("webhook.test")
    assert len(receiver.of_type("quota.near")) == len(receiver.of_type("quota.reached")) == 1


def test_a_budget_that_is_spent(near, receiver, provider):
    """Told when a call is refused for it: once in a period, and again after it was changed."""
    gateway = near()
    customer = gateway.customer(credit="10", name="Night jobs", budget="0.05",
                                budget_period="day")  # fmt: skip
    secret = set_webhook(customer, receiver.url)
    provider.answer = answers.chat(usage=Usage(prompt=10, completion=600))
    assert customer.ask("gpt-4", max_tokens=600).status_code == 200
    customer.wait_for_no_hold()
    for _ in range(3):
        assert customer.ask("gpt-4", max_tokens=600).status_code in (402, 403, 429)
    (hook,) = receiver.wait_for_type("budget.reached")
    data = Webhook(secret).verify(hook.body, hook.headers)["data"]
    assert data["key_id"] == customer.key_id
    assert data["key_name"] == "Night jobs"
    assert (data["budget"], data["budget_period"]) == ("0.050000000", "day")
    assert data["resets_at"]
    wait_until(lambda: is_empty(gateway), 20, "a note")
    gateway.kill()  # what was told is in the tables
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    customer.ask("gpt-4", max_tokens=600)
    try_it(customer)
    receiver.wait_for_type("webhook.test")
    assert len(receiver.of_type("budget.reached")) == 1
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"budget": "0.06"})
    customer.ask("gpt-4", max_tokens=600)
    receiver.wait_for_type("budget.reached", 2)


def test_what_others_hold_is_not_spent(near, receiver, provider):
    """A budget that is only held comes back: nobody is told, though a call is refused for it."""
    gateway = near()
    customer = gateway.customer(credit="10", budget="0.06")
    set_webhook(customer, receiver.url)
    gate = threading.Event()
    answer = answers.chat(usage=Usage(prompt=10, completion=10))

    async def late(connection, request):
        await connection.until(gate)
        await answer(connection, request)

    provider.answer = late
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(customer.ask, "gpt-4", max_tokens=700)
        provider.wait_for_requests(1)
        refused = customer.ask("gpt-4", max_tokens=700)
        assert refused.json()["error"]["code"] == "key_budget_exceeded"
        gate.set()
        assert first.result().status_code == 200
    try_it(customer)
    receiver.wait_for_type("webhook.test")
    assert not receiver.of_type("budget.reached")


# ---- no door ----

PRIVATE = ["https://127.0.0.1:{port}/", "https://localhost:{port}/", "https://[::1]:{port}/",
           "https://[::ffff:127.0.0.1]:{port}/", "https://2130706433:{port}/",
           "https://0x7f000001:{port}/", "https://127.1:{port}/", "https://0:{port}/",
           "https://017700000001:{port}/"]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_no_private_address_is_connected_to(make_gateway, tmp_path, url):
    """However it is written, and though its certificate would do."""
    certificate = make_certificate(tmp_path, names=("IP:127.0.0.1", "DNS:localhost"))
    receiver = Receiver(certificate)
    connected = []
    receiver._server.verify_request = lambda request, address: connected.append(address) or True
    gateway = make_gateway(delivery_ca_file=certificate[0])
    customer = gateway.customer(credit=None)
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    set_webhook(customer, url.format(port=port))
    try_it(customer)
    said = wait_for_failure(customer)
    assert said["error"] == "its address is not public: it is not connected to"
    assert not connected
    assert not receiver.hooks
    receiver.stop()


def test_a_redirect_is_not_followed(near, receiver):
    target = Receiver()
    receiver.answer = lambda _: (307, {"location": target.url}, b"")
    gateway = near()
    customer = gateway.customer(credit=None)
    set_webhook(customer, receiver.url)
    try_it(customer)
    assert wait_for_failure(customer)["error"] == "status 307"
    assert not target.hooks
    target.stop()


def test_nothing_of_an_answer_is_shown(near, receiver):
    """A webhook must not read to its owner what stands in the operator's network."""
    receiver.answer = lambda _: (500, {}, b"secrets of the house")
    gateway = near()
    customer = gateway.customer(credit=None)
    set_webhook(customer, receiver.url)
    try_it(customer)
    assert wait_for_failure(customer)["error"] == "status 500"
    assert "secrets" not in str(outbox(gateway))


URLS = ["http://example.com/", "https://", "https://user@example.com/", "ftp://example.com/",
        "https://example.com/#x", "https://example.com/a b", "https://exa\nmple.com/",
        "https://exämple.com/", "javascript:x", "", "https://" + "a" * 500,
        "https://:443/"]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_what_is_no_address(gateway, url):
    customer = Customer(gateway)
    customer.sign_up()
    response = customer.web.post("/notices/webhook", json={"url": url})
    check_error(response, 400, "invalid_value", on_api=False)


def test_switched_off(make_gateway):
    gateway = make_gateway(customer_webhooks="off")
    customer = gateway.customer(credit=None)
    assert gateway.http.get("/api/site").json()["customer_webhooks"] is False
    for path, body in (("", {"url": "https://example.com/"}), ("/test", {})):
        response = customer.web.post("/notices/webhook" + path, json=body)
        check_error(response, 403, "webhooks_disabled", on_api=False)


# ---- given up ----


def test_one_that_says_it_is_gone(near, receiver, mailbox):
    """410: disabled at once, what waits is given up, and the customer is told."""
    receiver.answer = lambda _: 410
    gateway = near(**mailbox.settings)
    customer = gateway.customer(credit=None)
    set_webhook(customer, receiver.url)
    try_it(customer)
    mail = mailbox.wait_for_one(customer.email)
    assert mail["subject"] == "Your webhook is disabled"
    assert receiver.url in words_of(mail)[0]
    assert "status 410" in words_of(mail)[0]
    assert state(customer)["disabled_at"]
    response = customer.web.post("/notices/webhook/test", json={})
    check_error(response, 404, "not_found", on_api=False)
    wait_until(lambda: is_empty(gateway), 20, "notes")
    receiver.answer = lambda _: 204
    set_webhook(customer, receiver.url)  # in use again
    assert state(customer)["disabled_at"] is None
    try_it(customer)
    wait_until(lambda: state(customer)["delivered_at"], 20, "a delivery")
    assert len(mailbox.mails) == 1


def test_one_that_has_taken_nothing_for_a_day(near, receiver, mailbox):
    receiver.answer = lambda _: 500
    gateway = near(**mailbox.settings)
    customer = gateway.customer(credit=None)
    set_webhook(customer, receiver.url)
    try_it(customer)
    try_it(customer)
    wait_for_failure(customer)
    for table in ("outbox", "customer_webhooks"):
        change(gateway, f"UPDATE {table} SET created_ms = created_ms - ?", DAY_MS)
    mailbox.wait_for_one(customer.email, "disabled")
    assert state(customer)["disabled_at"]
    wait_until(lambda: is_empty(gateway), 20, "nothing waits")
    assert {row["state"] for row in outbox(gateway) if row["kind"] == "webhook"} == {"given_up"}


def test_one_that_has_taken_another_is_left_alone(near, receiver, mailbox):
    receiver.answer = lambda hook: 500 if len(receiver.hooks) == 1 else 204
    gateway = near(**mailbox.settings)
    customer = gateway.customer(credit=None)
    set_webhook(customer, receiver.url)
    try_it(customer)
    wait_for_failure(customer)
    gateway.stop()
    now_ms = int(time.time() * 1000)
    change(gateway, "UPDATE customer_webhooks SET created_ms = ?, taken_ms = ?",
           now_ms - 3 * DAY_MS, now_ms)  # fmt: skip
    change(gateway, "UPDATE outbox SET created_ms = ?, due_ms = ?", now_ms - DAY_MS - 1, now_ms)
    receiver.answer = lambda _: 500
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    wait_until(lambda: is_empty(gateway), 20, "it is given up")
    assert state(customer)["disabled_at"] is None
    assert not mailbox.mails


def test_taken_away(near, receiver):
    receiver.answer = lambda _: 500
    gateway = near()
    customer = gateway.customer(credit=None)
    set_webhook(customer, receiver.url)
    try_it(customer)
    wait_for_failure(customer)
    customer.call("DELETE", "/notices/webhook", 204)
    assert state(customer) is None
    wait_until(lambda: is_empty(gateway), 20, "nothing waits")


def test_tarpits_hold_no_alert(near, receiver):
    """Customers whose webhooks say nothing have places of their own."""
    operator = Receiver()
    receiver.answer = lambda _: receiver.gate.wait() and 204
    gateway = near(**operator.settings)
    admin = make_admin(gateway)
    crowd = [gateway.customer(credit=None) for _ in range(10)]
    for customer in crowd:
        set_webhook(customer, receiver.url)
        try_it(customer)
    wait_until(lambda: len(receiver.hooks) == 6, 20, "all places of the lane")
    admin.call("POST", "/admin/alerts/test", 202)
    operator.wait_for("test", "test")
    receiver.gate.set()
    wait_until(lambda: is_empty(gateway), 30, "all are sent")
    operator.stop()


def test_of_another_customer_nothing_is_seen(near, receiver):
    gateway = near()
    one, other = gateway.customer(credit=None), gateway.customer(credit=None)
    set_webhook(one, receiver.url)
    assert state(other) is None
    other.call("DELETE", "/notices/webhook", 204)
    assert state(one)["url"] == receiver.url
    assert id_of(one) != id_of(other)


def test_killed_in_the_middle_of_a_delivery(near, receiver):
    gateway = near()
    customer = gateway.customer(credit=None)
    set_webhook(customer, receiver.url)
    receiver.answer = lambda _: receiver.gate.wait() and 204
    try_it(customer)
    wait_until(lambda: len(receiver.hooks) == 1, 20, "the webhook")
    gateway.kill()
    gateway.customers.clear()
    receiver.gate.set()
    gateway.start()
    wait_until(lambda: len(receiver.hooks) == 2, 20, "the repetition")
    wait_until(lambda: is_empty(gateway), 20, "a note")
    assert len({hook.id for hook in receiver.hooks}) == 1
