"""What mail services tell of mails that came back. The bodies have the forms of the services' own
documentation, as of 2026-12-02, with the members that they show."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from errors import check_error
from standardwebhooks import Webhook
from test_bounces import notices
from test_customer_mail import newcomer, post

__all__ = ["post"]  # a fixture

SECRET = "a-secret-of-the-tests-0123456789"
WAS_NOT_WANTED = "marked as unwanted mail"


# ---- what they send ----


def sns(message, kind: str = "Notification", **more) -> dict:
    return {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-west-2:123456789012:MyTopic",
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2026-12-02T00:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLEw6JRN",
        "SigningCertURL": "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-1.pem",
        **more,
    }


def ses_bounce(email: str, kind: str = "Permanent", member: str = "notificationType") -> dict:
    recipient = {
        "emailAddress": email,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    }
    return {
        member: "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": "somebody-else@example.com"}, recipient],
            "timestamp": "2026-12-02T00:59:38.237Z",
            "feedbackId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa068a-000000",
            "remoteMtaIp": "127.0.2.0",
        },
        "mail": {"source": "gateway@example.com", "destination": [email]},
    }


def ses_complaint(email: str, kind: str = "abuse") -> dict:
    return {
        "notificationType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": email}],
            "complaintFeedbackType": kind,
        },
        "mail": {"destination": [email]},
    }


def postmark(email: str, kind: str, record: str = "Bounce", **more) -> dict:
    return {
        "RecordType": record,
        "ID": 42,
        "Type": kind,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Description": "The server was unable to deliver your message (ex: unknown user).",
        "Details": "550 5.1.1 no such user",
        "Email": email,
        "From": "gateway@example.com",
        "BouncedAt": "2026-12-02T16:33:54.9070259Z",
        "Inactive": True,
        **more,
    }


def sendgrid(email: str, event: str = "bounce", **more) -> dict:
    return {
        "email": email,
        "timestamp": 1740300320,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": event,
        "sg_event_id": "6g4ZI7SA-xmRDv57GoPIPw==",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        **more,
    }


def mailgun(email: str, event: str = "failed", key: str = SECRET, **more) -> dict:
    timestamp, token = "1764633600", "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
    signed = hmac.new(key.encode(), (timestamp + token).encode(), hashlib.sha256)
    return {
        "signature": {"timestamp": timestamp, "token": token, "signature": signed.hexdigest()},
        "event-data": {
            "event": event,
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": 1764633600.2,
            "log-level": "error",
            "severity": "permanent",
            "reason": "bounce",
            "delivery-status": {"code": 550, "message": "5.1.1 no such user", "description": ""},
            "recipient": email,
            **more,
        },
    }


def blocked(email: str) -> dict:
    return sendgrid(email, type="blocked", reason="unable to get mx info", tls=0,
                    bounce_classification="Unclassified")  # fmt: skip


def hard(email: str, **more) -> dict:
    return sendgrid(email, type="bounce", status="5.1.1", reason="550 5.1.1 unknown", **more)


FOR_GOOD = {
    "ses": [
        (lambda e: sns(ses_bounce(e)), "smtp; 550 5.1.1 user unknown"),
        (lambda e: sns(ses_bounce(e, member="eventType")), "smtp; 550 5.1.1 user unknown"),
        (ses_bounce, "smtp; 550 5.1.1 user unknown"),  # "raw message delivery"
        (lambda e: sns(ses_complaint(e)), WAS_NOT_WANTED),
    ],
    "postmark": [
        (lambda e: postmark(e, "HardBounce"), "550 5.1.1 no such user"),
        (lambda e: postmark(e, "BadEmailAddress", Details=""), "The server was unable to deliver"),
        (lambda e: postmark(e, "SpamComplaint", "SpamComplaint"), WAS_NOT_WANTED),
    ],
    "sendgrid": [
        (lambda e: [sendgrid("other@example.com", "open"), hard(e)], "550 5.1.1 unknown"),
        (lambda e: [hard(e, bounce_classification="Invalid Address")], "550 5.1.1 unknown"),
        (lambda e: [sendgrid(e, "spamreport")], WAS_NOT_WANTED),
        (lambda e: [sendgrid(e, "dropped", reason="Bounced Address")], "Bounced Address"),
    ],
    "mailgun": [
        (mailgun, "5.1.1 no such user"),
        (lambda e: mailgun(e, reason="suppress-bounce"), "5.1.1 no such user"),
        (lambda e: mailgun(e, "complained"), WAS_NOT_WANTED),
    ],
}
PASSES = {
    "ses": [
        lambda e: sns(ses_bounce(e, "Transient")),
        lambda e: sns(ses_bounce(e, "Undetermined")),
        lambda e: sns(ses_complaint(e, "not-spam")),
        lambda e: sns({"eventType": "Delivery", "delivery": {"recipients": [e]}}),
        lambda _: sns("Successfully validated SNS topic for Amazon SES event publishing."),
        lambda e: sns("x", "UnsubscribeConfirmation", SubscribeURL="https://sns.example.com/"),
    ],
    "postmark": [
        lambda e: postmark(e, "Transient"),
        lambda e: postmark(e, "SpamNotification"),
        lambda e: postmark(e, "HardBounce", "Delivery"),
    ],
    "sendgrid": [
        lambda e: [blocked(e)],
        lambda e: [hard(e, bounce_classification="Reputation")],
        lambda e: [sendgrid(e, "deferred", response="400 try again later")],
        lambda e: [sendgrid(e, "dropped", reason="Unsubscribed Address")],
        lambda _: [],
    ],
    "mailgun": [
        lambda e: mailgun(e, severity="temporary"),
        lambda e: mailgun(e, reason="old"),
        lambda e: mailgun(e, "delivered"),
    ],
}


@pytest.fixture
def house(post):
    return lambda service, **how: post(mail_events=service, mail_events_secret=SECRET, **how)


def tell(gateway, service: str, body, auth=("gateway", SECRET), **headers) -> httpx.Response:
    """As SNS does, which calls its JSON text/plain."""
    content = body if isinstance(body, (str, bytes)) else json.dumps(body)
    headers = {"content-type": "text/plain; charset=UTF-8", **headers}
    return httpx.post(f"{gateway.origin}/api/mail-events/{service}", content=content, auth=auth,
                      headers=headers, verify=False, trust_env=False, timeout=30)  # fmt: skip


# ---- tests ----


@pytest.mark.parametrize("service", FOR_GOOD)
def test_an_address_that_takes_no_mail(house, service):
    gateway = house(service)
    for body_of, why in FOR_GOOD[service]:
        customer = newcomer(gateway)
        body = body_of(customer.email.upper())
        for _ in range(2):  # services repeat
            assert tell(gateway, service, body).status_code == 200
            assert notices(customer)["mail_refused_at"] is not None
            assert notices(customer)["mail_refused_why"].startswith(why)


@pytest.mark.parametrize("service", PASSES)
def test_what_passes_is_left_alone(house, service):
    gateway = house(service)
    customer = newcomer(gateway)
    for body_of in PASSES[service]:
        assert tell(gateway, service, body_of(customer.email)).status_code == 200
        assert notices(customer)["mail_refused_at"] is None


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


WRONG = [
    None,
    "",
    SECRET,
    "Basic",
    "Basic " + SECRET,
    "Basic !!!!",
    basic(SECRET),
    basic(f"gateway:{SECRET}x"),
    basic(f"gateway:{SECRET[:-1]}"),
    basic(f"{SECRET}:gateway"),
    basic("gateway:"),
    f"Bearer {SECRET}x",
    f"Digest {SECRET}",
]


@pytest.mark.parametrize("service", ["ses", "postmark", "sendgrid"])
def test_without_the_password_nothing_is_done(house, service):
    gateway = house(service)
    customer = newcomer(gateway)
    body = FOR_GOOD[service][0][0](customer.email)
    for authorization in WRONG:
        headers = {} if authorization is None else {"authorization": authorization}
        answer = tell(gateway, service, body, None, **headers)
        check_error(answer, 401, "invalid_credentials", on_api=False)
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
    long = tell(gateway, service, body, None, authorization="Bearer " + "x" * 2000)
    assert long.status_code == 431
    assert notices(customer)["mail_refused_at"] is None


@pytest.mark.parametrize("authorization", [basic(f":{SECRET}"), f"bearer {SECRET}",
                                           basic(f"a b:{SECRET}").replace("=", "")])  # fmt: skip
def test_each_way_to_have_the_password(house, authorization):
    gateway = house("postmark")
    customer = newcomer(gateway)
    body = postmark(customer.email, "HardBounce")
    answer = tell(gateway, "postmark", body, None, authorization=authorization)
    assert answer.status_code == 200
    assert notices(customer)["mail_refused_at"] is not None


SIGNATURES = [
    {},
    {"signature": None},
    {"signature": {"timestamp": "1", "token": "2"}},
    {"signature": {"timestamp": 1, "token": 2, "signature": "0" * 64}},
    {"signature": {"timestamp": "1", "token": "2", "signature": "0" * 64}},
    {"signature": {"timestamp": "", "token": "", "signature": ""}},
]


def test_a_signature_of_mailgun_that_does_not_fit(house):
    gateway = house("mailgun")
    customer = newcomer(gateway)
    unsigned = mailgun(customer.email)
    del unsigned["signature"]
    wrong = [unsigned | signature for signature in SIGNATURES]
    for body in (*wrong, mailgun(customer.email, key=SECRET + "x"), [], "{"):
        check_error(tell(gateway, "mailgun", body), 400, "invalid_signature", on_api=False)
    assert notices(customer)["mail_refused_at"] is None


NO_EVENTS = [
    "",
    "null",
    "1",
    '"x"',
    "{",
    '{"a": 1}',
    '[{"event": 1}]',
    "[1]",
    '{"RecordType": 5}',
    '{"notificationType": []}',
]


@pytest.mark.parametrize("service", ["ses", "postmark", "sendgrid"])
def test_what_is_no_event(house, service):
    gateway = house(service)
    for text in NO_EVENTS:
        check_error(tell(gateway, service, text), 400, "invalid_value", on_api=False)


def test_an_address_of_nobody_is_taken(house):
    """Else the service would send it again, and stop at last."""
    gateway = house("ses")
    for email in (None, 5, [], {}, "", "x" * 300, "nul\0@example.com", "nobody@example.com"):
        assert tell(gateway, "ses", sns(ses_bounce(email))).status_code == 200


def test_words_that_are_no_text(house):
    """They are shown to the customer."""
    gateway = house("postmark")
    customer = newcomer(gateway)
    text = json.dumps(postmark(customer.email, "HardBounce", Details="한" * 200 + "\r\n\x00 x"))
    raw = text.encode().replace(b"\\ud55c", "한".encode(), 1).replace(b"\\ud55c", b"\xff", 1)
    assert tell(gateway, "postmark", raw).status_code == 200
    why = notices(customer)["mail_refused_why"]
    assert why.startswith("한")
    assert len(why.encode()) < 320
    assert not set("\r\n\x00") & set(why)


SIGNATURE, TIMESTAMP = (
    f"x-twilio-email-event-webhook-{word}" for word in ("signature", "timestamp")
)


def public(key) -> str:
    """As SendGrid shows it."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def signed_by(key, body: str, time: str = "1764633600") -> dict:
    signature = key.sign((time + body).encode(), ec.ECDSA(hashes.SHA256()))
    return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: time}


