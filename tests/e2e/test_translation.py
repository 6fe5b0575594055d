"""The translation between dialects against the types of the official SDKs."""

import copy
import json
import re

import dialect_answers
import dialects
import pytest
from anthropic.types import message_create_params
from google.genai import types as gemini
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from openresponses_types import types as open_responses
from pydantic import TypeAdapter
from translating import ROOT, ask, translate

NAMES = list(dialects.WRITE)
PAIRS = [(client, provider) for client in NAMES for provider in NAMES if client != provider]


# ---- what providers get ----


def check_gemini(body):
    known = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
    assert set(body) <= known
    for content in [*body["contents"], body["systemInstruction"]]:
        gemini.Content.model_validate(content)
    for tool in body["tools"]:
        gemini.Tool.model_validate(tool)
    gemini.ToolConfig.model_validate(body["toolConfig"])
    gemini.GenerationConfig.model_validate(body["generationConfig"])


def check_typed(params):
    return lambda body: TypeAdapter(params).validate_python(body)


def check_responses(body):
    check_typed(response_create_params.ResponseCreateParams)(body)
    open_responses.CreateResponseBody.model_validate(body)


CHECK = {
    "openai-chat": check_typed(completion_create_params.CompletionCreateParams),
    "openai-responses": check_responses,
    "anthropic": check_typed(message_create_params.MessageCreateParams),
    "gemini": check_gemini,
}


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_request_is_carried(client, provider):
    talk = copy.deepcopy(dialects.TALK)
    result = ask(client, provider, dialects.WRITE[client](talk))
    body = json.loads(result["request"])
    CHECK[provider](body)
    found = dialects.READ[provider](body)
    expected = json.loads(json.dumps(talk))  # tuples become lists
    assert json.loads(json.dumps(found)) == expected


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_request_comes_back(client, provider):
    """Through the other dialect and back again: nothing is lost on the way."""
    talk = copy.deepcopy(dialects.TALK)
    there = json.loads(ask(client, provider, dialects.WRITE[client](talk))["request"])
    if provider == "anthropic":  # off, because a tool must be called
        assert there.pop("thinking") == {"type": "disabled"}
    back = json.loads(ask(provider, client, there)["request"])
    CHECK[client](back)
    found = dialects.READ[client](back)
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(talk))


# ---- what clients get ----

REQUEST = {
    "openai-chat": {"messages": [], "stream": True, "stream_options": {"include_usage": True}},
    "openai-responses": {"input": "x"},
    "anthropic": {"max_tokens": 9, "messages": []},
    "gemini": {"contents": []},
}


def facts(answer):
    return json.loads(json.dumps(answer))


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_plain_answer_is_carried(client, provider):
    body = dialect_answers.BODY[provider](dialect_answers.ANSWER)
    for text in (json.dumps(body), json.dumps(body, indent=2)):
        result = ask(client, provider, REQUEST[client], body=text)
        assert "why" not in result
        found = dialect_answers.READ_BODY[client](result["answer"])
        assert facts(found) == facts(dialect_answers.ANSWER)


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_stream_is_carried(client, provider):
    events = dialect_answers.EVENTS[provider](dialect_answers.ANSWER)
    events = [[name, json.dumps(data)] for name, data in events]
    result = ask(client, provider, REQUEST[client], events=events, streamed=True)
    assert "why" not in result
    found = dialect_answers.READ_STREAM[client](dialect_answers.split_events(result["answer"]))
    assert facts(found) == facts(dialect_answers.ANSWER)


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_plain_answer_becomes_a_stream(client, provider):
    body = json.dumps(dialect_answers.BODY[provider](dialect_answers.ANSWER), indent=1)
    result = ask(client, provider, REQUEST[client], body=body, streamed=True)
    assert "why" not in result
    found = dialect_answers.READ_STREAM[client](dialect_answers.split_events(result["answer"]))
    assert facts(found) == facts(dialect_answers.ANSWER)


# ---- reasoning comes back to who has signed it ----


