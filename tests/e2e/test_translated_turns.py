"""What providers refuse, though clients may say it: a translation writes it in another way, or says
by its name what cannot be carried over. Each rule is of the provider's own documentation."""

import base64
import json

import pytest
from translating import ask

NAMES = ("openai-chat", "openai-responses", "anthropic", "gemini")
ASKED = "q"


def pairs_to(*providers):
    return [(client, provider) for client in NAMES for provider in providers if client != provider]


def asked(client, **members):
    turn = {"role": "user", "content": ASKED}
    said = {
        "openai-chat": {"messages": [turn]},
        "openai-responses": {"input": [turn]},
        "anthropic": {"max_tokens": 9000, "messages": [turn]},
        "gemini": {"contents": [{"role": "user", "parts": [{"text": ASKED}]}]},
    }
    return said[client] | members


def carried(client, provider, request, **more):
    result = ask(client, provider, request, **more)
    assert "request" in result, result
    return json.loads(result["request"])


def refused(client, provider, request):
    result = ask(client, provider, request)
    assert "request" not in result
    assert result["param"] in result["message"]
    return result["param"]


# ---- results stand right behind their calls, before anything else ----

NOTE = {"role": "user", "content": "note"}
TOLD = {"role": "developer", "content": "note"}
SAID = {"role": "assistant", "content": "note"}


