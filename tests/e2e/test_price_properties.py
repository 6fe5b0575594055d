"""What calls cost under random policies, to the nano-dollar: `llm-gateway price`, which uses the
code that charges calls, against an implementation of its own in exact fractions. With --long for a
hundred thousand calls, in about two minutes."""

import random
from decimal import Decimal
from pathlib import Path

import pytest
from catalog_calls import priced
from policies import Policies, lua
from price_worlds import question_of, random_call, random_model

POLICIES = Path(__file__).parents[2] / "policies"
PROVIDERS = ["one", "two", "three"]
MODELS = 50  # of a folder


def nano(text: str) -> int:
    return int(Decimal(text) * 10**9)


def random_folder(rng: random.Random, folder: Path):
    """Writes the policies; returns their models."""
    policies = Policies(POLICIES, folder)
    demo = {name: {"dialect": "demo"} for name in PROVIDERS}
    models = [random_model(rng, f"m-{i}", PROVIDERS) for i in range(MODELS)]
    partners = {"models": {model.name: model.margins["partners"] for model in models}}
    plain = {model.name: model.margins[None] for model in models}
    margins = {"default": "20%", "models": plain, "groups": {"partners": partners}}
    entries = "".join(f"[{lua(model.name)}] = {model.text()},\n" for model in models)
    policies.write("providers", f"return {lua(demo)}\n")
    policies.write("models", f"return {{\n{entries}}}\n")
    policies.write("margins", f"return {lua(margins)}\n")
    for name, text in (("routes", "return {}\n"), ("limits", "return {}\n"),
                       ("examples", "return {}\n")):  # fmt: skip
        policies.write(name, text)
    return models


def compare(seed: int, calls: int, folder: Path) -> None:
    rng = random.Random(seed)
    models = random_folder(rng, folder)
    asked = [(model, random_call(rng, model)) for model in models for _ in range(calls // MODELS)]
    answers = priced(folder, [question_of(call) for _, call in asked])
    for (model, call), answer in zip(asked, answers, strict=True):
        assert "error" not in answer, (answer, call, model.text())
        cost, charge = model.charge(call)
        assert (nano(answer["cost"]), nano(answer["charge"])) == (cost, charge), (
            seed, call, model.text(), model.margins, answer)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_random_calls(seed, tmp_path):
    compare(seed, 1000, tmp_path / "policies")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_hundred_thousand_calls(seed, tmp_path):
    compare(seed, 5000, tmp_path / "policies")
