"""Mail to customers: links, receipts, a low balance, keys that expire, and what they wish of it."""

import re
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import answers
import pytest
from answers import Usage
from customer import PASSWORD, Customer
from errors import check_error
from phone import with_phone
from receivers import change, is_empty, outbox, token_of, words_of
from test_admin_api import id_of, make_admin
from wait import wait_until

NEW_PASSWORD = "another horse, another battery"
DAY_S = 24 * 3600


@pytest.fixture
def post(make_gateway, mailbox):
    """Makes a gateway that has a mail server."""
    return lambda **how: make_gateway(**mailbox.settings | how)


def verified(gateway, customer: Customer) -> bool:
    with closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as db:
        query = "SELECT email_verified_ms FROM users WHERE email = ?"
        return db.execute(query, (customer.email,)).fetchone()[0] is not None


def newcomer(gateway, **fields) -> Customer:
    customer = Customer(gateway)
    body = {"email": customer.email, "password": PASSWORD, **fields}
    customer.call("POST", "/auth/signup", 201, json=body)
    return customer


# ---- verifying an address ----


def test_an_address_is_verified_once(post, mailbox):
    gateway = post(email_verification="ask", mail_name="Example AI")
    customer = newcomer(gateway)
    mail = mailbox.wait_for_one(customer.email)
    assert mail["from"] == "Example AI <gateway@example.com>"
    assert mail["subject"] == "Confirm your e-mail address"
    token = token_of(mail, "verify")
    assert gateway.origin + "/dashboard/verify#" in words_of(mail)[0]
    assert customer.call("GET", "/auth/me", 200)["user"]["email_verified_at"] is None
    said = customer.call("POST", "/auth/verify", 200, json={"token": token})
    assert said == {"email": customer.email}
    me = customer.call("GET", "/auth/me", 200)["user"]
    assert datetime.fromisoformat(me["email_verified_at"]).timestamp() == pytest.approx(
        time.time(), abs=60
    )
    check_error(customer.web.post("/auth/verify", json={"token": token}), 404, "link_invalid",
                on_api=False)  # fmt: skip
    again = customer.web.post("/auth/verify/send", json={})
    check_error(again, 409, "already_verified", on_api=False)


def test_only_the_newest_link_works_and_not_for_ever(post, mailbox):
    gateway = post(email_verification="ask")
    customer = newcomer(gateway, language="ko")
    first = token_of(mailbox.wait_for_one(customer.email), "verify")
    assert mailbox.mails[0]["subject"] == "이메일 주소를 확인해 주세요"
    customer.call("POST", "/auth/verify/send", 202, json={})
    wait_until(lambda: len(mailbox.mails) == 2, 20, "the second mail")
    second = token_of(mailbox.mails[1], "verify")
    for token in (first, "x" * 43):
        check_error(customer.web.post("/auth/verify", json={"token": token}), 404,
                    "link_invalid", on_api=False)  # fmt: skip
    change(gateway, "UPDATE address_links SET expires_ms = ?", int(time.time() * 1000) - 1)
    check_error(customer.web.post("/auth/verify", json={"token": second}), 404,
                "link_invalid", on_api=False)  # fmt: skip
    assert not verified(gateway, customer)


def test_no_working_link_stands_in_the_database(post, mailbox):
    """Neither while it waits nor later: only its digest, and sealed."""
    mailbox.refuse = lambda _: "451 later"
    gateway = post(email_verification="ask")
    customer = newcomer(gateway)
    gateway.http.post("/api/auth/forgot", json={"email": customer.email})
    wait_until(lambda: len(outbox(gateway)) == 2, 20, "two messages")
    waiting = b"".join(
        path.read_bytes() for path in gateway.folder.glob("gateway.db*") if path.is_file()
    )
    mailbox.refuse = lambda _: None
    wait_until(lambda: len(mailbox.mails) == 2, 20, "the mails")
    tokens = [token_of(mailbox.to(customer.email, word)[0], page)
              for word, page in (("Confirm", "verify"), ("password", "password"))]  # fmt: skip
    for token in tokens:
        assert token.encode() not in waiting


def test_notices_go_only_to_verified_addresses(post, mailbox):
    gateway = post(email_verification="ask")
    customer = newcomer(gateway)
    token = token_of(mailbox.wait_for_one(customer.email), "verify")
    customer.charge("5")
    assert len(outbox(gateway)) == 1
    customer.call("POST", "/auth/verify", 200, json={"token": token})
    customer.charge("6")
    mailbox.wait_for_one(customer.email, "Receipt: $6.00")
    assert len(outbox(gateway)) == 2


