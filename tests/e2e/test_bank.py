"""The bank: eight customers pay in, are given credits and refunds, and spend, while the gateway is
paused, killed, stopped and started again. Whoever reads the books, and whenever, finds every total
right; in the end every transfer that anybody was told of is there once, and no other."""

import contextlib
import json
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

import answers
import httpx2 as httpx
import pytest
from answers import Usage
from auditor import Auditor, check_wallet
from load import Load
from prices import Price, charge
from rawhttp import Closed, Reply, chat_bytes
from volley import cost_of
from wait import wait_until

CUSTOMERS = 8
TELLERS = 8
READERS = 3
ENDS = 10  # the first and the last so many calls, of which one is refunded
NANO = Decimal("0.000000001")
CONTEXT, LONGEST = 100, 50
PRICE = Price("123.457", "987.001")
PROMPT = [{"role": "user", "content": "more bytes than the context has tokens " * 5}]
DEAREST = charge(PRICE, Usage(CONTEXT, LONGEST))


@dataclass
class Journal:
    """What the tellers were told. A transfer is known by its amount, of which there is one only."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    amounts: set[int] = field(default_factory=set)
    given: dict[int, tuple] = field(default_factory=dict)  # nano-USD: kind, customer
    maybe: dict[int, tuple] = field(default_factory=dict)  # nobody has said whether
    charged: dict[str, Decimal] = field(default_factory=dict)  # by exchange
    lost: Counter = field(default_factory=Counter)  # calls without a whole answer, by customer
    done: Counter = field(default_factory=Counter)  # how often, by what

    def new_amount(self, pick: random.Random, most: Decimal) -> Decimal:
        while True:
            nusd = pick.randrange(1, int(most / NANO))
            with self.lock:
                if nusd not in self.amounts:
                    self.amounts.add(nusd)
                    return nusd * NANO

    def note(self, known: bool, amount: Decimal, *what) -> None:
        with self.lock:
            (self.given if known else self.maybe)[int(amount / NANO)] = what
            self.done[what[0], known] += 1


class Teller:
    """One thread's hands. Each step is one transfer, asked for through the outside."""

    def __init__(self, bank: "Bank", number: int):
        self.bank = bank
        self.gateway = bank.gateway
        self.journal = bank.journal
        self.random = random.Random(f"{bank.seed} {number}")
        self.books = Auditor(bank.gateway.database)
        self.before = self.books.read()

    def step(self) -> None:
        customer = self.random.choice(self.bank.customers)
        what = self.random.choices((self.call, self.pay, self.credit, self.refund), (12, 3, 1, 1))
        what[0](customer)
        self.look()

    def look(self) -> None:
        now = self.books.read()
        now.check()
        now.check_since(self.before)
        self.before = now
        self.bank.reads += 1

    def send(self, data: bytes) -> Reply:
        """Waits where nobody listens."""
        while True:
            try:
                connection = self.gateway.connect()
            except ConnectionRefusedError:
                self.bank.wait_until_open()
                continue
            with connection:
                connection.send(data)
                return connection.read_reply()

    def call(self, customer) -> None:
        """What a whole answer said that it cost is durable before its last byte, and in the books
        soon, whatever happens to the gateway meanwhile."""
        usage = Usage(self.random.randrange(1, CONTEXT), self.random.randrange(1, LONGEST))
        asked = {"model": "m", "messages": PROMPT, "max_tokens": LONGEST,
                 "user": f"{usage.prompt} {usage.completion}"}  # fmt: skip
        if self.random.random() < 0.5:
            asked |= {"stream": True, "stream_options": {"include_usage": True}}
        try:
            reply = self.send(chat_bytes(customer.key, json.dumps(asked).encode()))
        except (Closed, ConnectionError):
            with self.journal.lock:
                self.journal.lost[customer.account] += 1
            return
        if reply.status != 200:
            error = (reply.status, reply.json["error"]["code"])
            assert error in ((402, "insufficient_credits"), (503, "shutting_down")), error
            with self.journal.lock:
                self.journal.done[error] += 1
            return
        cost = cost_of(reply)
        assert cost == charge(PRICE, usage)
        exchange = reply.headers["x-request-id"]
        charged = wait_until(lambda: self.books.rows(
            "SELECT u.charge_nusd FROM resolutions r JOIN usage u ON u.seq = r.usage_seq"
            " WHERE r.exchange_id = ?", exchange
        ), 60, "the charge")  # fmt: skip
        assert [row[0] * NANO for row in charged] == [cost]
        with self.journal.lock:
            self.journal.charged[exchange] = cost

    def pay(self, customer) -> None:
        amount = self.journal.new_amount(self.random, DEAREST * 3)
        known = False
        try:
            reply = customer.web.post("/balance/charge", json={"amount": f"{amount:f}"})
            known = reply.status_code == 201
            assert known or reply.status_code == 503, reply.text
        except httpx.ConnectError:
            self.bank.wait_until_open()
            return
        except httpx.TransportError:
            pass
        self.journal.note(known, amount, "test", customer.account)

    def command(self, *words: str) -> tuple[bool | None, str]:
        """Whether it was done, and its complaint; None: killed on the way, and nobody knows."""
        process = self.gateway.start_command(*words)
        if self.random.random() < 0.2:
            time.sleep(self.random.random() * 0.02)
            process.kill()
        _, complaint = process.communicate(timeout=240)
        if process.returncode == -signal.SIGKILL:
            return None, ""
        assert process.returncode in (0, 1), complaint
        return process.returncode == 0, complaint

    def credit(self, customer) -> None:
        amount = self.journal.new_amount(self.random, DEAREST * 3)
        done, complaint = self.command("credit", customer.email, f"{amount:f}")
        assert done is not False, complaint
        self.journal.note(bool(done), amount, "manual", customer.account)

    def refund(self, _) -> None:
        """Of one of the first calls or the last; more than is left of its charge is refused."""
        with self.journal.lock:
            charged = list(self.journal.charged.items())
        if not charged:
            return
        exchange, cost = self.random.choice(charged[:ENDS] + charged[-ENDS:])
        amount = self.journal.new_amount(self.random, cost)
        done, complaint = self.command("refund", exchange, f"{amount:f}")
        if done is False:
            assert "at most" in complaint or "nothing of request" in complaint, complaint
            return
        self.journal.note(bool(done), amount, "refund", exchange)