def chat_call(*ids):
    called = {"name": "f", "arguments": "{}"}
    calls = [{"id": one, "type": "function", "function": called} for one in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def chat_result(one):
    return {"role": "tool", "tool_call_id": one, "content": "r"}


def item_call(one):
    return {"type": "function_call", "call_id": one, "name": "f", "arguments": "{}"}


def item_result(one):
    return {"type": "function_call_output", "call_id": one, "output": "r"}


def block_result(one):
    return {"type": "tool_result", "tool_use_id": one, "content": "r"}


def block_call(one):
    return {"type": "tool_use", "id": one, "name": "f", "input": {}}


def gemini_result(one):
    return {"functionResponse": {"id": one, "name": "f", "response": {"output": "r"}}}


def gemini_call(one):
    return {"functionCall": {"id": one, "name": "f", "args": {}}}


def talked(client, *turns):
    member = {"openai-chat": "messages", "openai-responses": "input", "anthropic": "messages"}
    request = asked(client)
    request[member.get(client, "contents")] += turns
    return request


def gemini_turns(*turns):
    return [{"role": role, "parts": parts} for role, parts in turns]


CALLS = gemini_turns(("model", [gemini_call("c"), gemini_call("d")]))
APART = {
    "developer, chat": talked("openai-chat", chat_call("c", "d"), TOLD, chat_result("d"),
                              chat_result("c")),
    "user, chat": talked("openai-chat", chat_call("c", "d"), chat_result("d"), NOTE,
                         chat_result("c")),
    "user, responses": talked("openai-responses", item_call("c"), item_call("d"), NOTE,
                              item_result("c"), item_result("d")),
    "developer, responses": talked("openai-responses", item_call("c"), item_call("d"),
                                   item_result("c"), TOLD, item_result("d")),
    "assistant, responses": talked("openai-responses", item_call("c"), item_call("d"),
                                   item_result("c"), SAID, item_result("d")),
    "text, anthropic": talked("anthropic",
                              {"role": "assistant", "content": [block_call("c"), block_call("d")]},
                              {"role": "user", "content": [
                                  {"type": "text", "text": "note"}, block_result("c"),
                                  block_result("d")]}),
    "text, gemini": talked("gemini", *CALLS, *gemini_turns(
        ("user", [{"text": "note"}, gemini_result("d"), gemini_result("c")]))),
    "turn, gemini": talked("gemini", *CALLS, *gemini_turns(
        ("user", [gemini_result("c")]), ("user", [{"text": "note"}]),
        ("user", [gemini_result("d")]))),
}  # fmt: skip


def chat_order(body):
    for message in body["messages"][1:]:
        yield from ("call " + call["id"] for call in message.get("tool_calls", ()))
        if message["role"] == "tool":
            yield "result " + message["tool_call_id"]
        elif message["content"]:
            yield message["content"]


def responses_order(body):
    names = {"function_call": "call ", "function_call_output": "result "}
    for item in body["input"][1:]:
        named = names.get(item["type"])
        yield named + item["call_id"] if named else "note"


def anthropic_order(body):
    for message in body["messages"][1:]:
        for block in message["content"]:
            if block["type"] == "text":
                yield block["text"]
            else:
                yield f"call {block['id']}" if "id" in block else f"result {block['tool_use_id']}"


def gemini_order(body):
    for content in body["contents"][1:]:
        for part in content["parts"]:
            if "functionCall" in part:
                yield "call " + part["functionCall"]["id"]
            elif "functionResponse" in part:
                yield "result " + part["functionResponse"]["id"]
            else:
                yield part["text"]


ORDER = {"openai-chat": chat_order, "openai-responses": responses_order,
         "anthropic": anthropic_order, "gemini": gemini_order}  # fmt: skip


def client_of(request):
    members = {"input": "openai-responses", "contents": "gemini", "max_tokens": "anthropic"}
    return next((name for key, name in members.items() if key in request), "openai-chat")


@pytest.mark.parametrize("provider", NAMES)
@pytest.mark.parametrize("case", APART)
def test_results_follow_their_calls(provider, case):
    client = client_of(APART[case])
    if provider == client:
        return
    order = list(ORDER[provider](carried(client, provider, APART[case])))
    hoisted = "developer" in case and provider in ("anthropic", "gemini")
    after = [] if hoisted else ["note"]
    assert order == ["call c", "call d", "result c", "result d", *after]


AGAIN = [
    (["c"], ["c"], ["c"]),
    (["c", "c"], ["d"], ["c"]),
    (["c"], ["c_2", "c"], ["c", "c_3"]),
]


@pytest.mark.parametrize("provider", ["openai-responses", "anthropic", "gemini"])
@pytest.mark.parametrize("turns", AGAIN)
def test_each_call_has_an_id_of_its_own(provider, turns):
    """Servers behind OpenAI's chat use their ids again in each turn; Anthropic refuses that."""
    request = asked("openai-chat")
    for ids in turns:
        results = [chat_result(one) for one in ids]
        request["messages"] += [chat_call(*ids), TOLD, *results]
    order = list(ORDER[provider](carried("openai-chat", provider, request)))
    order = [entry for entry in order if entry != "note"]
    at = 0
    calls = []
    for ids in turns:
        called = [entry.removeprefix("call ") for entry in order[at : at + len(ids)]]
        answered = order[at + len(ids) : at + 2 * len(ids)]
        assert answered == [f"result {one}" for one in called]
        calls += called
        at += 2 * len(ids)
    assert len(set(calls)) == len(calls) == len(order) // 2
    assert calls[0] == turns[0][0]
    assert "c_2" not in turns[1] or calls[1] == "c_2"


def test_many_calls_without_results_are_read_in_linear_time():
    turns = [chat_call(f"c{n}") for n in range(3000)]
    body = carried("openai-chat", "anthropic", talked("openai-chat", *turns, chat_result("c0")))
    order = list(anthropic_order(body))
    assert order[:3] == ["call c0", "result c0", "call c1"]
    assert len(order) == 3001


# ---- texts that a provider does not take ----


@pytest.mark.parametrize("blank", ["", "\n\n", " \t\r\n" * 8])
def test_anthropic_gets_no_blank_texts(blank):
    called = chat_call("c") | {"content": blank}
    parts = [{"type": "text", "text": blank}, {"type": "text", "text": "x"}]
    result = chat_result("c") | {"content": blank}
    system = {"role": "system", "content": blank}
    request = asked("openai-chat")
    request["messages"] += [system, called, result, {"role": "user", "content": parts}]
    body = carried("openai-chat", "anthropic", request)
    assert list(anthropic_order(body)) == ["call c", "result c", "x"]
    assert "system" not in body
    assert "content" not in body["messages"][2]["content"][0]


def test_chat_gets_a_content_where_only_thoughts_are_left():
    def turn(*blocks):
        said = {"role": "assistant", "content": list(blocks)}
        request = talked("anthropic", said, NOTE)
        return carried("anthropic", "openai-chat", request)["messages"][1:-1]

    thought = {"type": "thinking", "thinking": "Hmm.", "signature": "s"}
    assert turn(thought) == [{"role": "assistant", "content": "", "reasoning_content": "Hmm."}]
    assert turn({"type": "redacted_thinking", "data": "s"}) == []


@pytest.mark.parametrize("client", ["openai-responses", "anthropic", "gemini"])
def test_ids_of_calls_are_as_short_as_openai_takes_them(client):
    one, other = "x" * 60 + "1", "x" * 60 + "2"
    request = {
        "openai-responses": lambda: talked(client, item_call(one), item_call(other),
                                           item_result(one), item_result(other)),
        "anthropic": lambda: talked(client, {"role": "assistant", "content": [
            block_call(one), block_call(other)]}, {"role": "user", "content": [
                block_result(one), block_result(other)]}),
        "gemini": lambda: talked(client, *gemini_turns(
            ("model", [gemini_call(one), gemini_call(other)]),
            ("user", [gemini_result(one), gemini_result(other)]))),
    }[client]()  # fmt: skip
    body = carried(client, "openai-chat", request)
    calls = [call["id"] for call in body["messages"][1]["tool_calls"]]
    assert [message["tool_call_id"] for message in body["messages"][2:]] == calls
    assert len(set(calls)) == 2
    assert all(len(call) <= 40 for call in calls)


BROKEN = ['{"x": ', "[1]", '"x"', "no JSON"]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("client", ["openai-chat", "openai-responses"])
@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
def test_arguments_that_are_no_object_do_not_end_a_conversation(client, provider, broken):
    """A model was cut, or wrote no JSON; an agent tells it what its tool said to that."""
    call = chat_call("c")
    call["tool_calls"][0]["function"]["arguments"] = broken
    turns = {
        "openai-chat": [call, chat_result("c")],
        "openai-responses": [item_call("c") | {"arguments": broken}, item_result("c")],
    }
    body = carried(client, provider, talked(client, *turns[client]))
    found = (
        body["messages"][1]["content"][0]["input"]
        if provider == "anthropic"
        else body["contents"][1]["parts"][0]["functionCall"]["args"]
    )
    assert found == {"arguments": broken}


def test_what_only_a_system_says_is_asked():
    request = {"messages": [{"role": "system", "content": "s"}]}
    body = carried("openai-chat", "openai-responses", request)
    assert [(item["role"], item["content"]) for item in body["input"]] == [("developer", "s")]
    assert "instructions" not in body


# ---- files ----

TEXT = 'Größe "1"\n'


def with_file(client, media, data):
    encoded = base64.b64encode(data).decode()
    url = f"data:{media};base64,{encoded}"
    if client == "gemini":
        part = {"inlineData": {"mimeType": media, "data": encoded}}
        return {"contents": [{"role": "user", "parts": [part]}]}
    if client == "openai-chat":
        part = {"type": "file", "file": {"filename": "a.txt", "file_data": url}}
        return {"messages": [{"role": "user", "content": [part]}]}
    part = {"type": "input_file", "filename": "a.txt", "file_data": url}
    return {"input": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize("client", ["openai-chat", "openai-responses", "gemini"])
@pytest.mark.parametrize("provider", ["openai-chat", "anthropic"])
@pytest.mark.parametrize("media", ["text/plain", "text/markdown"])
def test_a_plain_text_in_base64_is_read(client, provider, media):
    if client == provider:
        return
    body = carried(client, provider, with_file(client, media, TEXT.encode()))
    part = body["messages"][0]["content"][0]
    found = part["text"] if provider == "openai-chat" else part["source"]["data"]
    assert found == TEXT
    if provider == "anthropic":
        assert part["source"]["media_type"] == "text/plain"
    member = {"gemini": "contents", "openai-chat": "messages", "openai-responses": "input"}
    assert refused(client, provider, with_file(client, media, b"\xff\xfe")) == member[client]


@pytest.mark.parametrize("provider", ["openai-responses", "anthropic", "gemini"])
def test_an_address_with_data_must_have_it_in_base64(provider):
    image = {"type": "image_url", "image_url": {"url": "data:image/png,abc"}}
    request = {"messages": [{"role": "user", "content": [image]}]}
    place = "messages[0].content[0].image_url.url"
    assert refused("openai-chat", provider, request) == place


# ---- how much to reason ----

OFF = {
    "anthropic": {"thinking": {"type": "disabled"}},
    "gemini": {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}},
    "openai-chat": {"reasoning_effort": "none"},
    "openai-responses": {"reasoning": {"effort": "none"}},
}
IS_OFF = {
    "anthropic": lambda body: body["thinking"] == {"type": "disabled"},
    "gemini": lambda body: body["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 0,
    "openai-chat": lambda body: body["reasoning_effort"] == "none",
    "openai-responses": lambda body: body["reasoning"] == {"effort": "none"},
}


@pytest.mark.parametrize(("client", "provider"), pairs_to(*NAMES))
def test_reasoning_is_switched_off(client, provider):
    assert IS_OFF[provider](carried(client, provider, asked(client, **OFF[client])))


UNKNOWN = {
    "anthropic": ({"thinking": {"type": "loud"}}, "thinking.type"),
    "gemini": ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOUD"}}},
               "generationConfig.thinkingConfig"),
}  # fmt: skip


@pytest.mark.parametrize("client", UNKNOWN)
@pytest.mark.parametrize("provider", NAMES)
def test_an_unknown_word_for_it_is_refused(client, provider):
    if client != provider:
        members, param = UNKNOWN[client]
        assert refused(client, provider, asked(client, **members)) == param


TIERS = {"anthropic": "service_tier", "gemini": "serviceTier"}


@pytest.mark.parametrize(
    ("client", "provider"), [pair for pair in pairs_to(*NAMES) if pair[0] in TIERS]
)
def test_an_unknown_tier_is_not_called_missing(client, provider):
    result = ask(client, provider, asked(client, **{TIERS[client]: "loud"}))
    assert (result["param"], result["code"]) == (TIERS[client], "invalid_value")


def thought_over(client, signed, budget):
    """A turn of tools, whose thoughts Anthropic has signed or another has."""
    mark = base64.b64encode(signed.encode()).decode()
    call = gemini_call("c") | {"thoughtSignature": mark}
    turns = gemini_turns(("model", [call]), ("user", [gemini_result("c")]))
    thinking = {"thinkingConfig": {"thinkingBudget": budget}}
    return talked(client, *turns) | {"generationConfig": thinking}


def test_a_turn_that_has_lost_its_thoughts_has_no_budget_for_more():
    """Anthropic: with manual thinking such a turn must begin with its thoughts."""

    def thinking(signed, budget=2000):
        request = thought_over("gemini", signed, budget)
        return carried("gemini", "anthropic", request)["thinking"]

    manual = {"type": "enabled", "budget_tokens": 2000}
    assert thinking("gw1.anthropic.c2ln") == manual
    assert thinking("gw1.openai-responses.c2ln") == {"type": "disabled"}
    assert thinking("gw1.openai-responses.c2ln", -1)["type"] == "adaptive"
    fresh = asked("gemini", generationConfig={"thinkingConfig": {"thinkingBudget": 2000}})
    assert carried("gemini", "anthropic", fresh)["thinking"] == manual


REASONS = {
    "openai-chat": {"reasoning_effort": "high", "tool_choice": "required"},
    "openai-responses": {"reasoning": {"effort": "high"}, "tool_choice": "required"},
    "gemini": {
        "generationConfig": {"thinkingConfig": {"thinkingBudget": 2000}},
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    },
}
FUNCTION = {
    "openai-chat": {"type": "function", "function": {"name": "f"}},
    "openai-responses": {"type": "function", "name": "f"},
    "gemini": {"functionDeclarations": [{"name": "f"}]},
}


@pytest.mark.parametrize("client", REASONS)
def test_a_forced_call_is_not_thought_about(client):
    """Anthropic: "Thinking may not be enabled when tool_choice forces tool use"."""
    request = asked(client, tools=[FUNCTION[client]], **REASONS[client])
    body = carried(client, "anthropic", request)
    assert body["tool_choice"]["type"] in ("any", "tool")
    assert body["thinking"] == {"type": "disabled"}
    if client != "gemini":
        assert body["output_config"] == {"effort": "high"}


# ---- a tool must be called ----

FORCED = {
    "openai-chat": ({"tool_choice": "required"}, "tool_choice"),
    "openai-responses": ({"tool_choice": "required", "tools": [{"type": "web_search"}]},
                         "tool_choice"),
    "anthropic": ({"tool_choice": {"type": "any"}, "tools": []}, "tool_choice"),
    "gemini": ({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "toolConfig"),
}  # fmt: skip


@pytest.mark.parametrize(("client", "provider"), pairs_to(*NAMES))
def test_a_forced_call_needs_a_tool(client, provider):
    members, param = FORCED[client]
    assert refused(client, provider, asked(client, **members)) == param


@pytest.mark.parametrize("provider", ["openai-responses", "anthropic", "gemini"])
def test_a_choice_among_tools_that_are_not_there(provider):
    def request(mode):
        named = [{"type": "function", "function": {"name": "gone"}}]
        choice = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": named}}
        tools = [{"type": "function", "function": {"name": "f"}}]
        return asked("openai-chat", tools=tools, tool_choice=choice)

    body = json.dumps(carried("openai-chat", provider, request("auto"))).lower()
    assert '"f"' in body
    assert '"none"' in body
    assert refused("openai-chat", provider, request("required")) == "tool_choice"


@pytest.mark.parametrize("provider", ["openai-responses", "anthropic", "gemini"])
def test_a_bias_of_nothing_says_nothing(provider):
    assert carried("openai-chat", provider, asked("openai-chat", logit_bias={}))


# ---- why a model refused ----

WHY = {"type": "refusal", "category": "cyber", "explanation": 'It is "harm".'}


def refusal_text(client, answer):
    if client == "openai-chat":
        return answer["choices"][0]["message"]["refusal"]
    if client == "openai-responses":
        return answer["output"][0]["content"][0]["refusal"]
    return answer["candidates"][0]["content"]["parts"][0]["text"]


@pytest.mark.parametrize("client", ["openai-chat", "openai-responses", "gemini"])
def test_the_reason_of_a_refusal_is_told(client):
    usage = {"input_tokens": 3, "output_tokens": 1}
    ended = {"stop_reason": "refusal", "stop_sequence": None, "stop_details": WHY}
    body = {"type": "message", "content": [], "usage": usage} | ended
    result = ask(client, "anthropic", asked(client), body=json.dumps(body))
    assert refusal_text(client, json.loads(result["answer"])) == WHY["explanation"]
    events = [
        ["message_start", {"type": "message_start", "message": {"usage": usage}}],
        ["message_delta", {"type": "message_delta", "delta": ended, "usage": usage}],
        ["message_stop", {"type": "message_stop"}],
    ]
    events = [[name, json.dumps(data)] for name, data in events]
    result = ask(client, "anthropic", asked(client), events=events, streamed=True)
    assert json.dumps(WHY["explanation"]) in result["answer"]


# ---- logprobs of a text in several parts ----


def logprob(token):
    return {"token": token, "logprob": -0.5, "bytes": [], "top_logprobs": []}


@pytest.mark.parametrize("client", ["openai-chat", "gemini"])
def test_logprobs_of_all_parts_are_told(client):
    parts = [
        {"type": "output_text", "text": token, "annotations": [], "logprobs": [logprob(token)]}
        for token in ("a", "b")
    ]
    body = {
        "status": "completed",
        "output": [{"type": "message", "role": "assistant", "content": parts}],
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    wish = {"openai-chat": {"logprobs": True},
            "gemini": {"generationConfig": {"responseLogprobs": True}}}[client]  # fmt: skip
    request = asked(client, **wish)
    result = ask(client, "openai-responses", request, body=json.dumps(body))
    answer = json.loads(result["answer"])
    if client == "gemini":
        told = answer["candidates"][0]["logprobsResult"]["chosenCandidates"]
    else:
        told = answer["choices"][0]["logprobs"]["content"]
    assert [entry["token"] for entry in told] == ["a", "b"]
