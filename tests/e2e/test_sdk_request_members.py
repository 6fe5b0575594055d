"""Every member of a request in the official SDKs is read by the gateway, is refused unless it is
sold, or changes no price. A newer SDK with a member in neither list fails here: find out what the
provider bills for it before it passes unpriced (docs/POLICIES.md, core/dialect/paid_features.c)."""

import typing
from collections.abc import Iterator

import pytest
from anthropic.types.beta import message_create_params
from gateway import ROOT
from google.genai import types as google_types
from openai.types import embedding_create_params, image_generate_params, moderation_create_params
from openai.types.audio import speech_create_params, transcription_create_params
from openai.types.chat import completion_create_params
from openai.types.responses import response_compact_params, response_create_params
from typing_extensions import is_typeddict

# Decides what a call costs: read, bounded or refused. By the name of the member.
READ = {
    "audio", "max_completion_tokens", "max_tokens", "max_output_tokens", "messages", "modalities",
    "model", "moderation", "n", "prediction", "prompt_cache_options", "prompt_cache_retention",
    "service_tier", "tools", "web_search_options", "search_context_size", "stream", "ttl",
    "stream_options", "include_usage", "prompt_cache_breakpoint",
    # Responses
    "access_programs", "background", "context_management", "conversation", "input", "instructions",
    "max_tool_calls", "previous_response_id", "prompt", "store", "comparison_response_id",
    "reasoning.mode",
    # Anthropic
    "billing_policy", "cache_control", "container", "fallback_credit_token", "fallbacks",
    "inference_geo", "mcp_servers", "speed", "system", "thread", "previous_message_id",
    "user_profile_id",
    # Google
    "cached_content", "candidate_count", "continuation_token", "generation_output_config",
    "image_config", "image_size", "model_armor_config", "model_selection_config",
    "response_modalities", "response_format", "routing_config", "speech_config",
    "system_instruction",
    # sound and pictures
    "quality", "size", "partial_images", "file", "voice", "stream_format",
    "svg", "frame_count",
}  # fmt: skip

SAMPLING = "how the next token is chosen: each costs the same"
TEXT = "a text, counted with the prompt"
FORM = "the form of the answer: its tokens are counted"
WORDS = "about the caller, not about the answer"
WITHIN = "more or fewer tokens, within the longest answer that is held, and counted"
FREE_TOOLS = "which tools are used: what they cost is decided by `tools`"
CLIENT = "read by the SDK, not sent"
WHOLE = "inside a member that is read or refused as a whole"
FREE = {
    "frequency_penalty": SAMPLING, "logit_bias": SAMPLING, "presence_penalty": SAMPLING,
    "seed": SAMPLING, "stop": SAMPLING, "temperature": SAMPLING, "top_p": SAMPLING,
    "top_k": SAMPLING, "stop_sequences": SAMPLING, "top_logprobs": FORM, "logprobs": FORM,
    "response_logprobs": FORM, "verbosity": WITHIN, "reasoning_effort": WITHIN,
    "reasoning": WITHIN, "thinking": WITHIN, "thinking_config": WITHIN, "output_config": WITHIN,
    "text": FORM, "include": FORM, "response_schema": FORM, "response_json_schema": FORM,
    "response_mime_type": FORM, "stream_options.include_obfuscation": FORM,
    "functions": TEXT, "function_call": FREE_TOOLS, "tool_choice": FREE_TOOLS,
    "tool_config": FREE_TOOLS, "parallel_tool_calls": FREE_TOOLS,
    "metadata": WORDS, "user": WORDS, "safety_identifier": WORDS, "labels": WORDS,
    "prompt_cache_key": "which cache is looked at: what it has read and written is counted",
    "truncation": "leaves out of the prompt: what is left is counted",
    "image": "how large pictures are read: within `image_tokens_max`, and counted",
    "media_resolution": "how large pictures are read: within `image_tokens_max`, and counted",
    "background_options": "only with `background`, which is refused",
    "prompt_cache_options.mode": "what is written to the cache is counted",
    "prompt_cache_options.prewarm": "what is written to the cache is counted",
    "prediction.type": WHOLE, "prediction.content": TEXT,
    "compaction": "a summary: its tokens are in `iterations` of the usage, and counted",
    "diagnostics": "says why a cache was missed; `previous_message_id` in it is refused",
    "betas": "a header: what it turns on has a member of its own in the body",
    "workspace_id": "a header that is not passed on",
    "safety_settings": "what is refused to be said: what is said is counted",
    "automatic_function_calling": CLIENT, "automatic_continuation": CLIENT, "http_options": CLIENT,
    "should_return_http_response": CLIENT,
    "audio_timestamp": FORM, "enable_enhanced_civic_answers": FORM,
    "audio_transcription_config": FORM,
    # embeddings, sound and pictures
    "dimensions": FORM, "encoding_format": FORM,
    "language": FORM, "timestamp_granularities": FORM, "chunking_strategy": FORM,
    "keywords": TEXT, "languages": FORM, "frame_duration_ms": FORM, "complexity": WITHIN,
    "reasoning.effort": WITHIN, "reasoning.summary": WITHIN, "reasoning.generate_summary": WITHIN,
    "reasoning.context": WITHIN, "known_speaker_names": FORM, "known_speaker_references": TEXT,
    "output_compression": FORM, "output_format": FORM, "style": FORM,
}  # fmt: skip
# What is in these is counted as it is, or read by a walk of its own.
LEAVES = {
    "messages", "input", "tools", "tool_choice", "functions", "function_call", "system",
    "system_instruction", "response_format", "response_schema", "response_json_schema", "text",
    "thinking", "thinking_config", "output_config", "http_options", "safety_settings",
    "tool_config", "speech_config", "metadata", "prompt", "moderation", "fallbacks", "mcp_servers",
    "container", "context_management", "audio", "voice", "image", "background_options",
    "access_programs", "conversation", "billing_policy", "fallback_credit_token", "thread",
    "compaction", "routing_config", "model_armor_config", "model_selection_config",
    "generation_output_config", "automatic_function_calling", "audio_transcription_config",
    "chunking_strategy", "svg",
}  # fmt: skip

