"""What providers bill beside plain tokens: cache writes, sound, pictures, reasoning, searches. Each
unit has its own price, is told line by line, and adds up; what has no price costs what it is a part
of, and the operator hears of it. Charges are computed again here, in exact fractions."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import answers
import pytest
from gateway import Gateway
from prices import Price, usd
from wait import wait_until

PRICE = Price("1", "10", "0.1")
# USD per million tokens; the last two, USD each.
UNITS = {
    "cache_write": "1.25",
    "cache_write_long": "2",
    "audio_input": "40",
    "image_input": "5",
    "reasoning": "12",
    "audio_output": "80",
    "image_output": "30",
    "web_search": "0.01",
    "request": "0.0003",
}
EACH = {"web_search", "request"}

# A request that has sound and pictures, and asks for both.
MEDIA = {
    "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://x.example/y.png"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}],
    "modalities": ["text", "audio", "image"],
    "audio": {"voice": "alloy", "format": "wav"},
}  # fmt: skip

OPENAI = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "total_tokens": 1500,
    "prompt_tokens_details": {
        "cached_tokens": 100,
        "audio_tokens": 50,
        "image_tokens": 20,
        "cache_write_tokens": 300,
        "cache_write_tokens_details": {"ttl_30m_tokens": 200, "ttl_12h_tokens": 100},
    },
    "completion_tokens_details": {
        "reasoning_tokens": 40,
        "audio_tokens": 70,
        "image_tokens": 30,
    },
}
ANTHROPIC = {
    "input_tokens": 530,
    "output_tokens": 500,
    "cache_read_input_tokens": 100,
    "cache_creation_input_tokens": 370,
    "cache_creation": {"ephemeral_5m_input_tokens": 270, "ephemeral_1h_input_tokens": 100},
    "server_tool_use": {"web_search_requests": 3},
}
GEMINI = {
    "promptTokenCount": 1000,
    "cachedContentTokenCount": 100,
    "candidatesTokenCount": 400,
    "thoughtsTokenCount": 100,
    "totalTokenCount": 1500,
    "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 50},
                            {"modality": "TEXT", "tokenCount": 950}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 30}],
}  # fmt: skip
FORMS = {
    "OpenAI": (
        OPENAI,
        {"input": 530, "cached_input": 100, "output": 360, "cache_write": 200,
         "cache_write_long": 100, "audio_input": 50, "image_input": 20, "reasoning": 40,
         "audio_output": 70, "image_output": 30, "request": 1},
    ),
    "Anthropic": (
        ANTHROPIC,
        {"input": 530, "cached_input": 100, "output": 500, "cache_write": 270,
         "cache_write_long": 100, "web_search": 3, "request": 1},
    ),
    "Gemini": (
        GEMINI,
        {"input": 850, "cached_input": 100, "output": 370, "audio_input": 50, "reasoning": 100,
         "image_output": 30, "request": 1},
    ),
}  # fmt: skip


def price_of(unit: str, prices: dict) -> Fraction:
    """Of one, in USD."""
    return Fraction(prices[unit]) / (1 if unit in EACH else 1_000_000)


def charge(quantities: dict, prices: dict, margin: str = "0.2") -> Decimal:
    exact = sum(price_of(unit, prices) * count for unit, count in quantities.items())
    return Decimal(math.ceil(exact * (1 + Fraction(margin)) * 10**9)) / 10**9


ALL = {"input": PRICE.input, "cached_input": PRICE.cached, "output": PRICE.output} | UNITS


def answer(usage: dict):
    """As much text as the usages here say."""
    return answers.counted_as("hello world " * 160, usage)


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("units"), shared_provider, {})
    policies = gateway.policies
    reads = {"capabilities": ["audio", "vision"], "image_tokens_max": 1000}
    policies.model("all", PRICE, web_search_max=10, **reads, **UNITS)
    policies.model("plain", PRICE, **reads)
    policies.model("writes", PRICE, cache_write="1.25", **reads)
    policies.provider("second")
    dear = {"provider": "second", "input": "2", "output": "8"}
    policies.model("two", PRICE, web_search="0.01", web_search_max=10, price_by="candidate",
                   candidates=[{"provider": "openai"}, dear])  # fmt: skip
    policies.write("examples", EXAMPLES)
    yield from gateway.served()


EXAMPLES = """return {
    { model = "all", input = 1000, output = 500, price = "0.0072" },
    { model = "all", cache_write = 1000000, audio_output = 1000000, web_search = 1,
      price = "97.512" },
}
"""


@pytest.fixture(scope="module")
def admin(house):
    admin = house.customer()
    admin.email, admin.password = (
        "units@example.com",
        house.value_of("user", "create", "units@example.com", "--admin"),
    )
    admin.sign_in()
    return admin


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_each_unit_has_its_price(house, admin, provider, form, streamed):
    usage, quantities = FORMS[form]
    customer = house.customer()
    provider.answer = answer(usage)
    assert customer.ask("all", stream=streamed, **MEDIA).status_code == 200
    record = customer.wait_for_record()
    assert record["usage_source"] == "reported"
    assert usd(record["cost"]) == 10 - customer.balance == charge(quantities, ALL)
    # The whole prompt and the whole answer, as before there were units.
    assert record["input_tokens"] + record["cached_input_tokens"] == 1000
    assert record["output_tokens"] == 500
    detail = customer.call("GET", f"/usage/{record['id']}", 200)
    lines = {line["kind"]: line for line in detail["charge"]["lines"]}
    assert {unit: line["quantity"] for unit, line in lines.items()} == quantities
    for unit, line in lines.items():
        assert Fraction(line["price"]) == price_of(unit, ALL) * line["per"] * Fraction("1.2")
        assert line["per"] == (1 if unit in EACH else 1_000_000)
        assert line["tokens"] == (None if unit in EACH else line["quantity"])
    assert usd(detail["charge"]["price"]) == charge(quantities, ALL)
    cost = admin.call("GET", f"/admin/usage/{record['id']}", 200)
    assert usd(cost["provider_cost"]) == charge(quantities, ALL, "0")
    explained = house.command("ledger", "explain", record["id"])
    assert explained.returncode == 0, explained.stdout
    for unit in quantities:
        assert f"  {unit.replace('_', ' ')} " in explained.stdout
    house.verify_ledger()


LITELLM = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "total_tokens": 1500,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": None},
    "cache_creation_input_tokens": 800,
    "cache_read_input_tokens": 0,
}
HOUR = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1000}
STARTED = {"input_tokens": 5000, "cache_creation_input_tokens": 1000, "cache_creation": HOUR,
           "output_tokens": 1}  # fmt: skip
TOLD = {
    # usages of one answer, in their order -> its lines
    "LiteLLM's writes": ([LITELLM], {"input": 200, "cache_write": 800}),
    "LiteLLM's life times": (
        [LITELLM | {"prompt_tokens_details": {
            "cached_tokens": 0, "cache_creation_tokens": 800,
            "cache_creation_token_details": {"ephemeral_1h_input_tokens": 800}}}],
        {"input": 200, "cache_write_long": 800},
    ),
    "an hour's writes, told once": (
        [STARTED, {"input_tokens": 5000, "cache_creation_input_tokens": 1000,
                   "output_tokens": 500}],
        {"input": 5000, "cache_write_long": 1000},
    ),
    "written, then only read": (
        [{"prompt_tokens": 1000, "prompt_tokens_details": {"cache_write_tokens": 900}},
         {"prompt_tokens": 2000, "completion_tokens": 500,
          "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 0}}],
        {"input": 1000, "cached_input": 1000},
    ),
    "searches in a chunk of their own": (
        [{"prompt_tokens": 1000, "completion_tokens": 500},
         {"server_tool_use": {"web_search_requests": 2}}],
        {"input": 1000, "web_search": 2},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_counts_that_come_in_pieces(house, provider, name):
    usages, quantities = TOLD[name]
    chunks = [b"data: " + json.dumps({"id": "1", "choices": [], "usage": usage}).encode() + b"\n\n"
              for usage in usages]  # fmt: skip
    stop = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    text = answers.content_event("hello world " * 160, "m")
    before = 0 if "completion_tokens" in usages[0] else len(chunks) - 1  # a count is of what came
    provider.answer = answers.stream([*chunks[:before], text, stop, *chunks[before:], answers.DONE])
    customer = house.customer()
    assert customer.ask("all", stream=True).status_code == 200
    record = customer.wait_for_record()
    detail = customer.call("GET", f"/usage/{record['id']}", 200)
    lines = {line["kind"]: line["quantity"] for line in detail["charge"]["lines"]
             if line["quantity"]}  # fmt: skip
    assert lines == quantities | {"output": 500, "request": 1}


def test_sound_in_a_call_of_text_is_not_charged(house, provider):
    """A provider's word alone makes no sound of text."""
    customer = house.customer()
    provider.answer = answer(OPENAI)
    assert customer.ask("all").status_code == 200
    detail = customer.call("GET", f"/usage/{customer.wait_for_record()['id']}", 200)
    kinds = {line["kind"] for line in detail["charge"]["lines"]}
    assert kinds == {"input", "cached_input", "output", "cache_write", "cache_write_long",
                     "reasoning", "request"}  # fmt: skip


