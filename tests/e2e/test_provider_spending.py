"""`spend_per_day` of a provider: no call begins that could cost more than is left of it, whatever
restarts; the calls go elsewhere, or say when it is asked again."""

import itertools
import threading

import answers
import pytest
from answers import Chat, Usage
from errors import check_error
from fake_provider import Gate
from gateway import Gateway
from prices import Price
from replays import make_admin, nusd
from wait import wait_until

PRICE = Price("0.15", "0.60")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
CAP = "0.05"
CALLS = 4  # each costs a cent and holds 1.2 cents of it: a fifth could end above the cap
COST_NUSD = nusd("0.01") + 9000  # the request, 20 tokens and 10
NUMBERS = itertools.count()
# A stream holds a cent for each 1,024 tokens; the cap has three of them.
GROWN, GROWN_CAP = Price("0.15", "10"), "0.03"
WHO = (("capped", "first"), ("other", "second"))


def add(policies, name: str, cap: str) -> None:
    policies.provider(f"{name}-capped", spend_per_day=cap)
    policies.provider(f"{name}-other")
    capped = {"provider": f"{name}-capped", "model": f"{name}-first"}
    other = {"provider": f"{name}-other", "model": f"{name}-second"}
    policies.model(name, PRICE, candidates=[capped, other], request="0.01")
    policies.model(f"{name}-alone", PRICE, candidates=[capped], request="0.01")


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("spending"), shared_provider)
    for name in ("plain", "restarted", "killed", "streamed", "raised"):
        add(gateway.policies, name, CAP)
    add(gateway.policies, "together", "0.025")
    for name in ("grown", "lost"):
        gateway.policies.provider(f"{name}-capped", spend_per_day=GROWN_CAP)
        gateway.policies.provider(f"{name}-other")
    pair = [{"provider": f"grown-{who}", "model": f"grown-{place}"} for who, place in WHO]
    gateway.policies.model("grown", GROWN, candidates=pair)
    dear = {"provider": "lost-capped", "model": "lost-first", "allow_loss": True,
            "input": "0.15", "output": "40"}  # fmt: skip
    cheap = {"provider": "lost-other", "model": "lost-second"}
    gateway.policies.model("lost", GROWN, candidates=[cheap, dear])
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house, provider):
    provider.answer = GOOD
    return house.customer()


def ask(customer, model: str, count: int = 1, **members) -> None:
    for _ in range(count):
        response = customer.ask(model, max_tokens=10, **members)
        assert response.status_code == 200, response.text


def asked(provider, farm: str) -> tuple[int, int]:
    """How often the capped one was asked, and how often the other."""
    names = [request.model for request in provider.requests]
    return names.count(f"{farm}-first"), names.count(f"{farm}-second")


def spending(house, farm: str) -> dict:
    admin = make_admin(house, f"{next(NUMBERS)}@spending.test")
    providers = admin.call("GET", "/admin/providers", 200)["data"]
    return next(row for row in providers if row["name"] == f"{farm}-capped")["spending"]


def test_a_cap_is_kept(house, customer, provider):
    ask(customer, "plain", CALLS + 3)
    assert asked(provider, "plain") == (CALLS, 3)
    customer.wait_for_no_hold()
    found = spending(house, "plain")
    assert nusd(found["today"]) == CALLS * COST_NUSD
    assert (found["reserved"], found["cap"]) == ("0.000000000", "0.050000000")
    told = house.logs("spend_per_day", 2, provider="plain-capped")
    assert [(line["level"], line["spend_per_day"]) for line in told] == [
        ("warn", "0.05"),  # four fifths
        ("error", "0.05"),  # reached, once
    ]


def test_where_nobody_else_is(house, customer, provider):
    ask(customer, "plain", CALLS)  # whatever the tests before have spent
    before = len(provider.requests)
    response = customer.ask("plain-alone", max_tokens=10)
    error = check_error(response, 503, "provider_unavailable")
    assert "again after midnight UTC" in error["message"]
    assert "Nothing was charged" in error["message"]
    assert 0 < int(response.headers["Retry-After"]) <= 24 * 3600
    assert response.headers["x-should-retry"] == "false"
    assert len(provider.requests) == before
    customer.wait_for_no_hold()


@pytest.mark.parametrize("farm", ["restarted", "killed"])
def test_a_restart_is_no_new_day(house, customer, provider, farm):
    ask(customer, farm, CALLS + 1)
    house.check_holds()
    house.kill() if farm == "killed" else house.stop()
    house.start()
    ask(customer, farm)
    assert asked(provider, farm) == (CALLS, 2)
    assert nusd(spending(house, farm)["today"]) == CALLS * COST_NUSD


