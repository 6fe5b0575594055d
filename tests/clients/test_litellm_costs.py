"""Every model of LiteLLM's file that imports, priced by the gateway and by LiteLLM itself, by the
tokens (`cost_per_token`) and as a whole answer (`completion_cost`); and every model of the shipped
catalogue that transcribes or searches, as a whole answer. What differs, and who is right, is a
table in docs/CATALOG.md; nothing else may differ."""

import json
import re
import subprocess
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from catalog_calls import (
    exact_cost,
    is_equal,
    priced,
    question_of,
    random_calls,
    read_entries,
    write_policies,
)
from gateway import BINARY, ROOT

VENV = ROOT / "build/litellm/venv"
FILE = "litellm/model_prices_and_context_window_backup.json"
EACH = 8  # calls of a model


def package_file() -> Path:
    (path,) = VENV.glob(f"lib/python3*/site-packages/{FILE}")
    return path


def theirs(calls: list[dict]) -> list[dict]:
    script = Path(__file__).parent / "litellm_costs.py"
    result = subprocess.run(
        [VENV / "bin/python", script], input="\n".join(map(json.dumps, calls)),
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return [json.loads(line) for line in result.stdout.splitlines()]


# No variants for parts, or not for all, where their whole has some.
INCOMPLETE = ("kyma/", "databricks/databricks-gpt-5-4", "gemini/gemini-3.1-flash-lite-preview",
              "gpt-5.6-cyber", "amazon.nova-2-pro-preview")  # fmt: skip
PARTS = {"cached_input", "cache_write", "cache_write_long", "audio_input", "cached_audio_input",
         "image_input", "cached_image_input", "reasoning", "audio_output"}  # fmt: skip


def explained(call: dict, ours, cost: float) -> str | None:
    """The row of the table, or None."""
    tier, prompt = call["service_tier"], call["counts"]
    above = any(sum(prompt.values()) > step for step in call["steps"])
    if call["key"].startswith("together-ai-"):
        return "a class of sizes"
    if (
        call["key"].startswith(INCOMPLETE)
        and (tier or above)
        and ours > cost
        and PARTS & prompt.keys()
    ):
        return "a part becomes dearer as its whole"
    if call["provider"] == "fireworks_ai" and tier:
        return "Fireworks, tier dropped"
    if call["key"] == "gemini-exp-1206" and cost == 0:
        return "another entry, with the price 0"
    name = call["key"].split("/")[-1]
    if tier == "priority" and name.startswith(("gpt-5.4", "gpt-5.5")) and ours > cost:
        assert sum(prompt.values()) > 272000
        return "priority above the step"
    if (
        tier == "priority"
        and "nova-2-pro" in name
        and prompt.keys() & {"audio_input", "image_input"}
    ):
        return "a part that costs what its whole does"
    return None


@pytest.mark.long
@pytest.mark.timeout(900)
def test_all_models_cost_what_litellm_computes(tmp_path):
    path = tmp_path / "catalog.lua"
    result = subprocess.run([BINARY, "catalog", "import", package_file(), "--output", path],
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert result.returncode == 0, result.stderr
    text = path.read_text()
    entries = read_entries(text)
    assert len(entries) > 3000
    write_policies(tmp_path / "policies", ROOT / "policies", text, list(entries))
    calls = random_calls(1, entries, EACH)
    answers = priced(tmp_path / "policies", [question_of(call) for call in calls])
    reasons, wrong = Counter(), []
    for call, answer, other in zip(calls, answers, theirs(calls), strict=True):
        assert "error" not in other, (call, other)
        ours = exact_cost(answer)
        for cost in other.values():
            if is_equal(ours, cost):
                continue
            reason = explained(call, ours, cost)
            reasons[reason] += 1
            if reason is None:
                wrong.append((call, float(ours), other, answer["lines"]))
    assert not wrong, f"{len(wrong)} differ: {wrong[:3]}"
    assert len(reasons) == 6, f"a row of the table is no longer true: {reasons}"


# ---- what is not only tokens ----


def blocks_of(text: str) -> dict[str, str]:
    entries = re.findall(r'^        \["(.*?)"\] = \{\n(.*?)^        \},$', text, re.M | re.S)
    return dict(entries)


def beside_calls(key: str, block: str) -> list[dict]:
    """Calls of a model that transcribes or searches. One that is billed by the prompt has one
    search at most, as charge.c counts it."""
    call = {"key": key, "provider": re.search(r'provider = "(.*?)"', block)[1],
            "region": "", "speed": ""}  # fmt: skip
    has = {unit for unit in ("second", "web_search", "maps_search", "audio_input")
           if re.search(rf"^            {unit} = ", block, re.M)}  # fmt: skip
    if "mode = " in block:
        assert 'mode = "audio_transcription"' in block, f"{key}: a mode that nothing compares"
        sound = {"input": 100, "output": 50} | (
            {"audio_input": 1000} if "audio_input" in has else {}
        )
        each = [{"second": 37}, {"second": 1}] if "second" in has else [sound]
        return [call | {"kind": "transcription", "counts": counts} for counts in each]
    most = 1 if 'web_search_by = "prompt"' in block else 3
    return [call | {"kind": "search", "counts": {"input": 1000, "output": 100, unit: count}}
            for unit, count in (("web_search", most), ("web_search", 1), ("maps_search", 1))
            if unit in has]  # fmt: skip


def sold_with_bounds(name: str, block: str) -> str:
    most = 1 if 'web_search_by = "prompt"' in block else 10
    provider, how = "demo", f"web_search_max = {most}, maps_search_max = 1"
    if "mode = " in block:
        provider, how = "openai", "second_max = 100"
    return (f'    ["{name}"] = sell("{name}", {{ context = 1000000, max_output = 10000, {how}, '
            f'candidates = {{ {{ provider = "{provider}" }} }} }}),\n')  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(300)
def test_transcriptions_and_searches_of_the_shipped_catalogue(tmp_path):
    text = (ROOT / "policies/catalog.lua").read_text()
    blocks = blocks_of(text)
    calls = [call for key, block in blocks.items() for call in beside_calls(key, block)]
    assert sum(call["kind"] == "transcription" for call in calls) > 20
    assert sum(call["kind"] == "search" for call in calls) > 150
    folder = tmp_path / "policies"
    write_policies(folder, ROOT / "policies", text, [])
    names = sorted({call["key"] for call in calls})
    lines = "".join(sold_with_bounds(name, blocks[name]) for name in names)
    (folder / "models.lua").write_text(f"return {{\n{lines}}}\n")
    asked = [{"model": call["key"], "usage": call["counts"]} for call in calls]
    wrong = []
    for call, answer, other in zip(calls, priced(folder, asked), theirs(calls), strict=True):
        assert "error" not in other, (call, other)
        assert "error" not in answer, (call, answer)
        ours = Fraction(answer["cost"])  # rounded up once, to a nano-dollar
        exact = Fraction(other["whole"])
        other_entry = call["key"] == "gemini-exp-1206" and ours > exact  # docs/CATALOG.md
        if abs(ours - exact) > Fraction(1, 10**9) and not other_entry:
            wrong.append((call, answer["cost"], other["whole"]))
    assert not wrong, f"{len(wrong)} differ: {wrong[:3]}"


@pytest.mark.long
@pytest.mark.timeout(300)
def test_no_price_member_is_unknown():
    result = subprocess.run([BINARY, "catalog", "import", package_file(), "--output", "-"],
                            capture_output=True, text=True, check=True)  # fmt: skip
    assert "does not know" not in result.stderr