def test_without_the_setting_nobody_is_asked(post, mailbox):
    gateway = post()
    customer = newcomer(gateway)
    assert not outbox(gateway)
    customer.call("POST", "/auth/verify/send", 202, json={})  # but may do it
    token = token_of(mailbox.wait_for_one(customer.email), "verify")
    customer.call("POST", "/auth/verify", 200, json={"token": token})


# ---- a forgotten password ----


def forget(gateway, email: str):
    return gateway.http.post("/api/auth/forgot", json={"email": email})


def test_a_password_is_reset(post, mailbox):
    gateway = post()
    customer = newcomer(gateway)
    assert forget(gateway, customer.email.upper()).status_code == 202
    mail = mailbox.wait_for_one(customer.email)
    token = token_of(mail, "password")
    visitor = Customer(gateway)
    found = visitor.call("POST", "/auth/link", 200, json={"token": token})
    assert found["email"] == customer.email
    left_s = datetime.fromisoformat(found["expires_at"]).timestamp() - time.time()
    assert left_s == pytest.approx(3600, abs=60)
    body = {"token": token, "password": NEW_PASSWORD}
    visitor.call("POST", "/auth/link/password", 200, json=body)
    check_error(customer.web.get("/auth/me"), 401, "not_signed_in", on_api=False)
    visitor.call("GET", "/auth/me", 200)
    check_error(visitor.web.post("/auth/link/password", json=body), 404, "link_invalid",
                on_api=False)  # fmt: skip
    customer.password = NEW_PASSWORD
    customer.sign_in()
    assert verified(gateway, customer)  # who has the mail reads that mailbox


def test_the_operators_link_verifies_nothing(post):
    """He may have given it by telephone."""
    gateway = post()
    customer, admin = newcomer(gateway), make_admin(gateway)
    made = admin.call("POST", "/admin/password-links", 201, json={"user_id": id_of(customer)})
    token = made["url"].rpartition("#")[2]
    customer.call("POST", "/auth/link/password", 200,
                  json={"token": token, "password": NEW_PASSWORD})  # fmt: skip
    assert not verified(gateway, customer)


