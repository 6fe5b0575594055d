"""Who may become a customer (docs/DOORS.md): the settings, verified addresses, terms, proofs."""

import hashlib
import itertools
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from certificate import make_certificate
from customer import PASSWORD, Customer
from errors import check_error
from receivers import SECRET, Receiver, token_of
from test_admin_api import make_admin
from wait import wait_until

TERMS = "https://example.com/terms"


def sign_up(gateway, status: int = 201, error: str | None = None, **fields) -> Customer:
    """A customer; signed in, if the sign-up was taken."""
    customer = Customer(gateway)
    customer.email = fields.pop("email", customer.email)
    body = {"email": customer.email, "password": PASSWORD, **fields}
    response = customer.web.post("/auth/signup", json=body)
    if error is None:
        assert response.status_code == status, response.text
    else:
        customer.refusal = check_error(response, status, error, on_api=False)
    return customer


def turn(gateway, **settings) -> None:
    """Changes settings of a gateway that runs."""
    gateway.settings.update(settings)
    gateway.write_config()
    gateway.reload()


def site(gateway) -> dict:
    return Customer(gateway).call("GET", "/site", 200)


def count(gateway, table: str) -> int:
    with closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as db:
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


# ---- open, by invitation, closed ----


@pytest.mark.parametrize(
    ("mode", "error"),
    [("closed", "sign_up_closed"), ("invitation", "invitation_required")],
)
def test_a_shut_door(make_gateway, mode, error):
    gateway = make_gateway(sign_up=mode)
    assert site(gateway)["sign_up"] == mode
    sign_up(gateway, 403, error)
    assert count(gateway, "users") == 0
    admin = make_admin(gateway)  # the command line makes accounts, whatever the door
    admin.call("GET", "/auth/me", 200)


def test_closed_takes_no_invitation_either(make_gateway):
    gateway = make_gateway(sign_up="closed")
    token = (
        make_admin(gateway).call("POST", "/admin/invitations", 201, json={})["url"].split("#")[1]
    )
    sign_up(gateway, 403, "sign_up_closed", invitation=token)
    looked = Customer(gateway).web.post("/auth/invitation", json={"token": token})
    check_error(looked, 403, "sign_up_closed", on_api=False)


def test_domains(make_gateway):
    gateway = make_gateway(sign_up_domains="example.org, sub.example.net")
    assert site(gateway)["sign_up_domains"] == ["example.org", "sub.example.net"]
    for email in ("Ann@Example.ORG", "bob@sub.example.net"):
        sign_up(gateway, email=email)
    for email in ("a@example.net", "a@example.org.example.com", "a@notexample.org",
                  "a@sub.example.org"):  # fmt: skip
        refused = sign_up(gateway, 403, "domain_not_allowed", email=email)
        assert "example.org, sub.example.net" in refused.refusal["message"]
    token = (
        make_admin(gateway).call("POST", "/admin/invitations", 201, json={})["url"].split("#")[1]
    )
    sign_up(gateway, email="guest@example.com", invitation=token)


def test_the_door_is_reloaded(make_gateway):
    gateway = make_gateway()
    sign_up(gateway)
    turn(gateway, sign_up="closed")
    sign_up(gateway, 403, "sign_up_closed")
    turn(gateway, sign_up="open")
    sign_up(gateway)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sign_up": "maybe"}, "must be one of: open, invitation, closed"),
        ({"sign_up_domains": "Example.com"}, "sign_up_domains"),
        ({"sign_up_domains": "example"}, "sign_up_domains"),
        ({"sign_up_domains": "example.com,,b.com"}, "sign_up_domains"),
        ({"sign_up_domains": "example.com", "sign_up": "invitation"}, "sign_up = open"),
        ({"sign_up_credit": "-1"}, "sign_up_credit"),
        ({"sign_up_credits_max": "1e9"}, "sign_up_credits_max"),
        ({"terms_url": "javascript:alert(1)"}, "terms_url"),
        ({"privacy_url": "ftp://example.com"}, "privacy_url"),
        ({"terms_version": ""}, "terms_version"),
        ({"sign_up_proof_bits": "99"}, "sign_up_proof_bits"),
        ({"sign_up_check_url": "http://example.com/x", "sign_up_check_secret": SECRET}, "https://"),
        ({"sign_up_check_url": "https://example.com/x"}, "sign_up_check_secret"),
        ({"sign_up_check_failure": "maybe"}, "refuse, allow"),
        ({"email_verification": "required"}, "smtp_url"),
    ],
)
def test_wrong_settings_are_refused(make_gateway, settings, words):
    gateway = make_gateway(start=False, **settings)
    result = gateway.command("check")
    assert result.returncode != 0
    assert words in result.stderr


