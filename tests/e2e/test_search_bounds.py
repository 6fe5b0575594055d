"""What a call may use of a provider's own tools is bounded where the provider takes a bound: the
operator pays what it counts above `web_search_max`, so nobody can ask for more."""

import json

import pytest
from errors import check_error
from gateway import Gateway
from prices import Price

PRICE = Price("2", "10", "0.2")
SEARCH = {"type": "web_search"}
FILES = {"type": "file_search"}
RUNS = {"type": "code_interpreter"}
OLD = {"type": "web_search_20250305", "name": "web_search"}
FETCH = {"type": "web_fetch_20250910", "name": "web_fetch"}
FUNCTION = {"name": "f", "input_schema": {"type": "object"}}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("bounds"), shared_provider, {})
    sold = {"web_search": "0.01", "web_search_max": 5, "file_search": "0.0025",
            "file_search_max": 3, "session": "0.03", "session_max": 1}  # fmt: skip
    for provider, dialect in (("responses", "openai-responses"), ("messages", "anthropic")):
        gateway.policies.provider(provider, dialect=dialect)
        for name, prices in (("", sold), ("plain-", {})):
            gateway.policies.model(name + provider, PRICE, providers=(provider,),
                                   allow=["tools.*"], **prices)  # fmt: skip
    by_prompt = {"web_search": "0.035", "web_search_by": "prompt"}
    gateway.policies.model("by-prompt", PRICE, providers=("responses",), allow=["tools.*"],
                           **by_prompt)  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


def sent(house, provider, path: str, text: str) -> str:
    """What the provider was sent: it refuses, so nothing is charged."""
    response = house.customer().post(text.encode(), path=path)
    assert provider.requests, response.text
    return provider.last.body.decode()


def asked(model: str, tools: list, more: str = "") -> str:
    return f'{{ "model": "{model}", {more}"input": "Hi",  "tools": {json.dumps(tools)} }}'


# The tools, what the client says, and the bound that the provider is given.
RESPONSES = {
    "nothing is said": ([SEARCH], None, 5),
    "less is asked for": ([SEARCH], "2", 2),
    "just as much": ([SEARCH], "5", 5),
    "more is asked for": ([SEARCH], "50", 5),
    "null": ([SEARCH], "null", 5),
    "no number": ([SEARCH], '"many"', 5),
    "files": ([FILES], None, 3),
    "the least of two": ([SEARCH, FILES], None, 3),
    "a session is one": ([RUNS], None, None),
    "a session, as many as asked": ([RUNS], "50", 50),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_responses(house, provider, name):
    tools, said, bound = RESPONSES[name]
    more = "" if said is None else f'"max_tool_calls":  {said}, '
    text = asked("responses", tools, more)
    got = sent(house, provider, "/responses", text)
    assert json.loads(got).get("max_tool_calls") == bound
    if said == str(bound) or bound is None:
        assert got == text
    else:
        assert json.loads(got) == json.loads(text) | {"max_tool_calls": bound}


@pytest.mark.parametrize("model", ["plain-responses", "by-prompt"])
def test_what_has_no_price_of_its_own_passes(house, provider, model):
    text = asked(model, [SEARCH], '"max_tool_calls": 50, ')
    assert sent(house, provider, "/responses", text) == text


MESSAGES = {
    "nothing is said": ({}, 5),
    "less is asked for": ({"max_uses": 2}, 2),
    "more is asked for": ({"max_uses": 50}, 5),
    "null": ({"max_uses": None}, 5),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_anthropic(house, provider, name):
    said, bound = MESSAGES[name]
    tools = [FUNCTION, OLD | said, FETCH]
    body = {"model": "messages", "max_tokens": 9, "tools": tools,
            "messages": [{"role": "user", "content": "Hi"}]}  # fmt: skip
    got = json.loads(sent(house, provider, "/messages", json.dumps(body)))
    assert got == body | {"tools": [FUNCTION, OLD | {"max_uses": bound}, FETCH]}
    plain = json.dumps(body | {"model": "plain-messages"})
    assert sent(house, provider, "/messages", plain) == plain


@pytest.mark.parametrize("name", ["max_tool_calls", "Max_Tool_Calls"])
def test_no_bound_of_a_response_hides(house, provider, name):
    more = f'"{name}": 50, "{name}": 50, ' if name.islower() else f'"{name}": 50, '
    text = asked("responses", [SEARCH], more)
    check_error(house.customer().post(text.encode(), path="/responses"), 400, "invalid_value")
    assert provider.requests == []


def test_an_escaped_bound_is_lowered(house, provider):
    text = asked("responses", [SEARCH], r'"max_tool_c\u0061lls": 50, ')
    got = sent(house, provider, "/responses", text)
    assert got == text.replace("50", "5")


@pytest.mark.parametrize("members", ['"max_uses": 1, "max_uses": 50', '"Max_Uses": 50'])
def test_no_bound_of_a_tool_hides(house, provider, members):
    tool = json.dumps(OLD)[:-1] + f", {members}}}"
    text = (f'{{"model": "messages", "max_tokens": 9, "tools": [{tool}], '
            '"messages": [{"role": "user", "content": "Hi"}]}')  # fmt: skip
    response = house.customer().post(text.encode(), path="/messages")
    assert response.status_code == 400
    assert "ax_" in response.text
    assert provider.requests == []
