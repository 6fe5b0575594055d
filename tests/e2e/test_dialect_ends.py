"""How answers end in each dialect: for money, by a provider that breaks off, and with several
candidates."""

import json

import answers
import anthropic_answers
import gemini_answers
import pytest
from anthropic_answers import Message, named
from gateway import Gateway
from prices import Price, usd

PRICE = Price("3", "15", "0.30")
HELLO = [{"role": "user", "content": "Hello!"}]
DIALECTS = ["openai", "openai-responses", "anthropic", "gemini"]


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("ends"), shared_provider, {})
    for dialect in DIALECTS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(f"m-{dialect}", PRICE, providers=(f"of-{dialect}",),
                               max_output=64000)  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def ask(customer, client: str, model: str, **members):
    """Asks for a stream."""
    if client == "gemini":
        body = {"contents": [{"role": "user", "parts": [{"text": "Hello!"}]}], **members}
        path = f"/v1beta/models/{model}:streamGenerateContent?alt=sse"
        headers = {"x-goog-api-key": customer.key}
        return customer.gateway.http.post(path, json=body, headers=headers)
    body = {"model": model, "stream": True, **members}
    if client == "openai-responses":
        return customer.post({"input": "Hello!", **body}, "/responses")
    if client == "anthropic":
        return customer.post({"max_tokens": 60000, "messages": HELLO, **body}, "/messages")
    options = {"include_usage": True}
    return customer.post(
        {"messages": HELLO, "stream_options": options, **body}, "/chat/completions"
    )


def events_of(reply) -> list[dict]:
    lines = [line[6:] for line in reply.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def chunk(*candidates, **members) -> bytes:
    data = json.dumps({"candidates": list(candidates), **members})
    return f"data: {data}\r\n\r\n".encode()


def candidate(index: int, text: str, finish: str | None = None) -> dict:
    reason = {"finishReason": finish} if finish else {}
    return {"content": {"role": "model", "parts": [{"text": text}]}, "index": index, **reason}


def counts(prompt: int, answer: int) -> dict:
    return {"promptTokenCount": prompt, "candidatesTokenCount": answer}


# ---- money ----


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "plain"])
def test_text_that_is_not_sent_is_not_charged(house, provider, client, whole):
    """Its chunk has the counts, too."""
    customer = house.customer(credit="0.05")
    long = candidate(0, "word " * 20000, "STOP")
    events = [chunk(candidate(0, "a"), usageMetadata=counts(5, 1)),
              chunk(long, usageMetadata=counts(5, 20000))]  # fmt: skip
    body = json.dumps({"candidates": [long], "usageMetadata": counts(5, 20000)}).encode()
    provider.answer = answers.reply(200, body) if whole else answers.stream(events)
    reply = ask(customer, client, "m-gemini")
    assert reply.status_code == 200
    assert "word word" not in reply.text
    record = customer.wait_for_record()
    assert (record["finish_reason"], record["output_tokens"]) == ("length", 0 if whole else 1)
    assert usd(record["cost"]) < usd("0.0001")


# ---- a provider that breaks off behind its last word ----


def last_words(provider: str, ending: str) -> list[bytes]:
    """All of an answer but what only closes the stream, and then an error if that is asked for."""
    if provider == "gemini":
        error = b'data: {"error":{"code":500,"message":"no","status":"INTERNAL"}}\r\n\r\n'
        said = gemini_answers.Content().events()
    elif provider == "anthropic":
        error = anthropic_answers.error_event("api_error", "no")
        said = Message().events({"model": "m"})[:-1]
    else:
        error = b'data: {"error":{"message":"no","type":"server_error","code":null}}\n\n'
        said = answers.Chat().events({"stream_options": {"include_usage": True}})[:-1]
    return [*said, error] if ending == "error" else said


def is_whole(client: str, events: list[dict]) -> bool:
    last = events[-1]
    if client == "openai-responses":
        return last["type"] == "response.completed"
    if client == "anthropic":
        return [event["type"] for event in events[-2:]] == ["message_delta", "message_stop"]
    if client == "gemini":
        return last["candidates"][0]["finishReason"] == "STOP"
    reasons = [choice["finish_reason"] for event in events[:-1] for choice in event["choices"]]
    return reasons[-1] == "stop"


