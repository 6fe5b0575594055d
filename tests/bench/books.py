"""Accounts to bench with, written straight into a database, and the audit after each run.

Making ten thousand users by the program itself would take an hour of password hashing. What is
written here passes `llm-gateway ledger verify` like everything else.
"""

import hashlib
import secrets
import sqlite3
import sys
import time
import zlib
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "e2e"))
from tables import await_tables

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CREDIT_NUSD = 100_000 * 10**9
PROMPT_TOKENS, PLAIN_TOKENS = 250, 150  # what bench_provider says that it has used
DAY_MS = 24 * 3600 * 1000


def identity(kind, number):
    """As the gateway makes them, but of the year 1970: kind, time, a part of its own."""
    return f"{kind}_0000000000{number:016d}"


def make_key():
    text = "llm_sk_" + "".join(secrets.choice(BASE62) for _ in range(32))
    crc, check = zlib.crc32(text.encode()), ""
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        check = BASE62[digit] + check
    return text + check


def charge_nusd(words):
    """What one answer costs the customer: the shipped price of gpt-4o-mini, plus 20 %."""
    output = words or PLAIN_TOKENS
    return (PROMPT_TOKENS * 150 + output * 600) * 12 // 10


class Void(Exception):
    """The books of a run are wrong: it has no speed."""


class Books:
    """The accounts of one gateway, its keys in a file, and what its database must say."""

    def __init__(self, folder, database=None):
        self.database = database or folder / "gateway.db"
        self.secret_path = self.database.with_suffix(".secret")
        self.keys_path = self.database.with_suffix(".keys")
        self.first_key_path = self.database.with_suffix(".key")

    def make_secret(self):
        self.secret_path.write_bytes(secrets.token_bytes(32))
        self.secret_path.chmod(0o600)

    def digest(self, text):
        key = self.secret_path.read_bytes()
        return hashlib.blake2b(text.encode(), key=key, digest_size=32).hexdigest()

    def connect(self):
        await_tables(self.database)
        return sqlite3.connect(self.database, timeout=60)

    def open_accounts(self, count):
        """`count` users with an account, credits and a key each; the database is migrated."""
        now_ms = int(time.time() * 1000)
        keys = [make_key() for _ in range(count)]
        with self.connect() as db:
            self._write_accounts(db, count, now_ms)
            self._write_keys(db, keys, now_ms)
        db.close()
        self.keys_path.write_text("\n".join(keys) + "\n")
        self.first_key_path.write_text(keys[0] + "\n")

    def _write_accounts(self, db, count, now_ms):
        accounts = [identity("acct", n) for n in range(count)]
        db.execute(
            "INSERT INTO accounts (id, kind, floor_zero, created_ms)"
            " VALUES ('funding:manual', 'house', 0, ?)",
            [now_ms],
        )
        db.execute(
            "INSERT INTO balances (account_id, floor_zero, debited_nusd)"
            " VALUES ('funding:manual', 0, ?)",
            [count * CREDIT_NUSD],
        )
        db.executemany(
            "INSERT INTO accounts (id, kind, floor_zero, created_ms) VALUES (?, 'customer', 1, ?)",
            [(account, now_ms) for account in accounts],
        )
        db.executemany(
            "INSERT INTO balances (account_id, floor_zero, credited_nusd) VALUES (?, 1, ?)",
            [(account, CREDIT_NUSD) for account in accounts],
        )
        db.executemany(
            "INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind, reason,"
            " created_ms) VALUES (?, 'funding:manual', ?, ?, 'manual', 'bench', ?)",
            [
                (identity("tx", n), account, CREDIT_NUSD, now_ms)
                for n, account in enumerate(accounts)
            ],
        )

    def _write_keys(self, db, keys, now_ms):
        numbers = range(len(keys))
        db.executemany(
            "INSERT INTO users (id, email, name, password_hash, role, account_id, created_ms)"
            " VALUES (?, ?, 'Bench', '!', 'user', ?, ?)",
            [
                (identity("user", n), f"bench{n}@example.com", identity("acct", n), now_ms)
                for n in numbers
            ],
        )
        db.executemany(
            "INSERT INTO keys (id, user_id, account_id, digest, prefix, last4, name, created_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, 'bench', ?)",
            [
                (identity("key", n), identity("user", n), identity("acct", n),
                 self.digest(key), key[:11], key[-4:], now_ms)
                for n, key in enumerate(keys)
            ],
        )  # fmt: skip

    def sign_in(self, number):
        """A cookie of that user."""
        token = secrets.token_urlsafe(32)
        with self.connect() as db:
            db.execute(
                "INSERT INTO sessions (digest, user_id, created_ms, expires_ms)"
                " VALUES (?, ?, 0, ?)",
                [self.digest(token), identity("user", number), int(time.time() * 1000) + DAY_MS],
            )
        db.close()
        return f"session={token}"

    # ---- the audit ----

    def mark(self):
        """Where the books stand before a run."""
        db = self.connect()
        try:
            seq = db.execute("SELECT coalesce(max(seq), 0) FROM usage").fetchone()[0]
            return seq, self._customers_nusd(db)
        finally:
            db.close()

    @staticmethod
    def _customers_nusd(db):
        """(credits, balances) of all customers."""
        return db.execute(
            "SELECT sum(credited_nusd), sum(posted_nusd) FROM balances WHERE floor_zero = 1"
        ).fetchone()

    def audit(self, mark, result, words=0):
        """Raises Void unless the books say what happened since `mark`: `result` of the load."""
        seq, (credits, balance) = mark
        db = self.connect()
        try:
            open_holds = db.execute("SELECT count(*) FROM open_holds").fetchone()[0]
            records, charged, odd = db.execute(
                "SELECT count(*), coalesce(sum(charge_nusd), 0), coalesce(sum(status <> 200"
                " OR error_code <> '' OR source <> 'reported' OR charge_nusd <> ?), 0)"
                " FROM usage WHERE seq > ?",
                [charge_nusd(words), seq],
            ).fetchone()
            transferred = db.execute(
                "SELECT coalesce(sum(t.amount_nusd), 0) FROM transfers t JOIN usage u"
                " ON t.seq = u.transfer_seq WHERE u.seq > ? AND t.kind = 'charge'",
                [seq],
            ).fetchone()[0]
            credits_now, balance_now = self._customers_nusd(db)
        finally:
            db.close()
        facts = {
            "holds are open": open_holds,
            "requests failed": result["failed"],
            "requests were never answered": result["unanswered"],
            "events were lost": result["events_lost"],
            "usage records more than answers": records - result["answers"],
            "usage records are not as they must be": odd,
            "nUSD charged and not transferred": charged - transferred,
            "nUSD of credits came from nowhere": credits_now - credits,
            "nUSD differ between balances and charges": balance - charged - balance_now,
        }
        wrong = [f"{number} {what}" for what, number in facts.items() if number != 0]
        if wrong:
            raise Void("; ".join(wrong))
