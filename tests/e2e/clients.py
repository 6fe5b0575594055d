"""Clients that ask until the gateway is gone, and keep a receipt of what they got."""

import json
import random
from dataclasses import dataclass
from decimal import Decimal

from customer import Customer
from journal import Journal
from questions import CHEAP, SOLD, Question, random_question
from rawhttp import Closed, RawConnection, Reply, chat_bytes, request_bytes

TOP_UP_NUSD = 1_000_000


@dataclass
class Receipt:
    """What came of one question."""

    question: Question
    reply: Reply | None = None  # as far as it came; None: not even its head
    complete: bool = False  # its last byte came
    left: bool = False  # the client did not wait for it

    @property
    def exchange(self) -> str | None:
        return self.reply.headers.get("x-request-id") if self.reply else None

    @property
    def is_answer(self) -> bool:
        return self.complete and self.reply.status == 200


@dataclass
class Payment:
    """An amount that no other payment has."""

    email: str
    amount_nusd: int
    acknowledged: bool = False


class Client:
    """One key of a customer, one question at a time. Its receipts are read while it rests."""

    def __init__(
        self, number: int, customer: Customer, is_poor: bool, journal: Journal, rng: random.Random
    ):
        self.number = number
        self.key = customer.create_key()
        self.key_id = customer.key_id
        self.is_poor = is_poor
        self.receipts: list[Receipt] = []
        self.payments: list[Payment] = []
        self._email = customer.email
        self._cookies = "; ".join(f"{name}={value}" for name, value in customer.web.cookies.items())
        self._journal = journal
        self._rng = rng
        self._asked = 0
        self._paid = 0
        self._connection: RawConnection | None = None

    def work(self, address: tuple[str, int]) -> None:
        """Asks until nobody listens any more."""
        self._connection = None
        while True:
            try:
                if self._connection is None:
                    self._connection = RawConnection(address)
                self._step()
            except ConnectionRefusedError:
                return
            except (ConnectionError, Closed):
                self._hang_up()

    def _step(self) -> None:
        receipt = self.ask(self._connection, self._next_question())
        if receipt.left or receipt.reply.headers.get("connection") == "close":
            self._hang_up()
        elif self.is_poor and receipt.reply.status == 402:
            self._top_up()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _next_question(self) -> Question:
        models = CHEAP if self.is_poor else tuple(SOLD)
        question = random_question(self._rng, self.number, self._asked, models)
        self._asked += 1
        return question

    def ask(self, connection: RawConnection, question: Question) -> Receipt:
        """Raises what ends the connection; the receipt says how far it got."""
        self._journal.plan(question)
        receipt = Receipt(question)
        self.receipts.append(receipt)
        connection.send(chat_bytes(self.key, question.body))
        receipt.reply = connection.read_head()
        if receipt.reply.headers.get("transfer-encoding") == "chunked":
            self._read_stream(connection, receipt)
        else:
            size = int(receipt.reply.headers["content-length"])
            receipt.reply.body = connection.read_exactly(size)
            receipt.complete = True
        return receipt

    @staticmethod
    def _read_stream(connection: RawConnection, receipt: Receipt) -> None:
        reply = receipt.reply
        while chunk := connection.read_chunk():
            reply.chunks.append(chunk)
            reply.body += chunk
            if len(reply.chunks) == receipt.question.leaves_after:
                receipt.left = True
                return
        receipt.complete = True

    def _top_up(self) -> None:
        self._paid += 1
        payment = Payment(self._email, TOP_UP_NUSD + self.number * 100_000 + self._paid)
        self.payments.append(payment)
        body = json.dumps({"amount": str(Decimal(payment.amount_nusd).scaleb(-9))}).encode()
        self._connection.send(
            request_bytes("POST", "/api/balance/charge", {"Cookie": self._cookies}, body)
        )
        reply = self._connection.read_reply()
        assert reply.status in (201, 503), reply
        payment.acknowledged = reply.status == 201