class Bank:
    def __init__(self, gateway, seed: int):
        self.gateway = gateway
        self.seed = seed
        self.random = random.Random(seed)
        self.journal = Journal()
        self.reads = 0
        self.disasters: Counter = Counter()
        self._next = []
        self.opened = threading.Event()
        self.opened.set()
        self.customers = [gateway.customer(credit=None) for _ in range(CUSTOMERS)]
        gateway.customers.clear()
        self._find_accounts()
        self.tellers = [Teller(self, number) for number in range(TELLERS + READERS)]

    def _find_accounts(self) -> None:
        books = Auditor(self.gateway.database)
        accounts = dict(books.rows("SELECT email, account_id FROM users"))
        books.close()
        for customer in self.customers:
            customer.account = accounts[customer.email]

    def wait_until_open(self) -> None:
        assert self.opened.wait(20), "the gateway did not come back"

    def act(self, number: int) -> None:
        teller = self.tellers[number]
        if number < TELLERS:
            teller.step()
            return
        teller.look()
        with contextlib.suppress(httpx.TransportError):
            reply = teller.random.choice(self.customers).web.get("/balance")
            assert reply.status_code in (200, 503), reply.text
            if reply.status_code == 200:
                check_wallet(reply.json())

    # ---- disasters ----

    def strike(self) -> None:
        if not self._next:
            self._next = [self.pause, self.pause, self.kill, self.kill, self.restart]
            self.random.shuffle(self._next)
        disaster = self._next.pop()
        disaster()
        self.disasters[disaster.__name__] += 1

    def has_enough(self) -> bool:
        """Of everything."""
        kinds = {what[0] for what in list(self.journal.given.values())}
        return (
            kinds == {"test", "manual", "refund"}
            and self.disasters.keys() == {"pause", "kill", "restart"}
            and len(self.journal.charged) > 50
            and self.journal.lost.total() > 0
        )

    def pause(self) -> None:
        self.gateway.signal(signal.SIGSTOP)
        time.sleep(self.random.random() * 0.2)
        self.gateway.signal(signal.SIGCONT)

    def kill(self) -> None:
        """Sometimes while it is paused, and it stays away for a while."""
        if self.random.random() < 0.3:
            self.gateway.signal(signal.SIGSTOP)
            time.sleep(self.random.random() * 0.1)
        self.opened.clear()
        self.gateway.kill()
        time.sleep(self.random.random() * 0.1)
        self.open()

    def restart(self) -> None:
        self.opened.clear()
        self.gateway.stop()
        self.open()

    def open(self) -> None:
        self.gateway.start()
        for customer in self.customers:
            customer.web.base_url = self.gateway.origin + "/api"
        self.opened.set()

    # ---- the end ----

    def settle_up(self) -> None:
        """Every transfer of the books is one that was asked for, and every one that was confirmed
        is in the books; each once."""
        for customer in self.customers:
            customer.wait_for_no_hold()
        books = Auditor(self.gateway.database)
        end = books.read()
        end.check()
        self._check_transfers(books)
        self._check_charges(books)
        for customer in self.customers:
            customer.wait_for_balance(end.posted[customer.account] * NANO)
        books.close()

    def _check_transfers(self, books: Auditor) -> None:
        journal = self.journal
        found = {}
        for amount, kind, account, exchange in books.rows(
            "SELECT amount_nusd, kind, credit_account, exchange_id FROM transfers"
            " WHERE id IS NOT NULL"
        ):
            assert amount not in found, f"twice: {amount} {kind}"
            found[amount] = (kind, exchange if kind == "refund" else account)
        for amount, what in journal.given.items():
            assert found.pop(amount, None) == what, f"lost: {amount} {what}"
        for amount, what in found.items():
            assert journal.maybe[amount] == what

    def _check_charges(self, books: Auditor) -> None:
        journal = self.journal
        told = dict(journal.charged)
        untold = Counter()
        rows = books.rows(
            "SELECT exchange_id, account_id, charge_nusd, input_tokens, output_tokens FROM usage"
            " WHERE charge_nusd > 0"
        )
        assert len({row[0] for row in rows}) == len(rows)
        for exchange, account, nusd, prompt, completion in rows:
            assert nusd * NANO == charge(PRICE, Usage(prompt, completion))
            if exchange in told:
                assert told.pop(exchange) == nusd * NANO
            else:
                untold[account] += 1
        assert told == {}, "answers that were not charged"
        assert all(untold[account] <= journal.lost[account] for account in untold)


async def as_asked(connection, request):
    """Counts what the caller has written into its `user`."""
    usage = Usage(*map(int, request.json["user"].split()))
    await connection.pause(random.random() * 0.02)
    await answers.chat(usage=usage)(connection, request)


@pytest.mark.once
@pytest.mark.timeout(900)
def test_bank(make_gateway, provider, is_long):
    seed = random.getrandbits(32)
    print(f"seed {seed}")

    def prepare(policies):
        policies.write("limits", "return {}\n")
        policies.model("m", PRICE, context=CONTEXT, max_output=LONGEST)

    provider.answer = as_asked
    bank = Bank(make_gateway(prepare=prepare), seed)
    with Load(TELLERS + READERS, bank.act) as load:
        load.run_for(600 if is_long else 15, bank.strike, 0.3, bank.has_enough)
    bank.settle_up()
    print(dict(bank.disasters), dict(bank.journal.done), f"reads {bank.reads}")
    print(f"answers {len(bank.journal.charged)}, lost {bank.journal.lost.total()}")