def echo(client, answer):
    """The client's next request: it sends back what it got, and a result for each call."""
    if client == "openai-chat":
        message = answer["choices"][0]["message"]
        calls = [call["id"] for call in message["tool_calls"]]
        results = [{"role": "tool", "tool_call_id": call, "content": "r"} for call in calls]
        return {"messages": [{"role": "user", "content": "q"}, message, *results]}
    if client == "openai-responses":
        calls = [item["call_id"] for item in answer["output"] if item["type"] == "function_call"]
        results = [
            {"type": "function_call_output", "call_id": call, "output": "r"} for call in calls
        ]
        return {"input": [{"role": "user", "content": "q"}, *answer["output"], *results]}
    if client == "anthropic":
        calls = [block["id"] for block in answer["content"] if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": call, "content": "r"} for call in calls]
        turns = [("user", "q"), ("assistant", answer["content"]), ("user", results)]
        messages = [{"role": role, "content": content} for role, content in turns]
        return {"max_tokens": 9, "messages": messages}
    content = answer["candidates"][0]["content"]
    # As Google's SDKs do it: bytes in between.
    content = gemini.Content.model_validate(content).model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
    results = [
        {"functionResponse": {"id": c["id"], "name": c["name"], "response": {"output": "r"}}}
        for c in calls
    ]
    first = {"role": "user", "parts": [{"text": "q"}]}
    return {"contents": [first, content, {"role": "user", "parts": results}]}


def signed_anthropic(body):
    blocks = body["messages"][1]["content"]
    assert blocks[0] == {"type": "thinking", "thinking": 'Hmm "so".', "signature": "c2ln"}
    return [block["type"] for block in blocks]


def signed_gemini(body):
    parts = body["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts if "functionCall" in part] == [
        "c2ln",
        "c2ln",
    ]
    return ["tool_use" if "functionCall" in part else "text" for part in parts]


def signed_responses(body):
    items = body["input"]
    assert items[1]["type"] == "reasoning"
    assert items[1]["encrypted_content"] == "c2ln"
    assert items[1]["summary"] == [{"type": "summary_text", "text": 'Hmm "so".'}]
    return [item["type"] for item in items]


SIGNED = {
    "anthropic": signed_anthropic,
    "gemini": signed_gemini,
    "openai-responses": signed_responses,
}


@pytest.mark.parametrize(("client", "provider"), [pair for pair in PAIRS if pair[1] in SIGNED])
def test_signature_comes_back(client, provider):
    body = dialect_answers.BODY[provider](dialect_answers.ANSWER)
    answer = ask(client, provider, REQUEST[client], body=json.dumps(body))["answer"]
    again = ask(client, provider, echo(client, json.loads(answer)))
    kinds = SIGNED[provider](json.loads(again["request"]))
    assert "gw1" not in again["request"]
    assert [kind for kind in kinds if kind in ("tool_use", "function_call")]


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_foreign_signature_stays_out(client, provider):
    """Another provider answers next: what it cannot read is not sent to it."""
    for other in SIGNED:
        if other in (client, provider):
            continue
        body = dialect_answers.BODY[other](dialect_answers.ANSWER)
        answer = ask(client, other, REQUEST[client], body=json.dumps(body))["answer"]
        again = ask(client, provider, echo(client, json.loads(answer)))
        assert "gw1" not in again["request"]
        assert "c2ln" not in again["request"]


# ---- docs/DIALECTS.md: what it says of each word is true ----

FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
LOOK = {"url": "https://a.example/p.png", "detail": "low"}
CACHED = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
FAILED = {"type": "tool_result", "tool_use_id": "t", "content": "x", "is_error": True}
USED = {"type": "tool_use", "id": "t", "name": "f", "input": {}}

# word -> the client that can say it, the member that a refusal names, what a request has beside
SAMPLES = {
    "detail": ("openai-chat", None, {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": LOOK}]}]}),
    "audio": ("openai-chat", "messages", {"messages": [{"role": "user", "content": [SOUND]}]}),
    "is_error": ("anthropic", None, {"messages": [{"role": "assistant", "content": [USED]},
                                                  {"role": "user", "content": [FAILED]}]}),
    "strict": ("anthropic", None, {"tools": [{"name": "f", "strict": True, "input_schema": {}}]}),
    "parallel": ("openai-chat", "parallel_tool_calls",
                 {"tools": [FUNCTION], "parallel_tool_calls": False}),
    "json": ("openai-chat", "response_format", {"response_format": {"type": "json_object"}}),
    "stop": ("openai-chat", "stop", {"stop": "x"}),
    "budget": ("anthropic", None, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
    "temperature": ("openai-chat", None, {"temperature": 0.25}),
    "top_p": ("openai-chat", None, {"top_p": 0.25}),
    "top_k": ("anthropic", None, {"top_k": 5}),
    "seed": ("openai-chat", None, {"seed": 5}),
    "presence_penalty": ("openai-chat", "presence_penalty", {"presence_penalty": 0.5}),
    "frequency_penalty": ("openai-chat", "frequency_penalty", {"frequency_penalty": 1}),
    "logit_bias": ("openai-chat", "logit_bias", {"logit_bias": {"5": 1}}),
    "n": ("openai-chat", "n", {"n": 2}),
    "logprobs": ("openai-chat", "logprobs", {"logprobs": True}),
    "top_logprobs": ("openai-chat", "logprobs", {"logprobs": True, "top_logprobs": 2}),
    "verbosity": ("openai-chat", None, {"verbosity": "low"}),
    "modalities": ("openai-chat", "modalities", {"modalities": ["text", "image"]}),
    "user": ("openai-chat", None, {"user": "u"}),
    "metadata": ("openai-chat", None, {"metadata": {"a": "b"}}),
    "cache_key": ("openai-chat", None, {"prompt_cache_key": "k"}),
    "cache": ("anthropic", None, {"messages": [{"role": "user", "content": [CACHED]}]}),
    "service_tier": ("openai-chat", None, {"service_tier": "default"}),
}  # fmt: skip


def table_of_words():
    """Word and dialect -> "carried", "left out" or "refused"."""
    said = {}
    for line in (
        (ROOT / "docs/DIALECTS.md").read_text().split("## What a client gets")[0].split("\n")
    ):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 6 or cells[0] in ("word", "---"):
            continue
        for dialect, cell in zip(NAMES_IN_PAGE, cells[2:], strict=True):
            kind = "left out" if cell.startswith("left out") else "carried"
            said[cells[0], dialect] = "refused" if cell.startswith("**refused**") else kind
    return said


NAMES_IN_PAGE = ["openai-chat", "openai-responses", "anthropic", "gemini"]


@pytest.mark.parametrize("word", SAMPLES)
def test_page_is_true(word):
    said = table_of_words()
    client, param, added = SAMPLES[word]
    base = dict(REQUEST[client])
    base["messages"] = [{"role": "user", "content": "x"}]
    for provider in NAMES_IN_PAGE:
        if provider == client:
            continue
        plain, result = translate(
            *({"client": client, "provider": provider, "request": json.dumps(base | more)}
              for more in ({}, added))
        )  # fmt: skip
        claim = said[word, provider]
        if claim == "refused":
            assert "request" not in result, provider
            assert result["param"] == param
        elif "messages" in added or "tools" in added:
            assert "request" in result
            marks = (
                "detail",
                "cache_control",
                "is_error",
                "error",
                "strict",
                "inlineData",
                "parallel",
            )
            assert any(mark in result["request"] for mark in marks) == (claim == "carried"), (
                provider
            )
        else:
            assert (result["request"] != plain["request"]) == (claim == "carried"), provider


def test_page_has_all_words():
    words = {word for word, _ in table_of_words()}
    always = {"system", "text", "image", "file", "reasoning", "call", "result", "refusal", "tools",
              "choice", "format", "limit", "effort", "thoughts"}  # fmt: skip
    assert words == always | set(SAMPLES)


# ---- names of tools that a provider does not take ----

LONG_NAMES = ["mcp__plugin_chrome-devtools-mcp_chrome-devtools__get_console_message", "größer als",
              "files.read:all"]  # fmt: skip
TAKEN = dict.fromkeys(NAMES, r"[A-Za-z0-9_-]{1,64}") | {"gemini": r"[A-Za-z_][\w.:-]{0,63}"}


def named(document, name):
    """With another name in the place of `find`."""
    return json.loads(json.dumps(document).replace('"find"', json.dumps(name)))


@pytest.mark.parametrize("name", LONG_NAMES, ids=["long", "odd", "dots"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_tool_with_an_odd_name_is_called(client, provider, name):
    request = named(dialects.WRITE[client](copy.deepcopy(dialects.TALK)), name)
    body = json.loads(ask(client, provider, request)["request"])
    CHECK[provider](body)
    found = dialects.READ[provider](body)
    ours = next(tool for tool in found["tools"] if tool != "stop")
    assert re.fullmatch(TAKEN[provider], ours, re.ASCII)
    assert (ours == name) == (provider == "gemini" and name == "files.read:all")
    assert json.loads(json.dumps(found)) == named(dialects.TALK, ours)
    asked = REQUEST[client] | {"tools": request["tools"]}
    answer = named(dialect_answers.BODY[provider](dialect_answers.ANSWER), ours)
    result = ask(client, provider, asked, body=json.dumps(answer))
    read = dialect_answers.READ_BODY[client](result["answer"])
    assert facts(read) == named(facts(dialect_answers.ANSWER), name)
    events = dialect_answers.EVENTS[provider](dialect_answers.ANSWER)
    events = [[kind, json.dumps(named(data, ours))] for kind, data in events]
    result = ask(client, provider, asked, events=events, streamed=True)
    read = dialect_answers.READ_STREAM[client](dialect_answers.split_events(result["answer"]))
    assert facts(read) == named(facts(dialect_answers.ANSWER), name)


# ---- what a model cannot do ----

TOLD = ("reasoning_effort", "reasoning", "thinking", "output_config", "thinkingConfig", "include")


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_model_that_never_reasons_is_not_told_how_much(client, provider):
    request = dialects.WRITE[client](copy.deepcopy(dialects.TALK))
    result = ask(client, provider, request, never_reasons=True)
    body = json.loads(result["request"])
    settings = body.get("generationConfig", body)
    if provider == "anthropic":
        assert set(settings.pop("output_config")) == {"format"}
    assert not set(settings) & set(TOLD)


THEIRS = {
    "search_result": {"type": "search_result", "source": "s", "title": "t", "content": []},
    "server_tool_use": {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
    "web_search_tool_result": {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
}


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("provider", ["openai-chat", "openai-responses", "gemini"])
def test_what_only_anthropic_has_is_refused_by_its_place(provider, name):
    messages = [{"role": "user", "content": [THEIRS[name]]}]
    result = ask("anthropic", provider, {"max_tokens": 9, "messages": messages})
    assert "request" not in result
    assert result["param"] == "messages[0].content[0].type"
    assert f"'{name}'" in result["message"]
