"""What a call costs by the policy's own files, computed from scratch in exact fractions."""

import math
import re
from decimal import Decimal
from fractions import Fraction

NANO = 10**9
TOKENS = {"input", "cached_input", "output", "audio_input", "image_input", "image_output",
          "audio_output"}  # fmt: skip


def prices_in_force(policies, model: str) -> dict[str, Fraction]:
    """Of one of each unit, as models.lua states them; under `when`, those of 1536x1024."""
    line = next(line for line in policies.read("models").splitlines()
                if line.startswith(f'    ["{model}"]'))  # fmt: skip
    found = re.findall(r'\["(\w+)"\] = "([\d.]+)"', re.sub(r'\["when"\] = .*?\} \}', "", line))
    found += re.findall(r'"1536x1024", \["(image)"\] = "([\d.]+)"', line)
    return {unit: Fraction(price) / (10**6 if unit in TOKENS else 1) for unit, price in found}


def margin_in_force(policies) -> Fraction:
    stated = re.search(r'default = "([\d.]+)%"', policies.read("margins"))
    return 1 + Fraction(stated[1]) / 100


def exact_of(policies, model: str, used: dict[str, int]) -> Fraction:
    prices = prices_in_force(policies, model)
    cost = sum((prices[unit] * quantity for unit, quantity in used.items()), Fraction())
    return cost * margin_in_force(policies)


def rounded_up(exact: Fraction) -> Decimal:
    return Decimal(math.ceil(exact * NANO)) / NANO
