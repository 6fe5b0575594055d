"""What providers count beside the usual tokens: turns that summarise a context, searches and
sessions of tools, seconds and pages. Each is charged at its price, and what has none alarms.
Charges are computed again here, in exact fractions."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import answers
import pytest
from gateway import Gateway
from policies import Lua
from prices import Price, usd
from wait import wait_until

PRICE = Price("2", "10", "0.2")
TOKENS = {"input": "2", "cached_input": "0.2", "output": "10", "cache_write": "2.5",
          "cache_write_long": "4", "cached_audio_input": "0.4"}  # fmt: skip
EACH = {"web_search": "0.01", "session": "0.03", "file_search": "0.0025", "second": "0.0001",
        "page": "0.001", "maps_search": "0.025"}  # fmt: skip

OPENAI = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
TURN = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0}  # fmt: skip
FORMS = {
    # usage, beside it in the answer -> its lines
    "Anthropic's compaction": (
        {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 0,
         "cache_creation_input_tokens": 0,
         "iterations": [
             TURN | {"type": "compaction", "input_tokens": 3000, "output_tokens": 400,
                     "cache_read_input_tokens": 20, "cache_creation_input_tokens": 7,
                     "cache_creation": {"ephemeral_1h_input_tokens": 3,
                                        "ephemeral_5m_input_tokens": 4}},
             TURN | {"type": "message", "input_tokens": 1000, "output_tokens": 100}]},
        {},
        {"input": 4000, "cached_input": 20, "output": 500, "cache_write": 4,
         "cache_write_long": 3},
    ),
    "Bedrock's cache": (
        {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1130,
         "cacheWriteInputTokens": 30,
         "cacheDetails": [{"ttl": "5m", "inputTokens": 20}, {"ttl": "1h", "inputTokens": 10}]},
        {},
        {"input": 1000, "output": 100, "cache_write": 20, "cache_write_long": 10},
    ),
    "Perplexity's research": (
        OPENAI | {"citation_tokens": 500, "num_search_queries": 3, "reasoning_tokens": 40},
        {},
        {"input": 1500, "output": 140, "web_search": 3},
    ),
    "xAI's tools": (
        OPENAI | {"num_sources_used": 9, "server_side_tool_usage_details": {
            "web_search_calls": 2, "x_search_calls": 1, "code_interpreter_calls": 1,
            "file_search_calls": 2, "mcp_calls": 5}},
        {},
        {"input": 1000, "output": 100, "web_search": 3, "session": 1, "file_search": 2},
    ),
    "Cohere": (
        {"billed_units": {"input_tokens": 1000.0, "output_tokens": 100.0},
         "tokens": {"input_tokens": 1200.0, "output_tokens": 100.0}},
        {},
        {"input": 1000, "output": 100},
    ),
    "OpenAI's tools": (
        {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100},
        {"tool_usage": {"image_gen": {
            "input_tokens": 30, "input_tokens_details": {"image_tokens": 0, "text_tokens": 30},
            "output_tokens": 400, "total_tokens": 430}, "web_search": {"num_requests": 2}}},
        {"input": 1030, "output": 500, "web_search": 2},
    ),
    "Gemini's searches": (
        {"promptTokenCount": 1000, "candidatesTokenCount": 100, "totalTokenCount": 1100},
        {"candidates": [{"groundingMetadata": {"webSearchQueries": ["a", "b"],
                                               "groundingChunks": [{"maps": {"uri": "u"}}]}}]},
        {"input": 1000, "output": 100, "web_search": 2, "maps_search": 1},
    ),
    "seconds of sound": (
        OPENAI | {"prompt_audio_seconds": 20.5},
        {},
        {"input": 1000, "output": 100, "second": 21},
    ),
    "rejected predictions": (
        OPENAI | {"completion_tokens_details": {"accepted_prediction_tokens": 1,
                                                "rejected_prediction_tokens": 60}},
        {},
        {"input": 1000, "output": 100},
    ),
}  # fmt: skip


def charge(quantities: dict) -> Decimal:
    exact = sum(
        Fraction(EACH[unit]) * count if unit in EACH else Fraction(TOKENS[unit]) * count / 1_000_000
        for unit, count in quantities.items()
    )
    return Decimal(math.ceil(exact * Fraction("1.2") * 10**9)) / 10**9


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("beside"), shared_provider, {})
    most = {f"{unit}_max": 100 for unit in EACH}
    prices = {unit: price for unit, price in (TOKENS | EACH).items()
              if unit not in ("input", "cached_input", "output")}  # fmt: skip
    gateway.policies.model("all", PRICE, **prices, **most)
    gateway.policies.model("plain", PRICE)
    gateway.policies.model("searches", PRICE,
                           when=Lua('{ { search_context = "high", factor = "2" } }'))  # fmt: skip
    gateway.policies.model("by-prompt", PRICE, web_search="0.01", web_search_by="prompt")
    gateway.policies.model("searcher", PRICE, web_search="0.01", web_search_max=5, searches=True)
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_stands_beside_is_charged(house, provider, name, streamed):
    usage, beside, quantities = FORMS[name]
    customer = house.customer()
    provider.answer = answers.counted_as("hello world " * 30, usage, **beside)
    assert customer.ask("all", stream=streamed).status_code == 200
    record = customer.wait_for_record()
    assert record["usage_source"] == "reported"
    detail = customer.call("GET", f"/usage/{record['id']}", 200)
    lines = {line["kind"]: line["quantity"] for line in detail["charge"]["lines"]
             if line["quantity"]}  # fmt: skip
    assert lines == quantities
    assert usd(record["cost"]) == 10 - customer.balance == charge(quantities)
    explained = house.command("ledger", "explain", record["id"])
    assert explained.returncode == 0, explained.stdout
    house.verify_ledger()


def test_the_usage_says_how_much_was_read(house, provider):
    """Perplexity's `search_context_size` decides prices under conditions."""
    customer = house.customer()
    usage = OPENAI | {"search_context_size": "high"}
    provider.answer = answers.counted_as("hello world " * 30, usage)
    assert customer.ask("searches").status_code == 200
    record = customer.wait_for_record()
    detail = customer.call("GET", f"/usage/{record['id']}", 200)
    assert detail["conditions"] == {"search_context": "high"}
    assert usd(record["cost"]) == 2 * charge({"input": 1000, "output": 100})