def test_nobody_learns_who_has_an_account(post, mailbox):
    gateway = post()
    customer, disabled = newcomer(gateway), newcomer(gateway)
    admin = make_admin(gateway)
    admin.call("PATCH", f"/admin/users/{id_of(disabled)}", 200,
               json={"disabled": True, "reason": "test"})  # fmt: skip
    told = [forget(gateway, email) for email in (customer.email, "nobody@example.com",
                                                 disabled.email)]  # fmt: skip
    assert {(answer.status_code, answer.text) for answer in told} == {(202, "{}")}
    names = [set(answer.headers) for answer in told]
    assert names[0] == names[1] == names[2]
    mailbox.wait_for_one(customer.email)
    wait_until(lambda: is_empty(gateway), 20, "a note")
    assert {row["destination"] for row in outbox(gateway)} == {customer.email}


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_one_address_gets_three_mails_an_hour(post, mailbox, known):
    gateway = post()
    email = newcomer(gateway).email if known else "nobody@example.com"
    answers = [forget(gateway, email) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
    assert int(answers[3].headers["retry-after"]) > 3000
    assert forget(gateway, "somebody.else@example.com").status_code == 202
    if known:
        wait_until(lambda: len(mailbox.to(email)) == 3, 20, "three mails")


def test_one_network_has_few_mails_sent(post, mailbox):
    gateway = post(trusted_proxies="127.0.0.1")

    def ask(number: int, address: str) -> int:
        body = {"email": f"person{number}@example.com"}
        headers = {"x-forwarded-for": address}
        return gateway.http.post("/api/auth/forgot", json=body, headers=headers).status_code

    assert [ask(number, "203.0.113.7") for number in range(32)] == [202] * 30 + [429] * 2
    # What is refused for its network keeps nobody else from a mail to the same address.
    assert [ask(99, "203.0.113.7") for _ in range(5)] == [429] * 5
    assert [ask(99, "203.0.113.8") for _ in range(4)] == [202] * 3 + [429]
    # And what is refused for its address costs the network nothing.
    assert [ask(99, "203.0.113.8") for _ in range(30)] == [429] * 30
    assert [ask(200 + number, "203.0.113.8") for number in range(28)] == [202] * 27 + [429]
    assert ask(40, "203.0.113.9") == 202


def test_an_address_must_look_like_one(post):
    gateway = post()
    for email in ("nobody", "a" * 300 + "@example.com", "a\x00b@example.com"):
        check_error(forget(gateway, email), 400, "invalid_email", on_api=False)


def test_without_a_mail_server(make_gateway):
    gateway = make_gateway()
    customer = newcomer(gateway)
    assert gateway.http.get("/api/site").json()["mail"] is False
    check_error(forget(gateway, customer.email), 403, "mail_disabled", on_api=False)
    check_error(customer.web.post("/auth/verify/send", json={}), 403, "mail_disabled",
                on_api=False)  # fmt: skip
    customer.charge("5")
    assert not outbox(gateway)


# ---- receipts ----


def test_each_credit_has_a_receipt(post, mailbox):
    """Written in the transaction of its posting, whoever posts it."""
    gateway = post()
    customer, admin = newcomer(gateway), make_admin(gateway)
    transfer = customer.charge("12.5")["transfer"]
    mail = mailbox.wait_for_one(customer.email, "Receipt: $12.50")
    for words in words_of(mail):
        for part in ("Test credits", "$12.50", transfer["id"], " UTC"):
            assert part in words
    given = {"user_id": id_of(customer), "amount": "0.000000001", "reason": "a present"}
    admin.call("POST", "/admin/credits", 201, json=given)
    mail = mailbox.wait_for_one(customer.email, "Receipt: $0.000000001")
    assert "Credits added by the operator" in words_of(mail)[0]
    assert "Balance: $12.500000001" in words_of(mail)[0]
    batch = {"name": "b", "amount": "3", "count": 1, "kind": "promotion"}
    batch = admin.call("POST", "/admin/vouchers", 201, json=batch)
    code = admin.web.get(f"/admin/voucher-codes/{batch['id']}").text.splitlines()[1].split(",")[0]
    customer.call("POST", "/balance/voucher", 201, json={"code": code})
    assert "What: Voucher" in words_of(mailbox.wait_for_one(customer.email, "$3.00"))[0]
    gateway.value_of("credit", customer.email, "4.56")
    mail = mailbox.wait_for_one(customer.email, "Receipt: $4.56")  # the server learns of it


@pytest.mark.parametrize("how", ["operator", "payments", "customer"])
def test_receipts_can_be_switched_off(post, mailbox, how):
    settings = {"operator": "off", "payments": "payments", "customer": "all"}
    gateway = post(mail_receipts=settings[how])
    customer = newcomer(gateway)
    if how == "customer":
        customer.call("PATCH", "/notices", 200, json={"receipts": False})
    customer.charge("5")
    assert not outbox(gateway)


# ---- a low balance ----


def spend(customer: Customer, provider, tokens: int) -> None:
    """A call that costs 12 cents for a thousand tokens."""
    provider.answer = answers.chat(usage=Usage(prompt=10, completion=tokens))
    answer = customer.ask("gpt-4", max_tokens=tokens)
    assert answer.status_code == 200, answer.text
    customer.wait_for_no_hold()


def watch(customer: Customer, amount: str | None) -> dict:
    return customer.call("PATCH", "/notices", 200, json={"low_balance": amount})


def low_mails(mailbox, customer: Customer) -> list:
    return mailbox.to(customer.email, "balance is low")


def test_a_low_balance_is_told_once_per_crossing(post, mailbox, provider):
    gateway = post(mail_receipts="off")
    customer = gateway.customer(credit="10")
    assert watch(customer, "9.9")["low_balance"] == "9.900000000"
    spend(customer, provider, 500)
    assert not outbox(gateway)
    spend(customer, provider, 1000)
    mail = mailbox.wait_for_one(customer.email)
    assert "$9.90" in words_of(mail)[0]
    balance = re.search(r"Your balance is low: \$([\d.]+)", mail["subject"])[1]
    assert float(balance) == float(customer.balance)
    spend(customer, provider, 1000)
    customer.charge("0.01")  # still low
    spend(customer, provider, 100)
    customer.charge("1")  # above again
    spend(customer, provider, 100)
    wait_until(lambda: is_empty(gateway), 20, "notes")
    assert len(low_mails(mailbox, customer)) == 1
    while float(customer.balance) >= 9.9:
        spend(customer, provider, 2000)
    wait_until(lambda: len(low_mails(mailbox, customer)) == 2, 20, "the second crossing")


def test_a_threshold_above_the_balance_is_no_crossing(post, mailbox, provider):
    gateway = post(mail_receipts="off")
    customer = gateway.customer(credit="10")
    watch(customer, "50")
    spend(customer, provider, 100)
    watch(customer, "9")  # below the balance: armed
    watch(customer, None)
    spend(customer, provider, 4000)
    spend(customer, provider, 4000)
    spend(customer, provider, 4000)
    spend(customer, provider, 4000)
    assert float(customer.balance) < 9
    assert not outbox(gateway)
    for bad in ("0", "-1", "1e30", "x"):
        response = customer.web.patch("/notices", json={"low_balance": bad})
        check_error(response, 400, "invalid_amount", on_api=False)


def test_a_debit_is_a_crossing_too(post, mailbox):
    gateway = post(mail_receipts="off")
    customer, admin = gateway.customer(credit="10"), make_admin(gateway)
    watch(customer, "5")
    body = {"user_id": id_of(customer), "amount": "6", "reason": "a correction"}
    admin.call("POST", "/admin/debits", 201, json=body)
    assert "$4.00" in mailbox.wait_for_one(customer.email)["subject"]


def test_a_crossing_survives_a_crash(post, mailbox, provider):
    """The settlement is durable first; whoever is killed before it is told tells it later, and
    whoever has told it does not tell it again."""
    gateway = post(mail_receipts="off")
    for credit in ("10", "11", "12"):
        customer = gateway.customer(credit=credit)
        watch(customer, credit)
        provider.answer = answers.chat(usage=Usage(prompt=10, completion=100))
        assert customer.ask("gpt-4", max_tokens=100).status_code == 200
        gateway.kill()
        gateway.customers.clear()
        gateway.start()
        mailbox_has = lambda customer=customer: low_mails(mailbox, customer)  # noqa: E731
        wait_until(mailbox_has, 20, "a mail")
    wait_until(lambda: is_empty(gateway), 20, "notes")
    gateway.stop()
    gateway.start()
    assert len({mail["message-id"] for mail in mailbox.mails}) == 3


# ---- keys that expire ----


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat().replace("+00:00", "Z")


def expire_in(gateway, customer: Customer, days: float) -> None:
    """As if time had passed: the start looks for such keys."""
    gateway.stop()
    when_ms = int((time.time() + days * DAY_S) * 1000)
    change(gateway, "UPDATE keys SET expires_ms = ? WHERE id = ?", when_ms, customer.key_id)
    gateway.start()


def test_a_key_about_to_expire(post, mailbox):
    gateway = post(mail_receipts="off")
    customer = gateway.customer(credit=None, name='Night <b>&" jobs', expires_at=in_days(30))
    gateway.customers.clear()
    expire_in(gateway, customer, 6.5)
    mail = mailbox.wait_for_one(customer.email)
    text, html = words_of(mail)
    assert "Days that are left: 7" in text
    assert 'Night <b>&" jobs' in text
    assert customer.key[-4:] in text
    assert "Night &lt;b&gt;&amp;&quot; jobs" in html
    assert "<b>" not in html
    assert mail["subject"] == 'An API key expires soon: Night <b>&" jobs'
    expire_in(gateway, customer, 6)
    expire_in(gateway, customer, 0.9)
    wait_until(lambda: len(mailbox.mails) == 2, 20, "the second mail")
    assert "Days that are left: 1" in words_of(mailbox.mails[1])[0]
    expire_in(gateway, customer, 0.5)
    expire_in(gateway, customer, -1)
    assert len(outbox(gateway)) == 2


def test_a_key_that_is_made_for_a_short_time(post):
    """Its maker knows."""
    gateway = post(mail_receipts="off")
    customer = gateway.customer(credit=None, expires_at=in_days(0.5))
    customer.create_key("second", expires_at=in_days(3))
    gateway.customers.clear()
    gateway.stop()
    gateway.start()
    assert not outbox(gateway)


def test_an_expiry_that_is_moved_is_told_again(post, mailbox):
    gateway = post(mail_receipts="off")
    customer = gateway.customer(credit=None, expires_at=in_days(30))
    gateway.customers.clear()
    expire_in(gateway, customer, 0.9)
    mailbox.wait_for_one(customer.email)
    customer.web.base_url = gateway.origin + "/api"
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"expires_at": in_days(30)})
    expire_in(gateway, customer, 0.9)
    wait_until(lambda: len(mailbox.mails) == 2, 20, "the second mail")