def test_what_sendgrid_has_signed(house):
    """Besides the password: each without the other is refused, and so is what was changed."""
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    gateway = house("sendgrid", mail_events_key=public(key))
    customer = newcomer(gateway)
    body = json.dumps([hard(customer.email)])
    good = signed_by(key, body)
    wrong = [
        {},
        {SIGNATURE: good[SIGNATURE]},
        {TIMESTAMP: good[TIMESTAMP]},
        signed_by(other, body),
        good | {TIMESTAMP: "1764633601"},
        good | {TIMESTAMP: "1764633600" * 10},
        good | {SIGNATURE: ""},
        good | {SIGNATURE: "!!!"},
        good | {SIGNATURE: good[SIGNATURE][:-8]},
        good | {SIGNATURE: good[SIGNATURE] * 8},
        signed_by(key, body + " "),
        signed_by(key, body[1:], good[TIMESTAMP] + body[0]) | {TIMESTAMP: good[TIMESTAMP] + "0"},
    ]
    for headers in wrong:
        answer = tell(gateway, "sendgrid", body, **headers)
        check_error(answer, 400, "invalid_signature", on_api=False)
    answer = tell(gateway, "sendgrid", body, ("gateway", SECRET + "x"), **good)
    check_error(answer, 401, "invalid_credentials", on_api=False)
    assert notices(customer)["mail_refused_at"] is None
    assert tell(gateway, "sendgrid", body, **good).status_code == 200
    assert notices(customer)["mail_refused_at"] is not None


