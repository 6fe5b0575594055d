"""What a call must cost, computed again from scratch: exact fractions, and a price table of its own
(issue 2), so that a wrong table in the product does not go unseen."""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from answers import Usage


@dataclass(frozen=True)
class Price:
    """What we pay, in USD per million tokens."""

    input: str
    output: str
    cached: str | None = None  # None: as any input


PRICES = {
    "gpt-4o": Price("2.50", "10.00", "1.25"),
    "gpt-4o-mini": Price("0.15", "0.60", "0.075"),
    "gpt-4-turbo": Price("10", "30"),
    "gpt-4": Price("30", "60"),
    "gpt-3.5-turbo": Price("0.50", "1.50"),
}
SELL_PRICES = {  # the second table of the issue, written out: input, output
    "gpt-4o": ("3.00", "12.00"),
    "gpt-4o-mini": ("0.18", "0.72"),
    "gpt-4-turbo": ("12", "36"),
    "gpt-4": ("36", "72"),
    "gpt-3.5-turbo": ("0.60", "1.80"),
}
MARGIN = "0.20"
NANO = 10**9


def cost_usd(price: Price, usage: Usage) -> Fraction:
    cached = Fraction(price.cached or price.input)
    return (
        Fraction(price.input) * (usage.prompt - usage.cached)
        + cached * usage.cached
        + Fraction(price.output) * usage.completion
    ) / 1_000_000


def charge(model: str | Price, usage: Usage, margin: str = MARGIN) -> Decimal:
    """The customer's charge in USD: rounded up once, to the nano-dollar."""
    price = PRICES[model] if isinstance(model, str) else model
    exact = cost_usd(price, usage) * (1 + Fraction(margin))
    return Decimal(math.ceil(exact * NANO)) / NANO


def usd(value) -> Decimal:
    """An amount of the API, a JSON string or number, as an exact decimal."""
    return Decimal(value) if isinstance(value, str) else Decimal(repr(value))