@pytest.mark.parametrize("how", ["unwanted", "disabled", "deleted"])
def test_a_key_of_which_nothing_is_told(post, how):
    gateway = post(mail_receipts="off")
    customer = gateway.customer(credit=None, expires_at=in_days(30))
    if how == "unwanted":
        customer.call("PATCH", "/notices", 200, json={"key_expiry": False})
    elif how == "disabled":
        customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
    else:
        customer.delete_key()
    gateway.customers.clear()
    expire_in(gateway, customer, 0.9)
    assert not outbox(gateway)


# ---- wishes ----


def test_wishes(post):
    gateway = post()
    customer = newcomer(gateway)
    first = customer.call("GET", "/notices", 200)
    assert first == {"language": "en", "email_verified_at": None, "low_balance": None,
                     "receipts": True, "key_expiry": True, "quotas": True,
                     "mail_refused_at": None, "mail_refused_why": None,
                     "webhook": None}  # fmt: skip
    wishes = {"low_balance": "2.50", "receipts": False, "key_expiry": False, "quotas": False,
              "language": "ko"}  # fmt: skip
    changed = customer.call("PATCH", "/notices", 200, json=wishes)
    assert changed == first | wishes | {"low_balance": "2.500000000"}
    assert customer.call("PATCH", "/notices", 200, json={"receipts": True})["language"] == "ko"
    assert customer.call("GET", "/auth/me", 200)["user"]["language"] == "ko"
    for wrong in ({"language": "fr"}, {"language": None}, {"receipts": None}, {"receipts": 1},
                  {"quotas": None}, {"webhook": None}):  # fmt: skip
        check_error(customer.web.patch("/notices", json=wrong), 400, "invalid_value",
                    on_api=False)  # fmt: skip
    stranger = Customer(gateway)
    check_error(stranger.web.get("/notices"), 401, "not_signed_in", on_api=False)


