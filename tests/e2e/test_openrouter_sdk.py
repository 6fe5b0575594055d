"""`pricing` in /v1/models as OpenRouter's official package for Node reads it (@openrouter/sdk, its
own schemas): each unit under the name that means it there, or under a name of ours that means
nothing there; and conditions by the package's rules: an override holds for a prompt of strictly
more tokens than its threshold, later ones win, and what one does not name is as it was."""

import json
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import openapi
import pytest
from gateway import Gateway
from policies import Lua
from prices import Price
from test_sdk_node import FOLDER

pytestmark = pytest.mark.once

# What the package's types say that a member is the price of, one each.
MEANINGS = {
    "input": "prompt",
    "output": "completion",
    "cached_input": "inputCacheRead",
    "cache_write": "inputCacheWrite",
    "cache_write_long": "inputCacheWrite1h",
    "audio_input": "audio",
    "cached_audio_input": "inputAudioCache",
    "audio_output": "audioOutput",
    "image_input": "imageToken",
    "image": "imageOutput",
    "reasoning": "internalReasoning",
    "web_search": "webSearch",
    "request": "request",
}
# There is no name for these; `image` would be a picture in the prompt.
OURS = {
    "image_output": "image_output_token",
    "cached_image_input": "cached_image_input",
    "second": "second",
    "character": "character",
    "page": "page",
    "session": "session",
    "file_search": "file_search",
    "maps_search": "maps_search",
}
EACH = {"web_search", "request", "image", "second", "character", "page", "session", "file_search",
        "maps_search"}  # fmt: skip
UNITS = openapi.load()["components"]["schemas"]["Unit"]["enum"]
PRICES = {unit: f"0.{11 + place}" if unit in EACH else str(11 + place)
          for place, unit in enumerate(UNITS)}  # all different  # fmt: skip
RULES = """{
    { prompt_above = 1000, input = "40" },
    { prompt_above = 2000, input = "50", output = "60", cache_write = "70" },
    { service_tier = "flex", factor = "0.5" },
}"""
SOLD = Fraction("1.2")


LIMITS = """return {
    { scope = "key", requests_per_minute = 70, usd_per_day = "2.5" },
    { scope = "key", models = { "ruled" }, requests_per_minute = 3 },
}
"""


def prepare(policies) -> None:
    bounds = {f"{unit}_max": 5 for unit in EACH if unit != "request"}
    units = {unit: price for unit, price in PRICES.items() if unit not in ("input", "output")}
    policies.model("everything", Price(PRICES["input"], PRICES["output"]), **units, **bounds)
    policies.model("ruled", Price("2", "10"), cache_write="3", reasoning="12", when=Lua(RULES))
    policies.write("examples", "return {}\n")


@pytest.fixture(scope="module")
def shown(shared_provider, tmp_path_factory) -> dict:
    gateway = Gateway(tmp_path_factory.mktemp("openrouter"), shared_provider)
    prepare(gateway.policies)
    gateway.policies.write("limits", LIMITS)
    gateway.start()
    env = {"PATH": os.environ["PATH"], "E2E_NODE": str(FOLDER), "E2E_BASE_URL": gateway.api,
           "E2E_KEY": gateway.customer().key}  # fmt: skip
    script = Path(__file__).parent / "node/openrouter.mjs"
    result = subprocess.run(["node", script], env=env, capture_output=True, text=True, timeout=240)
    gateway.check_holds()
    gateway.stop()
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def of_one(unit: str, price: str) -> Fraction:
    return Fraction(price) * SOLD / (1 if unit in EACH else 1_000_000)


def test_every_unit_is_named():
    assert MEANINGS.keys() | OURS.keys() == set(UNITS)


@pytest.mark.parametrize("unit", MEANINGS)
def test_a_unit_that_the_package_knows(shown, unit):
    price = shown["models"]["everything"]["read"][MEANINGS[unit]]
    assert Fraction(price) == of_one(unit, PRICES[unit])


@pytest.mark.parametrize("unit", OURS)
def test_a_unit_that_it_does_not_know(shown, unit):
    """Its name means nothing else there, and what is read has no more than what is known."""
    everything = shown["models"]["everything"]
    assert OURS[unit] not in shown["pricing"]
    assert Fraction(everything["sent"][OURS[unit]]) == of_one(unit, PRICES[unit])
    assert everything["read"].keys() == set(MEANINGS.values())


def read_price(pricing: dict, name: str, prompt: int) -> Fraction:
    """As the package's comments tell its users to."""
    found = pricing.get(name)
    for override in pricing.get("overrides", []):
        if prompt > override.get("minPromptTokens", -1):
            found = override.get(name, found)
    return Fraction(found)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (1000, {"input": "2", "cached_input": "2", "output": "10", "cache_write": "3"}),
        (1001, {"input": "40", "cached_input": "40", "output": "10", "cache_write": "60"}),
        (2000, {"input": "40", "cached_input": "40", "output": "10", "cache_write": "60"}),
        (2001, {"input": "50", "cached_input": "50", "output": "60", "cache_write": "70"}),
    ],
)
def test_what_a_call_costs_by_its_prompt(shown, prompt, expected):
    """A unit without a price of its own follows its fallback in an override, too; one that has one
    becomes dearer as that does."""
    pricing = shown["models"]["ruled"]["read"]
    for unit, price in expected.items():
        assert read_price(pricing, MEANINGS[unit], prompt) == of_one(unit, price), unit


def test_what_an_override_cannot_say(shown):
    """A client that does not know a condition takes no price of it for the plain one."""
    sent = shown["models"]["ruled"]["sent"]
    rules = [
        (one["when"], one.get("prices", {}).get("internal_reasoning")) for one in sent["conditions"]
    ]
    dearer = rules[0][1]  # a part of output, of which no rule says anything: 12 x 60 / 10
    assert rules == [({"prompt_above": 2000}, dearer), ({"service_tier": "flex"}, None)]
    assert Fraction(dearer) == of_one("reasoning", "72")
    for override in sent["overrides"]:
        assert override.keys() <= set(shown["override"])


def test_the_key_as_the_package_reads_it(shown):
    """It refuses an answer that lacks a member, or has one of another type."""
    key = shown["key"]
    assert (key["limit"], key["limitRemaining"], key["limitReset"]) == (2.5, 2.5, "daily")
    assert (key["usage"], key["usageDaily"], key["byokUsage"]) == (0, 0, 0)
    assert key["rateLimit"] == {"interval": "1m", "note": "Deprecated; see quotas.", "requests": 70}
