"""The gateway's books against what the provider and the clients know: read from SQLite and, where
a customer can see it, from the API. Prices are computed anew (prices.py)."""

import sqlite3
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal

import sse
from answers import Usage
from clients import Client, Receipt
from customer import Customer
from gateway import Gateway
from journal import Journal
from prices import charge, usd
from questions import SOLD, Question, estimate, prompt_tokens
from tables import await_tables

USAGE_COLUMNS = (
    "seq, exchange_id, account_id, key_id, model, provider, source, input_tokens,"
    " cached_input_tokens, output_tokens, reasoning_tokens, cost_nusd, charge_nusd, overrun_nusd"
)


def nusd(amount: Decimal) -> int:
    whole = int(amount.scaleb(9))
    assert Decimal(whole).scaleb(-9) == amount
    return whole


def price_of(question: Question, usage: Usage, margin: str | None = None) -> int:
    price = SOLD[question.model]
    return nusd(charge(price, usage) if margin is None else charge(price, usage, margin))


def allowed_of(question: Question, usage: Usage) -> Usage:
    """What the customer pays of it: nothing above the limit that the request states."""
    most = question.max_tokens or usage.completion
    return replace(usage, completion=min(usage.completion, most))


def usage_in(row: sqlite3.Row) -> Usage:
    return Usage(
        row["input_tokens"] + row["cached_input_tokens"],
        row["output_tokens"],
        row["cached_input_tokens"],
        row["reasoning_tokens"],
    )


