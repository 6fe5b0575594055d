"""What the operator's page of alerts calls: the lists, the test message, failed attempts."""

import answers
import pytest
from errors import check_error
from receivers import SECRET
from replays import make_admin
from wait import wait_until


def listed(admin) -> dict:
    return admin.call("GET", "/admin/alerts", 200)


def test_the_lists(make_gateway, receiver):
    receiver.answer = lambda _: (503, {}, b"come back at nine")
    gateway = make_gateway(**receiver.settings, alert_mail="", smtp_url="")
    admin = make_admin(gateway, "boss@example.com")
    empty = {"open": [], "closed": [], "undelivered": []}
    assert listed(admin) == empty | {"receivers": {"webhook": True, "mail": []}}
    margins = gateway.policies.read("margins")
    gateway.policies.write("margins", "return {")
    gateway.reload(refused=True)
    (alert,) = wait_until(lambda: listed(admin)["open"], 10, "an open alert")
    assert (alert["kind"], alert["subject"]) == ("reload_refused", "policies")
    assert "margins.lua" in alert["detail"]
    assert "SIGHUP" in alert["advice"]
    (message,) = wait_until(lambda: listed(admin)["undelivered"], 10, "an undelivered message")
    assert message["error"] == "status 503: come back at nine"
    assert message["state"] == "waiting"
    assert message["next_try_at"]
    receiver.answer = lambda _: 204
    gateway.policies.write("margins", margins)
    gateway.reload()
    (closed,) = wait_until(lambda: listed(admin)["closed"], 10, "a closed alert")
    assert closed["id"] == alert["id"]
    assert closed["closed_at"]
    wait_until(lambda: not listed(admin)["undelivered"], 20, "a delivery")
    assert SECRET not in str(listed(admin))
    assert receiver.url not in str(listed(admin))


def test_the_test_message(make_gateway, receiver):
    gateway = make_gateway(**receiver.settings)
    admin = make_admin(gateway, "boss@example.com")
    for count in (1, 2):
        assert admin.call("POST", "/admin/alerts/test", 202) == {}
        assert receiver.wait_for("test", "test", count)["advice"]
    assert listed(admin)["open"] == []  # it is no alert
    actions = [act["action"] for act in admin.call("GET", "/admin/audit", 200)["data"]]
    assert actions.count("alert.test") == 2


def test_nobody_to_tell(gateway):
    admin = make_admin(gateway, "nobody.to.tell@example.com")
    response = admin.web.post("/admin/alerts/test")
    check_error(response, 409, "no_receiver", on_api=False)
    assert listed(admin)["receivers"] == {"webhook": False, "mail": []}


def test_every_attempt_at_a_provider(make_gateway, provider):
    """Those that were answered at once, too, and each once."""
    gateway = make_gateway()
    admin, customer = make_admin(gateway, "every@example.com"), gateway.customer()
    asked = []
    for number in range(24):
        failing = number % 3 == 2
        provider.answer = (
            answers.error(503, "No capacity", "busy", "server_error") if failing else answers.chat()
        )
        asked.append(customer.ask("gpt-4o-mini").headers["x-request-id"])
    customer.wait_for_no_hold()
    params = {"provider": "openai", "which": "all"}
    listed = admin.call("GET", "/admin/attempts", 200, params=params)["data"]
    assert len(listed) == 20
    once = {(attempt["request_id"], attempt["number"]) for attempt in listed}
    assert len(once) == len(listed)
    newest = [attempt["request_id"] for attempt in listed]
    assert newest[0] == asked[-1]
    assert {attempt["outcome"] for attempt in listed} == {"answered", "429"}
    params = {"provider": "openai", "which": "some"}
    response = admin.web.get("/admin/attempts", params=params)
    check_error(response, 400, "invalid_value", on_api=False)


def test_failed_attempts_in_the_providers_words(gateway, customer, provider):
    admin = make_admin(gateway, "attempts@example.com")
    provider.answer = answers.error(503, "No capacity in eu-west", "busy", "server_error")
    failed = customer.ask("gpt-4o-mini").headers["x-request-id"]
    customer.wait_for_no_hold()
    params = {"provider": "openai"}
    newest = admin.call("GET", "/admin/attempts", 200, params=params)["data"][0]
    assert newest["request_id"] == failed
    assert (newest["status"], newest["outcome"]) == (503, "429")
    assert "No capacity in eu-west" in newest["words"]
    params = {"provider": "nobody"}
    assert admin.call("GET", "/admin/attempts", 200, params=params) == {"data": []}
    check_error(admin.web.get("/admin/attempts"), 400, "invalid_value", on_api=False)


@pytest.mark.parametrize("path", ["alerts", "attempts?provider=openai"])
def test_customers_do_not_see_it(customer, path):
    check_error(customer.web.get(f"/admin/{path}"), 404, "not_found", on_api=False)
