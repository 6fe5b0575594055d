"""Those whom alerts are sent to: a webhook receiver whose answers are scripted, a mail server."""

import asyncio
import base64
import email.policy
import json
import re
import sqlite3
import ssl
import threading
from contextlib import closing, suppress
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from standardwebhooks import Webhook
from wait import wait_until

NOBODY = "http://127.0.0.1:9/alerts"  # the port of `discard`: nobody listens there
SECRET = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()


class Hook:
    """One request of the gateway."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes):
        self.path, self.headers, self.body = path, headers, body

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict:
        """Verified by the reference implementation."""
        return Webhook(SECRET).verify(self.body, self.headers)

    @property
    def kind(self) -> tuple[str, str]:
        return self.json["type"], self.json["data"]["kind"]


class Receiver:
    """Answers each webhook by `answer(hook)`: a status, or (status, headers, body)."""

    def __init__(self, certificate: tuple[Path, Path] | None = None):
        self.hooks: list[Hook] = []
        self.answer = lambda _: 204
        self.gate = threading.Event()  # what waits for it is let go at the end
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                hook = Hook(self.path, headers, body)
                receiver.hooks.append(hook)
                said = receiver.answer(hook)
                status, headers, body = said if isinstance(said, tuple) else (said, {}, b"")
                self.send_response(status)
                for name, value in (headers | {"content-length": len(body)}).items():
                    self.send_header(name, str(value))
                self.end_headers()
                with suppress(OSError):  # the gateway reads the beginning of a long one
                    self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/alerts"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def settings(self) -> dict[str, str]:
        return {"alert_webhook_url": self.url, "alert_webhook_secret": SECRET}

    def told(self, type: str, kind: str) -> list[Hook]:
        return [hook for hook in list(self.hooks) if hook.kind == (f"alert.{type}", kind)]

    def of_type(self, type: str) -> list[Hook]:
        return [hook for hook in list(self.hooks) if json.loads(hook.body)["type"] == type]

    def wait_for_type(self, type: str, count: int = 1) -> list[Hook]:
        """What customers are told."""
        wait_until(lambda: len(self.of_type(type)) >= count, 20, f"{count} of {type}")
        return self.of_type(type)

    def wait_for(self, type: str, kind: str, count: int = 1) -> dict:
        """The data of the newest one, when so many have come."""
        wait_until(lambda: len(self.told(type, kind)) >= count, 20, f"{type} {kind}: {self.kinds}")
        hooks = self.told(type, kind)
        assert len(hooks) == count, self.kinds
        return hooks[-1].json["data"]

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [hook.kind for hook in list(self.hooks)]


class Mailbox:
    """A mail server; `refuse(address)` gives a line that refuses a recipient, or None."""

    def __init__(
        self,
        certificate: tuple[Path, Path] | None = None,
        login: tuple[str, str] | None = None,
        hostname: str = "127.0.0.1",
    ):
        self.mails: list = []
        self.envelopes: list = []
        self.logins: list[tuple[str, str]] = []
        self.refuse = lambda _: None
        self.after = lambda _: "250 OK"
        self.slow = lambda _: False  # whether the end of that mail waits for `gate`
        self.gate = threading.Event()
        mailbox = self

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                refusal = mailbox.refuse(address)
                if refusal:
                    return refusal
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server, session, envelope):
                mail = message_from_bytes(envelope.content, policy=email.policy.default)
                mailbox.envelopes.append(envelope)
                mailbox.mails.append(mail)
                while mailbox.slow(mail) and not mailbox.gate.is_set():
                    await asyncio.sleep(0.02)
                return mailbox.after(mail)

        def authenticate(server, session, envelope, mechanism, data):
            mailbox.logins.append((data.login.decode(), data.password.decode()))
            return AuthResult(success=mailbox.logins[-1] == login)

        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)

        class Server(Controller):
            def factory(self):
                return SMTP(
                    self.handler,
                    tls_context=context,
                    require_starttls=context is not None,
                    authenticator=authenticate if login else None,
                    auth_required=login is not None,
                    enable_SMTPUTF8=True,
                )

            def _trigger_server(self):
                self.port = self.server.sockets[0].getsockname()[1]  # that the kernel chose
                super()._trigger_server()

        self._server = Server(Handler(), hostname="127.0.0.1", port=0)
        self._server.start()
        self.url = f"smtp://{hostname}:{self._server.port}"

    def stop(self) -> None:
        self.gate.set()
        self._server.stop()

    def to(self, address: str, word: str = "") -> list:
        """The mails to that address whose subject has that word."""
        mails = list(self.mails)
        return [mail for mail in mails if mail["to"] == address and word in mail["subject"]]

    def wait_for_one(self, address: str, word: str = ""):
        """The only one, once it has come."""
        wait_until(lambda: self.to(address, word), 20, f"{word} to {address}")
        (mail,) = self.to(address, word)
        return mail

    @property
    def settings(self) -> dict[str, str]:
        return {"smtp_url": self.url, "mail_from": "gateway@example.com"}

    def wait_for(self, count: int) -> list:
        wait_until(lambda: len(self.mails) >= count, 20, f"{count} mails")
        assert len(self.mails) == count
        return self.mails


def outbox(gateway) -> list[dict]:
    return rows(gateway, "SELECT * FROM outbox ORDER BY id")


def is_empty(gateway) -> bool:
    """Nothing waits: what was sent is noted."""
    return not any(row["state"] == "waiting" for row in outbox(gateway))


def words_of(mail) -> tuple[str, str]:
    """Its text and its HTML."""
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return text.get_content(), html.get_content()


def token_of(mail, page: str) -> str:
    """Of the link that is in both parts."""
    (token,) = {re.search(rf"/{page}#([\w-]{{43}})\b", words)[1] for words in words_of(mail)}
    return token


def change(gateway, statement: str, *values) -> None:
    """The tables, as time or another hand would have changed them."""
    with closing(sqlite3.connect(gateway.database, timeout=20)) as db, db:
        db.execute(statement, values)


def alerts(gateway) -> list[dict]:
    return rows(gateway, "SELECT * FROM alerts ORDER BY id")


def rows(gateway, query: str) -> list[dict]:
    """As they are in the database."""
    with closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(query)]
