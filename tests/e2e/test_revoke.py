"""Keys are deleted, policies reloaded, credits given and charges refunded while calls run: each
call pays once, by the policy it began with, and every transfer counts."""

import itertools
import json
import random
import signal
import threading
from decimal import Decimal

import answers
import pytest
from answers import Chat
from auditor import Auditor, Watch
from errors import check_error
from fake_provider import Gate
from generations import PROMPT, USAGE, charge_of, prepare_generations, revision, write_generation
from load import Load
from prices import usd
from rawhttp import chat_bytes
from volley import Volley, cost_of
from wait import wait_until

AT_ONCE = 40
FRESH = 12  # connections on which a deleted key is tried: every worker has some
CALLERS = 8


@pytest.fixture
def changing(make_gateway):
    """A gateway whose model `m` has the prices of a generation."""
    return make_gateway(prepare=prepare_generations, workers=4)


def body(number: int) -> bytes:
    """Every second one is streamed."""
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if number % 2 else {}
    asked = {"model": "m", "messages": PROMPT, "max_tokens": 100}
    return json.dumps(asked | streamed).encode()


def calls(key: str, count: int) -> list[tuple[str, bytes]]:
    return [(key, body(i)) for i in range(count)]


def was_cut(reply) -> bool:
    """A stream that ended with its key."""
    return b'"code":"key_disabled"' in reply.body


def check_deleted(gateway, key: str) -> None:
    """It opens nothing any more, whichever worker is asked."""
    for reply in Volley(gateway, calls(key, FRESH), stop=False).fire().collect().values():
        check_error(reply, 401, "invalid_api_key", retry=False)


def count_gone(provider) -> int:
    """The calls that the gateway has cancelled."""
    return sum(request.gone_at is not None for request in provider.requests)


def usage_rows(gateway) -> dict[str, tuple[str, str, Decimal]]:
    """Key, policy and charge of each exchange that was charged or voided, from the file."""
    books = Auditor(gateway.database)
    rows = books.rows("SELECT exchange_id, key_id, policy_revision, charge_nusd FROM usage")
    books.close()
    assert len({row[0] for row in rows}) == len(rows), "an exchange has one record"
    return {name: (key, policy, Decimal(nusd) / 10**9) for name, key, policy, nusd in rows}


def held_in_the_middle(gate: Gate):
    """Streams have begun when they wait, other answers have not."""
    whole = answers.behind(gate, answers.chat(usage=USAGE))
    streamed = answers.stream_of(Chat(usage=USAGE), gates={2: gate})

    async def answer(connection, request):
        await (streamed if request.json.get("stream") else whole)(connection, request)

    return answer


def test_revoked_and_reloaded_under_way(changing, provider):
    """Calls of five keys under five policies, all open at the same time; every key is deleted and
    every policy but the last replaced before any of the calls ends. That ends their streams, which
    pay for what came; then all others end at once."""
    customer = changing.customer(credit="1000")
    gate = Gate(provider)
    provider.answer = held_in_the_middle(gate)
    begun = []
    with Watch(changing, customer), gate:
        for number in (0, 1, 2, 0, 1):
            write_generation(changing.policies, number)
            changing.reload()
            key = customer.create_key(f"of generation {number}", budget="500")
            volley = Volley(changing, calls(key, AT_ONCE)).fire()
            begun.append((number, customer.key_id, revision(changing.policies), volley))
            provider.wait_for_requests(AT_ONCE * len(begun))
            customer.delete_key()
            check_deleted(changing, key)
        cut = len(begun) * AT_ONCE // 2
        wait_until(lambda: count_gone(provider) == cut, 10, "the end of every stream")
        assert usd(customer.wallet()["held"]) > 0
        gate.set()
        for _, _, _, volley in begun:
            volley.collect()
        customer.wait_for_no_hold()
    rows = usage_rows(changing)
    spent = 0
    for number, key_id, policy, volley in begun:
        for reply in volley.replies.values():
            if was_cut(reply):
                row = rows.pop(reply.headers["x-request-id"])
                assert row[:2] == (key_id, policy)
                assert 0 < row[2] < charge_of(number)
                spent += row[2]
                continue
            assert reply.status == 200
            assert cost_of(reply) == charge_of(number)
            assert rows.pop(reply.headers["x-request-id"]) == (key_id, policy, charge_of(number))
            spent += charge_of(number)
        assert sum(map(was_cut, volley.replies.values())) == AT_ONCE // 2
    assert rows == {}
    assert customer.balance == 1000 - spent