# ---- verified addresses ----


def doors_of(customer) -> dict[str, object]:
    """All that changes something, in the order of the routes; each is asked as it should be."""
    web = customer.web
    post, patch, put, delete = web.post, web.patch, web.put, web.delete
    return {
        "key": post("/keys", json={"name": "x"}),
        "key change": patch("/keys/key_1", json={"name": "x"}),
        "key delete": delete("/keys/key_1"),
        "charge": post("/balance/charge", json={"amount": "5"}),
        "voucher": post("/balance/voucher", json={"code": "0000-1111-2222-3333"}),
        "portal": post("/payment-portal", json={}),
        "automatic": put("/payment-automatic", json={}),
        "automatic off": delete("/payment-automatic"),
        "webhook": post("/notices/webhook", json={"url": "https://example.com/"}),
        "webhook test": post("/notices/webhook/test", json={}),
        "webhook off": delete("/notices/webhook"),
        "quota": post("/quotas", json={}),
        "quota off": delete("/quotas/quota_1"),
        "chat": post("/playground/chat/completions?key_id=key_1", json={}),
        "estimate": post("/playground/estimate?key_id=key_1", json={}),
        "estimate of": post("/playground/estimate/images/generations?key_id=key_1", json={}),
        "pass": post("/playground/pass?key_id=key_1", json={}),
        "embeddings": post("/playground/embeddings?key_id=key_1", json={}),
    }


def test_until_the_address_is_verified_no_door_is_open(make_gateway, mailbox):
    gateway = make_gateway(**mailbox.settings, email_verification="required", sign_up_credit="3")
    assert site(gateway)["verification_required"] is True
    customer = sign_up(gateway)
    token = token_of(mailbox.wait_for_one(customer.email), "verify")
    assert customer.call("GET", "/auth/me", 200)["user"]["must_verify"] is True
    for door, response in doors_of(customer).items():
        assert response.status_code == 403, (door, response.text)
        assert response.json()["error"]["code"] == "email_not_verified", door
    assert customer.balance == 0
    customer.call("PATCH", "/notices", 200, json={"language": "ko"})
    assert customer.sign_in()["user"]["must_verify"] is True
    customer.call("POST", "/auth/verify", 200, json={"token": token})
    assert customer.call("GET", "/auth/me", 200)["user"]["must_verify"] is False
    assert customer.balance == 3
    customer.create_key()
    for door, response in doors_of(customer).items():
        assert "email_not_verified" not in response.text, door


def test_a_mailed_password_link_verifies_as_well(make_gateway, mailbox):
    gateway = make_gateway(**mailbox.settings, email_verification="required", sign_up_credit="3")
    customer = sign_up(gateway)
    mailbox.wait_for_one(customer.email)
    gateway.http.post("/api/auth/forgot", json={"email": customer.email})
    wait_until(lambda: len(mailbox.mails) == 2, 20, "the second mail")
    token = token_of(mailbox.mails[1], "password")
    body = {"token": token, "password": "another horse, another battery"}
    assert (
        customer.call("POST", "/auth/link/password", 200, json=body)["user"]["must_verify"] is False
    )
    customer.create_key()
    assert customer.balance == 3


def test_who_was_there_before_is_not_locked_out(make_gateway, mailbox):
    gateway = make_gateway(**mailbox.settings, email_verification="ask")
    old = sign_up(gateway)
    turn(gateway, email_verification="required")
    old.create_key()
    strict = sign_up(gateway)
    assert strict.web.post("/keys", json={"name": "x"}).status_code == 403
    admin = make_admin(gateway)  # has no mailbox, and is not asked
    admin.create_key()
    turn(gateway, email_verification="ask")
    strict.create_key()
    turn(gateway, email_verification="required")
    strict.create_key("a second one")


# ---- terms ----


