"""Who types an amount that cannot be is told the least and the most, in every form for money: in
the sentence, and in the error's metadata for pages that say it in their own words."""

import pytest
from errors import check_error
from prices import usd
from test_admin_api import make_admin

MILLION = {"above_zero": True, "most": "1000000"}
FROM_ZERO = {"above_zero": False, "most": "1000000"}
# method, path, the body around it, the amount's name, what is told
FORMS = [
    ("POST", "/balance/charge", {}, "amount", MILLION),
    ("POST", "/keys", {"name": "x"}, "budget", FROM_ZERO),
    ("PATCH", "/keys/{key}", {}, "budget", FROM_ZERO),
    ("POST", "/quotas", {"key_id": "{key}", "unit": "usd", "period": "day"}, "amount", FROM_ZERO),
    ("PATCH", "/notices", {}, "low_balance", MILLION),
    ("POST", "/admin/credits", {"user_id": "{user}", "reason": "x"}, "amount", MILLION),
    ("POST", "/admin/debits", {"user_id": "{user}", "reason": "x"}, "amount", MILLION),
    ("POST", "/admin/refunds", {"exchange_id": "{call}", "reason": "x"}, "amount", MILLION),
    ("POST", "/admin/vouchers", {"name": "x", "count": 1, "kind": "manual"}, "amount", MILLION),
    ("POST", "/admin/invitations", {}, "credit", MILLION),
]  # fmt: skip


def told(response, name: str) -> tuple[str, dict]:
    error = check_error(response, 400, "invalid_amount", on_api=False, param=name)
    return error["message"], error["metadata"]


@pytest.mark.parametrize(("method", "path", "body", "name", "bounds"), FORMS)
def test_every_form_names_the_limits(gateway, method, path, body, name, bounds):
    operator = make_admin(gateway)
    customer = gateway.customer()
    customer.ask("gpt-4")
    names = {"user": customer.call("GET", "/auth/me", 200)["user"]["id"],
             "key": operator.call("POST", "/keys", 201, json={"name": "x"})["data"]["id"],
             "call": customer.records()[0]["id"]}  # fmt: skip
    body = {member: value.format(**names) if isinstance(value, str) else value
            for member, value in body.items()}  # fmt: skip
    for wrong in (
        "1000000.01",
        "-1",
        "0.0000000001",
        "12,50",
        *(["0"] if bounds is MILLION else []),
    ):
        answer = operator.web.request(method, path.format(**names), json={**body, name: wrong})
        message, metadata = told(answer, name)
        assert metadata == bounds
        assert "at most 1000000" in message
        assert ("above 0" if bounds is MILLION else "0 or more") in message


def test_a_refund_names_what_is_left(gateway):
    operator = make_admin(gateway)
    customer = gateway.customer()
    customer.ask("gpt-4")
    record = customer.records()[0]
    asked = {"exchange_id": record["id"], "reason": "x", "amount": "0.000001"}
    operator.call("POST", "/admin/refunds", 201, json=asked)
    answer = operator.web.post("/admin/refunds", json={**asked, "amount": record["cost"]})
    message, metadata = told(answer, "amount")
    left = usd(record["cost"]) - usd("0.000001")
    assert usd(metadata["most"]) == left
    assert metadata["above_zero"] is True
    assert f"at most ${metadata['most']}:" in message


@pytest.mark.parametrize(
    ("what", "kind"), [("credits", "balance"), ("debits", "debt")], ids=["credit", "debit"]
)
def test_a_sum_has_a_limit_too(gateway, what, kind):
    """A thousand times the most is the most that there can be."""
    operator = make_admin(gateway)
    customer = gateway.customer(credit=None)
    user = customer.call("GET", "/auth/me", 200)["user"]["id"]
    asked = {"user_id": user, "reason": "x", "amount": "1000000"}
    for _ in range(999):
        operator.call("POST", f"/admin/{what}", 201, json=asked)
    operator.call("POST", f"/admin/{what}", 201, json={**asked, "amount": "600000.5"})
    message, metadata = told(operator.web.post(f"/admin/{what}", json=asked), "amount")
    assert metadata == {"above_zero": True, "most": "399999.5"}
    assert f"no {kind} is above $1,000,000,000" in message
