"""Random models, prices, conditions, requests and usages: an estimate is never below the charge of
a call whose provider counts within it, and equal to the charge of one that uses all of it; with
x-llm-max-cost no charge is above the header, whatever the provider counts."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction

import answers
import pytest
import sse
from gateway import Gateway
from policies import Lua, lua
from prices import Price, usd
from test_max_cost import MAX_COST, SOUND

CASES = 500  # requests that are estimated; each is called three times
THREADS = 4  # each has models of its own
MODELS = 24
SEED = 20261130
TIERS = ("flex", "priority", "fast")
PICTURE = {"type": "image_url", "image_url": {"url": "https://x.example/y.png"}}
RECORDING = {"type": "input_audio", "input_audio": {"data": "A" * 4000, "format": "wav"}}
FILE = {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}
PLAIN = [f"plain{i}" for i in range(THREADS)]


def price(dice: random.Random, most: int = 100) -> str:
    return str(Decimal(dice.randint(0, most * 10**6)) / 10**6)


def conditions(dice: random.Random, units: dict) -> list[dict]:
    """As the load wants them: stricter rules later, factors last."""
    rules = []
    for above in sorted(dice.sample(range(5000), dice.randint(0, 2))):
        changed = dice.sample(["input", "output", *units], 1 + (len(units) > 0))
        rules.append({"prompt_above": above} | {name: price(dice) for name in changed})
    for tier in dice.sample(TIERS, dice.randint(0, 2)):
        rules.append({"service_tier": tier, "factor": dice.choice(["0.5", "2", "6", "1.1"])})
    for condition in (
        {"prompt_above": 300},
        {"hours": "00:00-12:00", "zone": dice.choice(["Asia/Shanghai", "UTC"])},
        {"from": "2020-01-01", "until": "2100-01-01"},
        {"search_context": dice.choice(["low", "high"])},
    ):
        if dice.random() < 0.25:
            rules.append(condition | {"factor": dice.choice(["1.7", "0.3"])})
    return rules


def tiers_of(rules: list[dict]) -> set[str]:
    return {rule["service_tier"] for rule in rules if "service_tier" in rule}


def model(dice: random.Random, policies, name: str) -> dict:
    """Adds a random one; returns what its requests may ask for."""
    optional = ["cache_write", "cache_write_long", "audio_input", "image_input", "reasoning",
                "audio_output", "image_output"]  # fmt: skip
    units = {unit: price(dice) for unit in dice.sample(optional, dice.randint(0, 5))}
    members = dict(units)
    if dice.random() < 0.4:
        members |= {"web_search": "0.01", "web_search_max": dice.randint(1, 9),
                    "allow": ["web_search"]}  # fmt: skip
    for one in ("request", "session", "page"):
        if dice.random() < 0.3:
            members |= {one: "0.0003"} | ({f"{one}_max": 3} if one != "request" else {})
    reads = [what for what in ("vision", "audio", "files") if dice.random() < 0.4]
    members["capabilities"] = reads + dice.choice([[], ["reasoning"]])
    if "vision" in reads:
        members["image_tokens_max"] = dice.randint(1, 3000)
    rules = conditions(dice, units)
    plain = Price(price(dice), price(dice), price(dice) if dice.random() < 0.5 else None)
    tiers = tiers_of(rules)
    if dice.random() < 0.5:
        dearer = {"provider": "second", "input": price(dice), "output": price(dice)}
        own = conditions(dice, {})
        tiers &= tiers_of(own)
        dearer |= {"when": Lua(lua(own))} if own else {}
        members |= {"price_by": "candidate", "candidates": [{"provider": "openai"}, dearer]}
    if rules:
        members["when"] = Lua(lua(rules))
    policies.model(name, plain, context=dice.choice([8000, 128000]), max_output=4000, **members)
    speaks = "audio_output" in members and "candidates" not in members
    return {"name": name, "reads": reads, "searches": "web_search" in members,
            "tiers": sorted(tiers), "speaks": speaks}  # fmt: skip


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    dice = random.Random(SEED)
    gateway = Gateway(tmp_path_factory.mktemp("bounds"), shared_provider, {})
    policies = gateway.policies
    policies.provider("second")
    gateway.sold = [model(dice, policies, f"m{i}") for i in range(MODELS)]
    for name in PLAIN:
        policies.model(name, Price(price(dice), price(dice)), max_output=4000)
        gateway.sold.append(
            {"name": name, "reads": [], "searches": False, "tiers": [], "speaks": False}
        )
    policies.write("margins", f'return {{ default = "{price(dice)[:5]}%" }}\n')
    policies.write("limits", "return {}\n")
    policies.write("examples", "return {}\n")
    yield from gateway.served()


def request(dice: random.Random, sold: dict) -> dict:
    parts = [{"type": "text", "text": "".join(dice.choices("abc de 12.\n한", k=dice.choice(
        [1, 20, 300, 3000])))}]  # fmt: skip
    for what, part in (("vision", PICTURE), ("audio", RECORDING), ("files", FILE)):
        if what in sold["reads"] and dice.random() < 0.4:
            parts.append(part)
    body = {"model": sold["name"], "messages": [{"role": "user", "content": parts}]}
    if dice.random() < 0.6:
        body[dice.choice(["max_tokens", "max_completion_tokens"])] = dice.choice([1, 7, 900, 3000])
    if dice.random() < 0.3:
        body["n"] = dice.randint(1, 4)
    if sold["tiers"] and dice.random() < 0.6:
        body["service_tier"] = dice.choice(sold["tiers"])
    if sold["searches"] and dice.random() < 0.5:
        size = dice.choice([None, "low", "medium", "high"])
        body["web_search_options"] = {"search_context_size": size} if size else {}
    if sold["speaks"] and dice.random() < 0.5:
        body |= SOUND
    if dice.random() < 0.5:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def part(dice: random.Random, whole: int) -> int:
    return dice.choice([0, whole, whole, dice.randint(0, whole)])


def usage_of(dice: random.Random, most: dict[str, int], everything: bool = False) -> dict:
    """Within these quantities, of whatever kind: OpenAI's form."""
    prompt = sum(most.get(unit, 0) for unit in ("input", "audio_input", "image_input"))
    answer = most["output"]
    if everything:
        return {"prompt_tokens": prompt, "completion_tokens": answer}
    prompt, answer = max(1, part(dice, prompt)), part(dice, answer)  # a prompt of none is no count
    cached = part(dice, prompt)
    written = part(dice, prompt - cached)
    long = part(dice, written)
    reasoned = part(dice, answer)
    drawn = part(dice, answer - reasoned)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "prompt_tokens_details": {
            "cached_tokens": cached,
            "audio_tokens": part(dice, min(prompt, most.get("audio_input", 0))),
            "image_tokens": part(dice, min(prompt, most.get("image_input", 0))),
            "cache_write_tokens": written,
            "cache_write_tokens_details": {
                "ttl_30m_tokens": written - long,
                "ttl_12h_tokens": long,
            },
        },
        "completion_tokens_details": {
            "reasoning_tokens": reasoned,
            "image_tokens": drawn,
            "audio_tokens": answer - reasoned - drawn,
        },
        "server_tool_use": {"web_search_requests": part(dice, most.get("web_search", 0))},
    }


