"""The house of the real clients: a gateway that is quick to keep a stream alive, and the fake
provider, which answers each scenario by its model's name."""

import answers
import pytest
from fake_provider import Provider
from gateway import Gateway
from scenarios import SCENARIOS, prepare


@pytest.fixture(scope="session")
def shared_provider():
    provider = Provider(default=answers.chat())
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def house(shared_provider, tmp_path_factory):
    """The gateway, with a customer who has money and one who has none."""
    settings = {"keepalive_comment_ms": 100, "first_event_wait_ms": 200}
    gateway = Gateway(tmp_path_factory.mktemp("clients"), shared_provider, settings)
    prepare(gateway.policies)
    for scenario in SCENARIOS:
        shared_provider.script(scenario.model, scenario.answer)
    gateway.start()
    yield gateway
    assert not shared_provider.failures, shared_provider.failures
    gateway.check_holds()
    gateway.stop()
