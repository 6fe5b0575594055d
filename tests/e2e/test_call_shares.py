"""An account gets its share of the calls that can be under way at once (`calls_max`), not all."""

from concurrent.futures import ThreadPoolExecutor

import answers
import pytest
from answers import behind
from fake_provider import Gate
from wait import wait_until

CALLS_MAX = 10
ALONE = 8  # four fifths


@pytest.fixture
def gateway(make_gateway):
    return make_gateway(calls_max=CALLS_MAX)


def test_one_account_keeps_no_other_out(gateway, provider):
    greedy, other = gateway.customer("100"), gateway.customer("100")
    with ThreadPoolExecutor(CALLS_MAX) as pool, Gate(provider) as gate:
        provider.answer = behind(gate, answers.chat())
        calls = [pool.submit(greedy.ask, stream=number % 2 == 0) for number in range(ALONE)]
        provider.wait_for_requests(ALONE)
        for _ in range(2):
            refused = greedy.ask()
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "overloaded"
            assert refused.headers["retry-after"] == "1"
        provider.answer = answers.chat()
        assert other.ask().status_code == 200
        provider.answer = behind(gate, answers.chat())
        calls.append(pool.submit(other.ask))
        provider.wait_for_requests(ALONE + 2)
        assert greedy.ask().status_code == 503, "of what is left others have a part"
        gate.set()
        assert {call.result().status_code for call in calls} == {200}
    for customer in (greedy, other):
        customer.wait_for_no_hold()
    provider.answer = answers.chat()
    wait_until(lambda: greedy.ask().status_code == 200, 10, "room again")
    assert len(greedy.records()) == ALONE + 1, "what was refused is no call"