def test_streams_count(house, customer, provider):
    provider.answer = answers.chat(usage=USAGE, usage_in_chunks="always")
    ask(customer, "streamed", CALLS + 2, stream=True)
    assert asked(provider, "streamed") == (CALLS, 2)


def test_calls_that_run_count(house, customer, provider):
    """Two of them could cost all of it. A third goes elsewhere, until one of them has ended."""
    calls = [threading.Thread(target=ask, args=(customer, "together")) for _ in range(2)]
    with Gate(provider) as gate:

        async def answer_later(connection, request) -> None:
            await gate.wait()
            await GOOD(connection, request)

        provider.script("together-first", answer_later)
        for call in calls:
            call.start()
        wait_until(lambda: asked(provider, "together") == (2, 0))
        assert nusd(spending(house, "together")["reserved"]) > 2 * nusd("0.01")
        ask(customer, "together")
    for call in calls:
        call.join()
    assert asked(provider, "together") == (2, 1)


def test_a_stream_that_grows_keeps_others_away(house, customer, provider):
    """What it has come to hold counts at once: another call that would fit beside its first piece
    goes elsewhere. The day ends above the cap by what that one stream took behind it, and the
    operator is told."""
    pieces = tuple(f"word{number:04d} " for number in range(2500))  # more tokens than that
    words = Chat(pieces, Usage(20, 3500))
    with Gate(provider) as gate:
        provider.script("grown-first", answers.stream_of(words, gates={1500: gate}))
        stream = threading.Thread(
            target=customer.ask, args=("grown",), kwargs={"stream": True, "max_tokens": 8000}
        )
        stream.start()
        wait_until(lambda: nusd(spending(house, "grown")["reserved"]) > nusd("0.02"), 10, "growth")
        assert customer.ask("grown", max_tokens=1000).status_code == 200
        assert asked(provider, "grown") == (1, 1)
    stream.join()
    customer.wait_for_no_hold()
    found = spending(house, "grown")
    assert nusd(found["today"]) == 20 * 150 + 3500 * 10_000 > nusd(GROWN_CAP)
    assert nusd(found["reserved"]) == 0
    assert house.logs("exceeded, by calls that had begun", provider="grown-capped")
    admin = make_admin(house, f"{next(NUMBERS)}@spending.test")
    opened = admin.call("GET", "/admin/alerts", 200)["open"]
    (told,) = [alert for alert in opened if alert["subject"] == "grown-capped"]
    assert told["kind"] == "spend_reached"
    assert "have spent more" in told["detail"]


def test_a_loss_counts_as_what_it_costs(house, customer, provider):
    """Of a candidate that costs more than it brings in, the hold says too little."""
    provider.script("lost-second", answers.error(500, "no", None, "server_error"))
    assert customer.ask("lost", max_tokens=1000).status_code == 502
    assert asked(provider, "lost") == (0, 1), "it may cost four cents"
    assert customer.ask("lost", max_tokens=500).status_code == 200
    assert asked(provider, "lost") == (1, 2), "two cents fit"


def test_a_failed_attempt_gives_back(house, customer, provider):
    provider.script("raised-first", answers.error(400, "no", "bad", "invalid_request_error"))
    for _ in range(CALLS + 2):
        assert customer.ask("raised", max_tokens=10).status_code == 400
    customer.wait_for_no_hold()
    found = spending(house, "raised")
    assert (nusd(found["today"]), nusd(found["reserved"])) == (0, 0)


def test_a_cap_is_raised(house, customer, provider):
    provider.script("raised-first", GOOD)
    ask(customer, "raised", CALLS + 1)
    text = house.policies.read("providers")
    house.policies.write("providers", text.replace(CAP, "0.061"))
    house.reload()
    ask(customer, "raised", 2)
    assert asked(provider, "raised") == (CALLS + 1, 2)


@pytest.mark.parametrize(("value", "why"), [
    ('"0"', "must be above 0"),
    ('"-1"', "spend_per_day"),
    ('"lots"', "spend_per_day"),
    ("true", "must be an amount in USD"),
])  # fmt: skip
def test_a_bad_cap_is_refused(house, tmp_path, value, why):
    folder = tmp_path / "policies"
    folder.mkdir()
    for file in house.policies.folder.iterdir():
        (folder / file.name).write_text(file.read_text())
    providers = folder / "providers.lua"
    providers.write_text(providers.read_text().replace('"0.025"', value))
    found = house.command("check", "--set", f"policies={folder}")
    assert found.returncode != 0
    assert why in found.stderr
