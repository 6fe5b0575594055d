"""Policies of which each generation has other prices of every kind and another margin: a mixture of
two computes what none of them does."""

import hashlib

from answers import Usage
from customer import question_of
from prices import Price, charge

FILES = ("providers", "models", "margins", "routes", "limits", "examples", "catalog",
         "payments")  # fmt: skip
USAGE = Usage(1001, 77, cached=512)
PROMPT = question_of(USAGE.prompt)
GENERATIONS = [
    (Price("1", "2", "0.1"), "10%"),
    (Price("30", "50", "7"), "20%"),
    (Price("700", "1100", "130"), "35%"),
]


def write_generation(policies, number: int) -> None:
    """Prices in models.lua, the margin in margins.lua; examples.lua refuses any mixture."""
    price, margin = GENERATIONS[number]
    policies.write("margins", f'return {{ default = "{margin}", models = {{}}, groups = {{}} }}\n')
    wanted = charge_of(number)
    policies.write(
        "examples",
        f'return {{ {{ model = "m", input = {USAGE.prompt - USAGE.cached}, cached_input = '
        f'{USAGE.cached}, output = {USAGE.completion}, price = "{wanted:f}" }} }}\n',
    )
    policies.model("m", price)


def charge_of(number: int):
    price, margin = GENERATIONS[number]
    return charge(price, USAGE, f"0.{margin[:-1]}")


def prepare_generations(policies) -> None:
    """For make_gateway(prepare=...): model `m` at the first generation's price, without limits."""
    policies.write("limits", "return {}\n")
    write_generation(policies, 0)


def revision(policies) -> str:
    """Of the files as they are now, computed as docs/POLICIES.md says."""
    sums = "".join(
        f"{hashlib.sha256(policies.path(name).read_bytes()).hexdigest()}  {name}.lua\n"
        for name in FILES
    )
    return hashlib.sha256(sums.encode()).hexdigest()
