"""Amounts as the pages write them, made here a second time."""

from decimal import Decimal


def exact(amount: str | Decimal) -> str:
    """ "0.000540000" -> "$0.00054"; at least two decimals, at most nine."""
    value = Decimal(amount)
    whole, _, decimals = f"{abs(value):,.9f}".partition(".")
    minus = "\N{MINUS SIGN}" if value < 0 else ""
    return minus + "$" + whole + "." + decimals.rstrip("0").ljust(2, "0")
