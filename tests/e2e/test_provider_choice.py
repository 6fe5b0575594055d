"""Which provider is asked first: what keeps a conversation at one of them, how many tokens a second
each makes, and an order that a function of the operator's says."""

import answers
import pytest
from answers import Usage
from gateway import Gateway
from policies import Lua
from prices import Price
from replays import make_admin
from wait import wait_until

PRICE = Price("0.15", "0.60")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
LEFT, RIGHT = "left-model", "right-model"  # the providers' own names

OWN_ORDER = """function(request, candidates)
    if request.input_tokens < 1000 then
        assert(candidates[1].latency_ms == 0 and candidates[1].throughput == 0)
        return { candidates[2] }
    end
    table.sort(candidates, function(a, b) return a.price < b.price end)
    assert(candidates[1].provider == "left" and candidates[1].weight == 1)
    return { candidates[1].success > 0.6 and candidates[1] or candidates[2] }
end"""
BAD_ORDERS = {
    "raises": 'error("no order")',
    "nonsense": "return 7",
    "twice": "return { candidates[1], candidates[1] }",
}
FAULTS = {
    "raises": "no order",
    "nonsense": 'models["order-nonsense"].sort: the result must be',
    "twice": 'models["order-twice"].sort: result[2]',
}


def prepare(policies) -> None:
    policies.write("examples", "return {}\n")
    for name in ("left", "right"):
        policies.provider(name)
    both = [{"provider": "left", "model": LEFT}, {"provider": "right", "model": RIGHT}]
    policies.model("shared", PRICE, candidates=both, sort="weight")
    for model in ("swift-plain", "swift-streamed", "wished"):
        slow = {"provider": "left", "model": f"slow-{model}"}
        fast = {"provider": "right", "model": f"fast-{model}"}
        sort = {} if model == "wished" else {"sort": "throughput"}
        policies.model(model, PRICE, candidates=[slow, fast], **sort)
    cheap = {"provider": "left", "model": "cheap-slow", "input": "0.01", "output": "0.01"}
    dear = {
        "provider": "right",
        "model": "dear-quick",
        "input": "0.1",
        "output": "0.1",
        "allow_loss": True,
    }
    policies.model("own-order", PRICE, candidates=[cheap, dear], sort=Lua(OWN_ORDER))
    for kind, body in BAD_ORDERS.items():
        sort = Lua(f"function(request, candidates) {body} end")
        policies.model(f"order-{kind}", PRICE, candidates=[cheap, dear], sort=sort)
    limits = {"limit": "x-ratelimit-limit-requests", "reset": "x-ratelimit-reset-requests",
              "remaining": "x-ratelimit-remaining-requests"}  # fmt: skip
    policies.provider("counted", rate_limits={"requests": limits, "reset": "duration"}, breaker={})
    policies.model("limited", PRICE, candidates=[
        {"provider": "counted", "model": "first-limited"},
        {"provider": "right", "model": "second-limited"}])  # fmt: skip


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


@pytest.fixture(scope="module")
def admin(house):
    return make_admin(house, "admin@example.com")


def figures(admin, name: str) -> list[dict]:
    """What the operator sees of each model of the provider."""
    rows = admin.call("GET", "/admin/providers", 200)["data"]
    return next(row for row in rows if row["name"] == name)["recent"]["models"]


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


@pytest.mark.parametrize(
    "kind",
    ["session_id", "x-session-id", "prompt_cache_key", "x-claude-code-session-id", "metadata"],
)
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


# ---- by throughput ----


def paced(chunks: int, pause_s: float):
    """The usual answer as a stream, with a pause before each of its last chunks."""

    async def answer(connection, request) -> None:
        await connection.pause(chunks * pause_s)
        await GOOD(connection, request)

    return answer


@pytest.mark.parametrize("streamed", [False, True])
def test_by_throughput(admin, customer, provider, streamed):
    """Who makes more tokens a second is asked first, by streamed and by plain answers."""
    model = "swift-streamed" if streamed else "swift-plain"
    provider.script(f"slow-{model}", paced(4, 0.1))
    for _ in range(3):
        assert customer.ask(model, stream=streamed).status_code == 200
    assert f"fast-{model}" in who(provider), "who is not known yet is tried"
    for _ in range(5):
        assert customer.ask(model, stream=streamed).status_code == 200
    assert set(who(provider)) == {f"fast-{model}"}
    shown = {row["model"]: row for name in ("left", "right") for row in figures(admin, name)}
    slow, fast = shown[f"slow-{model}"], shown[f"fast-{model}"]
    assert 0 < slow["tokens_per_s"] < 25 < fast["tokens_per_s"], "10 tokens in more than 0.4 s"
    assert fast["total_ms"]["count"] == 7
    assert slow["total_ms"]["p50"] >= 350  # exact to an eighth
    assert slow["total_ms"]["mean"] >= 400


def test_a_client_wishes_for_throughput(customer, provider):
    provider.script("slow-wished", paced(4, 0.1))
    for _ in range(2):
        assert customer.ask("wished", provider={"sort": "throughput"}).status_code == 200
    who(provider)
    for _ in range(3):
        assert customer.ask("wished", provider={"sort": "throughput"}).status_code == 200
    assert set(who(provider)) == {"fast-wished"}
    assert customer.ask("wished").status_code == 200
    assert who(provider) == ["slow-wished"], "as listed"


# ---- by a function ----


def test_by_a_function(customer, provider):
    """It sees the request, and how each candidate did; what it leaves out is not asked."""
    ask = {"messages": [{"role": "user", "content": "short"}]}
    assert customer.ask("own-order", **ask).status_code == 200
    assert who(provider) == ["dear-quick"], "none is known yet: the last one listed"
    ask["messages"][0]["content"] = "word " * 3000
    assert customer.ask("own-order", **ask).status_code == 200
    assert who(provider) == ["cheap-slow"], "a long one: the cheapest"
    provider.script("cheap-slow", answers.error(500, "no", None, "server_error"))
    response = customer.ask("own-order", **ask)
    assert response.status_code == 502
    assert who(provider) == ["cheap-slow"], "the other one was left out"
    response = customer.ask("own-order", **ask)
    assert response.status_code == 200
    assert who(provider) == ["dear-quick"], "half of the calls of the cheap one have failed"


@pytest.mark.parametrize("kind", ["raises", "nonsense", "twice"])
def test_a_function_that_fails(house, customer, provider, kind):
    response = customer.ask(f"order-{kind}")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "policy_error"
    customer.wait_for_no_hold()
    assert customer.balance == 100
    assert who(provider) == []
    wait_until(
        lambda: any(
            FAULTS[kind] in line["reason"]
            for line in house.logged("task failed", code="policy_error")
        ),
        10,
        "the log's line",
    )


# ---- limits of the provider ----


def test_what_is_spent_is_not_asked(house, admin, customer, provider):
    """The answer says that nothing is left: the next call goes elsewhere, before a 429 comes."""
    spent = {"x-ratelimit-limit-requests": "9", "x-ratelimit-remaining-requests": "0",
             "x-ratelimit-reset-requests": "60s"}  # fmt: skip
    body = answers.Chat(usage=USAGE).body("?")
    provider.script("first-limited", answers.reply(200, body, spent))
    for _ in range(3):
        assert customer.ask("limited").status_code == 200
    assert who(provider) == ["first-limited", "second-limited", "second-limited"]
    row = next(row for row in figures(admin, "counted") if row["model"] == "first-limited")
    assert row["paused_until"] is not None
    wait_until(lambda: house.logged("nothing is left", provider="counted"), 10, "the log's line")
