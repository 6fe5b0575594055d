"""What is sent to the outside: by webhook and by mail, whatever receivers do, whoever is killed."""

import signal
import sqlite3
import time

import pytest
from certificate import make_certificate
from receivers import NOBODY, SECRET, Mailbox, Receiver, is_empty, outbox
from standardwebhooks import Webhook, WebhookVerificationError
from wait import wait_until


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path, names=("IP:127.0.0.1", "DNS:mail.localhost"))


@pytest.fixture
def mailbox_of():
    made = []

    def make(**how) -> Mailbox:
        made.append(Mailbox(**how))
        return made[-1]

    yield make
    for mailbox in made:
        mailbox.stop()


def refuse_reload(gateway) -> str:
    """A cause without anything else: an alert opens. Returns what closes it."""
    margins = gateway.policies.read("margins")
    gateway.policies.write("margins", "return {")
    gateway.reload(refused=True)
    return margins


def accept_reload(gateway, margins: str) -> None:
    gateway.policies.write("margins", margins)
    gateway.reload()


def failed(gateway, word: str) -> list[dict]:
    """The rows whose last try has failed with that word."""
    return [row for row in outbox(gateway) if word in row["last_error"]]


def wait_for_failure(gateway, word: str) -> dict:
    return wait_until(lambda: failed(gateway, word), 20, f"{word}: {outbox(gateway)}")[0]


# ---- webhooks ----


def test_a_webhook_is_signed(make_gateway, receiver):
    gateway = make_gateway(public_url="https://llm.example.com", **receiver.settings)
    refuse_reload(gateway)
    data = receiver.wait_for("opened", "reload_refused")
    hook = receiver.hooks[0]
    assert hook.path == "/alerts"
    assert hook.id.startswith("msg_")
    assert hook.headers["content-type"] == "application/json"
    assert data["gateway"] == "https://llm.example.com"
    assert abs(int(hook.headers["webhook-timestamp"]) - time.time()) < 300
    for changed in (hook.body.replace(b"reload", b"reLoad"), hook.body + b" "):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(changed, hook.headers)
    assert wait_until(lambda: is_empty(gateway), 20, "a note")
    assert [(row["state"], row["payload"]) for row in outbox(gateway)] == [("delivered", "")]


