"""What LiteLLM computes for calls: run by the Python that has the package. Each line of stdin is a
call {key, provider, counts, service_tier, speed, region, at}, each line of stdout its costs. A call
of the kind "transcription" has sound, one of the kind "search" has searches beside its tokens."""

import json
import os
import sys
from datetime import UTC, datetime

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # the file of the package, no network

import litellm
from litellm.litellm_core_utils.llm_cost_calc import utils
from litellm.types.utils import (
    CacheCreationTokenDetails,
    CompletionTokensDetailsWrapper,
    PromptTokensDetailsWrapper,
    ServerToolUse,
    Usage,
)

PROMPT = (
    "input", "cached_input", "cache_write", "cache_write_long", "audio_input", "image_input",
    "cached_audio_input", "cached_image_input",
)  # fmt: skip
ANSWER = ("output", "reasoning", "audio_output", "image_output")


def usage_of(call: dict) -> Usage:
    def of(*units: str) -> int:
        return sum(call["counts"].get(unit, 0) for unit in units)

    writes = of("cache_write", "cache_write_long")
    long_life = (
        "ephemeral_12h_input_tokens"
        if call["provider"] == "openai"
        else ("ephemeral_1h_input_tokens")
    )
    short_life = (
        "ephemeral_30m_input_tokens"
        if call["provider"] == "openai"
        else ("ephemeral_5m_input_tokens")
    )
    prompt_details = PromptTokensDetailsWrapper(
        text_tokens=of("input", "cached_input"),
        audio_tokens=of("audio_input", "cached_audio_input"),
        image_tokens=of("image_input", "cached_image_input"),
        cached_tokens=of("cached_input", "cached_audio_input", "cached_image_input"),
        cached_tokens_details={
            "text_tokens": of("cached_input"),
            "audio_tokens": of("cached_audio_input"),
            "image_tokens": of("cached_image_input"),
        },
        cache_creation_tokens=writes,
        cache_creation_token_details=CacheCreationTokenDetails(
            **{long_life: of("cache_write_long"), short_life: of("cache_write")}
        )
        if writes
        else None,
    )
    answer_details = CompletionTokensDetailsWrapper(
        text_tokens=of("output"),
        reasoning_tokens=of("reasoning"),
        audio_tokens=of("audio_output"),
        image_tokens=of("image_output"),
    )
    usage = Usage(
        prompt_tokens=of(*PROMPT),
        completion_tokens=of(*ANSWER),
        total_tokens=of(*PROMPT, *ANSWER),
        prompt_tokens_details=prompt_details,
        completion_tokens_details=answer_details,
    )
    if call["region"]:
        usage.inference_geo = call["region"]
    if call["speed"]:
        usage.speed = call["speed"]
    return usage


def tokens_cost(call: dict) -> float:
    prompt, answer = litellm.cost_calculator.cost_per_token(
        model=call["key"],
        custom_llm_provider=call["provider"],
        usage_object=usage_of(call),
        service_tier=call["service_tier"] or None,
    )
    return prompt + answer


def whole_cost(call: dict) -> float:
    """As its proxy and its callbacks charge an answer."""
    answer = litellm.ModelResponse(model=call["key"], usage=usage_of(call))
    return litellm.completion_cost(
        completion_response=answer,
        model=call["key"],
        custom_llm_provider=call["provider"],
        service_tier=call["service_tier"] or None,
    )


def transcription_cost(call: dict) -> float:
    answer = litellm.TranscriptionResponse(text="Hello")
    answer.duration = float(call["counts"].get("second", 0))
    if answer.duration == 0:
        answer.usage = usage_of(call)
    return litellm.completion_cost(
        completion_response=answer,
        model=call["key"],
        custom_llm_provider=call["provider"],
        call_type="transcription",
    )


def search_cost(call: dict) -> float:
    """Each provider tells its searches elsewhere."""
    usage, counts = usage_of(call), call["counts"]
    if "web_search" in counts:
        usage.server_tool_use = ServerToolUse(web_search_requests=counts["web_search"])
        usage.prompt_tokens_details.web_search_requests = counts["web_search"]
    if "maps_search" in counts:
        usage.prompt_tokens_details.google_maps_grounding_requests = counts["maps_search"]
    answer = litellm.ModelResponse(model=call["key"], usage=usage)
    return litellm.completion_cost(
        completion_response=answer, model=call["key"], custom_llm_provider=call["provider"]
    )


def costs_of(call: dict) -> dict[str, float]:
    if call.get("kind") == "transcription":
        return {"whole": transcription_cost(call)}
    if call.get("kind") == "search":
        return {"whole": search_cost(call)}
    moment = datetime.fromtimestamp(call["at"], UTC)
    utils.current_billing_time = lambda: moment
    return {"tokens": tokens_cost(call), "whole": whole_cost(call)}


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # the package prints, too
    for line in sys.stdin:
        try:
            answer = costs_of(json.loads(line))
        except Exception as why:  # the other side reports it with the call
            answer = {"error": f"{type(why).__name__}: {why}"[:300]}
        print(json.dumps(answer), file=answers)


main()
