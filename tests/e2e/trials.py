"""Trials of a model, for the tests of canaries and shadows: a gateway that has one, and what its
tables say of it."""

import contextlib
import sqlite3

from answers import Usage
from prices import Price

MAIN, OTHER = Price("1", "2"), Price("0.9", "1.8")
USAGE = Usage(1000, 500)
MODEL = "tried"
BITS = (1 << 64) - 1


def draws(trial: str, account: str, model: str, share: float) -> bool:
    """Who is in a trial, computed again: core/exchange/trial.c."""
    seed = 0xCBF29CE484222325
    for byte in f"{trial}\n{account}\n{model}".encode():
        seed = (seed ^ byte) * 0x100000001B3 & BITS
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        seed = (seed ^ seed >> 33) * factor & BITS
    return (seed ^ seed >> 33) % 1_000_000 < share * 1_000_000


def candidate(model: str = "new", provider: str = "openai", price: Price = OTHER, **members):
    return {"provider": provider, "model": model, "input": price.input, "output": price.output,
            **members}  # fmt: skip


def sell(policies, name: str = MODEL, **trials) -> None:
    policies.provider("second")
    main = [{"provider": "openai", "model": "main"}, {"provider": "second", "model": "spare"}]
    policies.model(name, MAIN, candidates=main, max_output=1000, **trials)


def rows(gateway, query: str, *values) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as db:
        return db.execute(query, values).fetchall()


def account_of(gateway, customer) -> str:
    return rows(gateway, "SELECT account_id FROM users WHERE email = ?", customer.email)[0][0]


def shadows(gateway) -> list[dict]:
    """All shadows so far with what came of them, the oldest first."""
    names = ("id", "exchange_id", "held", "outcome", "cost", "counted", "input", "output",
             "finish_reason", "first_byte_us")  # fmt: skip
    found = rows(
        gateway,
        "SELECT s.id, s.exchange_id, s.held_nusd, r.outcome, r.cost_nusd, r.counted_nusd,"
        " r.input_tokens, r.output_tokens, r.finish_reason, r.first_byte_us FROM shadows s"
        " LEFT JOIN shadow_results r ON r.seq = s.seq ORDER BY s.seq",
    )
    return [dict(zip(names, row, strict=True)) for row in found]


def ended(gateway, count: int) -> list[dict] | None:
    """The shadows, if there are that many and all have a result."""
    found = shadows(gateway)
    return found if len(found) >= count and all(one["outcome"] for one in found) else None


def administrator(gateway):
    admin = gateway.customer(credit=None)
    admin.email = "boss@example.com"
    admin.password = gateway.value_of("user", "create", admin.email, "--admin")
    admin.sign_in()
    return admin