class Books:
    """compare() while no client is at work and the gateway runs, again and again: it goes on where
    it was, and takes the receipts."""

    def __init__(self, gateway: Gateway, journal: Journal, customers: list[Customer]):
        self.answers = 0  # that were received whole
        self.interrupted = 0  # calls whose answer was cut off by a death
        self.charged: dict[str, str] = {}  # name of the question -> exchange
        self._exchanges: set[str] = set()  # with a usage record
        self._seen_usage = 0
        self._seen_transfer = 0
        self._gateway = gateway
        self._journal = journal
        self._customers = customers
        with self._open() as db:
            rows = db.execute("SELECT account_id, email FROM users").fetchall()
        self._accounts = {row["email"]: row["account_id"] for row in rows}

    def _open(self) -> sqlite3.Connection:
        await_tables(self._gateway.database)
        db = sqlite3.connect(f"file:{self._gateway.database}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        return db

    def holds(self) -> int:
        """Ever written."""
        db = self._open()
        try:
            return db.execute("SELECT count(*) FROM holds").fetchone()[0]
        finally:
            db.close()

    def compare(self, clients: list[Client]) -> None:
        db = self._open()
        try:
            self._check_soundness(db)
            records = self._new_records(db)
            moved = self._new_transfers(db)
            assert moved.keys() <= records.keys(), "money moved for what has no record"
            for exchange, row in records.items():
                self._check_record(row, moved[exchange], clients)
            for client in clients:
                for receipt in client.receipts:
                    self._check_receipt(client, receipt, records.get(receipt.exchange))
                client.receipts.clear()
            self._check_payments(db, clients)
            self._check_balances(db)
        finally:
            db.close()
        self._gateway.verify_ledger()

    def _new_records(self, db: sqlite3.Connection) -> dict[str, sqlite3.Row]:
        """By exchange."""
        rows = db.execute(
            f"SELECT {USAGE_COLUMNS} FROM usage WHERE seq > ? ORDER BY seq", (self._seen_usage,)
        ).fetchall()
        records = {}
        for row in rows:
            assert row["exchange_id"] not in self._exchanges, "an exchange has two usage records"
            self._exchanges.add(row["exchange_id"])
            self._seen_usage = row["seq"]
            records[row["exchange_id"]] = row
        return records

    def _new_transfers(self, db: sqlite3.Connection) -> dict[str, list[tuple]]:
        """By exchange: kind, debit, credit, amount."""
        moved = defaultdict(list)
        for seq, exchange, *transfer in db.execute(
            "SELECT seq, exchange_id, kind, debit_account, credit_account, amount_nusd"
            " FROM transfers WHERE seq > ? ORDER BY seq",
            (self._seen_transfer,),
        ):
            self._seen_transfer = seq
            if exchange is not None:
                moved[exchange].append(tuple(transfer))
        return moved

    # ---- the database as a whole ----

    @staticmethod
    def _check_soundness(db: sqlite3.Connection) -> None:
        assert [row[0] for row in db.execute("PRAGMA integrity_check")] == ["ok"]
        assert db.execute("SELECT count(*) FROM open_holds").fetchone()[0] == 0, "an open hold"
        left = db.execute(
            "SELECT exchange_id FROM holds WHERE exchange_id NOT IN"
            " (SELECT exchange_id FROM resolutions)"
        ).fetchall()
        assert not left, f"neither settled, nor voided, nor expired: {[row[0] for row in left]}"

    def _check_balances(self, db: sqlite3.Connection) -> None:
        sums: dict[str, int] = defaultdict(int)
        for row in db.execute("SELECT debit_account, credit_account, amount_nusd FROM transfers"):
            sums[row["debit_account"]] -= row["amount_nusd"]
            sums[row["credit_account"]] += row["amount_nusd"]
        assert sum(sums.values()) == 0
        stored = dict(db.execute("SELECT account_id, posted_nusd FROM balances").fetchall())
        assert {name: amount for name, amount in stored.items() if amount} == {
            name: amount for name, amount in sums.items() if amount
        }
        for customer in self._customers:
            account = self._accounts[customer.email]
            charged = db.execute(
                "SELECT coalesce(sum(charge_nusd), 0) FROM usage WHERE account_id = ?", (account,)
            ).fetchone()[0]
            paid_in = db.execute(
                "SELECT coalesce(sum(amount_nusd), 0) FROM transfers WHERE credit_account = ?",
                (account,),
            ).fetchone()[0]
            assert sums[account] == paid_in - charged >= 0, customer.email
            customer.web.base_url = self._gateway.origin + "/api"  # it has started again
            wallet = customer.wallet()
            assert nusd(usd(wallet["balance"])) == sums[account]
            assert usd(wallet["held"]) == 0

    def _check_payments(self, db: sqlite3.Connection, clients: list[Client]) -> None:
        """What was acknowledged is there once, what was not at most once, and nothing else."""
        found = Counter(
            (row["credit_account"], row["amount_nusd"])
            for row in db.execute("SELECT * FROM transfers WHERE kind = 'test'")
        )
        assert set(found.values()) <= {1}, "a payment was booked twice"
        for client in clients:
            for payment in client.payments:
                entry = (self._accounts[payment.email], payment.amount_nusd)
                assert found[entry] == 1 or not payment.acknowledged, f"{payment} is lost"
                del found[entry]
        assert len(found) == len(self._customers), "but for what each began with"

    # ---- one exchange ----

    def _check_record(self, row: sqlite3.Row, moved: list[tuple], clients: list[Client]) -> None:
        price = row["charge_nusd"] + row["overrun_nusd"]
        provider = f"cost:{row['provider']}"
        wanted = [
            ("charge", row["account_id"], "revenue", row["charge_nusd"]),
            ("cost", "revenue", provider, row["cost_nusd"]),
            ("overrun", "overrun", "revenue", row["overrun_nusd"]),
        ]
        assert sorted(moved) == [transfer for transfer in wanted if transfer[3]], tuple(row)
        if price == 0:
            return
        client = next(client for client in clients if client.key_id == row["key_id"])
        name = self._name_of(row, client)
        assert name not in self.charged, f"{name} was charged twice"
        self.charged[name] = row["exchange_id"]
        self._check_price(row, self._journal.questions[name], client)

    @staticmethod
    def _name_of(row: sqlite3.Row, client: Client) -> str:
        number = usage_in(row).prompt - prompt_tokens(0)
        return f"{client.number}/{number}"

    def _check_price(self, row: sqlite3.Row, question: Question, client: Client) -> None:
        """The provider knows of it, and counted as much or gave out as much text."""
        usage = usage_in(row)
        entries = self._journal.entries.get(question.name, [])
        assert entries, f"{question.name} was charged, but no provider was asked"
        assert row["model"] == question.model
        if row["source"] == "reported":
            assert usage in [entry.usage for entry in entries], tuple(row)
        else:
            assert row["source"] in ("estimated", "partial"), tuple(row)
            assert usage.completion <= max(estimate(entry.pieces) for entry in entries), tuple(row)
        price = price_of(question, usage)
        assert row["charge_nusd"] + row["overrun_nusd"] == price, tuple(row)
        allowed = price_of(question, allowed_of(question, usage))
        assert row["charge_nusd"] == allowed or client.is_poor, tuple(row)
        assert row["charge_nusd"] <= allowed, tuple(row)
        assert row["cost_nusd"] == price_of(question, usage, margin="0"), tuple(row)

    # ---- one receipt ----

    def _check_receipt(self, client: Client, receipt: Receipt, row: sqlite3.Row | None) -> None:
        name = receipt.question.name
        charged = row is not None and row["charge_nusd"] + row["overrun_nusd"] > 0
        self.interrupted += not receipt.complete and not receipt.left
        if receipt.is_answer:
            assert charged, f"{name} was answered whole, but not charged"
            self._check_answer(client, receipt, row)
        elif receipt.complete:
            assert not charged, f"{name} was refused ({receipt.reply.status}), but charged"
        if receipt.exchange is not None and charged:
            assert self.charged.get(name) == receipt.exchange
        self._check_generation(client, receipt, row)

    def _check_answer(self, client: Client, receipt: Receipt, row: sqlite3.Row) -> None:
        question, usage, body = receipt.question, usage_in(row), receipt.reply.body
        failed = short = False
        if not question.streamed:
            answer = receipt.reply.json
            pieces = [answer["choices"][0]["message"]["content"]]
            costs = [answer["usage"]["cost"]] if answer.get("usage") else []
            assert nusd(usd(receipt.reply.headers["x-llm-cost"])) == row["charge_nusd"]
        else:
            chunks = sse.chunks(body)
            pieces = sse.pieces(body)
            failed = any("error" in chunk for chunk in chunks)
            short = any("metadata" in chunk for chunk in chunks)  # the money has ended
            costs = [chunk["usage"]["cost"] for chunk in chunks if chunk.get("usage")]
            assert sse.is_done(body)
        self.answers += 1
        assert client.is_poor or not short
        assert [nusd(usd(cost)) for cost in costs] in ([], [row["charge_nusd"]])
        if short or not (failed or question.chat.usage is None):
            assert bool(costs) == (question.usage_asked or not question.streamed)
        if row["source"] == "reported":
            assert usage == question.chat.usage, tuple(row)
        else:
            assert failed or short or question.chat.usage is None, tuple(row)
            assert usage == Usage(prompt_tokens(question.number), estimate(pieces)), tuple(row)
        text = "".join(pieces)
        assert text == question.chat.text[: len(text) if failed or short else None]

    def _check_generation(self, client: Client, receipt: Receipt, row: sqlite3.Row | None) -> None:
        """What the customer is told of it."""
        if receipt.exchange is None:
            return
        response = self._gateway.http.get(
            "/v1/generation",
            params={"id": receipt.exchange},
            headers={"Authorization": f"Bearer {client.key}"},
        )
        if row is None:  # not known; or refused before anything was held, which leaves a record
            assert response.status_code == 404 or usd(response.json()["data"]["cost"]) == 0
            return
        told = response.json()["data"]
        assert nusd(usd(told["cost"])) == row["charge_nusd"]
        for name in ("model", "input_tokens", "cached_input_tokens", "output_tokens"):
            assert told[name] == row[name], told
