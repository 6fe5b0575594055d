"""Answers in the four dialects: as providers send them, and as the official SDKs read them."""

import json

from anthropic.types import Message, RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from openresponses_types import types as open_responses
from pydantic import TypeAdapter

# What is answered, as facts.
ANSWER = {
    "parts": [
        ("reasoning", "Hmm \"so\"."),
        ("text", "Here\u00e9\n"),
        ("call", "call_1", "find", {"q": "x\"y", "n": [1, 2.5]}),
        ("call", "call_2", "stop", {}),
    ],
    "usage": (100, 40, 30, 12),  # prompt, of it cached, answer, of it reasoning
}  # fmt: skip


def halves(text):
    return text[: len(text) // 2], text[len(text) // 2 :]


def split_events(text):
    for block in text.split("\n\n"):
        if not block:
            continue
        *names, data = block.split("\n")
        name = names[0].removeprefix("event: ") if names else ""
        assert data.startswith("data: ")
        yield name, data.removeprefix("data: ")


# ---- providers ----


def chat_usage(usage):
    return {
        "prompt_tokens": usage[0],
        "completion_tokens": usage[2],
        "total_tokens": usage[0] + usage[2],
        "prompt_tokens_details": {"cached_tokens": usage[1]},
        "completion_tokens_details": {"reasoning_tokens": usage[3]},
    }


def chat_body(answer):
    message = {"role": "assistant", "content": None, "tool_calls": []}
    for part in answer["parts"]:
        if part[0] == "reasoning":
            message["reasoning_content"] = part[1]
        elif part[0] == "text":
            message["content"] = part[1]
        else:
            function = {"name": part[2], "arguments": json.dumps(part[3])}
            call = {"id": part[1], "type": "function", "function": function}
            message["tool_calls"].append(call)
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": chat_usage(answer["usage"]),
    }