class Storm:
    """Everything at once, and what must come of it in the end."""

    def __init__(self, gateway, customer, seed: int):
        self.gateway = gateway
        self.customer = customer
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.keys: list[tuple[str, str]] = []  # alive: id, key
        self.costs: dict[str, Decimal] = {}  # of each answer, by exchange
        self.cut: set[str] = set()  # streams that ended with their key
        self.refunded: dict[str, Decimal] = {}
        self.credited = Decimal(0)
        self.refused = 0
        self.deleted = 0
        self.policies: dict[str, int] = {}  # generation by revision
        self._turn = itertools.count(1)
        self._connections = {}
        for _ in range(6):
            self.add_key()

    def add_key(self) -> None:
        budget = {"budget": "3"} if self.random.random() < 0.3 else {}
        key = self.customer.create_key("storm", **budget)
        with self.lock:
            self.keys.append((self.customer.key_id, key))

    def call(self, number: int) -> None:
        """By any key; one that is deleted meanwhile is refused, or answered and paid."""
        with self.lock:
            _, key = self.random.choice(self.keys)
        connection = self._connections.get(number) or self.gateway.connect()
        self._connections[number] = connection
        connection.send(chat_bytes(key, body(number + self.random.randrange(2))))
        reply = connection.read_reply()
        if was_cut(reply):
            with self.lock:
                self.cut.add(reply.headers["x-request-id"])
            return
        if reply.status == 200:
            with self.lock:
                self.costs[reply.headers["x-request-id"]] = cost_of(reply)
            return
        code = reply.json["error"]["code"]
        assert (reply.status, code) in ((401, "invalid_api_key"), (402, "key_budget_exceeded"))
        self.refused += code == "invalid_api_key"

    def revoke(self) -> None:
        self.add_key()
        key_id, key = self.random.choice(self.keys)
        self.customer.delete_key(key_id)
        check_deleted(self.gateway, key)
        with self.lock:
            self.keys.remove((key_id, key))
        self.deleted += 1

    def credit(self) -> None:
        nusd = self.random.randrange(1, 10**9)
        amount = f"{Decimal(nusd) / 10**9:f}"
        assert Decimal(self.gateway.value_of("credit", self.customer.email, amount)) == Decimal(
            amount
        )
        self.credited += Decimal(amount)

    def refund(self) -> None:
        """A part of some charge, or what is left of it."""
        with self.lock:
            if not self.costs:
                return
            exchange, cost = self.random.choice(list(self.costs.items()))
        left = cost - self.refunded.get(exchange, 0)
        part = Decimal(self.random.randrange(1, int(cost * 10**9))) / 10**9
        amount = part if self.random.random() < 0.5 else left
        result = self.gateway.command("refund", exchange, f"{amount:f}")
        assert (result.returncode == 0) == (0 < amount <= left), result.stderr
        if result.returncode == 0:
            self.refunded[exchange] = self.refunded.get(exchange, 0) + amount

    def operate(self) -> None:
        (self.credit if self.random.random() < 0.5 else self.refund)()

    def act(self, number: int) -> None:
        if number < CALLERS:
            self.call(number)
        elif number == CALLERS:
            self.revoke()
        else:
            self.operate()

    def reload(self) -> None:
        number = next(self._turn) % 3
        write_generation(self.gateway.policies, number)
        self.policies[revision(self.gateway.policies)] = number
        self.gateway.signal(signal.SIGHUP)

    def has_enough(self) -> bool:
        """Of everything: calls at each price, some that met the deletion of their key, ..."""
        at_prices = set(self.costs.values()) == {charge_of(number) for number in range(3)}
        return at_prices and min(self.refused, self.deleted, self.credited, len(self.refunded)) > 0

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


@pytest.mark.timeout(180)
def test_everything_at_once(changing, provider, is_long):
    """Calls by keys that come and go, policies that change every 100 ms, credits and refunds by the
    command line: in the end every nano-dollar is where it must be."""
    seed = random.getrandbits(32)
    print(f"seed {seed}")

    async def soon(connection, request):
        await connection.pause(random.random() * 0.02)
        await answers.chat(usage=USAGE)(connection, request)

    provider.answer = soon
    customer = changing.customer(credit="100000")
    storm = Storm(changing, customer, seed)
    storm.policies[revision(changing.policies)] = 0
    with Watch(changing, customer), Load(CALLERS + 2, storm.act) as load:
        load.run_for(60 if is_long else 6, storm.reload, 0.1, storm.has_enough)
    storm.close()
    customer.wait_for_no_hold()
    rows = usage_rows(changing)
    cut = {name: rows.pop(name)[2] for name in storm.cut & rows.keys()}
    assert {name: row[2] for name, row in rows.items()} == storm.costs
    for _, policy, cost in rows.values():
        assert cost == charge_of(storm.policies[policy])
    paid_in = 100000 + storm.credited + sum(storm.refunded.values())
    customer.wait_for_balance(paid_in - sum(storm.costs.values()) - sum(cut.values()))
