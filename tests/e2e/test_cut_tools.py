"""Tools of a provider's own that an answer has used, where they stand apart from its usage, or
where it ends before that: they are billed, so they are charged. What the whole answer says has
priority. Pages that are opened are no searches: OpenAI bills "search actions" only (its guide to
web search, read 2026-12)."""

import json

import answers
import pytest
from anthropic_answers import named
from gateway import Gateway
from prices import Price

PRICE = Price("2", "10", "0.2")
EACH = {"web_search": "0.01", "file_search": "0.0025", "session": "0.03"}
SEARCH = {"type": "search", "query": "q"}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("cut-tools"), shared_provider, {})
    most = {f"{unit}_max": 10 for unit in EACH}
    for provider, dialect in (("responses", "openai-responses"), ("messages", "anthropic"),
                              ("google", "gemini")):  # fmt: skip
        gateway.policies.provider(provider, dialect=dialect)
        gateway.policies.model(provider, PRICE, providers=(provider,), allow=["tools.*"],
                               **EACH, **most)  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


def event(kind: str, **members) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


def item(kind: str, index: int, **members) -> bytes:
    of = {"type": "web_search_call", "id": f"ws_{index}"} | members
    return event(f"response.output_item.{kind}", output_index=index, item=of)


def called(index: int, **members) -> list[bytes]:
    return [item("added", index, **members), item("done", index, **members)]


def interpreted(index: int) -> list[bytes]:
    return called(index, type="code_interpreter_call", code="1")


BEGUN = event("response.created", response={"id": "resp_1", "status": "in_progress"})
SAID = event("response.output_text.delta", output_index=20, content_index=0, delta="hello")
# The events of the tools, and what they come to.
RESPONSES = {
    "two searches": (
        [*called(0, action=SEARCH), *called(1, action=SEARCH)], {"web_search": 2},
    ),
    "a search that has only begun": ([item("added", 0)], {"web_search": 1}),
    "a search that only ends": ([item("done", 0, action=SEARCH)], {"web_search": 1}),
    "opened pages": (
        [*called(0, action=SEARCH), item("added", 1), item("done", 1, action={"type": "open_page"}),
         *called(2, action={"type": "find_in_page"})],
        {"web_search": 1},
    ),
    "calls side by side": (
        [item("added", 0), item("added", 1), item("done", 1, action=SEARCH),
         item("done", 0, action={"type": "open_page"})],
        {"web_search": 1},
    ),
    "files": (
        called(0, type="file_search_call") + called(1, type="file_search_call"),
        {"file_search": 2},
    ),
    "one session of two runs": (interpreted(0) + interpreted(1), {"session": 1}),
}  # fmt: skip


def units_of(customer) -> dict[str, int]:
    record = customer.wait_for_record()
    detail = customer.call("GET", f"/usage/{record['id']}", 200)
    lines = detail["charge"]["lines"]
    return {line["kind"]: line["quantity"] for line in lines
            if line["kind"] in EACH and line["quantity"]}  # fmt: skip


def ask(house, path: str, body: dict):
    customer = house.customer()
    response = customer.post({"stream": True, **body}, path=path)
    assert response.status_code == 200, response.text
    customer.wait_for_no_hold()
    return customer


@pytest.mark.parametrize("name", RESPONSES)
def test_responses(house, provider, name):
    events, units = RESPONSES[name]
    provider.answer = answers.stream([BEGUN, *events, SAID], ending="cut")
    tools = [{"type": "web_search"}, {"type": "code_interpreter"}]
    customer = ask(house, "/responses", {"model": "responses", "input": "Hi", "tools": tools})
    assert units_of(customer) == units


