"""The ledger as an auditor reads it while the gateway works: the file itself, each time in one read
transaction, with sums of its own."""

import contextlib
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from load import Load
from prices import usd
from tables import await_tables

BALANCES = "SELECT account_id, posted_nusd, credited_nusd, floor_zero FROM balances"
SUMS = """SELECT account, sum(amount) FROM (
    SELECT credit_account AS account, amount_nusd AS amount FROM transfers
    UNION ALL SELECT debit_account, -amount_nusd FROM transfers) GROUP BY account"""
HELD = "SELECT account_id, sum(amount_nusd) FROM open_holds GROUP BY account_id"
HELD_BY_KEY = "SELECT key_id, sum(amount_nusd) FROM open_holds GROUP BY key_id"
SPENT = "SELECT key_id, spent_nusd FROM key_totals WHERE spent_nusd > 0"
CHARGED = "SELECT key_id, sum(charge_nusd) FROM usage WHERE charge_nusd > 0 GROUP BY key_id"
BUDGETS = "SELECT id, budget_nusd FROM keys WHERE budget_nusd IS NOT NULL"
BUSY_TIMEOUT_S = 30
LOOK_EVERY_S = 0.002


@dataclass(frozen=True)
class Snapshot:
    """All of it from one moment, in nano-USD."""

    posted: dict[str, int]  # by account
    credited: dict[str, int]  # all that ever came in, by account
    customers: set[str]  # the accounts that have a floor
    sums: dict[str, int]  # of the transfers, by account
    held: dict[str, int]
    held_by_key: dict[str, int]
    spent: dict[str, int]  # by key, as the key's total says
    charged: dict[str, int]  # by key, as the usage records say
    budgets: dict[str, int]

    def check_since(self, earlier: "Snapshot") -> None:
        """What has been seen once is never lost."""
        for account, credited in earlier.credited.items():
            assert self.credited[account] >= credited, account

    def check(self) -> None:
        assert sum(self.posted.values()) == 0, self.posted
        assert {name: nusd for name, nusd in self.posted.items() if nusd} == {
            name: nusd for name, nusd in self.sums.items() if nusd
        }
        for account in self.customers:
            held = self.held.get(account, 0)
            assert 0 <= held <= self.posted[account], f"{account}: {held} held of {self.posted}"
        assert self.spent == self.charged
        for key, budget in self.budgets.items():
            assert self.spent.get(key, 0) + self.held_by_key.get(key, 0) <= budget, key


class Auditor:
    """One reader; of one thread at a time."""

    def __init__(self, database: Path):
        await_tables(database)
        self._db = sqlite3.connect(
            f"file:{database}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip

    def close(self) -> None:
        self._db.close()

    @contextlib.contextmanager
    def at_one_moment(self):
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def rows(self, query: str, *values) -> list[tuple]:
        return self._db.execute(query, values).fetchall()

    def read(self) -> Snapshot:
        with self.at_one_moment():
            accounts = self.rows(BALANCES)
            return Snapshot(
                posted={name: posted for name, posted, _, _ in accounts},
                credited={name: credited for name, _, credited, _ in accounts},
                customers={name for name, _, _, floor in accounts if floor},
                sums=dict(self.rows(SUMS)),
                held=dict(self.rows(HELD)),
                held_by_key=dict(self.rows(HELD_BY_KEY)),
                spent=dict(self.rows(SPENT)),
                charged=dict(self.rows(CHARGED)),
                budgets=dict(self.rows(BUDGETS)),
            )


def check_wallet(wallet: dict) -> Decimal:
    """An answer of /api/balance, at any time. Returns what is held."""
    balance, held = usd(wallet["balance"]), usd(wallet["held"])
    assert held >= 0, wallet
    assert usd(wallet["available"]) == balance - held >= 0, wallet
    return held


class Watch(Load):
    """Looks at a customer's balance, as the API has it and as the file has it, until the end. Its
    results are what was held, at each look through the API."""

    def __init__(self, gateway, customer):
        self._books = Auditor(gateway.database)
        self._customer = customer
        super().__init__(2, self._look)

    def _look(self, number: int) -> Decimal | None:
        self.pause(LOOK_EVERY_S)
        if number == 0:
            self._books.read().check()
            return None
        return check_wallet(self._customer.wallet())

    def __exit__(self, *how) -> None:
        super().__exit__(*how)
        self._books.close()