def test_what_has_no_price_costs_what_it_is_part_of(house, provider):
    """Twice: nothing known, and the nearest price known. The log names each unit, for the
    operator."""
    customer = house.customer()
    provider.answer = answer(OPENAI)
    first = customer.ask("plain", messages=MEDIA["messages"])
    assert first.status_code == 200
    record = customer.wait_for_record()
    plain = {"input": 900, "cached_input": 100, "output": 500}
    assert usd(record["cost"]) == charge(plain, ALL)
    second = customer.ask("writes", messages=MEDIA["messages"])
    record = customer.wait_for_record(2)
    assert usd(record["cost"]) == charge(plain | {"input": 600, "cache_write": 300}, ALL)
    customer.wait_for_no_hold()

    def alarms(response) -> set:
        request_id = response.headers["x-request-id"]
        return {event["unit"] for event in house.log()
                if event.get("request_id") == request_id and "unit" in event}  # fmt: skip

    media = {"audio_input", "audio_output", "image_output"}
    wait_until(lambda: alarms(first) == media | {"cache_write", "cache_write_long"}, 5, "the log")
    wait_until(lambda: alarms(second) == media | {"cache_write_long"}, 5, "the log")


def test_the_price_is_published(house):
    customer = house.customer()
    pricing = customer.get("/models/all").json()["pricing"]
    names = {"cache_write": "input_cache_write", "cache_write_long": "input_cache_write_1h",
             "audio_input": "audio", "image_input": "image_token",
             "reasoning": "internal_reasoning", "audio_output": "audio_output",
             "image_output": "image_output_token", "web_search": "web_search",
             "request": "request"}  # fmt: skip
    for unit, name in names.items():
        assert Fraction(pricing[name]) == price_of(unit, ALL) * Fraction("1.2"), name
    assert customer.get("/models/plain").json()["pricing"].keys() == {
        "prompt", "completion", "input_cache_read"}  # fmt: skip
    shown = customer.call("GET", "/models", 200)["data"]
    (one,) = [model for model in shown if model["id"] == "all"]
    assert Fraction(one["pricing"]["web_search"]) == Fraction("0.012")
    assert Fraction(one["pricing"]["audio_output"]) == 96


