"""How mails to customers are written and sent: the operator's templates; a mail server that is
down, slow or says no; addresses; a gateway that is killed."""

import os
import random
import signal
import time

import pytest
from certificate import make_certificate
from receivers import Mailbox, change, is_empty, outbox, words_of
from test_admin_api import make_admin
from test_customer_mail import forget, newcomer, post
from wait import wait_until

__all__ = ["post"]  # a fixture


# ---- templates ----

TEMPLATE = "Subject: Thanks, {{email}}\n\nYou have paid {{amount}}. {{kind}}\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder


def test_the_operators_templates(post, mailbox, folder):
    (folder / "receipt.en.txt").write_text(TEMPLATE)
    (folder / "layout.html").write_text("<html><body><i>{{sender}}</i>{{content}}</body></html>")
    (folder / ".swp").write_text("an editor's")
    gateway = post(mail_templates=folder, mail_name="A & B <x>", dashboard_url="https://my.example")
    customer = newcomer(gateway)
    customer.charge("5")
    mail = mailbox.wait_for_one(customer.email)
    assert mail["subject"] == f"Thanks, {customer.email}"
    text, html = words_of(mail)
    assert text.replace("\r", "") == "You have paid $5.00. Test credits\n"
    assert html.startswith("<html><body><i>A &amp; B &lt;x&gt;</i>")
    assert 'href="https://my.example/credits"' in html
    assert mail["from"] == '"A & B <x>" <gateway@example.com>'
    (folder / "receipt.en.txt").write_text(TEMPLATE.replace("Thanks", "Hello"))
    gateway.reload()
    customer.charge("6")
    mailbox.wait_for_one(customer.email, "Hello")