def test_what_has_no_price_alarms(house, provider):
    customer = house.customer()
    usage, _, _ = FORMS["xAI's tools"]
    provider.answer = answers.counted_as("hello world " * 30, usage)
    response = customer.ask("plain")
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge({"input": 1000, "output": 100})

    def units() -> set:
        return {event["unit"] for event in house.log() if "unit" in event
                and event.get("request_id") == response.headers["x-request-id"]}  # fmt: skip

    wait_until(lambda: units() == {"web_search", "session", "file_search"}, 5, "the log")


def test_turns_in_a_stream_count_once(house, provider):
    """Each event has all turns so far; the last one counts."""
    customer = house.customer()
    usage, _, quantities = FORMS["Anthropic's compaction"]
    early = usage | {"output_tokens": 1, "iterations": usage["iterations"][:1]}
    text = answers.content_event("hello world " * 30, "m")
    stop = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    chunks = [
        b"data: " + json.dumps({"id": "1", "choices": [], "usage": each}).encode() + b"\n\n"
        for each in (early, usage)
    ]
    provider.answer = answers.stream([chunks[0], text, stop, chunks[1], answers.DONE])
    assert customer.ask("all", stream=True).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(quantities)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_prompt_that_was_searched_for_costs_once(house, provider, streamed):
    """Google before Gemini 3: for the customer, for us, and in what is held."""
    customer = house.customer()
    usage, beside, _ = FORMS["Gemini's searches"]
    provider.answer = answers.counted_as("hello world " * 30, usage, **beside)
    body = {"model": "by-prompt", "messages": [{"role": "user", "content": "Hi"}]}
    lines = customer.post(body, path="/estimate").json()["lines"]
    assert [line["quantity"] for line in lines if line["unit"] == "web_search"] == [1]
    response = customer.ask("by-prompt", stream=streamed)
    assert response.status_code == 200
    record = customer.wait_for_record()
    once = {"input": 1000, "output": 100, "web_search": 1}
    assert usd(record["cost"]) == 10 - customer.balance == charge(once)
    explained = house.command("ledger", "explain", record["id"])
    assert explained.returncode == 0, explained.stdout
    unpriced = {"request_id": record["id"], "unit": "web_search"}
    assert house.never_logged("bills what has no price", **unpriced)
    provider.answer = answers.counted_as("hello world " * 30, usage)
    assert customer.ask("by-prompt", stream=streamed).status_code == 200
    record = customer.wait_for_record(2)
    assert usd(record["cost"]) == charge(once | {"web_search": 0})


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("counted", [None, 0, 3])
def test_a_model_that_always_searches(house, provider, counted, streamed):
    """OpenAI's models for searches in chat completions bill each call, and count no search."""
    customer = house.customer()
    told = {} if counted is None else {"server_tool_use": {"web_search_requests": counted}}
    provider.answer = answers.counted_as("hello world " * 30, OPENAI | told)
    assert customer.ask("searcher", stream=streamed).status_code == 200
    record = customer.wait_for_record()
    quantities = {"input": 1000, "output": 100, "web_search": counted or 1}
    assert usd(record["cost"]) == 10 - customer.balance == charge(quantities)
    explained = house.command("ledger", "explain", record["id"])
    assert explained.returncode == 0, explained.stdout


def test_a_model_that_always_searches_has_a_price_of_it(make_gateway):
    def prepare(policies):
        policies.model("searcher", PRICE, searches=True)

    gateway = make_gateway(prepare=prepare, start=False)
    result = gateway.command("check")
    assert result.returncode == 1
    assert "searches: is true: give a price of web_search, too" in result.stdout + result.stderr
