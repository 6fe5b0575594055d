"""kill -9 between payment, event and posting: each payment is credited once."""

import json
import random
import threading
from collections import Counter
from contextlib import suppress

import httpx2 as httpx
import pytest
from customer import Customer
from prices import usd
from stripe_server import post, signed
from test_customer_data import rows
from wait import wait_until

BUYERS = 4


class Network:
    """Delivers events as Stripe does: again until each is taken, some twice, in any order."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.waiting: list[dict] = []
        self.broken: list[dict] = []  # in the present life of the gateway
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(n,)) for n in range(BUYERS)]
        for thread in self.threads:
            thread.start()

    def send(self, event: dict) -> None:
        """Twice, and a third time as another event that says the same."""
        with self.lock:
            self.waiting += [event, event, event | {"id": event["id"] + "_again"}]

    def took(self) -> set[str]:
        """The events of which a delivery broke off."""
        with self.lock:
            return {event["id"] for event in self.broken}

    def _run(self, seed: int) -> None:
        rng = random.Random(seed)
        while True:
            with self.lock:
                event = self.waiting.pop(rng.randrange(len(self.waiting))) if self.waiting else None
            if event is None:
                if self.over.wait(0.01):
                    return
                continue
            text = json.dumps(event)
            with suppress(httpx.HTTPError, AttributeError):
                if post(self.gateway, text, signed(text)).status_code == 200:
                    continue
            with self.lock:
                self.waiting.append(event)
                self.broken.append(event)
            self.over.wait(0.005)


def buy(buyer, stripe, network, paid: list) -> None:
    """A payment, whatever happens to the gateway; what was begun is paid."""
    with suppress(httpx.HTTPError, AssertionError):
        body = {"amount": "10"}
        payment = buyer.call("POST", "/balance/charge", 201, json=body)
        paid.append(payment["id"])
        network.send(stripe.complete(payment))


PLACES = ("before the page", "before the event", "before the posting", "before the answer")


def note_places(paid_house, network, seen: Counter) -> None:
    """Where the kill has found the payments. The gateway is down."""
    posted = {row[0] for row in rows(paid_house, "SELECT id FROM payment_events")}
    open_ones = rows(
        paid_house, "SELECT id, checkout_id IS NULL FROM payments WHERE state = 'open'"
    )
    broken = network.took()
    seen["before the page"] += sum(1 for _, pageless in open_ones if pageless)
    seen["before the event"] += sum(1 for _, pageless in open_ones if not pageless)
    seen["before the posting"] += len(broken - posted)
    seen["before the answer"] += len(broken & posted)
    with network.lock:
        network.broken.clear()


def run_rounds(paid_house, stripe, rounds: int) -> Counter:
    seen: Counter = Counter()
    rng = random.Random(rounds)
    buyers = [Customer(paid_house) for _ in range(BUYERS)]
    paid: dict[str, list] = {buyer.email: [] for buyer in buyers}
    for buyer in buyers:
        buyer.sign_up()
    network = Network(paid_house)
    try:
        for number in range(rounds):
            begun = sum(map(len, paid.values()))
            threads = [
                threading.Thread(target=buy, args=(buyer, stripe, network, paid[buyer.email]))
                for buyer in buyers
            ]
            for thread in threads:
                thread.start()
            if number % 2:  # a slow build may have come to nothing by now
                wait_until(lambda begun=begun: sum(map(len, paid.values())) > begun)
            threading.Event().wait(rng.uniform(0, 0.03))  # somewhere in all of it
            paid_house.kill()
            for thread in threads:
                thread.join()
            note_places(paid_house, network, seen)
            paid_house.start()
            for buyer in buyers:
                buyer.web.base_url = paid_house.origin + "/api"
        wait_until(lambda: not network.waiting, 60, "all events to be taken")
    finally:
        network.over.set()
        for thread in network.threads:
            thread.join()
    for buyer in buyers:
        assert buyer.balance == usd("10") * len(paid[buyer.email])
        listed = buyer.call("GET", "/payments?limit=1000", 200)["data"]
        assert {p["id"] for p in listed if p["state"] == "paid"} == set(paid[buyer.email])
        assert {p["state"] for p in listed} <= {"paid", "open"}
    assert sum(len(ids) for ids in paid.values()) > rounds / 4, "nearly nothing was bought"
    paid_house.verify_ledger()
    return seen


def test_kills(paid_house, stripe):
    run_rounds(paid_house, stripe, 10)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_two_hundred_kills(paid_house, stripe):
    seen = run_rounds(paid_house, stripe, 200)
    assert all(seen[place] for place in PLACES), f"no kill came at one of the places: {seen}"