BAD = {
    "an unknown placeholder": ("receipt.en.txt", "Subject: a\n\nb\n{{x}}", "en.txt:4: {{x}}"),
    "one of another mail": ("verify.ko.html", "{{amount}}", "verify.ko.html:1: {{amount}}"),
    "one in the subject": ("receipt.en.txt", "Subject: {{x}}\n\nb", "en.txt:1: {{x}}"),
    "no end": ("reset.en.html", "a\n{{link\n}}", "reset.en.html:2: {{ has no }}"),
    "no subject": ("receipt.en.txt", "Hello\n\nb", "Subject: "),
    "no empty line": ("receipt.en.txt", "Subject: a\nb", "Subject: "),
    "an unknown mail": ("receit.en.txt", "Subject: a\n\nb", "is no template"),
    "an unknown language": ("receipt.fr.txt", "Subject: a\n\nb", "is no template"),
    "an unknown part": ("receipt.en.md", "Subject: a\n\nb", "is no template"),
    "no content": ("layout.html", "<html>", "{{content}}"),
    "no UTF-8": ("receipt.en.html", b"\xff", "UTF-8"),
    "a control character": ("receipt.en.html", b"a\0b", "byte 1"),
    "no link in the text": ("reset.en.txt", "Subject: {{link}}\n\nb", "txt has no {{link}}"),
    "no link in HTML": ("verify.ko.html", "<p>{{email}}", "verify.ko.html has no {{link}}"),
    "nor to come in": ("invitation.en.html", "<p>", "invitation.en.html has no {{link}}"),
    "too long": ("receipt.en.html", "a" * 70000, "65536"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_template_is_refused(post, folder, name):
    file, text, said = BAD[name]
    (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    gateway = post(start=False, mail_templates=folder)
    result = gateway.command("check")
    assert result.returncode != 0
    assert said in result.stderr
    assert "mail_templates" in result.stderr


def test_a_pipe_among_the_templates(post, folder):
    """Nobody writes into it: it is not waited for."""
    os.mkfifo(folder / "receipt.en.txt")
    result = post(start=False, mail_templates=folder).command("check")
    assert result.returncode != 0
    assert "cannot read" in result.stderr


def test_a_bad_template_at_a_reload(post, mailbox, folder):
    """The old ones stay in force, and the operator is told."""
    gateway = post(mail_templates=folder)
    customer = newcomer(gateway)
    (folder / "receipt.en.txt").write_text("Subject: {{nothing}}\n\n")
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.logged("old settings stay"), 20, "a refusal")
    assert "{{nothing}}" in gateway.logs("old settings stay")[0]["reason"]
    customer.charge("5")
    mailbox.wait_for_one(customer.email, "Receipt: $5.00")
    (folder / "receipt.en.txt").unlink()
    gateway.reload()


SETTINGS = {
    "no folder": ({"mail_templates": "/nonexistent"}, "mail_templates"),
    "no name": ({"mail_name": "x" * 201}, "mail_name"),
    "no address": ({"dashboard_url": "my.example"}, "dashboard_url"),
    "no such choice": ({"mail_receipts": "some"}, "off, payments, all"),
    "verified": ({"email_verification": "always"}, "off, ask, required"),
    "no server": ({"email_verification": "ask", "smtp_url": "", "mail_from": ""}, "smtp_url"),
    "no such webhooks": ({"customer_webhooks": "on"}, "off, public, any"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_bad_settings(post, name):
    settings, said = SETTINGS[name]
    gateway = post(start=False, **settings)
    result = gateway.command("check")
    assert result.returncode != 0
    assert said in result.stderr


# ---- the mail server ----


def test_a_server_that_is_down_and_comes_back(make_gateway, mailbox):
    down = mailbox.settings | {"smtp_url": "smtp://127.0.0.1:9"}
    gateway = make_gateway(**down)
    customer = newcomer(gateway)
    customer.charge("5")
    wait_until(lambda: outbox(gateway)[0]["tries"] > 0, 20, "a failure")
    customer.charge("6")
    gateway.settings["smtp_url"] = mailbox.url
    gateway.write_config()
    gateway.reload()
    wait_until(lambda: len(mailbox.mails) == 2, 20, "both")
    wait_until(lambda: is_empty(gateway), 20, "notes")
    ids = {f"<{row['id']}@example.com>" for row in outbox(gateway)}
    assert {mail["message-id"] for mail in mailbox.mails} == ids


@pytest.mark.parametrize(("line", "state"), [("451 later", "waiting"), ("550 no", "given_up")])
def test_a_bounce_holds_nobody_else(post, mailbox, line, state):
    gateway = post()
    bounced, other = newcomer(gateway), newcomer(gateway)
    mailbox.refuse = lambda address: line if address == bounced.email else None
    bounced.charge("5")
    wait_until(lambda: outbox(gateway)[0]["last_error"] == line, 20, "a bounce")
    other.charge("5")
    mailbox.wait_for_one(other.email)
    assert outbox(gateway)[0]["state"] == state
    bounced.call("GET", "/auth/me", 200)


def test_a_slow_server_holds_no_alert(post, mailbox):
    """Customers' mails have their places; the operator's have others."""
    mailbox.slow = lambda mail: mail["to"] != "ops@example.com"
    gateway = post(alert_mail="ops@example.com")
    admin = make_admin(gateway)
    crowd = [newcomer(gateway) for _ in range(20)]
    for customer in crowd:
        customer.charge("5")
    wait_until(lambda: len(mailbox.mails) == 6, 20, "all places of the lane")
    admin.call("POST", "/admin/alerts/test", 202)
    mailbox.wait_for_one("ops@example.com")
    assert len(mailbox.mails) == 7
    mailbox.gate.set()
    for customer in crowd:
        wait_until(lambda customer=customer: mailbox.to(customer.email), 30, "a receipt")


def test_starttls(make_gateway, tmp_path):
    certificate = make_certificate(tmp_path, names=("IP:127.0.0.1", "DNS:mail.localhost"))
    mailbox = Mailbox(certificate=certificate, hostname="mail.localhost")
    gateway = make_gateway(delivery_ca_file=certificate[0], **mailbox.settings)
    customer = newcomer(gateway)
    customer.charge("5")
    mailbox.wait_for_one(customer.email)
    mailbox.stop()


def test_a_link_that_has_expired_is_not_sent(post, mailbox):
    mailbox.refuse = lambda _: "451 later"
    gateway = post()
    customer = newcomer(gateway)
    forget(gateway, customer.email)
    wait_until(lambda: outbox(gateway)[0]["tries"] > 0, 20, "a try")
    change(gateway, "UPDATE outbox SET useless_ms = ?", int(time.time() * 1000))
    mailbox.refuse = lambda _: None
    wait_until(lambda: outbox(gateway)[0]["state"] == "given_up", 20, "a decision")
    assert outbox(gateway)[0]["last_error"] == "its link has expired"
    assert not mailbox.mails


def test_an_international_address(post, mailbox):
    gateway = post()
    gateway.command("user", "create", "운영@example.com")
    gateway.value_of("credit", "운영@example.com", "5")
    wait_until(lambda: mailbox.envelopes, 20, "a mail")
    assert mailbox.envelopes[0].rcpt_tos == ["운영@example.com"]
    assert "To: <운영@example.com>".encode() in mailbox.envelopes[0].content


@pytest.mark.parametrize("email", ["a@example.com>\r\nBcc: <x@example.com", "a b@example.com"])
def test_what_is_no_address_gets_no_mail(post, mailbox, email):
    """An operator may have made it by hand; it writes no header."""
    gateway = post()
    customer = newcomer(gateway)
    change(gateway, "UPDATE users SET email = ? WHERE email = ?", email, customer.email)
    customer.charge("5")
    wait_until(lambda: is_empty(gateway), 20, "a decision")
    (row,) = outbox(gateway)
    assert (row["state"], row["last_error"]) == ("given_up", "the receiver is no mail address")
    assert not mailbox.mails


# ---- kill -9 ----


def test_killed_in_the_middle_of_a_delivery(post, mailbox):
    """The server has all of the mail and has not said yes: it is sent again, as the same."""
    gateway = post(dashboard_url="https://my.example/dashboard")
    customer = newcomer(gateway)
    mailbox.slow = lambda _: True
    customer.charge("5")
    wait_until(lambda: len(mailbox.mails) == 1, 20, "the mail")
    gateway.kill()
    mailbox.slow = lambda _: False
    gateway.start()
    wait_until(lambda: len(mailbox.mails) == 2, 20, "the repetition")
    wait_until(lambda: is_empty(gateway), 20, "a note")
    first, second = mailbox.mails
    assert first["message-id"] == second["message-id"]
    assert words_of(first) == words_of(second)
    gateway.kill()
    gateway.start()  # what is noted is not sent again
    customer.web.base_url = gateway.origin + "/api"
    customer.charge("6")
    mailbox.wait_for_one(customer.email, "$6.00")
    assert len(mailbox.mails) == 3


def test_killed_again_and_again(post, mailbox):
    """Each credit has its receipt, and no receiver that knows a message by its id sees two."""
    gateway = post(dashboard_url="https://my.example/dashboard")
    customer = newcomer(gateway)
    dice = random.Random(7)
    made = []
    for _ in range(6):
        for _ in range(4):
            made.append(customer.charge(f"{len(made) + 1}")["transfer"]["id"])
        enough = len(made) - dice.randrange(1, 5)
        wait_until(lambda enough=enough: len(mailbox.mails) >= enough, 20, "some of them")
        gateway.kill()
        gateway.start()
        customer.web.base_url = gateway.origin + "/api"
    wait_until(lambda: is_empty(gateway), 30, "notes")
    by_id = {}
    for mail in mailbox.mails:
        by_id.setdefault(mail["message-id"], set()).add(words_of(mail)[0])
    assert len(by_id) == len(made)
    texts = [text for (text,) in by_id.values()]
    assert all(sum(transfer in text for text in texts) == 1 for transfer in made)
