"""Claude Code, Codex and Gemini CLI, unmodified, do a task of three turns through the gateway, over
providers of every dialect; and what they show when the key is wrong or the money ends."""

import played
import pytest
import vendor_agents
from agents import WORD
from answers import Usage
from gateway import Gateway
from played import DIALECTS, USAGE
from prices import Price, charge
from vendor_agents import DONE, VENDOR_AGENTS

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]
PRICE = Price("1", "10")
TURN_USD = charge(PRICE, USAGE)
CHUNK_USD = charge(PRICE, Usage(0, 1024))  # what a stream needs to begin, at least
OWN = {"claude-code": "anthropic", "codex": "openai-responses", "gemini-cli": "gemini"}


@pytest.fixture
def make_house(tmp_path, shared_provider):
    """A gateway whose only provider speaks that dialect."""
    made = []

    def make(dialect: str, allow: tuple[str, ...] = ()) -> Gateway:
        shared_provider.reset()
        gateway = Gateway(tmp_path / "gateway", shared_provider, {})
        gateway.policies.provider("of", dialect=dialect)
        for agent in VENDOR_AGENTS.values():
            gateway.policies.model(agent.model, PRICE, providers=("of",), context=200_000,
                                   max_output=64_000, allow=allow)  # fmt: skip
        gateway.policies.write("examples", "return {}\n")
        made.append(gateway.start())
        return gateway

    yield make
    for gateway in made:
        assert not shared_provider.failures, shared_provider.failures
        gateway.check_holds()
        gateway.stop()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "work"
    made.mkdir()
    return made


def house_of(make_house, name: str, dialect: str) -> Gateway:
    """Codex offers the provider's search in each call; it is sold where it could be billed."""
    searches = name == "codex" and dialect == OWN[name]
    return make_house(dialect, ("tools.web_search",) if searches else ())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", VENDOR_AGENTS)
def test_a_task_is_finished_and_paid(make_house, shared_provider, folder, name, dialect):
    agent = VENDOR_AGENTS[name]
    customer = house_of(make_house, name, dialect).customer()
    shared_provider.answer = played.play(dialect, agent.turns(folder))
    shown = vendor_agents.run(agent, customer, folder)
    assert DONE in shown, shown[-4000:]
    assert folder.joinpath("answer.txt").read_text() == WORD
    customer.wait_for_no_hold()
    asked = [request.json for request in shared_provider.requests]
    assert len(asked) == 3
    results = played.results_of(dialect, asked[2])
    assert len(results) == 2
    assert WORD in str(results[0])
    assert 10 - customer.balance == 3 * TURN_USD
    assert {record["usage_source"] for record in customer.all_records()} == {"reported"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_codex_goes_on_from_summaries(make_house, shared_provider, folder, dialect):
    """Its built-in provider asks the server for one after each turn; the model writes it."""
    agent = vendor_agents.BUILT_IN_CODEX
    customer = house_of(make_house, "codex", dialect).customer()
    turns, summary = agent.turns(folder), played.Turn("Half of it is done.")
    shared_provider.answer = played.play_on(dialect, turns, "Write that summary now", summary)
    shown = vendor_agents.run(agent, customer, folder)
    assert DONE in shown, shown[-4000:]
    assert folder.joinpath("answer.txt").read_text() == WORD
    customer.wait_for_no_hold()
    asked = [request.body.decode() for request in shared_provider.requests]
    asks = ["Write that summary now" in body for body in asked]
    assert asks == [False, True, False, True, False]
    assert [summary.text in body for body in asked] == [False, False, True, True, True]
    assert "call_1" not in asked[2], "the conversation is gone"
    assert 10 - customer.balance == 5 * TURN_USD


SHOWN = {
    "claude-code": "Not enough credits",
    "codex": "Quota exceeded",  # its own words for insufficient_quota
    "gemini-cli": "Not enough credits",
}


@pytest.mark.parametrize("name", VENDOR_AGENTS)
def test_money_ends_between_two_turns(make_house, shared_provider, folder, name):
    """The task ends at once; nothing is asked of the provider again."""
    agent = VENDOR_AGENTS[name]
    house = house_of(make_house, name, OWN[name])
    customer = house.customer(credit=str(TURN_USD + CHUNK_USD / 2))
    shared_provider.answer = played.play(OWN[name], agent.turns(folder))
    shown = vendor_agents.run(agent, customer, folder)
    assert SHOWN[name] in shown, shown[-4000:]
    if name != "codex":
        assert f"{house.origin}/dashboard/credits" in shown
    customer.wait_for_no_hold()
    assert customer.balance == CHUNK_USD / 2
    assert len(shared_provider.requests) == 1
    refused = [line for line in house.log() if line.get("error") == "insufficient_credits"]
    assert len(refused) <= 2, "asked again and again"


@pytest.mark.parametrize("name", VENDOR_AGENTS)
def test_a_wrong_key(make_house, shared_provider, folder, name):
    agent = VENDOR_AGENTS[name]
    customer = make_house(OWN[name]).customer()
    wrong = "llm_sk_" + "x" * 38
    shown = vendor_agents.run(agent, customer, folder, key=wrong)
    assert "no key of this gateway" in shown, shown[-4000:]
    assert not shared_provider.requests


def test_codex_is_told_that_search_is_not_sold(make_house, shared_provider, folder):
    agent = VENDOR_AGENTS["codex"]
    customer = make_house("openai-responses").customer()
    shown = vendor_agents.run(agent, customer, folder)
    assert "'tools.web_search', which is not sold with this model" in shown, shown[-4000:]
    assert not shared_provider.requests
