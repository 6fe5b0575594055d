"""Invitations, and customers whom the operator makes."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from customer import PASSWORD, Customer
from errors import check_error
from receivers import change, outbox, token_of
from test_admin_api import audit, make_admin
from test_doors import count, sign_up


@pytest.fixture
def house(make_gateway):
    return make_gateway(sign_up="invitation")


def invite(admin, status: int = 201, **fields) -> dict:
    return admin.call("POST", "/admin/invitations", status, json=fields)


def token(made: dict) -> str:
    page, token = made["url"].split("#")
    assert page.endswith("/dashboard/invitation")
    return token


def listed(admin, invitation_id: str) -> dict:
    rows = admin.call("GET", "/admin/invitations", 200)["data"]
    return next(row for row in rows if row["id"] == invitation_id)


def test_a_link_lets_as_many_in_as_it_says(house):
    admin = make_admin(house)
    made = invite(admin, uses=3, credit="2.5")
    assert made["invitation"]["email"] is None
    link = token(made)
    seen = Customer(house).call("POST", "/auth/invitation", 200, json={"token": link})
    assert seen["email"] is None
    assert seen["credit"] == "2.500000000"
    with ThreadPoolExecutor(12) as pool:
        customers = [Customer(house) for _ in range(12)]
        statuses = list(pool.map(
            lambda it: it.web.post("/auth/signup", json={
                "email": it.email, "password": PASSWORD, "invitation": link}).status_code,
            customers,
        ))  # fmt: skip
    assert sorted(statuses) == [201] * 3 + [404] * 9
    inside = [it for it, status in zip(customers, statuses, strict=True) if status == 201]
    assert [it.balance for it in inside] == [2.5] * 3
    (transfer,) = inside[0].call("GET", "/balance/transfers", 200)["data"]
    assert transfer["kind"] == "promotion"
    assert transfer["reason"] == f"invitation {made['invitation']['id']}"
    assert listed(admin, made["invitation"]["id"])["uses"] == 3
    house.verify_ledger()


def test_a_refused_sign_up_uses_nothing_up(house):
    admin = make_admin(house)
    made = invite(admin, uses=1)
    sign_up(house, 409, "email_taken", email=admin.email, invitation=token(made))
    sign_up(house, 400, "weak_password", invitation=token(made), password="short")
    assert listed(admin, made["invitation"]["id"])["uses"] == 0
    sign_up(house, invitation=token(made))


def test_for_an_address_without_mail(house):
    admin = make_admin(house)
    made = invite(admin, email="Ann@example.com")
    assert made["invitation"]["mailed"] is False
    sign_up(house, 403, "invitation_not_yours", email="bob@example.com", invitation=token(made))
    customer = sign_up(house, email="ann@EXAMPLE.com", invitation=token(made))
    # Whoever has seen the link need not read that mailbox.
    assert customer.call("GET", "/auth/me", 200)["user"]["email_verified_at"] is None
    sign_up(house, 404, "invitation_invalid", email="ann@example.com", invitation=token(made))
    check_error(admin.web.post("/admin/invitations", json={"email": "ANN@example.com"}), 409,
                "email_taken", on_api=False)  # fmt: skip


def test_a_mailed_one_verifies_the_address(make_gateway, mailbox):
    gateway = make_gateway(**mailbox.settings, sign_up="invitation", email_verification="required",
                           mail_name="Example AI")  # fmt: skip
    admin = make_admin(gateway)
    made = invite(admin, email="ann@example.com", language="ko", credit="1")
    assert made["url"] is None
    assert made["invitation"]["mailed"] is True
    mail = mailbox.wait_for_one("ann@example.com")
    assert mail["subject"] == "Example AI에 초대합니다"
    customer = sign_up(gateway, email="ann@example.com", invitation=token_of(mail, "invitation"))
    user = customer.call("GET", "/auth/me", 200)["user"]
    assert user["email_verified_at"]
    assert user["must_verify"] is False
    assert customer.balance == 1
    customer.create_key()
    assert len(mailbox.to("ann@example.com")) + len(outbox(gateway)) >= 1
    shown = invite(admin, email="bob@example.com", mail=False)
    assert token(shown)
    assert not mailbox.to("bob@example.com")


def test_no_working_link_stands_in_the_database(make_gateway, mailbox):
    mailbox.refuse = lambda _: "451 later"
    gateway = make_gateway(**mailbox.settings, sign_up="invitation")
    admin = make_admin(gateway)
    shown = token(invite(admin))
    invite(admin, email="ann@example.com")
    bytes_ = b"".join(it.read_bytes() for it in gateway.folder.glob("gateway.db*") if it.is_file())
    mailbox.refuse = lambda _: None
    mailed = token_of(mailbox.wait_for_one("ann@example.com"), "invitation")
    for link in (shown, mailed):
        assert link.encode() not in bytes_
        sign_up(gateway, email="ann@example.com" if link == mailed else "x@example.com",
                invitation=link)  # fmt: skip


def test_revoked_expired_unknown(house):
    admin = make_admin(house)
    revoked, expired = invite(admin, uses=5), invite(admin)
    sign_up(house, invitation=token(revoked))
    gone = admin.call("DELETE", f"/admin/invitations/{revoked['invitation']['id']}", 200)
    assert gone["revoked_at"]
    change(house, "UPDATE invitations SET expires_ms = ? WHERE id = ?",
           int(time.time() * 1000) - 1, expired["invitation"]["id"])  # fmt: skip
    for link in (token(revoked), token(expired), "x" * 43):
        sign_up(house, 404, "invitation_invalid", invitation=link)
        looked = Customer(house).web.post("/auth/invitation", json={"token": link})
        check_error(looked, 404, "invitation_invalid", on_api=False)
    for missing in ("inv_1", "../x"):
        check_error(admin.web.delete(f"/admin/invitations/{missing}"), 404, "not_found",
                    on_api=False)  # fmt: skip
    acts = [act["action"] for act in audit(admin)]
    assert acts[:3] == ["invitation.revoke", "invitation.create", "invitation.create"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"uses": 0}, "uses"),
        ({"uses": 10001}, "uses"),
        ({"uses": 1.5}, "uses"),
        ({"uses": 2, "email": "ann@example.com"}, "uses"),
        ({"email": "ann"}, "email"),
        ({"group": "nobody knows"}, "group"),
        ({"expires_at": "2020-01-01"}, "expires_at"),
        ({"expires_at": "2099-01-01"}, "expires_at"),
        ({"credit": "0"}, "credit"),
        ({"language": "xx"}, "language"),
        ({"mail": True, "email": "ann@example.com"}, "mail"),
    ],
)
def test_what_cannot_be_invited(house, fields, param):
    answer = make_admin(house).web.post("/admin/invitations", json=fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert count(house, "invitations") == 0


def test_strangers_are_slowed_down(make_gateway):
    gateway = make_gateway(sign_up="invitation", trusted_proxies="127.0.0.1")
    admin = make_admin(gateway)
    link = token(invite(admin, uses=100))
    guesser = Customer(gateway)
    guesser.web.headers["X-Forwarded-For"] = "203.0.113.7"
    for _ in range(40):  # a good one gives its try back
        guesser.call("POST", "/auth/invitation", 200, json={"token": link})
    said = [guesser.web.post("/auth/invitation", json={"token": "x" * 43}) for _ in range(31)]
    assert [it.status_code for it in said] == [404] * 30 + [429]
    assert int(said[-1].headers["retry-after"]) >= 1
    body = {"email": guesser.email, "password": PASSWORD, "invitation": link}
    assert guesser.web.post("/auth/signup", json=body).status_code == 429
    sign_up(gateway, invitation=link)  # from elsewhere


def test_the_group_of_those_who_come_by_it(house):
    house.policies.write("margins", 'return { default = "20%", groups = { vip = "0%" } }')
    house.reload()
    admin = make_admin(house)
    customer = sign_up(house, invitation=token(invite(admin, group="vip")))
    assert customer.call("GET", "/auth/me", 200)["user"]["group"] == "vip"


def test_only_operators(house):
    admin = make_admin(house)
    customer = sign_up(house, invitation=token(invite(admin)))
    routes = (
        ("GET", "/admin/invitations"),
        ("POST", "/admin/invitations"),
        ("DELETE", "/admin/invitations/inv_1"),
        ("POST", "/admin/users"),
    )
    for method, path in routes:
        response = customer.web.request(method, path, **({"json": {}} if method == "POST" else {}))
        check_error(response, 404, "not_found", on_api=False)


# ---- customers made by the operator ----


def test_a_customer_is_made(make_gateway):
    gateway = make_gateway(sign_up="closed")
    admin = make_admin(gateway)
    body = {"email": "new@example.com", "name": "Newcomer", "language": "ko"}
    made = admin.call("POST", "/admin/users", 201, json=body)
    assert made["user"]["name"] == "Newcomer"
    assert made["user"]["language"] == "ko"
    page, link = made["url"].split("#")
    assert page.endswith("/dashboard/password")
    customer = Customer(gateway)
    customer.email = "new@example.com"
    for password in (PASSWORD, "", "x" * 10):  # no password fits before one is set
        body_ = {"email": customer.email, "password": password}
        response = customer.web.post("/auth/signin", json=body_)
        assert response.status_code == 401
    customer.call("POST", "/auth/link/password", 200, json={"token": link, "password": PASSWORD})
    customer.sign_in()
    customer.create_key()
    assert audit(admin)[0]["action"] == "customer.create"
    assert audit(admin)[0]["target"]["email"] == "new@example.com"
    check_error(admin.web.post("/admin/users", json=body), 409, "email_taken", on_api=False)
    check_error(admin.web.post("/admin/users", json={}), 400, "missing_field", on_api=False)
    bad = admin.web.post("/admin/users", json={"email": "x@example.com", "group": "unknown"})
    check_error(bad, 400, "invalid_value", on_api=False)
