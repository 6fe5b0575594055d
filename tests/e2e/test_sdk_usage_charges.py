"""Calls whose answers are built with the official SDKs' own types, with random counts in every
member that is billed. The charge is computed again here, in exact fractions, by how the counts of
each provider nest; nothing of it is read from the gateway."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import anthropic.types as messages
import anthropic.types.beta as beta
import pytest
import responses_answers
from answers import DONE, reply, stream
from gateway import Gateway
from google.genai import types as google
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.completion_usage import CompletionTokensDetails, PromptTokensDetails
from openai.types.responses import ResponseUsage, response_usage
from openai.types.responses import response as openai_response
from policies import Lua
from prices import Price, usd
from pydantic import TypeAdapter

# USD per million tokens; all odd, so that one unit charged as another shows.
TOKENS = {
    "input": "1.013", "cached_input": "0.107", "output": "10.3", "cache_write": "1.259",
    "cache_write_long": "2.027", "audio_input": "40.1", "image_input": "5.3", "reasoning": "12.7",
    "audio_output": "80.9", "image_output": "30.11", "cached_audio_input": "0.41",
    "cached_image_input": "0.53",
}  # fmt: skip
SEARCH = "0.01013"
STEP = 20000  # a prompt above it costs twice as much for each token
RULES = f"""{{
    {{ prompt_above = {STEP}, {
    ", ".join(f'{unit} = "{Decimal(price) * 2}"' for unit, price in TOKENS.items())
} }},
    {{ service_tier = "flex", factor = "0.5" }},
    {{ service_tier = "priority", factor = "2" }},
    {{ speed = "fast", factor = "6" }},
    {{ region = "us", factor = "1.1" }},
}}"""
FACTORS = {"flex": Fraction(1, 2), "priority": Fraction(2), "fast": Fraction(6),
           "us": Fraction(11, 10)}  # fmt: skip
TEXT = "Here you are."
SEEDS = range(3)


@dataclass
class Told:
    """An answer, and what of it is billed."""

    answer: Callable
    units: dict[str, int]
    words: tuple[str, ...] = field(default=())


def charge_of(told: Told) -> Decimal:
    prompt = sum(count for unit, count in told.units.items()
                 if unit.endswith("input") or unit.startswith("cache_write"))  # fmt: skip
    factor = math.prod(FACTORS[word] for word in told.words if word in FACTORS)
    total = Fraction(0)
    for unit, count in told.units.items():
        if unit == "web_search":
            total += Fraction(SEARCH) * count * factor
        else:
            price = Fraction(TOKENS[unit]) / 10**6 * (2 if prompt > STEP else 1)
            total += math.ceil(price * factor * 10**12) * Fraction(count, 10**12)
    return Decimal(math.ceil(total * Fraction("1.2") * 10**9)) / 10**9


def split(rng: random.Random, *names: str) -> dict[str, int]:
    """So many tokens of each; sometimes a prompt above the step, sometimes nothing of a part."""
    wide = rng.choice([1, 1, 20])
    found = {name: rng.randrange(1, 900) * wide for name in names if rng.random() < 0.8}
    return found | {names[0]: found.get(names[0], 50)}


def of(parts: dict[str, int], *names: str) -> int:
    return sum(parts.get(name, 0) for name in names)


def dumped(value) -> dict:
    return value.model_dump(mode="json", exclude_unset=True, by_alias=True)


def told_by(whole: dict, events: list[bytes]) -> Callable:
    """Whole or streamed, as it is asked."""

    async def answer(connection, request) -> None:
        streams = request.json.get("stream") or ":stream" in request.path
        how = stream(events) if streams else reply(200, json.dumps(whole).encode())
        await how(connection, request)

    return answer


def data(value: dict, name: str | None = None) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode()


# ---- OpenAI ----


def chat(rng: random.Random) -> Told:
    prompt = split(rng, "input", "cached_input", "cache_write", "audio_input", "image_input")
    answer = split(rng, "output", "reasoning", "audio_output")
    rejected = rng.randrange(answer["output"])  # inside, and billed as output
    usage = CompletionUsage(
        prompt_tokens=sum(prompt.values()), completion_tokens=sum(answer.values()),
        total_tokens=sum(prompt.values()) + sum(answer.values()),
        prompt_tokens_details=PromptTokensDetails(
            cached_tokens=of(prompt, "cached_input"), audio_tokens=of(prompt, "audio_input"),
            image_tokens=of(prompt, "image_input"), text_tokens=of(prompt, "input"),
            cache_write_tokens=of(prompt, "cache_write")),
        completion_tokens_details=CompletionTokensDetails(
            reasoning_tokens=of(answer, "reasoning"), audio_tokens=of(answer, "audio_output"),
            rejected_prediction_tokens=rejected, accepted_prediction_tokens=0,
            text_tokens=of(answer, "output")),
    )  # fmt: skip
    tier = rng.choice(["default", "flex", "priority"])
    head = {"id": "c", "created": 1, "model": "m"}
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    whole = ChatCompletion(object="chat.completion", choices=[choice], usage=usage,
                           service_tier=tier, **head)  # fmt: skip
    said = [
        {"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": usage},
    ]
    chunks = [ChatCompletionChunk(object="chat.completion.chunk", service_tier=tier, **head, **each)
              for each in said]  # fmt: skip
    events = [*(data(dumped(chunk)) for chunk in chunks), DONE]
    return Told(told_by(dumped(whole), events), prompt | answer, (tier,))


def drawing(rng: random.Random, detailed: bool) -> tuple[openai_response.ToolUsageImageGen, dict]:
    """A model of its own, whose tokens stand beside the usage. Without details all that it has
    generated is pictures."""
    prompt = split(rng, "input", "image_input", "cached_input", "cached_image_input")
    answer = split(rng, "image_output", *(["output"] if detailed else []))
    pictures = openai_response.ToolUsageImageGenOutputTokensDetails(
        image_tokens=answer["image_output"], text_tokens=of(answer, "output"))  # fmt: skip
    usage = openai_response.ToolUsageImageGen(
        input_tokens=sum(prompt.values()), output_tokens=sum(answer.values()),
        total_tokens=sum(prompt.values()) + sum(answer.values()),
        input_tokens_details=openai_response.ToolUsageImageGenInputTokensDetails(
            image_tokens=of(prompt, "image_input", "cached_image_input"),
            text_tokens=of(prompt, "input", "cached_input")),
        cached_tokens=of(prompt, "cached_input", "cached_image_input"),
        cached_tokens_details=openai_response.ToolUsageImageGenCachedTokensDetails(
            cached_image_tokens=of(prompt, "cached_image_input"),
            cached_text_tokens=of(prompt, "cached_input")),
        **({"output_tokens_details": pictures} if detailed else {}),
    )  # fmt: skip
    return usage, prompt | answer


class Counted(responses_answers.Response):
    """With `more` only where it is done."""

    def whole(self, asked: dict, status: str, items: list[dict]) -> dict:
        found = super().whole(asked, status, items)
        drawn = {"type": "image_generation_call", "id": "ig_1", "status": "completed",
                 "result": "iVBORw0KGgo="}  # fmt: skip
        if status == "in_progress":
            return {**found, "usage": None, "tool_usage": None}
        return found | ({"output": [*items, drawn]} if "tool_usage" in self.more else {})


def response(rng: random.Random, draws: bool = False, detailed: bool = True) -> Told:
    prompt = split(rng, "input", "cached_input", "cache_write", "cache_write_long")
    answer = split(rng, "output", "reasoning")
    units = prompt | answer
    usage = ResponseUsage(
        input_tokens=sum(prompt.values()), output_tokens=sum(answer.values()),
        total_tokens=sum(units.values()),
        input_tokens_details=response_usage.InputTokensDetails(
            cached_tokens=of(prompt, "cached_input"),
            cache_write_tokens=of(prompt, "cache_write", "cache_write_long"),
            cache_write_tokens_details=response_usage.InputTokensDetailsCacheWriteTokensDetails(
                ttl_12h_tokens=of(prompt, "cache_write_long"),
                ttl_30m_tokens=of(prompt, "cache_write"))),
        output_tokens_details=response_usage.OutputTokensDetails(
            reasoning_tokens=of(answer, "reasoning")),
    )  # fmt: skip
    tier = rng.choice(["default", "flex", "priority"])
    more = {"usage": dumped(usage), "service_tier": tier}
    if draws:
        drawn, beside = drawing(rng, detailed)
        searches = rng.randrange(1, 5)
        tools = openai_response.ToolUsage(
            image_gen=drawn, web_search=openai_response.ToolUsageWebSearch(num_requests=searches)
        )
        more["tool_usage"] = dumped(tools)
        units = {unit: of(units, unit) + of(beside, unit) for unit in units | beside}
        units["web_search"] = searches
    told = Counted(pieces=(TEXT,), more=more)

    async def answer_it(connection, request) -> None:
        asked = request.json
        body = reply(200, told.body(asked))
        await (stream(told.events(asked)) if asked.get("stream") else body)(connection, request)

    return Told(answer_it, units, (tier,))


def response_that_draws(rng: random.Random) -> Told:
    return response(rng, draws=True)


def response_that_draws_without_details(rng: random.Random) -> Told:
    return response(rng, draws=True, detailed=False)


# ---- Anthropic ----

WRITTEN = ("cache_write", "cache_write_long")


def anthropic_counts(prompt: dict[str, int], answer: int) -> dict:
    """The prompt is the sum of the three."""
    return {
        "input_tokens": of(prompt, "input"),
        "cache_read_input_tokens": of(prompt, "cached_input"),
        "cache_creation_input_tokens": of(prompt, *WRITTEN),
        "cache_creation": {
            "ephemeral_5m_input_tokens": of(prompt, "cache_write"),
            "ephemeral_1h_input_tokens": of(prompt, "cache_write_long"),
        },
        "output_tokens": answer,
    }


def anthropic_events(start, delta, kinds) -> list[bytes]:
    """A message in events: `start` and `delta` are its usages."""
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    block = {"type": "text", "text": "", "citations": None}
    events = [
        {"type": "message_start", "message": {**head, "usage": dumped(start)}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": dumped(delta)},
        {"type": "message_stop"},
    ]  # fmt: skip
    kinds.validate_python(events)
    return [data(event, event["type"]) for event in events]


MESSAGE_EVENTS = TypeAdapter(list[messages.RawMessageStreamEvent])
BETA_EVENTS = TypeAdapter(list[beta.BetaRawMessageStreamEvent])


def message(rng: random.Random) -> Told:
    prompt = split(rng, "input", "cached_input", *WRITTEN)
    output, searches = rng.randrange(100, 900), rng.randrange(4)
    tier = rng.choice(["standard", "priority"])
    speed, region = rng.choice(["standard", "fast"]), rng.choice(["global", "us"])
    thought = messages.OutputTokensDetails(thinking_tokens=output // 2)
    said = {"service_tier": tier, "speed": speed, "inference_geo": region}
    tools = messages.ServerToolUsage(web_search_requests=searches, web_fetch_requests=3)
    usage = messages.Usage(
        **anthropic_counts(prompt, output),
        server_tool_use=tools,
        **said,
        output_tokens_details=thought,
    )
    begun = messages.Usage(**anthropic_counts(prompt, 1), **said)
    delta = messages.MessageDeltaUsage(
        output_tokens=output, server_tool_use=tools, input_tokens=of(prompt, "input"),
        cache_read_input_tokens=of(prompt, "cached_input"),
        cache_creation_input_tokens=of(prompt, *WRITTEN),
    )  # fmt: skip
    whole = messages.Message(
        id="msg_1", type="message", role="assistant", model="m", stop_reason="end_turn",
        stop_sequence=None, content=[messages.TextBlock(type="text", text=TEXT)], usage=usage,
    )  # fmt: skip
    units = prompt | {"output": output} | ({"web_search": searches} if searches else {})
    events = anthropic_events(begun, delta, MESSAGE_EVENTS)
    return Told(told_by(dumped(whole), events), units, (tier, speed, region))


def compacted(rng: random.Random) -> Told:
    """Turns of compaction are billed, and in no other count; turns of the message are in them."""
    prompt, beside = (split(rng, "input", "cached_input", *WRITTEN) for _ in range(2))
    output, summary = rng.randrange(100, 900), rng.randrange(100, 900)
    turns = [
        beta.BetaCompactionIterationUsage(type="compaction", **anthropic_counts(beside, summary)),
        beta.BetaMessageIterationUsage(type="message", **anthropic_counts(prompt, output)),
    ]
    usage = beta.BetaUsage(**anthropic_counts(prompt, output), iterations=turns)
    begun = beta.BetaUsage(**anthropic_counts(prompt, 1), iterations=turns[:1])
    delta = beta.BetaMessageDeltaUsage(
        output_tokens=output, iterations=turns, input_tokens=of(prompt, "input"),
        cache_read_input_tokens=of(prompt, "cached_input"),
        cache_creation_input_tokens=of(prompt, *WRITTEN),
    )  # fmt: skip
    whole = beta.BetaMessage(
        id="msg_1", type="message", role="assistant", model="m", stop_reason="end_turn",
        stop_sequence=None, content=[beta.BetaTextBlock(type="text", text=TEXT)], usage=usage,
    )  # fmt: skip
    units = {unit: of(prompt, unit) + of(beside, unit) for unit in prompt | beside}
    units["output"] = output + summary
    return Told(told_by(dumped(whole), anthropic_events(begun, delta, BETA_EVENTS)), units)


# ---- Google ----

TRAFFIC = {"ON_DEMAND": "", "ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex"}


def modalities(**counts: int) -> list[google.ModalityTokenCount]:
    return [google.ModalityTokenCount(modality=name, token_count=count)
            for name, count in counts.items() if count]  # fmt: skip


def content(rng: random.Random) -> Told:
    """The prompt has what was cached; thoughts and what tools have read stand beside."""
    prompt = split(rng, "input", "cached_input", "audio_input", "image_input",
                   "cached_audio_input", "cached_image_input")  # fmt: skip
    answer = split(rng, "output", "image_output")
    thoughts, tool = rng.randrange(900), rng.randrange(900)
    sound = of(prompt, "audio_input", "cached_audio_input")
    pictures = of(prompt, "image_input", "cached_image_input")
    traffic = rng.choice(list(TRAFFIC))
    usage = google.GenerateContentResponseUsageMetadata(
        prompt_token_count=sum(prompt.values()),
        cached_content_token_count=of(prompt, "cached_input", "cached_audio_input",
                                      "cached_image_input"),
        candidates_token_count=sum(answer.values()), thoughts_token_count=thoughts,
        tool_use_prompt_token_count=tool,
        total_token_count=sum(prompt.values()) + sum(answer.values()) + thoughts + tool,
        prompt_tokens_details=modalities(TEXT=of(prompt, "input", "cached_input"), AUDIO=sound,
                                         IMAGE=pictures),
        cache_tokens_details=modalities(TEXT=of(prompt, "cached_input"),
                                        AUDIO=of(prompt, "cached_audio_input"),
                                        IMAGE=of(prompt, "cached_image_input")),
        candidates_tokens_details=modalities(TEXT=of(answer, "output"),
                                             IMAGE=of(answer, "image_output")),
        tool_use_prompt_tokens_details=modalities(TEXT=tool), traffic_type=traffic,
    )  # fmt: skip
    said = [{"content": {"role": "model", "parts": [{"text": TEXT}]}, "index": 0,
             "finishReason": "STOP"}]  # fmt: skip
    whole = google.GenerateContentResponse(candidates=said, usage_metadata=usage)
    body = whole.model_dump(mode="json", by_alias=True, exclude_none=True)
    units = prompt | answer | {"input": prompt["input"] + tool}
    units |= {"reasoning": thoughts} if thoughts else {}
    return Told(told_by(body, [data(body)]), units, (TRAFFIC[traffic],))


# ---- the calls ----

PICTURE = "iVBORw0KGgo="
CHAT = {
    "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}],
    "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"},
}  # fmt: skip
GOOGLE = {
    "contents": [{"role": "user", "parts": [
        {"text": "What is this?"}, {"inlineData": {"mimeType": "image/png", "data": PICTURE}},
        {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}}]}],
    "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
}  # fmt: skip
DRAW = {
    "input": [{"role": "user", "content": [
        {"type": "input_text", "text": "Draw it like this."},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PICTURE}"}]}],
    "tools": [{"type": "image_generation"}, {"type": "web_search"}],
}  # fmt: skip
SAY = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 9000}
FORMS = {
    # what the SDK's types say -> (who says it, dialect, path, request)
    "CompletionUsage": (chat, "openai", "/chat/completions", CHAT),
    "ResponseUsage": (response, "openai-responses", "/responses", {"input": "Hello"}),
    "ToolUsage": (response_that_draws, "openai-responses", "/responses", DRAW),
    "ToolUsage without details": (response_that_draws_without_details, "openai-responses",
                                  "/responses", DRAW),
    "Usage": (message, "anthropic", "/messages", SAY),
    "BetaUsage": (compacted, "anthropic", "/messages", SAY),
    "UsageMetadata": (content, "gemini", "/models/{model}:generateContent", GOOGLE),
}  # fmt: skip


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("sdk"), shared_provider, {})
    parts = {unit: price for unit, price in TOKENS.items()
             if unit not in ("input", "cached_input", "output")}  # fmt: skip
    for dialect in {form[1] for form in FORMS.values()}:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(
            f"m-{dialect}", Price(TOKENS["input"], TOKENS["output"], TOKENS["cached_input"]),
            providers=(f"of-{dialect}",), context=400000, max_output=60000, when=Lua(RULES),
            capabilities=["audio", "vision", "reasoning", "tools"], image_tokens_max=1000,
            web_search=SEARCH, web_search_max=10,
            allow=["tools.web_search", "tools.image_generation"], **parts,
        )  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


def ask(customer, dialect: str, path: str, body: dict, streamed: bool):
    model = f"m-{dialect}"
    if dialect == "gemini":
        how = ":streamGenerateContent?alt=sse" if streamed else ":generateContent"
        return customer.post(body, f"/models/{model}{how}")
    return customer.post({"model": model, **body, **({"stream": True} if streamed else {})}, path)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", FORMS)
def test_what_the_sdk_says_is_what_is_charged(house, provider, name, streamed, seed):
    says, dialect, path, body = FORMS[name]
    told = says(random.Random(f"{name} {seed}"))
    customer = house.customer(credit="100")
    provider.answer = told.answer
    response = ask(customer, dialect, path, body, streamed)
    assert response.status_code == 200, response.text
    record = customer.wait_for_record()
    assert record["usage_source"] == "reported"
    detail = customer.call("GET", f"/usage/{record['id']}", 200)
    lines = {line["kind"]: line["quantity"] for line in detail["charge"]["lines"]
             if line["quantity"]}  # fmt: skip
    assert lines == {unit: count for unit, count in told.units.items() if count}
    assert usd(record["cost"]) == charge_of(told)