def test_a_large_batch_that_is_signed(house):
    key = ec.generate_private_key(ec.SECP256R1())
    gateway = house("sendgrid", mail_events_key=public(key))
    customer = newcomer(gateway)
    other = sendgrid("other@example.com", "delivered", more="증" * 1000)
    body = json.dumps([other] * 110 + [hard(customer.email)])
    assert SENDGRIDS_MOST * 0.8 < len(body) < SENDGRIDS_MOST
    assert tell(gateway, "sendgrid", body, **signed_by(key, body)).status_code == 200
    assert notices(customer)["mail_refused_at"] is not None


WHSEC = "whsec_" + base64.b64encode(b"a key of the tests: 32 bytes it has"[:32]).decode()


def resend(email: str | None, kind: str = "bounced", bounce: str = "Permanent", **more) -> str:
    bounced = {"message": "550 5.1.1 no such user", "subType": "General", "type": bounce}
    data = {
        "broadcast_id": None,
        "created_at": "2026-12-01 00:00:00.000000+00",
        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
        "from": "Gateway <gateway@example.com>",
        "to": [email],
        "subject": "Your balance is low",
        **({"bounce": bounced} if kind == "bounced" else {}),
        **more,
    }
    return json.dumps({"type": f"email.{kind}", "created_at": data["created_at"], "data": data})


