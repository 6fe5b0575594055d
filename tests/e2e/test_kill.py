"""kill -9 at any moment of any load: what was received is charged, once and at the right price;
what was not, once at most; no hold stays open, and the books add up."""

import random
import signal
import time

import pytest
from crowd import Crowd, alone, pick_seed, prepare
from failing_disk import Disk
from journal import Journal
from questions import quick_question
from wait import wait_until

KILLS = 16
FIRST_STARTS = 12


def die(crowd: Crowd) -> None:
    crowd.pause(0.02)
    crowd.gateway.kill()


def die_while_reloading(crowd: Crowd) -> None:
    crowd.gateway.signal(signal.SIGHUP)
    crowd.pause(0.02)
    crowd.gateway.kill()


def die_while_draining(crowd: Crowd) -> None:
    crowd.gateway.signal(signal.SIGTERM)
    crowd.pause(0.05)
    crowd.gateway.kill()


DEATHS = {"kill -9": die, "SIGHUP, kill -9": die_while_reloading,
          "SIGTERM, kill -9": die_while_draining}  # fmt: skip


def check_kills(gateway, provider, kills: int, seed: int) -> None:
    with Crowd(gateway, Journal(provider), seed) as crowd:
        for _ in range(kills):
            (death,) = crowd.rng.choices(list(DEATHS), [6, 1, 1])
            crowd.live_once(death, DEATHS[death], crowd.rng.randint(1, 200))
        books = crowd.books
        gateway.stop()
    assert books.answers > kills * 5
    assert books.interrupted > kills * 5


@pytest.mark.once
@pytest.mark.timeout(300)
@pytest.mark.parametrize("durability", ["power", "process"])
def test_kill_9_under_load(make_gateway, provider, durability):
    gateway = make_gateway(prepare=prepare, durability=durability)
    check_kills(gateway, provider, KILLS, pick_seed())


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("run", range(20))
def test_a_thousand_kills(make_gateway, provider, run):
    gateway = make_gateway(prepare=prepare, durability=("power", "process")[run % 2])
    check_kills(gateway, provider, 50, pick_seed(run))


def test_kill_9_in_the_first_start(make_gateway, provider):
    """While the secret and the database are being made."""
    rng = random.Random(pick_seed())
    for _ in range(FIRST_STARTS):
        gateway = make_gateway(start=False)
        for most_s in (0.1, 0.05):
            gateway.spawn()
            time.sleep(rng.uniform(0, most_s))
            gateway.kill()
        gateway.start()
        assert gateway.customer().ask().status_code == 200


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_no_byte_before_the_hold_is_on_disk(make_gateway, provider, streamed, tmp_path):
    """The disk takes its time, the provider has long answered, and then the gateway dies."""
    disk = Disk(tmp_path, tmp_path / "gateway0" / "gateway.db")
    gateway = make_gateway(prepare=prepare, env=disk.env, durability="power")
    journal = Journal(provider)
    client, books = alone(gateway, journal)
    question = quick_question(client.number, 0, streamed)
    disk.fail("slow")
    with gateway.connect(timeout=0.3) as connection:
        with pytest.raises(TimeoutError):
            client.ask(connection, question)
        wait_until(
            lambda: [entry for entry in journal.entries.get(question.name, []) if entry.usage],
            10,
            "the provider's answer",
        )
        assert client.receipts[0].reply is None
        with pytest.raises(TimeoutError):
            connection.read_exactly(1)
        gateway.kill()
    disk.heal()
    gateway.start()
    books.compare([client])
    assert books.holds() == 1  # written, not synced: a dead process takes nothing away
    assert not books.charged