def test_a_whole_response_has_priority(house, provider):
    """It may count fewer than came on the way, and it alone counts what it says of opened pages."""
    search = {"type": "web_search_call", "id": "ws_0", "action": SEARCH}
    output = [search, search | {"id": "ws_1", "action": {"type": "open_page"}}]
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    whole = {"id": "resp_1", "status": "completed", "output": output, "usage": usage}
    events = [BEGUN, *called(0, action=SEARCH), *called(1, action=SEARCH), SAID]
    provider.answer = answers.stream([*events, event("response.completed", response=whole)])
    body = {"model": "responses", "input": "Hi", "tools": [{"type": "web_search"}]}
    assert units_of(ask(house, "/responses", body)) == {"web_search": 1}


def block(index: int, **members) -> list[bytes]:
    return [named("content_block_start", index=index, content_block=members),
            named("content_block_stop", index=index)]  # fmt: skip


SEARCHED = block(0, type="server_tool_use", id="srvtoolu_1", name="web_search", input={})
FETCHED = block(1, type="server_tool_use", id="srvtoolu_2", name="web_fetch", input={})
TEXT = [
    named("content_block_start", index=2, content_block={"type": "text", "text": ""}),
    named("content_block_delta", index=2, delta={"type": "text_delta", "text": "hello"}),
]
USAGE = {"input_tokens": 10, "output_tokens": 1, "server_tool_use": {"web_search_requests": 0}}
START = named("message_start", message={"id": "msg_1", "type": "message", "role": "assistant",
                                        "model": "m", "content": [], "usage": USAGE})  # fmt: skip
MESSAGE = {"model": "messages", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}],
           "tools": [{"type": "web_search_20250305", "name": "web_search"}]}  # fmt: skip


def test_anthropic(house, provider):
    provider.answer = answers.stream([START, *SEARCHED, *FETCHED, *TEXT], ending="cut")
    assert units_of(ask(house, "/messages", MESSAGE)) == {"web_search": 1}


def test_a_search_that_failed_is_not_billed_by_anthropic(house, provider):
    """Its usage says so."""
    ends = [named("content_block_stop", index=2),
            named("message_delta", delta={"stop_reason": "end_turn"}, usage=USAGE),
            named("message_stop")]  # fmt: skip
    provider.answer = answers.stream([START, *SEARCHED, *TEXT, *ends])
    assert units_of(ask(house, "/messages", MESSAGE)) == {}


def chunk(text: str, queries: list[str], counted: bool = True, **candidate) -> dict:
    """One of Gemini's, with what it has searched for."""
    found = {"content": {"parts": [{"text": text}]}, **candidate}
    if queries:
        found["groundingMetadata"] = {"webSearchQueries": queries}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12}
    return {"candidates": [found]} | ({"usageMetadata": usage} if counted else {})


END = chunk("!", [], finishReason="STOP")
# The chunks of an answer, and how many searches they come to. Google's hybrid models send what they
# have searched for early, and not again (github.com/vercel/ai/pull/13123, read 2026-12).
CHUNKS = {
    "at the end": ([chunk("a", []), chunk("b", ["x", "y"], finishReason="STOP")], 2),
    "early, and not again": ([chunk("a", ["x", "y"]), END], 2),
    "early, without counts": ([chunk("a", ["x", "y"], counted=False), END], 2),
    "early, and fewer later": ([chunk("a", ["x", "y"]), chunk("b", ["x"]), END], 2),
    "more and more": ([chunk("a", ["x"]), chunk("b", ["x", "y"]), END], 2),
}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
            "tools": [{"googleSearch": {}}]}  # fmt: skip


@pytest.mark.parametrize("name", CHUNKS)
def test_gemini(house, provider, name):
    chunks, searches = CHUNKS[name]
    customer = house.customer()
    provider.answer = answers.stream([f"data: {json.dumps(each)}\n\n".encode() for each in chunks])
    path = "/models/google:streamGenerateContent?alt=sse"
    assert customer.post(CONTENTS, path=path).status_code == 200
    customer.wait_for_no_hold()
    assert units_of(customer) == {"web_search": searches}
