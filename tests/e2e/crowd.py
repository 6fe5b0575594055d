"""Many clients, and a gateway that does not live long. `live_once` is one life: work, a death, a
start on the same database, the comparison of all that anybody knows (books.py).

GW_SEED=n repeats the choices of a run (printed when it fails), though not its timing."""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from books import Books
from clients import Client
from gateway import Gateway
from journal import Journal
from questions import SOLD, TWICE
from wait import wait_until

CLIENTS = 32
POOR_CLIENTS = 3
NO_LIMITS = 'return { { scope = "key", concurrency = 100000 } }\n'


def prepare(policies) -> None:
    policies.write("limits", NO_LIMITS)
    policies.provider("other")
    policies.model(TWICE, SOLD[TWICE], providers=("openai", "other"))


def pick_seed(run: int = 0) -> int:
    seed = int(os.environ.get("GW_SEED") or random.SystemRandom().randrange(10**6))
    print(f"GW_SEED={seed}")
    return seed + run


def alone(gateway: Gateway, journal: Journal) -> tuple[Client, Books]:
    """One client and the books for it."""
    customer = gateway.customer()
    gateway.customers.clear()
    client = Client(0, customer, False, journal, random.Random(0))
    return client, Books(gateway, journal, [customer])


class Crowd:
    """The clients of three customers, the last of whom is always short of money."""

    def __init__(self, gateway: Gateway, journal: Journal, seed: int):
        self.rng = random.Random(seed)
        self.gateway = gateway
        self.deaths = 0
        self._doing = ""  # for whoever reads a failure
        rich = [gateway.customer(credit="1000"), gateway.customer(credit="1000")]
        poor = gateway.customer(credit="0.002")
        gateway.customers.clear()  # their money is compared here
        self.clients = [
            Client(
                number,
                poor if number < POOR_CLIENTS else rich[number % 2],
                number < POOR_CLIENTS,
                journal,
                random.Random(f"{seed} {number}"),
            )
            for number in range(CLIENTS)
        ]
        self.books = Books(gateway, journal, [*rich, poor])
        self._pool = ThreadPoolExecutor(CLIENTS)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, kind, error, _) -> None:
        self.gateway.abandon()
        self._pool.shutdown()
        if error is not None:
            error.add_note(f"in life {self.deaths}: {self._doing}")

    def live_once(self, death: str, die: Callable[["Crowd"], None], calls: int) -> None:
        """`die` is called when so many calls have been begun, and ends the process."""
        self._doing = death
        tasks = [self._pool.submit(client.work, self.gateway.address) for client in self.clients]
        wait_until(
            lambda: self._calls() >= calls or any(task.done() for task in tasks),
            60,
            f"{calls} calls",
        )
        die(self)
        self.deaths += 1
        done, working = wait(tasks, 60)
        assert not working, "a client did not notice that the gateway is dead"
        for task in done:
            task.result()
        self.restart()
        self._doing = f"comparing after {death}"
        self.books.compare(self.clients)

    def _calls(self) -> int:
        return sum(len(client.receipts) for client in self.clients)

    def pause(self, most_s: float) -> None:
        """Death is to come at any moment, not only at those that can be waited for."""
        time.sleep(self.rng.uniform(0, most_s))

    def restart(self) -> None:
        self.gateway.settings["workers"] = self.rng.choice((1, 2, 4))
        self.gateway.settings["drain_timeout_ms"] = self.rng.choice((5, 5000))
        while self.rng.random() < 0.3:  # it dies while it starts, too
            self.gateway.spawn()
            self.pause(0.03)
            self.gateway.kill()
        self.gateway.start()