def test_terms_are_accepted(make_gateway):
    gateway = make_gateway(terms_url=TERMS, terms_version="2026-12", privacy_url="/privacy.html")
    said = site(gateway)
    assert (said["terms_url"], said["terms_version"]) == (TERMS, "2026-12")
    assert said["privacy_url"] == "/privacy.html"
    for fields in ({}, {"accept_terms": False}):
        refused = sign_up(gateway, 400, "terms_not_accepted", **fields)
        assert refused.refusal["param"] == "accept_terms"
        assert TERMS in refused.refusal["message"]
    customer = sign_up(gateway, accept_terms=True)
    user = customer.call("GET", "/auth/me", 200)["user"]
    assert user["terms_version"] == "2026-12"
    first = user["terms_accepted_at"]
    turn(gateway, terms_version="2027-01")
    for version in ("2026-12", "x"):
        again = customer.web.post("/auth/terms", json={"version": version})
        check_error(again, 409, "terms_changed", on_api=False)
    user = customer.call("POST", "/auth/terms", 200, json={"version": "2027-01"})["user"]
    assert user["terms_version"] == "2027-01"
    assert user["terms_accepted_at"] >= first
    assert count(gateway, "terms_acceptances") == 2


def test_without_terms_nothing_is_asked(make_gateway):
    gateway = make_gateway(privacy_url="https://example.com/privacy")
    said = site(gateway)
    assert (said["terms_url"], said["terms_version"]) == (None, None)
    customer = sign_up(gateway)
    assert customer.call("GET", "/auth/me", 200)["user"]["terms_version"] is None
    again = customer.web.post("/auth/terms", json={"version": "1"})
    check_error(again, 409, "terms_changed", on_api=False)


# ---- proofs of work ----


def challenge(gateway) -> dict:
    return Customer(gateway).call("GET", "/auth/challenge", 200)


def zeros(text: str) -> int:
    return 256 - int.from_bytes(hashlib.sha256(text.encode()).digest()).bit_length()


def solve(asked: dict, bits: int | None = None) -> str:
    for number in itertools.count():
        proof = f"{asked['challenge']}:{number}"
        if zeros(proof) >= (asked["bits"] if bits is None else bits):
            return proof


def unsolved(asked: dict) -> str:
    proofs = (f"{asked['challenge']}:{number}" for number in itertools.count())
    return next(proof for proof in proofs if zeros(proof) == asked["bits"] - 1)


def test_a_proof_makes_one_account(make_gateway):
    gateway = make_gateway(sign_up_proof_bits="9")
    asked = challenge(gateway)
    assert asked["bits"] == site(gateway)["sign_up_proof_bits"] == 9
    proof = solve(asked)
    with ThreadPoolExecutor(8) as pool:
        customers = [Customer(gateway) for _ in range(8)]
        bodies = [{"email": it.email, "password": PASSWORD, "proof": proof} for it in customers]
        statuses = list(pool.map(
            lambda pair: pair[0].web.post("/auth/signup", json=pair[1]).status_code,
            zip(customers, bodies, strict=True),
        ))  # fmt: skip
    assert sorted(statuses) == [201] + [400] * 7
    gateway.stop()  # what is in memory of it is gone
    gateway.start()
    sign_up(gateway, 400, "proof_invalid", proof=proof)
    sign_up(gateway, proof=solve(challenge(gateway)))
    assert count(gateway, "users") == 2


def test_wrong_proofs(make_gateway):
    gateway = make_gateway(sign_up_proof_bits="9")
    asked = challenge(gateway)
    head, signed = asked["challenge"].rsplit(".", 1)
    bits, expires, random = head.split(".")
    easier = dict(asked, challenge=f"1.{expires}.{random}.{signed}", bits=1)
    longer = dict(asked, challenge=f"{bits}.{int(expires) + 1}.{random}.{signed}")
    for proof in (None, "", "x", unsolved(asked), solve(easier), solve(longer), "9:1",
                  f"{asked['challenge']}:", f"{asked['challenge']}:-1"):  # fmt: skip
        refused = sign_up(
            gateway, 400, "proof_invalid", **({"proof": proof} if proof is not None else {})
        )
        assert refused.refusal["param"] == "proof"
    assert count(gateway, "users") == 0
    sign_up(gateway, proof=solve(asked))


def test_without_the_setting_there_is_no_challenge(make_gateway):
    gateway = make_gateway()
    check_error(gateway.http.get("/api/auth/challenge"), 404, "not_found", on_api=False)
    sign_up(gateway)


# ---- the operator's own check ----


def verdict(**members):
    body = json.dumps(members).encode()
    return lambda _: (200, {"content-type": "application/json"}, body)


