"""Every member of the usage objects in the official SDKs is read, or is left out on purpose. A
newer SDK with a member that is in neither list fails here: find out what it costs before it counts
for nothing (docs/POLICIES.md, core/dialect/usage_*.c)."""

import inspect
import typing
from collections.abc import Iterator

import anthropic.types as anthropic_types
import anthropic.types.beta as anthropic_beta
import pydantic
import pytest
from gateway import ROOT
from google.genai import types as google_types
from openai.types import CompletionUsage, ImageGenCompletedEvent
from openai.types.images_response import SvgUsage
from openai.types.images_response import Usage as ImagesUsage
from openai.types.responses import Response, ResponseUsage
from openai.types.responses.response_output_item import ImageGenerationCallSvgUsage

WHOLE = "a part of a count that is read, at the price of that"
TOTAL = "a sum: used to tell how the others nest"
FREE = "not billed by itself"
WORDS = "about a credit that the provider has given, no count: what it changes is in the counts"

# By the name of the member alone: a count means the same wherever it stands.
READ = {
    # OpenAI
    "prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details",
    "input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details",
    "cached_tokens", "cached_tokens_details", "cache_write_tokens", "cache_write_tokens_details",
    "ttl_12h_tokens", "audio_tokens", "image_tokens", "reasoning_tokens", "image_gen",
    "web_search", "num_requests", "cached_image_tokens",
    # Anthropic
    "cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens",
    "cache_creation_input_tokens", "cache_read_input_tokens", "iterations", "type",
    "server_tool_use", "web_search_requests", "service_tier", "speed", "inference_geo",
    # Google, in snake case
    "cache_tokens_details", "cached_content_token_count", "candidates_token_count",
    "candidates_tokens_details", "prompt_token_count", "thoughts_token_count",
    "tool_use_prompt_token_count", "modality", "token_count", "traffic_type",
}  # fmt: skip
LEFT_OUT = {
    "total_tokens": TOTAL,
    "total_token_count": TOTAL,
    "text_tokens": WHOLE,
    "cached_text_tokens": WHOLE,
    "ttl_30m_tokens": "the rest of cache_write_tokens, at the price of cache_write",
    "accepted_prediction_tokens": WHOLE,
    "rejected_prediction_tokens": WHOLE,
    "thinking_tokens": WHOLE,
    "web_fetch_requests": FREE,
    "tool_use_prompt_tokens_details": WHOLE,
    "fallback_credit": WORDS,
    "fallback_credit.status": WORDS,
    "fallback_credit.status.type": WORDS,
    "fallback_credit.status.reason": WORDS,
    "fallback_credit.status.remove_to_redeem": WORDS,
    "model": "the model that writes SVG: priced as the one that was asked",
    "iterations.model": "the model of a turn: an adviser's is priced as the model that was asked",
}
TYPES = {
    "openai.CompletionUsage": CompletionUsage,
    "openai.ResponseUsage": ResponseUsage,
    "openai.Response.tool_usage": Response.model_fields["tool_usage"].annotation,
    "openai.ImageGenerationCall.svg_usage": ImageGenerationCallSvgUsage,
    "openai.ImagesResponse.usage": ImagesUsage,
    "openai.ImagesResponse.svg_usage": SvgUsage,
    "openai.ImageGenCompletedEvent.usage": ImageGenCompletedEvent.model_fields["usage"].annotation,
    "anthropic.Usage": anthropic_types.Usage,
    "anthropic.MessageDeltaUsage": anthropic_types.MessageDeltaUsage,
    "anthropic.BetaUsage": anthropic_beta.BetaUsage,
    "anthropic.BetaMessageDeltaUsage": anthropic_beta.BetaMessageDeltaUsage,
    "google.GenerateContentResponseUsageMetadata":
        google_types.GenerateContentResponseUsageMetadata,
}  # fmt: skip


def objects_in(annotation: object) -> Iterator[type[pydantic.BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from objects_in(inner)


def members_of(annotation: object, path: str = "") -> Iterator[str]:
    """The ways to all members, also those of objects inside: "cache_creation.ephemeral..."."""
    for known in objects_in(annotation):
        for name, field in known.model_fields.items():
            yield path + name
            yield from members_of(field.annotation, f"{path}{name}.")


def is_decided(path: str) -> bool:
    name = path.split(".")[-1]
    inside_credit = path.startswith("fallback_credit.")  # its `type` is another one
    return path in LEFT_OUT or (not inside_credit and (name in READ or name in LEFT_OUT))


@pytest.mark.parametrize("name", TYPES)
def test_each_member_is_read_or_left_out_on_purpose(name):
    found = set(members_of(TYPES[name]))
    assert found
    unknown = sorted(path for path in found if not is_decided(path))
    assert not unknown, (
        f"{name} has members that the gateway does not know: {', '.join(unknown)}. Find out what"
        " the provider bills for them, read them in core/dialect, and name them here"
    )


def test_what_is_said_to_be_read_is_in_a_reader():
    """In either case: Google's own names are in camel case."""
    sources = "".join(path.read_text() for path in (ROOT / "core/dialect").glob("*.c"))
    assert [name for name in sorted(READ) if f'"{name}"' not in sources] == []
