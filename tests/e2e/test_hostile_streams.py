"""Providers whose streams are broken in one place: an event is missing, comes twice or too early,
is no JSON, or has a member of another type. In each dialect, towards the client of each: the
client's stream stays one that its SDK reads to an end, what is said is charged, and never beyond
what the model can have done."""

import copy
import itertools
import json

import answers
import anthropic_answers
import gemini_answers
import pytest
import responses_answers
from answers import Usage
from gateway import Gateway
from prices import Price, charge, usd
from stream_grammar import READ
from test_dialect_money import CLIENTS, request_of

PRICE = Price("3", "15", "0.30")
CONTEXT, LONGEST = 4000, 200
MOST = charge(PRICE, Usage(CONTEXT, LONGEST))
PAIRS = [(client, of) for client in CLIENTS for of in CLIENTS]
OTHERS = [None, True, -1, 1.5, 10**18, "", "x", [], {}, [None], [[]], {"type": 5}, "\ud83d"]
CASES = 12  # of a pair in an ordinary run; with --long all of some thousand
TOOL = {"name": "get_weather", "input": {"city": "Zürich"}}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("hostile"), shared_provider, {})
    for dialect in CLIENTS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(f"m-{dialect}", PRICE, providers=(f"of-{dialect}",),
                               max_output=LONGEST, context=CONTEXT)  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.write("limits", "return {}\n")
    yield from gateway.served()


# ---- what a provider says, and how it is broken ----


def healthy(of: str) -> list[bytes]:
    text, tokens = ("It is", " mild", " here"), {"input_tokens": 40, "output_tokens": 12}
    if of == "anthropic":
        said = anthropic_answers.Message(text, ("Hm",), TOOL, **tokens)
        return said.events({"model": "m"})
    if of == "gemini":
        return gemini_answers.Content(text, ("Hm",), TOOL, **tokens).events()
    if of == "openai-responses":
        return responses_answers.Response(text, TOOL, **tokens).events({"model": "m"})
    function = {"name": TOOL["name"], "arguments": json.dumps(TOOL["input"])}
    call = {"id": "call_1", "type": "function", "function": function}
    asked = {"stream_options": {"include_usage": True}, "model": "m"}
    texts = answers.Chat(text, Usage(40, 12)).events(asked)
    calls = answers.Chat((), Usage(40, 12), (call,)).events(asked)
    return texts[:4] + calls[1:]


def parsed(event: bytes) -> tuple[bytes, dict | None]:
    """What stands before the JSON, and the JSON."""
    head, _, data = event.strip().rpartition(b"data: ")
    return head + b"data: ", None if data == b"[DONE]" else json.loads(data)


def places(value, path=()):
    """Where a member or an item stands."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in inside:
        yield (*path, key)
        if isinstance(child, (dict, list)):
            yield from places(child, (*path, key))


def changed(document: dict, path: tuple, value) -> dict:
    """A copy with another value there; `places`: without it."""
    document = copy.deepcopy(document)
    into = document
    for key in path[:-1]:
        into = into[key]
    if value is places:
        del into[path[-1]]
    else:
        into[path[-1]] = value
    return document


def broken(events: list[bytes]):
    """Each broken stream, with the name of what is broken."""
    for at, event in enumerate(events):
        before, after = events[:at], events[at + 1 :]
        yield f"{at} missing", before + after
        yield f"{at} twice", [*before, event, event, *after]
        yield f"{at} last", [*before, *after, event]
        yield f"{at} first", [event, *before, *after]
        head, document = parsed(event)
        for text in (b"{", b"[]", b"null", b"{}", b'{"a":1,"a":2}', b"\xff", b'{"error":{}}'):
            yield f"{at} is {text!r}", [*before, head + text + b"\n\n", *after]
        for path in places(document or {}):
            for value in (*OTHERS, places):
                other = json.dumps(changed(document, path, value)).encode()
                what = "-" if value is places else repr(value)
                yield f"{at}{list(path)} = {what}", [*before, head + other + b"\n\n", *after]


def some_of(of: str, place: int, is_long: bool):
    """Of all cases every so many; each pair has others."""
    cases = list(broken(healthy(of)))
    step = 1 if is_long else len(cases) // CASES
    return itertools.islice(cases, place * 7 % step, None, step)


# ---- what the client gets ----


def check_error(client: str, reply) -> None:
    """A refusal in the client's own form."""
    body = reply.json()
    error = body["error"]
    assert isinstance(error["message"], str)
    if client == "gemini":
        assert error["code"] == reply.status_code
        assert error["status"]
    else:
        assert error["type"]
    assert (body.get("type") == "error") == (client == "anthropic")


def check_stream(client: str, of: str, reply) -> bool:
    """Returns whether it has said anything."""
    if reply.status_code != 200:
        assert reply.status_code == 502, reply.text
        check_error(client, reply)
        return False
    if client == of:
        assert reply.text
        return False
    read = READ[client](reply.text)
    assert read.end
    return read.text != ""


@pytest.mark.parametrize(("client", "of"), PAIRS)
def test_a_broken_stream(house, provider, client, of, is_long):
    customer = house.customer(credit="1000")
    path, body = request_of(client, of, True)
    headers = {"Authorization": f"Bearer {customer.key}"}
    wrong, spent, count = [], 0, 0
    for name, events in some_of(of, PAIRS.index((client, of)), is_long):
        provider.answer = answers.stream(events)
        reply = house.http.post(path, json=body, headers=headers)
        try:
            said = check_stream(client, of, reply)
        except Exception as fault:
            wrong.append(f"{name}: {str(fault)[:300]}\n{reply.text[-1500:]}")
            continue
        if said:
            count += 1
    customer.wait_for_no_hold()
    records = customer.all_records()
    for record in records:
        cost = usd(record["cost"])
        spent += cost
        if not 0 <= cost <= MOST:
            wrong.append(f"costs {cost}: {record}")
    assert not wrong, f"{len(wrong)} of them:\n" + "\n\n".join(wrong[:5])
    assert sum(usd(record["cost"]) > 0 for record in records) >= count
    assert customer.balance == 1000 - spent