def test_a_candidate_inherits_the_price_of_one(house, provider):
    """Its own prices of tokens, the model's price of a search."""
    customer = house.customer()
    provider.then(answers.error(500, "no", None, "server_error"))
    provider.answer = answer(ANTHROPIC)
    assert customer.ask("two").status_code == 200
    record = customer.wait_for_record()
    assert record["provider"] == "second"
    quantities = {"input": 900, "cached_input": 100, "output": 500, "web_search": 3}
    prices = {"input": "2", "cached_input": "2", "output": "8", "web_search": "0.01"}
    assert usd(record["cost"]) == charge(quantities, prices)


def test_a_hold_covers_the_dearest_unit(house, provider):
    """No call with money for less than it may cost: pictures are dearer than other output here, and
    ten searches may be made."""
    customer = house.customer("0.14")
    provider.answer = answer(OPENAI)
    response = customer.ask("all", max_tokens=700)
    assert response.status_code == 402
    assert customer.ask("all", max_tokens=400).status_code == 200
    customer.wait_for_no_hold()


def test_a_price_sells_the_feature(house, provider):
    """Sound in an answer is sold where it has a price; and held at that price."""
    sound = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    customer = house.customer()
    provider.answer = answer(OPENAI)
    refused = customer.ask("plain", **sound)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] in ("modalities[1]", "audio")
    assert customer.ask("all", **sound).status_code == 200
    assert provider.last.json["modalities"] == ["text", "audio"]
    assert customer.ask("all", prompt_cache_retention="24h").status_code == 200
    assert customer.ask("writes", prompt_cache_retention="24h").status_code == 400
    customer.wait_for_no_hold()
    poor = house.customer("0.18")
    assert poor.ask("all", max_tokens=1000).status_code == 200
    poor.wait_for_no_hold()
    assert poor.ask("all", max_tokens=1000, **sound).status_code == 402  # 0.08 x 1.2 for sound


def test_lines_survive_a_crash(make_gateway, provider):
    """From the journal into the tables, at the next start."""
    gateway = make_gateway(prepare=lambda policies: policies.model(
        "all", PRICE, web_search_max=10, **UNITS))  # fmt: skip
    customer = gateway.customer()
    provider.answer = answer(ANTHROPIC)
    response = customer.ask("all")
    assert response.status_code == 200
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    explained = gateway.command("ledger", "explain", response.headers["x-request-id"])
    assert explained.returncode == 0, explained.stdout
    assert "  web search " in explained.stdout
    assert 10 - customer.balance == charge(FORMS["Anthropic"][1], ALL)
    gateway.verify_ledger()