def by_svix(body: str, secret: str = WHSEC, ago_s: int = 0, msg: str = "msg_2x") -> dict:
    """As Svix signs: Standard Webhooks with other names."""
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    signature = Webhook(secret).sign(msg, at, body)
    return {"svix-id": msg, "svix-timestamp": str(int(at.timestamp())), "svix-signature": signature}


def test_what_resend_tells(post):
    gateway = post(mail_events="resend", mail_events_secret=WHSEC)
    for kind, why in (("bounced", "550 5.1.1 no such user"), ("complained", WAS_NOT_WANTED)):
        customer = newcomer(gateway)
        passes = [
            resend(customer.email, bounce="Transient"),
            resend(customer.email, bounce="Undetermined"),
            resend(customer.email, bounce=None),
            resend(customer.email, "delivered"),
            resend(customer.email, kind, to=[customer.email, "other@example.com"]),
            resend(customer.email, kind, to=customer.email),
            resend(None, kind),
        ]
        for body in passes:
            assert tell(gateway, "resend", body, None, **by_svix(body)).status_code == 200
            assert notices(customer)["mail_refused_at"] is None
        body = resend(customer.email.upper(), kind)
        for _ in range(2):
            assert tell(gateway, "resend", body, None, **by_svix(body)).status_code == 200
        assert notices(customer)["mail_refused_why"].startswith(why)
    for body in ("{}", '{"type": 1}', '{"type": "email.bounced", "data": 1}'):
        answer = tell(gateway, "resend", body, None, **by_svix(body))
        check_error(answer, 400, "invalid_value", on_api=False)