@pytest.fixture
def checked(make_gateway, receiver):
    settings = {"sign_up_check_url": receiver.url, "sign_up_check_secret": SECRET}
    return lambda **more: make_gateway(**settings | more)


def test_the_operator_is_asked(checked, receiver):
    gateway = checked()
    receiver.answer = verdict(allow=True)
    customer = sign_up(gateway, check_token="captcha-1")
    (hook,) = receiver.hooks
    told = hook.json  # its signature fits
    assert told["type"] == "sign_up.check"
    assert told["data"].pop("user_agent").startswith("python-httpx")
    assert told["data"] == {
        "email": customer.email,
        "address": "127.0.0.1",
        "token": "captcha-1",
    }
    receiver.answer = verdict(allow=False, message="No throw-away addresses.")
    refused = sign_up(gateway, 403, "sign_up_refused")
    assert refused.refusal["message"] == "No throw-away addresses."
    receiver.answer = verdict(allow=False)
    assert "operator" in sign_up(gateway, 403, "sign_up_refused").refusal["message"]
    assert count(gateway, "users") == 1


def test_nobody_is_asked_for_who_may_not_sign_up(checked, receiver):
    gateway = checked(sign_up="invitation")
    sign_up(gateway, 403, "invitation_required")
    assert not receiver.hooks


@pytest.fixture
def secure_receiver(tmp_path):
    """secure_receiver(names): one by TLS, and the file of its authority."""
    made = []

    def start(*names: str):
        folder = tmp_path / f"receiver{len(made)}"
        folder.mkdir()
        certificate = make_certificate(folder, names=names)
        made.append(Receiver(certificate))
        made[-1].answer = verdict(allow=True)
        return made[-1], certificate[0]

    yield start
    for receiver in made:
        receiver.stop()


def test_the_check_by_tls(checked, secure_receiver):
    """Whose certificate is verified: at the start and at a reload."""
    receiver, authority = secure_receiver("IP:127.0.0.1")
    gateway = checked(sign_up_check_url=receiver.url)
    sign_up(gateway, 503, "sign_up_unavailable")
    assert not receiver.hooks, "nothing is told to a server that is not known"
    turn(gateway, delivery_ca_file=authority)
    customer = sign_up(gateway)
    (hook,) = receiver.hooks
    assert hook.json["data"]["email"] == customer.email
    gateway.stop()
    gateway.start()
    sign_up(gateway)
    assert len(receiver.hooks) == 2


def test_a_certificate_of_another_name(checked, secure_receiver):
    receiver, authority = secure_receiver("DNS:check.example.com")
    gateway = checked(sign_up_check_url=receiver.url, delivery_ca_file=authority)
    sign_up(gateway, 503, "sign_up_unavailable")
    assert not receiver.hooks


def test_a_check_that_is_slow_holds_nobody_else(checked, receiver):
    gateway = checked(workers=1)
    receiver.answer = lambda _: receiver.gate.wait() and (200, {}, b'{"allow": true}')
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(sign_up, gateway, 503, "sign_up_unavailable") for _ in range(4)]
        wait_until(lambda: len(receiver.hooks) == 4)
        for _ in range(20):
            assert site(gateway)["sign_up"] == "open"
        assert not any(one.done() for one in waiting)
        for one in waiting:
            one.result()
    assert count(gateway, "users") == 0


FAILURES = {
    "a huge answer": lambda _: (200, {}, b" " * 20_000_000 + b'{"allow": true}'),
    "deep": lambda _: (200, {}, b'{"allow":' * 20_000),
    "another status": lambda _: (500, {}, b'{"allow": true}'),
    "a redirect": lambda hook: (302, {"location": hook.path}, b'{"allow": true}'),
    "no JSON": lambda _: (200, {}, b"yes"),
    "no verdict": verdict(allowed=True),
    "a word": verdict(allow="true"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_check_that_fails(checked, receiver, name):
    gateway = checked()
    receiver.answer = FAILURES[name]
    sign_up(gateway, 503, "sign_up_unavailable")
    assert count(gateway, "users") == 0
    turn(gateway, sign_up_check_failure="allow")
    sign_up(gateway)


def test_a_check_that_is_not_there(checked):
    gateway = checked(sign_up_check_url="http://127.0.0.1:9/")
    sign_up(gateway, 503, "sign_up_unavailable")
    turn(gateway, sign_up_check_url="")
    sign_up(gateway)
