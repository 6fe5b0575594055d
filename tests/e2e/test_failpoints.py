"""kill -9 at each named point of a call (core/base/failpoint.h), which builds for tests have."""

import signal
from dataclasses import dataclass

import pytest
import sse
from crowd import Crowd, alone, pick_seed, prepare
from gateway import Gateway, has_failpoints, is_sanitized
from journal import Journal
from questions import quick_question
from rawhttp import Closed

# ./dev makes its sanitizer builds with them: there, these are never skipped.
pytestmark = pytest.mark.skipif(
    not has_failpoints() and not is_sanitized(), reason="built without GW_FAILPOINTS"
)
LIVES = 2  # under load, for each point


@dataclass(frozen=True)
class Promise:
    """None: either."""

    asked: bool | None  # the provider has been
    held: bool | None  # the hold is on disk
    charged: bool
    silent: bool  # a client that streams has not had a byte; any other has not at any point


PROMISES = {
    "after-hold:1": Promise(asked=False, held=None, charged=False, silent=True),
    "before-upstream:1": Promise(asked=False, held=None, charged=False, silent=True),
    "before-commit:1": Promise(asked=None, held=False, charged=False, silent=True),
    "after-commit:1": Promise(asked=None, held=True, charged=False, silent=True),
    "hold-durable:1": Promise(asked=None, held=True, charged=False, silent=True),
    "after-usage:1": Promise(asked=True, held=True, charged=False, silent=False),
    # The second transaction is the settlement's.
    "before-commit:2": Promise(asked=True, held=True, charged=False, silent=False),
    "after-commit:2": Promise(asked=True, held=True, charged=True, silent=False),
    "before-last-byte:1": Promise(asked=True, held=True, charged=True, silent=False),
}
# Beside the calls, some time after them, many at once: such a point is seldom passed.
TABLES = {"before-tables", "after-tables"}
POINTS = sorted({name.partition(":")[0] for name in PROMISES} | TABLES)


def arm(gateway: Gateway, failpoint: str | None) -> None:
    gateway.env.pop("GW_FAILPOINT", None)
    if failpoint is not None:
        gateway.env["GW_FAILPOINT"] = failpoint


def wait_for_death(gateway: Gateway) -> None:
    gateway.wait_for_exit(code=-signal.SIGKILL)
    arm(gateway, None)


def test_this_build_has_failpoints():
    assert has_failpoints(), "a sanitizer build needs -DGW_FAILPOINTS=ON"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("point", PROMISES)
def test_one_call(make_gateway, provider, point, streamed):
    gateway = make_gateway(prepare=prepare)
    journal = Journal(provider)
    client, books = alone(gateway, journal)
    gateway.stop()
    arm(gateway, point)
    gateway.start()
    question = quick_question(client.number, 0, streamed)
    with gateway.connect() as connection, pytest.raises((Closed, ConnectionError)):
        client.ask(connection, question)
    wait_for_death(gateway)

    promise = PROMISES[point]
    (receipt,) = client.receipts
    assert not receipt.complete
    assert receipt.reply is None or (streamed and not promise.silent)
    assert receipt.reply is None or not sse.is_done(receipt.reply.body)
    if promise.asked is not None:
        assert bool(journal.entries) == promise.asked

    gateway.start()
    books.compare([client])
    if promise.held is not None:
        assert books.holds() == promise.held
    assert (question.name in books.charged) == promise.charged
    with gateway.connect() as connection:
        client.ask(connection, quick_question(client.number, 1, streamed))
    books.compare([client])
    assert books.answers == 1, "it goes on"


@pytest.mark.parametrize("durability", ["power", "process"])
@pytest.mark.parametrize("point", POINTS)
def test_under_load(make_gateway, provider, point, durability):
    gateway = make_gateway(prepare=prepare, durability=durability)
    with Crowd(gateway, Journal(provider), pick_seed()) as crowd:
        for _ in range(LIVES):
            times = crowd.rng.randint(3, 12) if point in TABLES else crowd.rng.randint(33, 120)
            failpoint = f"{point}:{times}"
            gateway.stop()
            arm(gateway, failpoint)
            gateway.start()
            crowd.live_once(failpoint, lambda crowd: wait_for_death(crowd.gateway), 0)
        assert crowd.books.answers > 0
        gateway.stop()


@pytest.mark.parametrize(
    "value",
    ["after-holt:1", "after-hold", "after-hold:", "after-hold:0", "after-hold:-1", "after-hold:x",
     "after-hold:1x", ":1", ""],
)  # fmt: skip
def test_a_point_that_is_none_is_refused(make_gateway, value):
    gateway = make_gateway(env={"GW_FAILPOINT": value}, start=False)
    result = gateway.command("serve")
    assert result.returncode == 1
    assert f"GW_FAILPOINT='{value}'" in result.stderr