def test_nobody_changes_anothers_wishes(post):
    gateway = post()
    one, other = newcomer(gateway), newcomer(gateway)
    one.call("PATCH", "/notices", 200, json={"low_balance": "7", "language": "ko"})
    assert other.call("GET", "/notices", 200)["low_balance"] is None


# ---- an account that a stranger has made with somebody's address ----


def reset(gateway, mailbox, email: str, **fields) -> Customer:
    """The owner of the mailbox sets a password by a mailed link; fields: of the request."""
    seen = len(mailbox.to(email, "new password"))
    assert forget(gateway, email).status_code == 202
    wait_until(lambda: len(mailbox.to(email, "new password")) > seen, 20, "the mail")
    token = token_of(mailbox.to(email, "new password")[-1], "password")
    owner = Customer(gateway)
    owner.email, owner.password = email, NEW_PASSWORD
    owner.found = owner.call("POST", "/auth/link", 200, json={"token": token})
    body = {"token": token, "password": NEW_PASSWORD, **fields}
    owner.answer = owner.web.post("/auth/link/password", json=body)
    return owner


def squatter(gateway) -> Customer:
    """Signs up with another's address, and fits the account out."""
    stranger = newcomer(gateway)
    stranger.charge("5")
    stranger.create_key()
    stranger.call("POST", "/notices/webhook", 201, json={"url": "https://example.com/h"})
    with_phone(stranger)
    return stranger


@pytest.mark.parametrize("verification", ["off", "ask"])
def test_the_owner_of_an_address_takes_the_account_over(post, mailbox, verification):
    """A stranger's second factor locks nobody out, nor do keys go on at the owner's cost."""
    gateway = post(email_verification=verification)
    stranger = squatter(gateway)
    assert stranger.ask().is_success
    owner = reset(gateway, mailbox, stranger.email)
    assert owner.found["takes_over"] is True
    assert owner.answer.status_code == 200, owner.answer.text
    assert owner.answer.json()["user"]["second_factor"] is False
    assert verified(gateway, owner)
    check_error(stranger.web.get("/auth/me"), 401, "not_signed_in", on_api=False)
    check_error(stranger.ask(), 401, "key_disabled")
    (key,) = owner.call("GET", "/keys", 200)["data"]
    assert (key["disabled"], key["disabled_by"]) == (True, "owner")
    assert owner.call("GET", "/notices", 200)["webhook"] is None
    assert 4 < owner.balance < 5, "what was paid in stays"
    owner.sign_in()
    again = reset(gateway, mailbox, stranger.email)
    assert again.found["takes_over"] is False


