"""What tests of retries share: asking with an Idempotency-Key, and what must be the same then."""

import contextlib
import sqlite3

import httpx2 as httpx
from customer import QUESTION, Customer
from tables import await_tables

HEADER = "Idempotency-Key"
MODEL = "gpt-4o-mini"
# Of a kept answer these come again; Date, x-ratelimit-* and the like are of each reply's own time.
REPEATED = ("content-type", "x-request-id", "x-llm-cost")


def ask(customer: Customer, key: str | None, **fields) -> httpx.Response:
    body = {"model": MODEL, "messages": list(QUESTION), **fields}
    return customer.post(body, headers={HEADER: key} if key is not None else {})


def is_replay(response: httpx.Response) -> bool:
    return response.headers.get("idempotent-replayed") == "true"


def check_same(first: httpx.Response, again: httpx.Response) -> None:
    """`again` is the first answer, given once more."""
    assert is_replay(again), (again.status_code, again.text)
    assert again.status_code == first.status_code
    assert again.content == first.content
    for name in REPEATED:
        assert again.headers.get(name) == first.headers.get(name), name


def kept(gateway, sql: str = "SELECT count(*) FROM kept_answers"):
    """One value from the gateway's database, beside it while it serves."""
    await_tables(gateway.database)
    db = sqlite3.connect(gateway.database, timeout=20)
    try:
        with db:
            row = db.execute(sql).fetchone()
            return row[0] if row else None
    finally:
        db.close()


@contextlib.contextmanager
def writing_held_up(gateway):
    """Another process writes meanwhile: the gateway can read, and its commits wait. (For up to 5 s,
    then they fail.)"""
    db = sqlite3.connect(gateway.database, timeout=20, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()
