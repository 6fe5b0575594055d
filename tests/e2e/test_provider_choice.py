"""Which provider is asked first: what keeps a conversation at one of them, how many tokens a second
each makes, and an order that a function of the operator's says."""

import answers
import pytest
from answers import Usage
from gateway import Gateway
from prices import Price

PRICE = Price("0.15", "0.60")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
LEFT, RIGHT = "left-model", "right-model"  # the providers' own names


def prepare(policies) -> None:
    policies.write("examples", "return {}\n")
    for name in ("left", "right"):
        policies.provider(name)
    both = [{"provider": "left", "model": LEFT}, {"provider": "right", "model": RIGHT}]
    policies.model("shared", PRICE, candidates=both, sort="weight")


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("choice"), shared_provider)
    prepare(gateway.policies)
    yield from gateway.served()


@pytest.fixture
def customer(house, provider):
    provider.answer = GOOD
    return house.customer("100")


def who(provider) -> list[str]:
    """Who was asked since the last time, in order."""
    names = [request.model for request in provider.requests]
    provider.requests.clear()
    return names


# ---- what stays together ----


def named_by(kind: str, number: int) -> tuple[dict, dict]:
    """The members and headers by which a client names its conversation."""
    name = f"{kind}-{number}"
    return {
        "session_id": ({"session_id": name}, {}),
        "x-session-id": ({}, {"x-session-id": name}),
        "prompt_cache_key": ({"prompt_cache_key": name}, {}),
        "x-claude-code-session-id": ({}, {"x-claude-code-session-id": name}),
        "metadata": ({"metadata": {"user_id": f"user_a_account_b_session_{name}"}}, {}),
    }[kind]


@pytest.mark.parametrize("kind", [
    "session_id", "x-session-id", "prompt_cache_key", "x-claude-code-session-id", "metadata"])
def test_a_named_conversation_stays(customer, provider, kind):
    """Whatever its requests begin with; and conversations of different names are spread."""
    firsts = set()
    for number in range(12):
        members, headers = named_by(kind, number)
        for turn in range(3):
            messages = [{"role": "user", "content": f"turn {turn} " * 400}]
            body = {"model": "shared", "messages": messages, **members}
            response = customer.post(body, headers=headers)
            assert response.status_code == 200, response.text
        asked = who(provider)
        assert len(set(asked)) == 1, f"conversation {number} changes its provider"
        firsts.add(asked[0])
    assert firsts == {LEFT, RIGHT}


def test_without_a_name_the_beginning_tells(customer, provider):
    """The same turns, which begin differently, are spread: so what the tests above see is true."""
    for turn in range(12):
        messages = [{"role": "user", "content": f"turn {turn} " * 400}]
        assert customer.ask("shared", messages=messages).status_code == 200
    assert set(who(provider)) == {LEFT, RIGHT}
