"""Agents, unmodified, do a task of three turns through the gateway, and show where credits are when
the money ends in its middle."""

import agents
import pytest
from agents import AGENTS, USAGE, WORD
from answers import Chat, Usage
from gateway import Gateway
from prices import Price, charge

pytestmark = [pytest.mark.long, pytest.mark.timeout(360)]
PRICE = Price("1", "1000")  # the output's price decides what is held
TURN_USD = charge(PRICE, USAGE)
CHUNK_USD = charge(PRICE, Usage(0, 1024))  # what a stream needs to begin, at least


@pytest.fixture
def house(tmp_path, shared_provider):
    shared_provider.reset()
    gateway = Gateway(tmp_path / "gateway", shared_provider, {})
    gateway.policies.model("agent", PRICE)
    gateway.start()
    yield gateway
    assert not shared_provider.failures, shared_provider.failures
    gateway.check_holds()
    gateway.stop()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "work"
    made.mkdir()
    return made


DONE = Chat(pieces=("The word", " is copied."), usage=USAGE)


@pytest.mark.parametrize("name", AGENTS)
def test_a_task_is_finished_and_paid(house, shared_provider, folder, name):
    customer = house.customer()
    shared_provider.answer = agents.model(AGENTS[name], folder, DONE)
    shown = agents.run(name, customer, folder)
    assert DONE.text in shown, shown[-4000:]
    assert folder.joinpath("answer.txt").read_text() == WORD
    customer.wait_for_no_hold()
    assert len(shared_provider.requests) == 3
    assert 10 - customer.balance == 3 * TURN_USD
    records = customer.all_records()
    assert [record["usage_source"] for record in records] == ["reported"] * 3


@pytest.mark.parametrize("name", AGENTS)
def test_money_ends_between_two_turns(house, shared_provider, folder, name):
    """The person sees where credits are. (opencode asks five times more where the text of a refusal
    has digits like 500 or 429, whatever its status; the provider is not asked, nothing is paid.)"""
    customer = house.customer(credit=str(TURN_USD + CHUNK_USD / 2))
    shared_provider.answer = agents.model(AGENTS[name], folder, DONE)
    shown = agents.run(name, customer, folder)
    assert "Not enough credits" in shown, shown[-4000:]
    assert f"{house.origin}/dashboard/credits" in shown
    customer.wait_for_no_hold()
    assert customer.balance == CHUNK_USD / 2
    assert len(shared_provider.requests) == 1
    assert not folder.joinpath("answer.txt").exists()