@pytest.mark.parametrize("ending", ["cut", "reset", "error"])
@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("of", ["openai", "anthropic", "gemini"])
def test_an_answer_that_has_finished_is_whole(customer, provider, of, client, ending):
    """Agents ask again after an error, for a second full price."""
    how = "clean" if ending == "error" else ending
    provider.answer = answers.stream(last_words(of, ending), ending=how)
    reply = ask(customer, client, f"m-{of}")
    events = events_of(reply)
    assert is_whole(client, events), events[-2:]
    record = customer.wait_for_record()
    assert (record["error_code"], record["finish_reason"]) == (None, "stop")
    assert (record["input_tokens"], record["output_tokens"]) == (19, 10)
    assert f'"cost":{record["cost"].rstrip("0")}' in reply.text


# ---- text in other places than usual ----

LONG = "word " * 2000


def all_in_the_last_event() -> bytes:
    part = {"type": "output_text", "text": LONG, "annotations": []}
    item = {"type": "message", "id": "m", "role": "assistant", "status": "completed",
            "content": [part]}  # fmt: skip
    whole = {"id": "r", "object": "response", "status": "completed", "output": [item]}
    return named("response.completed", sequence_number=0, response=whole)


@pytest.mark.parametrize("place", ["the last event", "the first event", "an event of tomorrow"])
def test_text_without_counts_is_not_free(customer, provider, place):
    events = Message(ping=False).events({"model": "m"})
    block = {"type": "text", "text": LONG}
    head = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [block]}
    end = [named("message_delta", delta={"stop_reason": "end_turn"}), named("message_stop")]
    client = "anthropic"
    if place == "the last event":
        client = "openai-responses"
        events = [all_in_the_last_event()]
    elif place == "the first event":
        events = [named("message_start", message=head), *events[1:-2], *end]
    else:
        odd = named("content_block_of_tomorrow", index=0, content_block=block)
        events = [*events[:3], odd, *events[3:-2], *end]
    provider.answer = answers.stream(events)
    assert LONG in ask(customer, client, f"m-{client}").text
    assert customer.wait_for_record()["output_tokens"] >= 2000


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("by_item", [False, True], ids=["at the end", "item by item"])
def test_items_that_come_whole_are_translated(customer, provider, client, by_item):
    item = {"type": "message", "id": "m", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": LONG, "annotations": []}]}  # fmt: skip
    event = {"sequence_number": 0, "output_index": 0, "item": item}
    done = [named("response.output_item.done", **event)] if by_item else []
    provider.answer = answers.stream([*done, all_in_the_last_event()])
    assert ask(customer, client, "m-openai-responses").text.count(LONG) >= 1
    assert customer.wait_for_record()["output_tokens"] >= 2000


# ---- several candidates ----

TWO = [chunk(candidate(0, "a")), chunk(candidate(1, "b")), chunk(candidate(0, "c", "STOP"))]


def ask_for_two(customer, client: str):
    if client == "openai":
        return ask(customer, client, "m-gemini", n=2)
    return ask(customer, client, "m-gemini", generationConfig={"candidateCount": 2})


def is_error(event: dict) -> bool:
    return "error" in event


@pytest.mark.parametrize("client", ["gemini", "openai"])
@pytest.mark.parametrize(
    "events",
    [TWO, [chunk(candidate(0, "a", "STOP"))], [*TWO, chunk(candidate(1, "d"))]],
    ids=["one goes on", "one has not begun", "one goes on behind"],
)
def test_an_end_of_one_candidate_ends_no_other(customer, provider, client, events):
    provider.answer = answers.stream(events, ending="cut")
    assert is_error(events_of(ask_for_two(customer, client))[-1])
    assert customer.wait_for_record()["error_code"] == "provider_unavailable"


def test_candidates_one_after_the_other(customer, provider):
    """The end of the first goes out when the second begins, and only the last end waits."""
    usage = {"usageMetadata": counts(5, 9)}
    said = [chunk(candidate(0, "a")), chunk(candidate(0, "b", "STOP")), chunk(candidate(1, "c")),
            chunk(candidate(1, "d", "STOP"), **usage)]  # fmt: skip
    provider.answer = answers.stream(said)
    reply = ask_for_two(customer, "gemini")
    assert reply.content.startswith(b"".join(said[:3]))
    events = events_of(reply)
    assert len(events) == 4
    assert usd(events[-1]["usageMetadata"]["cost"]) == usd(customer.wait_for_record()["cost"])
    assert all("usageMetadata" not in event for event in events[:3])


def test_money_ends_each_candidate_that_goes_on(house, provider):
    customer = house.customer(credit="0.05")
    provider.answer = answers.stream([*TWO, chunk(candidate(1, "word " * 20000))])
    last = events_of(ask_for_two(customer, "gemini"))[-1]
    ended = [(one["index"], one["finishReason"]) for one in last["candidates"]]
    assert ended == [(1, "MAX_TOKENS")]