REQUESTS = {
    "openai.chat": completion_create_params.CompletionCreateParamsBase,
    "openai.responses": response_create_params.ResponseCreateParamsBase,
    "openai.compact": response_compact_params.ResponseCompactParams,
    "openai.embeddings": embedding_create_params.EmbeddingCreateParams,
    "openai.moderations": moderation_create_params.ModerationCreateParams,
    "openai.images": image_generate_params.ImageGenerateParamsBase,
    "openai.speech": speech_create_params.SpeechCreateParams,
    "openai.transcriptions": transcription_create_params.TranscriptionCreateParamsBase,
    "anthropic.messages": message_create_params.MessageCreateParamsBase,
    "google.generateContent": google_types.GenerateContentConfigDict,
}


def dicts_in(annotation: object) -> Iterator[type]:
    if is_typeddict(annotation):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from dicts_in(inner)


def members_of(request: type, path: str = "") -> Iterator[str]:
    for name, annotation in typing.get_type_hints(request).items():
        yield path + name
        if path + name not in LEAVES:
            for inner in dicts_in(annotation):
                yield from members_of(inner, f"{path}{name}.")


def is_decided(path: str) -> bool:
    """A member, or what holds it, by the whole way or by its name."""
    name = path.split(".")[-1]
    whole = path.split(".")[0]
    return bool({path, name} & (READ | FREE.keys())) or (path != whole and whole in READ)


@pytest.mark.parametrize("name", REQUESTS)
def test_each_member_is_priced_or_costs_nothing(name):
    found = set(members_of(REQUESTS[name]))
    assert len(found) > 1
    unknown = sorted(path for path in found if not is_decided(path))
    assert not unknown, (
        f"{name} has members that the gateway does not know: {', '.join(unknown)}. Find out what"
        " the provider bills for them, read or refuse them in core/dialect, and name them here"
    )


def test_what_is_said_to_be_read_is_in_a_reader():
    sources = "".join(path.read_text() for path in (ROOT / "core/dialect").glob("*.c"))
    names = sorted({name.split(".")[-1] for name in READ})
    assert [name for name in names if f'"{name}"' not in sources] == []