@pytest.mark.parametrize("verification", ["ask", "required"])
def test_nobody_verifies_a_strangers_account(post, mailbox, verification):
    """The owner of the mailbox clicks what the stranger's sign-up has mailed: it takes a session of
    that account, which only the stranger has. The link still works for who has made it."""
    gateway = post(email_verification=verification, sign_up_credit="3")
    stranger, owner = newcomer(gateway), newcomer(gateway)
    token = token_of(mailbox.wait_for_one(stranger.email), "verify")
    refused = Customer(gateway).web.post("/auth/verify", json={"token": token})
    check_error(refused, 401, "not_signed_in", on_api=False)
    refused = owner.web.post("/auth/verify", json={"token": token})
    error = check_error(refused, 403, "link_not_yours", on_api=False)
    assert stranger.email in error["message"]
    assert not verified(gateway, stranger)
    assert not verified(gateway, owner)
    assert owner.balance == (0 if verification == "required" else 3)
    elsewhere = Customer(gateway)
    elsewhere.email = stranger.email
    elsewhere.sign_in()
    elsewhere.call("POST", "/auth/verify", 200, json={"token": token})
    assert verified(gateway, stranger)
    assert stranger.balance == 3


def test_who_has_made_the_keys_keeps_them(post, mailbox):
    gateway = post()
    customer = newcomer(gateway)
    customer.charge("5")
    customer.create_key()
    owner = reset(gateway, mailbox, customer.email, disable_keys=False)
    assert owner.answer.status_code == 200
    assert customer.ask().is_success
    reset(gateway, mailbox, customer.email)  # verified by now: keys go on by themselves
    assert customer.ask().is_success
    owner = reset(gateway, mailbox, customer.email, disable_keys=True)
    check_error(customer.ask(), 401, "key_disabled")
    (key,) = owner.call("GET", "/keys", 200)["data"]
    assert key["disabled_by"] == "owner"


@pytest.mark.parametrize("how", ["verified", "operator", "made"])
def test_whose_account_it_is_was_known(post, mailbox, how):
    """The mailbox alone does not take a second factor away."""
    gateway = post(email_verification="ask")
    if how == "made":
        email = f"made.{how}@example.com"
        password = gateway.value_of("user", "create", email)
        customer = Customer(gateway)
        customer.email, customer.password = email, password
        customer.sign_in()
    else:
        customer = newcomer(gateway)
    if how == "verified":
        token = token_of(mailbox.wait_for_one(customer.email), "verify")
        customer.call("POST", "/auth/verify", 200, json={"token": token})
    elif how == "operator":
        assert gateway.command("user", "role", customer.email, "support").returncode == 0
    with_phone(customer)
    owner = reset(gateway, mailbox, customer.email)
    assert owner.found["takes_over"] is False
    check_error(owner.answer, 401, "second_factor_code_required", on_api=False)


def test_a_second_factor_takes_a_verified_address(post, mailbox):
    """Where addresses must be verified; also when the operator wants a second factor of all."""
    gateway = post(email_verification="required", second_factor="all")
    customer = newcomer(gateway)
    mailbox.wait_for_one(customer.email)
    body = {"password": PASSWORD}
    for path in ("", "/confirm", "/recovery-codes", "/off"):
        refused = customer.web.post(f"/auth/second-factor{path}", json=body | {"code": "123456"})
        check_error(refused, 403, "email_not_verified", on_api=False)
    customer.call("POST", "/auth/verify/send", 202, json={})
    wait_until(lambda: len(mailbox.to(customer.email)) == 2, 20, "the second mail")
    token = token_of(mailbox.mails[1], "verify")
    customer.call("POST", "/auth/verify", 200, json={"token": token})
    check_error(customer.web.post("/keys", json={"name": "k"}), 403, "second_factor_required",
                on_api=False)  # fmt: skip
    with_phone(customer)
    customer.create_key()