ANSWERS = {
    "500": 500,
    "429": 429,
    "404": (404, {}, b"no such hook"),
    "a redirect": (302, {"location": "/elsewhere"}, b""),
    "1 MB of words": (503, {}, b"x" * 2**20),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_not_taken_is_tried_again(make_gateway, receiver, name):
    receiver.answer = lambda _: ANSWERS[name] if len(receiver.hooks) < 3 else 200
    gateway = make_gateway(**receiver.settings)
    refuse_reload(gateway)
    wait_until(lambda: len(receiver.hooks) == 3, 20, "the third try")
    assert len({hook.id for hook in receiver.hooks}) == 1
    assert {hook.path for hook in receiver.hooks} == {"/alerts"}
    wait_until(lambda: is_empty(gateway), 20, "a note")
    (row,) = outbox(gateway)
    assert (row["state"], row["tries"], row["last_error"]) == ("delivered", 3, "")
    assert len(gateway.logs("could not be delivered", 2)) == 2


def test_the_receivers_words_are_kept(make_gateway, receiver):
    receiver.answer = lambda _: (401, {}, b"who\r\nare you?")
    gateway = make_gateway(**receiver.settings)
    refuse_reload(gateway)
    assert wait_for_failure(gateway, "401")["last_error"] == "status 401: who  are you?"


def test_a_receiver_that_is_gone(make_gateway, receiver):
    """410 says that nobody wants it: it is given up at once."""
    receiver.answer = lambda _: 410
    gateway = make_gateway(**receiver.settings)
    refuse_reload(gateway)
    row = wait_for_failure(gateway, "410")
    assert (row["state"], row["tries"], len(receiver.hooks)) == ("given_up", 1, 1)


def test_a_receiver_that_is_down_and_comes_back(make_gateway, receiver):
    """Another address after SIGHUP: what waits goes there."""
    gateway = make_gateway(alert_webhook_url=NOBODY, alert_webhook_secret=SECRET)
    refuse_reload(gateway)
    wait_for_failure(gateway, "onnect")
    gateway.settings["alert_webhook_url"] = receiver.url
    gateway.write_config()
    gateway.signal(signal.SIGHUP)
    receiver.wait_for("opened", "reload_refused")


def test_tls(make_gateway, certificate):
    """A certificate is verified; delivery_ca_file says by whose."""
    receiver = Receiver(certificate)
    gateway = make_gateway(**receiver.settings)
    refuse_reload(gateway)
    wait_for_failure(gateway, "certificate")
    assert not receiver.hooks
    gateway.settings["delivery_ca_file"] = certificate[0]
    gateway.write_config()
    gateway.signal(signal.SIGHUP)
    receiver.wait_for("opened", "reload_refused")
    receiver.stop()


def test_a_slow_receiver_holds_no_other(make_gateway, receiver, mailbox_of):
    """The mail goes out while the webhook's receiver says nothing."""
    mailbox = mailbox_of()
    receiver.answer = lambda _: receiver.gate.wait() and 200
    gateway = make_gateway(alert_mail="ops@example.com", **receiver.settings, **mailbox.settings)
    margins = refuse_reload(gateway)
    mailbox.wait_for(1)
    accept_reload(gateway, margins)
    mailbox.wait_for(2)
    assert len(receiver.hooks) == 1  # one at a time
    receiver.gate.set()
    receiver.wait_for("closed", "reload_refused")


@pytest.mark.parametrize("killed", ["before", "between"])
def test_kill(make_gateway, receiver, killed):
    """Killed before the receiver has said yes: it is sent again, with the same id. What was noted
    is not sent again."""
    gateway = make_gateway(**receiver.settings)
    margins = refuse_reload(gateway)
    receiver.wait_for("opened", "reload_refused")
    wait_until(lambda: is_empty(gateway), 20, "a note")
    receiver.answer = lambda _: receiver.gate.wait() and 200
    accept_reload(gateway, margins)
    wait_until(lambda: len(receiver.hooks) == 2, 20, "the second webhook")
    if killed == "between":
        receiver.gate.set()  # its note may or may not be written
    gateway.kill()
    receiver.gate.set()
    gateway.policies.write("margins", margins)
    gateway.start()
    wait_until(lambda: is_empty(gateway), 20, "a note")
    first, *more = [hook.id for hook in receiver.hooks]
    assert first not in more
    assert len(set(more)) == 1
    assert len(more) == 2 if killed == "before" else len(more) in (1, 2)


def test_nothing_is_sent_without_settings(make_gateway):
    gateway = make_gateway()
    refuse_reload(gateway)
    with sqlite3.connect(gateway.database) as db:
        count = "SELECT count(*) FROM alerts"
        wait_until(lambda: db.execute(count).fetchone()[0] == 1, 20, "an alert")
    assert not outbox(gateway)


# ---- mail ----


def test_a_mail(make_gateway, mailbox_of):
    mailbox = mailbox_of()
    gateway = make_gateway(alert_mail="ops@example.com, second@example.com", **mailbox.settings)
    margins = refuse_reload(gateway)
    mails = mailbox.wait_for(2)
    assert {mail["to"] for mail in mails} == {"ops@example.com", "second@example.com"}
    mail = mails[0]
    assert mail["from"] == "LLM Gateway <gateway@example.com>"
    assert mail["subject"] == "[warning] A reload was refused: policies"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["message-id"] in [f"<{row['id']}@example.com>" for row in outbox(gateway)]
    assert mail["date"].datetime.timestamp() == pytest.approx(time.time(), abs=300)
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (text, html):
        assert "margins.lua" in part.get_content()
        assert "llm-gateway check" in part.get_content()
    accept_reload(gateway, margins)
    mailbox.wait_for(4)
    assert mailbox.mails[-1]["subject"] == "[closed] A reload was accepted: policies"


def test_no_text_leaves_its_place(make_gateway, mailbox_of):
    """What a file or a provider says cannot write headers or HTML."""
    mailbox = mailbox_of()
    gateway = make_gateway(alert_mail="ops@example.com", **mailbox.settings)
    gateway.policies.write("margins", 'error("<script>\\r\\nBcc: x@example.com\\r\\n.\\r\\n")')
    gateway.reload(refused=True)
    (mail,) = mailbox.wait_for(1)
    assert mail["bcc"] is None
    assert mailbox.envelopes[0].rcpt_tos == ["ops@example.com"]
    _, html = mail.iter_parts()
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()


def test_a_mail_server_needs_starttls(make_gateway, mailbox_of):
    """Nobody but this machine gets a mail in the clear."""
    mailbox = mailbox_of(hostname="mail.localhost")
    gateway = make_gateway(alert_mail="ops@example.com", **mailbox.settings)
    refuse_reload(gateway)
    wait_for_failure(gateway, "STARTTLS")
    assert not mailbox.mails


def test_starttls_and_login(make_gateway, mailbox_of, certificate):
    login = ("gateway", "pass-Wort-123")
    mailbox = mailbox_of(certificate=certificate, login=login, hostname="mail.localhost")
    gateway = make_gateway(
        alert_mail="ops@example.com",
        smtp_user=login[0],
        smtp_password=login[1],
        delivery_ca_file=certificate[0],
        log_level="debug",
        **mailbox.settings,
    )
    refuse_reload(gateway)
    mailbox.wait_for(1)
    assert set(mailbox.logins) == {login}
    assert login[1] not in gateway.stderr()


@pytest.mark.parametrize(
    ("line", "state"), [("451 greylisted, come back", "waiting"), ("550 no such user", "given_up")]
)
def test_a_recipient_that_is_refused(make_gateway, mailbox_of, line, state):
    """For now it is tried again; for good it is given up, and the other one has its mail."""
    mailbox = mailbox_of()
    mailbox.refuse = lambda address: line if address.startswith("bad") else None
    gateway = make_gateway(alert_mail="bad@example.com, ops@example.com", **mailbox.settings)
    refuse_reload(gateway)
    row = wait_for_failure(gateway, line)
    assert (row["destination"], row["state"]) == ("bad@example.com", state)
    mailbox.wait_for(1)
    mailbox.refuse = lambda _: None
    if state == "waiting":
        mailbox.wait_for(2)


def test_a_mail_that_is_refused_at_its_end(make_gateway, mailbox_of):
    mailbox = mailbox_of()
    mailbox.after = lambda _: "452 disk full" if len(mailbox.mails) < 2 else "250 OK"
    gateway = make_gateway(alert_mail="ops@example.com", **mailbox.settings)
    refuse_reload(gateway)
    first, second = mailbox.wait_for(2)
    assert first["message-id"] == second["message-id"]


# ---- settings ----

BAD = {
    "no https": ({"alert_webhook_url": "http://example.com/x"}, "https://"),
    "no host": ({"alert_webhook_url": "https:///x"}, "https://"),
    "a blank": ({"alert_webhook_url": "https://example.com/a b"}, "https://"),
    "no secret": ({"alert_webhook_url": "https://example.com/"}, "/dev/urandom"),
    "a short secret": (
        {"alert_webhook_url": "https://example.com/", "alert_webhook_secret": "whsec_c2hvcnQ="},
        "/dev/urandom"),
    "no address": ({"alert_mail": "ops"}, "'ops'"),
    "an address with a name": ({"alert_mail": "Ops <ops@example.com>"}, "no mail address"),
    "too many addresses": ({"alert_mail": ",".join(["a@example.com"] * 9)}, "mailing list"),
    "no server": ({"alert_mail": "ops@example.com"}, "smtp_url"),
    "http": ({"smtp_url": "http://example.com"}, "smtp://"),
    "no sender": ({"smtp_url": "smtp://example.com"}, "mail_from"),
    "a user in the address": (
        {"smtp_url": "smtp://me:hidden@example.com", "mail_from": "a@example.com"}, "smtp_user"),
    "no password": (
        {"smtp_url": "smtp://example.com", "mail_from": "a@example.com", "smtp_user": "me"},
        "smtp_password"),
    "no file": ({"delivery_ca_file": "/nonexistent.pem"}, "PEM"),
    "a negative time": ({"alert_repeat_ms": "-1"}, "whole number"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_settings(make_gateway, name):
    settings, said = BAD[name]
    gateway = make_gateway(start=False, **settings)
    result = gateway.command("check")
    assert result.returncode != 0
    assert any(name in result.stderr for name in ("alert_", "smtp_", "mail_from", "delivery_"))
    assert said in result.stderr
    assert "hidden" not in result.stderr
    assert "c2hvcnQ" not in result.stderr
