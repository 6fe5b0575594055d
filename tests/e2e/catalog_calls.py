"""Calls of models of a catalogue: made at random, priced by the gateway's own code."""

import json
import random
import re
import subprocess
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from gateway import BINARY

# Parts of the prompt, and of the answer.
PROMPT = (
    "input", "cached_input", "cache_write", "cache_write_long", "audio_input", "image_input",
    "cached_audio_input", "cached_image_input",
)  # fmt: skip
ANSWER = ("output", "reasoning", "audio_output", "image_output")
MONDAY_S = 1796601600  # 2026-12-07T00:00:00Z
WEEK_S = 7 * 24 * 3600


def read_entries(text: str) -> dict[str, dict]:
    """What a call of each chat model can have: its units and the names and steps of its rules."""
    entries = {}
    for name, body in re.findall(
        r'^        \["(.*?)"\] = \{\n(.*?)^        \},$', text, re.M | re.S
    ):
        if "            mode = " in body:
            continue
        entries[name] = {
            "provider": re.search(r'provider = "(.*?)"', body)[1],
            "units": [unit for unit in (*PROMPT, *ANSWER)
                      if re.search(rf"^            {unit} = ", body, re.M)],
            "service_tier": sorted(set(re.findall(r'service_tier = (?:\{ )?"(\w+)"', body))),
            "speed": sorted(set(re.findall(r'speed = "(\w+)"', body))),
            "region": sorted(set(re.findall(r'region = "(\w+)"', body))),
            "steps": sorted({int(step) for step in re.findall(r"prompt_above = (\d+)", body)}),
            "by_time": "weekdays = " in body,
        }  # fmt: skip
    return entries


def write_policies(folder: Path, original: Path, catalogue: str, names: list[str]) -> None:
    """A folder of policies that sells these models without a margin, through the demo provider."""
    folder.mkdir()
    for name in ("providers", "routes", "limits"):
        (folder / f"{name}.lua").write_text((original / f"{name}.lua").read_text())
    (folder / "catalog.lua").write_text(catalogue)
    (folder / "margins.lua").write_text('return { default = "0%" }')
    (folder / "examples.lua").write_text("return {}")
    how = ("{ context = 10000000, max_output = 10000, web_search_max = 1, "
           'candidates = { { provider = "demo" } } }')  # fmt: skip
    lines = "".join(f'    ["{name}"] = sell("{name}", {how}),\n' for name in names)
    (folder / "models.lua").write_text(f"return {{\n{lines}}}\n")


def random_call(rng: random.Random, key: str, entry: dict) -> dict:
    """A call with a prompt; often at a step of the prompt, one token below or above it."""
    units = {*entry["units"], *(["reasoning"] if rng.random() < 0.3 else [])}
    counts = {unit: rng.randrange(1, 5000) for unit in sorted(units) if rng.random() < 0.7}
    counts["input"] = counts.get("input", rng.randrange(1, 5000))
    if entry["steps"] and rng.random() < 0.7:
        wanted = rng.choice(entry["steps"]) + rng.choice([-1, 0, 1, 2])
        counts["input"] += max(0, wanted - sum(counts.get(unit, 0) for unit in PROMPT))
    words = {name: rng.choice(["", *entry[name]]) for name in ("service_tier", "speed", "region")}
    moment = MONDAY_S + (rng.randrange(WEEK_S) if entry["by_time"] else 0)
    return {"key": key, "provider": entry["provider"], "counts": counts, "at": moment,
            "steps": entry["steps"], **words}  # fmt: skip


def random_calls(seed: int, entries: dict[str, dict], each: int) -> list[dict]:
    rng = random.Random(seed)
    return [random_call(rng, key, entry) for key, entry in entries.items() for _ in range(each)]


def question_of(call: dict) -> dict:
    at = datetime.fromtimestamp(call["at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    words = {name: call[name] for name in ("service_tier", "speed", "region") if call[name]}
    return {"model": call["key"], "usage": call["counts"], "at": at, **words}


def priced(folder: Path, questions: list[dict]) -> list[dict]:
    """The gateway's answers, in the order of the questions."""
    (folder / "gateway.conf").touch()  # else that of an installed gateway would be read
    result = subprocess.run(
        [BINARY, "--set", f"policies={folder}", "price", "-"],
        input="\n".join(map(json.dumps, questions)), capture_output=True, text=True,
        cwd=folder, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


def exact_cost(answer: dict) -> Fraction:
    """The sum of the lines; what is paid is this, rounded up to a nano-dollar."""
    assert "error" not in answer, answer
    single = {"web_search", "request", "maps_search", "session"}
    total = sum(
        Fraction(line["buy"]) * line["quantity"] / (1 if line["unit"] in single else 10**6)
        for line in answer["lines"]
    )
    assert 0 <= Fraction(answer["cost"]) - total < Fraction(1, 10**9), answer
    return total


def is_equal(ours: Fraction, theirs: float) -> bool:
    """Equal, as far as a float can tell."""
    return abs(ours - Fraction(theirs)) <= max(ours, Fraction(theirs)) / 10**12