def test_what_resend_has_not_signed(post):
    """Nor so long ago. A secret that is replaced signs, too, for a day; one of the two is ours."""
    gateway = post(mail_events="resend", mail_events_secret=WHSEC)
    customer = newcomer(gateway)
    body, other = resend(customer.email), WHSEC[:-4] + "AAA="
    good = by_svix(body)
    mine, foreign = good["svix-signature"], by_svix(body, other)["svix-signature"]
    wrong = [
        {},
        *({name: value for name, value in good.items() if name != left} for left in good),
        by_svix(body, other),
        by_svix(body + " "),
        by_svix(body, ago_s=310),
        by_svix(body, ago_s=-310),
        good | {"svix-id": "msg_3x"},
        good | {"svix-id": "m" * 1000},
        by_svix(body, msg="m" * 65),
        good | {"svix-timestamp": "9" * 30},
        good | {"svix-timestamp": "-1"},
        good | {"svix-timestamp": good["svix-timestamp"] + ".5"},
        good | {"svix-signature": ""},
        good | {"svix-signature": mine[3:]},
        good | {"svix-signature": mine.replace("v1,", "v2,")},
        good | {"svix-signature": mine + "x"},
        good | {"svix-signature": f"{foreign} {foreign}"},
    ]
    for headers in wrong:
        answer = tell(gateway, "resend", body, ("gateway", WHSEC), **headers)
        check_error(answer, 400, "invalid_signature", on_api=False)
    check_error(tell(gateway, "resend", "{", None, **by_svix("{")), 400, "invalid_signature",
                on_api=False)  # fmt: skip
    assert notices(customer)["mail_refused_at"] is None
    both = good | {"svix-signature": f"{foreign} {mine} v1a,xyz"}
    assert tell(gateway, "resend", body, None, **both).status_code == 200
    assert notices(customer)["mail_refused_at"] is not None
    longest = by_svix(body, msg="m" * 64)
    assert tell(gateway, "resend", body, None, **longest).status_code == 200


SENDGRIDS_MOST = 768 * 1024  # bytes of a batch, says its documentation


def test_a_batch(house):
    """As large as SendGrid makes them; the password stands before it."""
    gateway = house("sendgrid")
    customers = [newcomer(gateway) for _ in range(3)]
    opened = json.dumps([sendgrid(f"{n:04}@example.com", "open") for n in range(3600)])
    assert len(opened) > SENDGRIDS_MOST
    body = [sendgrid(f"{n:04}@example.com", "open") for n in range(3400)]
    body[0:1], body[-1:], body[90:91] = ([hard(one.email)] for one in customers)
    assert len(json.dumps(body)) > 700 * 1024
    for auth in (None, ("gateway", SECRET + "x")):
        answer = tell(gateway, "sendgrid", body, auth)
        check_error(answer, 413, "request_too_large", on_api=False)
    assert not any(notices(one)["mail_refused_at"] for one in customers)
    for text in (opened, json.dumps(body)):
        assert tell(gateway, "sendgrid", text).status_code == 200
    assert all(notices(one)["mail_refused_at"] for one in customers)


def test_bounces_of_all_of_a_batch(house):
    gateway = house("sendgrid")
    customer = newcomer(gateway)
    body = [hard(f"{n:04}@example.com") for n in range(2500)] + [hard(customer.email)]
    assert len(json.dumps(body)) > 700 * 1024
    assert tell(gateway, "sendgrid", body).status_code == 200
    assert notices(customer)["mail_refused_at"]


@pytest.mark.parametrize("where", ["/api/mail-events/ses", "/api/mail-events/sendgrid/x",
                                   "/v1/chat/completions", "/api/auth/signin"])  # fmt: skip
