"""Stripe, as far as the gateway meets it: customers, checkouts, payment intents, and events signed
by Stripe's own package. What the test does with it is what a customer, a bank or the network does.
"""

import itertools
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import httpx2 as httpx
from stripe import WebhookSignature

KEY = "sk_test_51NotARealKeyOfAnyone"
SECRET = "whsec_4rFgTq0notarealsecretofanyone"
VERSION = "2026-10-28.endive"
numbers = itertools.count(1)

# payments.lua
POLICY = """
return {
    currencies = {
        { currency = "usd", credit = "1", min = "5", max = "1000",
            offers = { "10", { amount = "100", credit = "110" } } },
        { currency = "krw", credit = "0.00068", min = "7000", max = "1400000",
            offers = { "15000" } },
        { currency = "kwd", credit = "3.25", min = "2", max = "100", offers = { "5.5" } },
    },
    product = "Credit & more",
}
"""


class Asked:
    """One request of the gateway."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes):
        self.path, self.headers = path, headers
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
        self.form = dict(pairs)
        assert len(self.form) == len(pairs), f"a name is given twice: {pairs}"


class StripeServer:
    def __init__(self):
        self.asked: list[Asked] = []
        self.sessions: dict[str, dict] = {}  # by id
        self.intents: dict[str, dict] = {}
        self.calculations: dict[str, int] = {}  # what is to be paid with taxes
        self.tax: Callable[[int], int] = lambda net: net // 10  # of the customer's country
        self.answer: Callable[[Asked], tuple[int, dict] | None] = lambda _: None
        self._kept: dict[str, tuple[int, dict]] = {}  # by idempotency key
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = server.take(Asked(self.path, headers, body))
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "payments": "stripe",
            "stripe_secret_key": KEY,
            "stripe_webhook_secret": SECRET,
            "stripe_api_url": self.url,
        }

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # ---- what the gateway asks ----

    def take(self, asked: Asked) -> tuple[int, dict]:
        with self._lock:
            self.asked.append(asked)
            key = asked.headers.get("idempotency-key")
            if asked.headers.get("authorization") != f"Bearer {KEY}":
                return 401, {"error": {"message": "Invalid API Key provided"}}
            assert asked.headers["stripe-version"] == VERSION
            assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
            answer = self.answer(asked)
            if answer is not None:
                return answer
            if key in self._kept:
                return self._kept[key]
            made = 200, self._make(asked)
            if key is not None:
                self._kept[key] = made
            return made

    def _make(self, asked: Asked) -> dict:
        form, number = asked.form, next(numbers)
        if asked.path == "/v1/customers":
            return {"id": f"cus_{number}", "object": "customer"}
        if asked.path == "/v1/billing_portal/sessions":
            return {"id": f"bps_{number}", "url": f"https://billing.stripe.test/{number}"}
        if asked.path == "/v1/tax/calculations":
            net = int(form["line_items[0][amount]"])
            self.calculations[f"taxcalc_{number}"] = net + self.tax(net)
            return {"id": f"taxcalc_{number}", "object": "tax.calculation",
                    "customer": form["customer"], "currency": form["currency"],
                    "tax_amount_exclusive": self.tax(net),
                    "amount_total": net + self.tax(net)}  # fmt: skip
        if asked.path == "/v1/payment_intents":
            calculation = form.get("hooks[inputs][tax][calculation]")
            if calculation is not None:
                assert self.calculations[calculation] == int(form["amount"])
            intent = {
                "id": f"pi_{number}",
                "object": "payment_intent",
                "amount": int(form["amount"]),
                "amount_received": int(form["amount"]),
                "currency": form["currency"],
                "customer": form["customer"],
                "payment_method": form["payment_method"],
                "metadata": {
                    name[len("metadata[") : -1]: value
                    for name, value in form.items()
                    if name.startswith("metadata[")
                },
            }
            self.intents[intent["id"]] = intent
            return intent
        assert asked.path == "/v1/checkout/sessions", asked.path
        amount = int(form["line_items[0][price_data][unit_amount]"])
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "mode": form["mode"],
            "url": f"https://checkout.stripe.test/c/pay/cs_test_{number}#fid",
            "client_reference_id": form["client_reference_id"],
            "metadata": {"payment": form["metadata[payment]"]},
            "customer": form["customer"],
            "currency": form["line_items[0][price_data][currency]"],
            "amount_subtotal": amount,
            "amount_total": amount,
            "payment_intent": None,
            "payment_status": "unpaid",
            "keeps": form.get("payment_intent_data[setup_future_usage]"),
        }
        self.sessions[session["id"]] = session
        return session

    # ---- what happens there ----

    def session_of(self, payment: dict) -> dict:
        found = [s for s in self.sessions.values() if s["client_reference_id"] == payment["id"]]
        assert len(found) == 1, f"{len(found)} sessions of {payment['id']}"
        return found[0]

    def complete(self, payment: dict, status: str = "paid", tax: int = 0) -> dict:
        """The customer has gone through the page. Returns the event."""
        session = self.session_of(payment)
        session |= {
            "payment_intent": f"pi_{payment['id']}",
            "payment_status": status,
            "amount_total": session["amount_subtotal"] + tax,
        }
        return self.event("checkout.session.completed", session)

    def kept_card(self, payment: dict, method: str = "pm_1") -> list[dict]:
        """The card of the payment is kept for later."""
        session = self.session_of(payment)
        assert session["keeps"] == "off_session"
        card = {"id": method, "object": "payment_method", "customer": session["customer"],
                "type": "card", "card": {"brand": "visa", "last4": "4242"}}  # fmt: skip
        intent = {"id": f"pi_{payment['id']}", "object": "payment_intent", "payment_method": method,
                  "customer": session["customer"], "setup_future_usage": "off_session",
                  "metadata": {"payment": payment["id"]}}  # fmt: skip
        return [self.event("payment_method.attached", card),
                self.event("payment_intent.succeeded", intent)]  # fmt: skip

    @staticmethod
    def event(kind: str, thing: dict, at_s: int | None = None, **more) -> dict:
        return {
            "id": f"evt_{next(numbers)}",
            "object": "event",
            "type": kind,
            "created": at_s or int(time.time()),
            "livemode": False,
            "data": {"object": json.loads(json.dumps(thing))},
            **more,
        }

    def refund(self, payment: dict, amount: int, status: str = "succeeded", number: int = 1,
               kind: str = "refund.created", at_s: int | None = None) -> dict:  # fmt: skip
        thing = {"id": f"re_{payment['id']}_{number}", "object": "refund", "amount": amount,
                 "payment_intent": f"pi_{payment['id']}", "status": status}  # fmt: skip
        return self.event(kind, thing, at_s)

    def dispute(self, payment: dict, amount: int, status: str, kind: str = "created",
                at_s: int | None = None) -> dict:  # fmt: skip
        thing = {"id": f"dp_{payment['id']}", "object": "dispute", "amount": amount,
                 "payment_intent": f"pi_{payment['id']}", "status": status}  # fmt: skip
        return self.event(f"charge.dispute.{kind}", thing, at_s)


def signed(text: str, secret: str = SECRET, at_s: int | None = None) -> str:
    """The header as Stripe's package writes it."""
    return WebhookSignature.generate_signature_header(text, secret, timestamp=at_s)


def post(gateway, text: str, header: str | None) -> httpx.Response:
    headers = {"content-type": "application/json; charset=utf-8"}
    if header is not None:
        headers["stripe-signature"] = header
    url = gateway.origin + "/api/payment-events/stripe"
    return httpx.post(url, content=text, headers=headers, verify=False, trust_env=False, timeout=30)


def deliver(gateway, *events: dict, status: int = 200) -> None:
    for event in events:
        text = json.dumps(event, indent=2)  # as Stripe sends it
        response = post(gateway, text, signed(text))
        assert response.status_code == status, response.text