def chat_events(answer):
    def chunk(delta, reason=None):
        return ("", {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    yield chunk({"role": "assistant", "content": ""})
    count = 0
    for part in answer["parts"]:
        if part[0] == "call":
            function = {"name": part[2], "arguments": ""}
            call = {"index": count, "id": part[1], "type": "function", "function": function}
            yield chunk({"tool_calls": [call]})
            for piece in halves(json.dumps(part[3])):
                call = {"index": count, "function": {"arguments": piece}}
                yield chunk({"tool_calls": [call]})
            count += 1
            continue
        name = "content" if part[0] == "text" else "reasoning_content"
        for piece in halves(part[1]):
            yield chunk({name: piece})
    yield chunk({}, "tool_calls")
    yield ("", {"choices": [], "usage": chat_usage(answer["usage"])})


def anthropic_usage(usage):
    return {
        "input_tokens": usage[0] - usage[1],
        "cache_read_input_tokens": usage[1],
        "output_tokens": usage[2],
        "output_tokens_details": {"thinking_tokens": usage[3]},
    }


def anthropic_block(part):
    if part[0] == "reasoning":
        return {"type": "thinking", "thinking": part[1], "signature": "c2ln"}
    if part[0] == "text":
        return {"type": "text", "text": part[1]}
    return {"type": "tool_use", "id": part[1], "name": part[2], "input": part[3]}


def anthropic_body(answer):
    return {
        "id": "msg",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [anthropic_block(part) for part in answer["parts"]],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": anthropic_usage(answer["usage"]),
    }


def anthropic_deltas(part):
    if part[0] == "reasoning":
        for piece in halves(part[1]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": "c2ln"}
    elif part[0] == "text":
        for piece in halves(part[1]):
            yield {"type": "text_delta", "text": piece}
    else:
        for piece in halves(json.dumps(part[3])):
            yield {"type": "input_json_delta", "partial_json": piece}


def anthropic_events(answer):
    empty = {
        "reasoning": {"thinking": "", "signature": ""},
        "text": {"text": ""},
        "call": {"input": {}},
    }
    message = anthropic_body(answer)
    message |= {"content": [], "stop_reason": None}
    message["usage"] |= {"output_tokens": 1, "output_tokens_details": None}
    yield ("message_start", {"type": "message_start", "message": message})
    yield ("ping", {"type": "ping"})
    for index, part in enumerate(answer["parts"]):
        block = anthropic_block(part) | empty[part[0]]
        start = {"type": "content_block_start", "index": index, "content_block": block}
        yield (start["type"], start)
        for delta in anthropic_deltas(part):
            event = {"type": "content_block_delta", "index": index, "delta": delta}
            yield (event["type"], event)
        yield ("content_block_stop", {"type": "content_block_stop", "index": index})
    usage = anthropic_usage(answer["usage"])
    usage = {name: usage[name] for name in ("output_tokens", "output_tokens_details")}
    delta = {"stop_reason": "tool_use", "stop_sequence": None}
    yield ("message_delta", {"type": "message_delta", "delta": delta, "usage": usage})
    yield ("message_stop", {"type": "message_stop"})


def gemini_part(part):
    if part[0] == "reasoning":
        return {"text": part[1], "thought": True}
    if part[0] == "text":
        return {"text": part[1]}
    call = {"id": part[1], "name": part[2], "args": part[3]}
    return {"functionCall": call, "thoughtSignature": "c2ln"}


def gemini_usage(usage):
    return {
        "promptTokenCount": usage[0],
        "cachedContentTokenCount": usage[1],
        "candidatesTokenCount": usage[2] - usage[3],
        "thoughtsTokenCount": usage[3],
        "totalTokenCount": usage[0] + usage[2],
    }


def gemini_body(answer):
    parts = [gemini_part(part) for part in answer["parts"]]
    content = {"role": "model", "parts": parts}
    return {
        "candidates": [{"index": 0, "content": content, "finishReason": "STOP"}],
        "usageMetadata": gemini_usage(answer["usage"]),
    }


def gemini_events(answer):
    for part in answer["parts"]:
        pieces = [gemini_part(part)]
        if part[0] != "call":
            pieces = [gemini_part((part[0], piece)) for piece in halves(part[1])]
        for piece in pieces:
            content = {"role": "model", "parts": [piece]}
            yield ("", {"candidates": [{"index": 0, "content": content}]})
    end = {"candidates": [{"index": 0, "content": {"parts": []}, "finishReason": "STOP"}]}
    yield ("", end | {"usageMetadata": gemini_usage(answer["usage"])})


def responses_item(part):
    if part[0] == "reasoning":
        summary = [{"type": "summary_text", "text": part[1]}]
        return {"type": "reasoning", "id": "rs", "summary": summary, "encrypted_content": "c2ln"}
    if part[0] == "text":
        content = [{"type": "output_text", "text": part[1], "annotations": []}]
        return {"type": "message", "id": "m", "role": "assistant", "content": content}
    return {
        "type": "function_call",
        "id": "fc",
        "call_id": part[1],
        "name": part[2],
        "arguments": json.dumps(part[3]),
    }


def responses_body(answer):
    usage = answer["usage"]
    return {
        "id": "resp",
        "object": "response",
        "status": "completed",
        "output": [responses_item(part) for part in answer["parts"]],
        "usage": {
            "input_tokens": usage[0],
            "input_tokens_details": {"cached_tokens": usage[1]},
            "output_tokens": usage[2],
            "output_tokens_details": {"reasoning_tokens": usage[3]},
        },
    }


RESPONSES_DELTAS = {
    "reasoning": "response.reasoning_summary_text.delta",
    "text": "response.output_text.delta",
    "call": "response.function_call_arguments.delta",
}


def responses_events(answer):
    def event(name, **members):
        return (name, {"type": name, "sequence_number": 0} | members)

    yield event("response.created", response={"status": "in_progress"})
    for index, part in enumerate(answer["parts"]):
        item = responses_item(part)
        begun = item | {"summary": [], "content": [], "arguments": "", "encrypted_content": None}
        yield event("response.output_item.added", output_index=index, item=begun)
        for piece in halves(json.dumps(part[3]) if part[0] == "call" else part[1]):
            yield event(RESPONSES_DELTAS[part[0]], output_index=index, delta=piece)
        yield event("response.output_item.done", output_index=index, item=item)
    yield event("response.completed", response=responses_body(answer))


BODY = {
    "openai-chat": chat_body,
    "openai-responses": responses_body,
    "anthropic": anthropic_body,
    "gemini": gemini_body,
}
EVENTS = {
    "openai-chat": chat_events,
    "openai-responses": responses_events,
    "anthropic": anthropic_events,
    "gemini": gemini_events,
}

# ---- clients: the SDKs' types ----


def as_list(pieces):
    """Facts in order; pieces of a text are one."""
    parts = []
    for piece in pieces:
        if parts and piece[0] in ("text", "reasoning") and parts[-1][0] == piece[0]:
            parts[-1] = (piece[0], parts[-1][1] + piece[1])
        elif piece[0] == "call" or piece[1]:
            parts.append(piece)
    return parts


def from_chat(completion):
    message = completion.choices[0].message
    assert completion.choices[0].finish_reason == "tool_calls"
    usage = completion.usage
    pieces = [("reasoning", getattr(message, "reasoning_content", "")), ("text", message.content)]
    for call in message.tool_calls:
        arguments = json.loads(call.function.arguments)
        pieces.append(("call", call.id.split("~")[0], call.function.name, arguments))
    return {
        "parts": as_list(pieces),
        "usage": (
            usage.prompt_tokens,
            usage.prompt_tokens_details.cached_tokens,
            usage.completion_tokens,
            usage.completion_tokens_details.reasoning_tokens,
        ),
    }


def read_chat_body(text):
    return from_chat(ChatCompletion.model_validate_json(text, strict=True))


def read_chat_stream(events):
    message, usage, reason = {"content": "", "reasoning_content": "", "tool_calls": []}, None, None
    for name, data in events:
        assert name == ""
        chunk = ChatCompletionChunk.model_validate_json(data, strict=True)
        usage = chunk.usage or usage
        for choice in chunk.choices:
            reason = choice.finish_reason or reason
            delta = choice.delta
            message["content"] += delta.content or ""
            message["reasoning_content"] += getattr(delta, "reasoning_content", None) or ""
            for call in delta.tool_calls or ():
                if call.index == len(message["tool_calls"]):
                    message["tool_calls"].append(call.model_dump())
                else:
                    known = message["tool_calls"][call.index]["function"]
                    known["arguments"] += call.function.arguments
    choice = {"index": 0, "message": message | {"role": "assistant"}, "finish_reason": reason}
    head = {"id": "c", "created": 1, "model": "m", "object": "chat.completion"}
    whole = head | {"choices": [choice], "usage": usage.model_dump()}
    return from_chat(ChatCompletion.model_validate(whole))


def from_anthropic(message):
    usage = message.usage
    assert message.stop_reason == "tool_use"
    pieces = []
    for block in message.content:
        if block.type == "thinking":
            pieces.append(("reasoning", block.thinking))
        elif block.type == "text":
            pieces.append(("text", block.text))
        else:
            pieces.append(("call", block.id, block.name, block.input))
    cached = usage.cache_read_input_tokens
    prompt = usage.input_tokens + cached + usage.cache_creation_input_tokens
    thought = usage.output_tokens_details.thinking_tokens
    return {"parts": as_list(pieces), "usage": (prompt, cached, usage.output_tokens, thought)}


def read_anthropic_body(text):
    return from_anthropic(Message.model_validate_json(text, strict=True))


def anthropic_add(block, delta):
    if delta.type == "text_delta":
        block["text"] += delta.text
    elif delta.type == "thinking_delta":
        block["thinking"] += delta.thinking
    elif delta.type == "signature_delta":
        block["signature"] += delta.signature
    else:
        block["input"] = block["input"] or ""
        block["input"] += delta.partial_json


def read_anthropic_stream(events):
    adapter = TypeAdapter(RawMessageStreamEvent)
    message, opened, ended = None, None, []
    for name, data in events:
        event = adapter.validate_json(data, strict=True)
        assert event.type == name
        ended.append(name)
        if name == "message_start":
            assert message is None
            message = event.message.model_dump()
        elif name == "content_block_start":
            assert opened is None
            assert event.index == len(message["content"])
            opened = event.index
            message["content"].append(event.content_block.model_dump())
        elif name == "content_block_delta":
            assert event.index == opened
            anthropic_add(message["content"][opened], event.delta)
        elif name == "content_block_stop":
            assert event.index == opened
            opened = None
        elif name == "message_delta":
            message["stop_reason"] = event.delta.stop_reason
            message["usage"] |= event.usage.model_dump()
    assert opened is None
    assert ended[-2:] == ["message_delta", "message_stop"]
    for block in message["content"]:
        if block["type"] == "tool_use":
            block["input"] = json.loads(block["input"] or "{}")
    return from_anthropic(Message.model_validate(message))


def gemini_pieces(parts):
    for part in parts or ():
        if part.function_call:
            call = part.function_call
            yield ("call", call.id, call.name, call.args)
        elif part.text:
            yield ("reasoning" if part.thought else "text", part.text)


def gemini_use(usage):
    return (
        usage.prompt_token_count,
        usage.cached_content_token_count,
        usage.candidates_token_count + usage.thoughts_token_count,
        usage.thoughts_token_count,
    )


def read_gemini_body(text):
    answer = GenerateContentResponse.model_validate_json(text)
    assert answer.candidates[0].finish_reason == "STOP"
    pieces = list(gemini_pieces(answer.candidates[0].content.parts))
    return {"parts": as_list(pieces), "usage": gemini_use(answer.usage_metadata)}


def read_gemini_stream(events):
    pieces, usage, reason = [], None, None
    for name, data in events:
        assert name == ""
        answer = GenerateContentResponse.model_validate_json(data)
        pieces += gemini_pieces(answer.candidates[0].content.parts)
        usage = answer.usage_metadata or usage
        reason = answer.candidates[0].finish_reason or reason
    assert reason == "STOP"
    return {"parts": as_list(pieces), "usage": gemini_use(usage)}


def from_response(response):
    assert response.status == "completed"
    pieces = []
    for item in response.output:
        if item.type == "reasoning":
            pieces += [("reasoning", part.text) for part in item.summary]
        elif item.type == "message":
            pieces += [("text", part.text) for part in item.content]
        else:
            pieces.append(("call", item.call_id, item.name, json.loads(item.arguments)))
    usage = response.usage
    return {
        "parts": as_list(pieces),
        "usage": (
            usage.input_tokens,
            usage.input_tokens_details.cached_tokens,
            usage.output_tokens,
            usage.output_tokens_details.reasoning_tokens,
        ),
    }


def read_responses_body(text):
    open_responses.ResponseResource.model_validate_json(text)
    return from_response(Response.model_validate_json(text))


OPEN_EVENTS = {
    name: value
    for name, value in vars(open_responses).items()
    if name.endswith("StreamingEvent") and name != "ErrorStreamingEvent"
}


def open_event(data):
    """The event by the Open Responses specification, found by its type."""
    words = json.loads(data)["type"].split(".")
    for value in OPEN_EVENTS.values():
        kind = value.model_fields["type"].annotation
        if [member.value for member in kind] == [".".join(words)]:
            return value.model_validate_json(data)
    raise AssertionError(f"no such event: {'.'.join(words)}")


# The specification names the events of a summary differently from OpenAI's types.
NOT_OPEN = ("response.reasoning_summary", "response.custom_tool_call")


def read_responses_stream(events):
    adapter = TypeAdapter(ResponseStreamEvent)
    last, items = None, []
    for number, (name, data) in enumerate(events):
        last = adapter.validate_json(data)
        assert last.type == name
        assert last.sequence_number == number
        if not name.startswith(NOT_OPEN):
            open_event(data)
        if name == "response.output_item.done":
            items.append(last.item.model_dump())
    assert last.type == "response.completed"
    assert [item.model_dump() for item in last.response.output] == items
    return from_response(last.response)


READ_BODY = {
    "openai-chat": read_chat_body,
    "openai-responses": read_responses_body,
    "anthropic": read_anthropic_body,
    "gemini": read_gemini_body,
}
READ_STREAM = {
    "openai-chat": read_chat_stream,
    "openai-responses": read_responses_stream,
    "anthropic": read_anthropic_stream,
    "gemini": read_gemini_stream,
}