def lie(dice: random.Random) -> dict:
    """Whatever comes to a provider's mind."""
    most = {unit: dice.choice([0, 10, 10**4, 10**6, 10**9]) for unit in (
        "input", "audio_input", "image_input", "output", "web_search")}  # fmt: skip
    return usage_of(dice, most)


def ask(payer, body: dict, usage: dict, tier: str | None, headers=None) -> Decimal | None:
    """The charge; None: refused for the bound."""
    outer = {} if tier is None else {"service_tier": tier}
    payer.provider.script(body["model"], answers.counted_as("x", usage, **outer))
    response = payer.post(body, headers=headers or {})
    if response.status_code != 200:
        assert response.json()["error"]["code"] == "max_cost_exceeded", response.text
        return None
    if body.get("stream"):
        return usd(sse.chunks(response.content)[-1]["usage"]["cost"])
    return usd(response.headers["x-llm-cost"])


def check(payer, models: list[dict], dice: random.Random) -> bool:
    """One random request. Returns whether a bound refused it."""
    sold = dice.choice(models)
    body = request(dice, sold)
    response = payer.post(body, path="/estimate")
    assert response.status_code == 200, response.text
    told = response.json()
    most = {line["unit"]: line["quantity"] for line in told["lines"]}
    figure = usd(told["max_cost_exact"])
    asked = dice.choice([None, body["service_tier"]]) if "service_tier" in body else None
    everything = sold["name"] in PLAIN and dice.random() < 0.5
    usage = usage_of(dice, most, everything)
    said = json.dumps([body, usage, asked, told])
    charged = ask(payer, body, usage, asked)
    assert charged <= figure, said
    assert charged == figure or not everything, said
    usage, tier = lie(dice), dice.choice([None, *TIERS, "ultrafast", asked])
    charged = ask(payer, body, usage, tier, {MAX_COST: told["max_cost_exact"]})
    assert charged is not None, said
    assert charged <= figure, said
    bound = Decimal(int(Fraction(figure) * dice.randint(0, 1000) / 1000 * 10**9)) / 10**9
    charged = ask(payer, body, lie(dice), tier, {MAX_COST: f"{bound:f}"})
    assert charged is None or charged <= bound, (said, bound)
    return charged is None


@pytest.mark.parametrize(
    "series", [0, *(pytest.param(series, marks=pytest.mark.long) for series in range(1, 10))]
)
def test_estimates_and_bounds_hold(house, provider, series):
    def run(number: int) -> list[bool]:
        payer = house.customer("1000000")
        payer.provider = provider
        dice = random.Random(SEED + series * THREADS + number)
        models = house.sold[number::THREADS]
        return [check(payer, models, dice) for _ in range(CASES // THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        refused = [one for each in pool.map(run, range(THREADS)) for one in each]
    assert 0.01 < sum(refused) / len(refused) < 0.9, "both were tried"