def test_the_password_opens_nothing_else(house, where):
    gateway = house("sendgrid")
    body = json.dumps([hard("a@example.com")] * 400)
    answer = httpx.post(gateway.origin + where, content=body, auth=("gateway", SECRET),
                        verify=False, trust_env=False)  # fmt: skip
    assert answer.status_code in (401, 413), answer.text


def test_a_mail_within_an_event(house):
    """Postmark sends it with the bounce, where its owner wants that."""
    gateway = house("postmark")
    customer = newcomer(gateway)
    body = postmark(customer.email, "HardBounce", Content="x" * 200_000)
    answer = tell(gateway, "postmark", body)
    assert answer.status_code == 200, answer.text
    assert notices(customer)["mail_refused_at"]


def test_the_operator_confirms_a_subscription(house):
    """The gateway opens no address that it is told; it says which one is to be opened."""
    gateway = house("ses")
    url = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37"
    body = sns("You have chosen ...", "SubscriptionConfirmation", Token="2336412f37",
               SubscribeURL=url)  # fmt: skip
    assert tell(gateway, "ses", body, None).status_code == 401
    assert gateway.never_logged("waits until", url=url)
    assert tell(gateway, "ses", body).status_code == 200
    gateway.logs("waits until", url=url)
    strange = body | {"SubscribeURL": "https://x/\nlevel=error"}
    check_error(tell(gateway, "ses", strange), 400, "invalid_value", on_api=False)


def test_only_the_service_that_is_set(house, post):
    gateway = house("ses")
    for other in ("postmark", "off", "init", "x"):
        check_error(tell(gateway, other, {}), 404, "not_found", on_api=False)
    assert httpx.get(f"{gateway.origin}/api/mail-events/ses", trust_env=False).status_code == 405
    for name in ("ses", "off"):
        check_error(tell(post(), name, {}), 404, "not_found", on_api=False)


def test_it_is_reloaded(house):
    gateway = house("ses")
    customer = newcomer(gateway)
    gateway.settings |= {"mail_events": "postmark", "mail_events_secret": SECRET + "2"}
    gateway.write_config()
    gateway.reload()
    body = postmark(customer.email, "HardBounce")
    assert tell(gateway, "ses", {}).status_code == 404
    assert tell(gateway, "postmark", body).status_code == 401
    assert tell(gateway, "postmark", body, ("x", SECRET + "2")).status_code == 200
    assert notices(customer)["mail_refused_at"] is not None


SIGNED = {"mail_events": "sendgrid", "mail_events_secret": SECRET}
OF_ANOTHER_CURVE = ec.generate_private_key(ec.SECP384R1())
OF_RSA = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mail_events": "mailjet"}, "off, ses, postmark, sendgrid, mailgun, resend\n"),
        ({"mail_events": "ses"}, "mail_events_secret"),
        ({"mail_events": "ses", "mail_events_secret": "x" * 15}, "at least 16"),
        ({"mail_events": "ses", "mail_events_secret": "x y " * 8}, "mail_events_secret"),
        ({"mail_events": "ses", "mail_events_secret": SECRET, "smtp_url": ""}, "smtp_url"),
        ({"mail_events": "ses", "mail_events_secret": SECRET, "mail_events_key": "x"}, "sendgrid"),
        ({"mail_events": "resend", "mail_events_secret": SECRET}, "signing secret"),
        ({"mail_events": "resend", "mail_events_secret": "whsec_QUJD"}, "signing secret"),
        (SIGNED | {"mail_events_key": "x"}, "verification key"),
        (SIGNED | {"mail_events_key": public(OF_ANOTHER_CURVE)}, "verification key"),
        (SIGNED | {"mail_events_key": public(OF_RSA)}, "verification key"),
        (SIGNED | {"mail_events_key": public(OF_RSA)[:80]}, "verification key"),
    ],
)
def test_wrong_settings_are_refused(post, settings, words):
    result = post(start=False, **settings).command("check")
    assert result.returncode != 0
    assert words in result.stderr
    assert "x y x" not in result.stderr
