"""When a provider fails: customers do not notice, what fails is left out and probed, a key pauses
for its rate limit, and our own account's troubles are nobody's but ours."""

import itertools
import threading
import time

import answers
import pytest
from answers import Usage, error, reply
from fake_provider import Gate
from gateway import Gateway
from prices import Price, charge
from replays import make_admin
from wait import wait_until

PRICE = Price("0.15", "0.60")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
SHY, STEADY = "shy-model", "steady-model"  # the providers' own names
LONG_MS = 60_000
CALLS = 12
IN_A_ROW = 5  # failures that open a breaker


def quota(status: int, code: str, message: str = "no credit left"):
    return error(status, message, code, "insufficient_quota")


# A kind of failure -> what the provider does, and how often it is asked in CALLS calls.
KINDS = {
    "500": (error(500, "no", None, "server_error"), IN_A_ROW),
    "502 with a page": (answers.html(502), IN_A_ROW),
    "503": (error(503, "busy", None, "server_error"), IN_A_ROW),
    "529": (error(529, "overloaded", None, "overloaded_error"), IN_A_ROW),
        # Where a connection that was open already breaks, it is asked once more.
    "a reset": (answers.reset_before_head(), range(IN_A_ROW, 2 * IN_A_ROW + 1)),
    "a close": (answers.close_before_head(), range(IN_A_ROW, 2 * IN_A_ROW + 1)),
    "a reset behind the head": (answers.reset_after_head(False), IN_A_ROW),
    "a cut body": (answers.truncated_body(), IN_A_ROW),
    "a page": (answers.html(200), IN_A_ROW),
    "an empty body": (reply(200, b""), IN_A_ROW),
    "no JSON": (reply(200, b"ok"), IN_A_ROW),
    "JSON that says nothing": (reply(200, b'{"choices":[]}'), IN_A_ROW),
    "an error in a 200": (reply(200, b'{"error":{"message":"no"}}'), IN_A_ROW),
    "silence": (answers.silence(), IN_A_ROW),
    "403": (error(403, "not here", None, "permission_error"), IN_A_ROW),
    "404 of the model": (error(404, "no such model", "model_not_found", "not_found"), IN_A_ROW),
    "429 that says when": (
        error(429, "slow down", "rate_limit_exceeded", "requests", {"Retry-After": "60"}), 1),
    "429 in milliseconds": (
        error(429, "slow down", "rate_limit_exceeded", "requests", {"retry-after-ms": "60000"}), 1),
    "401": (error(401, "bad key", "invalid_api_key", "invalid_request_error"), 1),
    "402": (error(402, "pay first", None, "payment_required"), 1),
    "429 for want of quota": (quota(429, "insufficient_quota"), 1),
}  # fmt: skip


def add_farm(policies, name: str, **breaker) -> None:
    """A model of two providers at one address: "shy-NAME" is asked first, then "steady-NAME"."""
    terms = {"base_ejection_ms": LONG_MS, "max_ejection_ms": LONG_MS, **breaker}
    for kind in ("shy", "steady"):
        policies.provider(f"{kind}-{name}", breaker=terms, first_byte_timeout_ms=400)
    shy = {"provider": f"shy-{name}", "model": SHY}
    steady = {"provider": f"steady-{name}", "model": STEADY}
    policies.model(name, PRICE, candidates=[shy, steady])
    policies.model(f"{name}-alone", PRICE, candidates=[shy])
    policies.model(f"{name}-shared", PRICE, sort="weight",
                   candidates=[shy | {"weight": 1}, steady | {"weight": 3}])  # fmt: skip
    dear = {"input": "9", "output": "9", "allow_loss": True}
    policies.model(f"{name}-cheap", PRICE, sort="price", candidates=[shy | dear, steady])
    policies.model(f"{name}-quick", PRICE, sort="latency", candidates=[shy, steady])


QUICK_TERMS = {"base_ejection_ms": 200, "max_ejection_ms": 200}
FARMS = ["lone", "paused", "denied", "reloaded", "weighed", "priced", "timed", "shown", "cut",
         "forbidden"]  # fmt: skip


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    """One gateway: what happens to the providers of one farm is nothing to the others."""
    gateway = Gateway(tmp_path_factory.mktemp("farm"), shared_provider)
    for name in [
        *(f"kind-{i}" for i in range(len(KINDS))),
        *FARMS,
        *(f"own-{i}" for i in range(3)),
    ]:
        add_farm(gateway.policies, name)
    add_farm(gateway.policies, "probed", **QUICK_TERMS)
    for name in ("spread", "limited", "refused", "broken"):
        add_pool(gateway.policies, name)
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


def asked(provider, model: str) -> int:
    return sum(request.model == model for request in provider.requests)


def ask_well(customer, model: str, count: int = 1) -> None:
    for _ in range(count):
        response = customer.ask(model)
        assert response.status_code == 200, response.text


def eject(customer, provider, farm: str) -> None:
    provider.script(SHY, error(500, "no", None, "server_error"))
    provider.script(STEADY, GOOD)
    ask_well(customer, farm, IN_A_ROW)
    assert asked(provider, SHY) == IN_A_ROW
    provider.script(SHY, GOOD)
    provider.requests.clear()


def opened(house, farm: str) -> list[dict]:
    return house.logged("breaker opened", provider=f"shy-{farm}")


# ---- what customers see ----


@pytest.mark.parametrize("kind", KINDS)
def test_customers_do_not_notice(house, provider, kind):
    answer, asked_times = KINDS[kind]
    farm = f"kind-{list(KINDS).index(kind)}"
    provider.script(SHY, answer)
    provider.script(STEADY, GOOD)
    customer = house.customer()
    ask_well(customer, farm, CALLS)
    if isinstance(asked_times, int):
        asked_times = range(asked_times, asked_times + 1)
    assert asked(provider, SHY) in asked_times
    assert asked(provider, STEADY) == CALLS
    customer.wait_for_no_hold()
    assert 10 - customer.balance == CALLS * charge(PRICE, USAGE)
    paused = kind.startswith("429") and "quota" not in kind
    house.log_is_caught_up()
    assert len(opened(house, farm)) == (0 if paused else 1)


def test_the_only_one_is_asked_all_the_same(house, provider):
    """A small chance is better for a customer than none; it answers as soon as it can."""
    customer = house.customer()
    provider.script(SHY, error(500, "no", None, "server_error"))
    for _ in range(IN_A_ROW + 3):
        assert customer.ask("lone-alone").status_code == 502
    assert asked(provider, SHY) == IN_A_ROW + 3, "once a call"
    wait_until(lambda: opened(house, "lone"), 10, "the log's line")
    provider.script(SHY, GOOD)
    ask_well(customer, "lone-alone")
    wait_until(lambda: house.logged("breaker closed", provider="shy-lone"), 10, "the log's line")


def test_a_pause_is_told(house, provider):
    """Where every key pauses nobody is asked, and the client hears when to come again."""
    customer = house.customer()
    limit = error(429, "slow down", "rate_limit_exceeded", "requests", {"Retry-After": "40"})
    provider.script(SHY, limit)
    for _ in range(3):
        response = customer.ask("paused-alone")
        assert response.status_code == 429
        assert response.json()["error"]["code"] == "rate_limit_exceeded"
        assert 30 <= int(response.headers["retry-after"]) <= 40
    assert asked(provider, SHY) == 1
    customer.wait_for_no_hold()
    assert customer.balance == 10
    row = provider_row(house, "shy-paused")["recent"]["models"][0]
    assert row["paused_until"] is not None
    assert row["results"]["rate_limited"] == 1


def test_our_account_is_the_operator_s(house, provider):
    customer = house.customer()
    provider.script(SHY, quota(429, "insufficient_quota", "You owe us 99 USD."))
    for _ in range(3):
        response = customer.ask("denied-alone")
        assert response.status_code == 503
        message = response.json()["error"]["message"]
        assert "only its operator can mend" in message
        assert "99" not in message
    assert asked(provider, SHY) == 1
    row = provider_row(house, "shy-denied")
    assert (row["health"], row["last_error"]["outcome"]) == ("down", "auth")
    assert row["recent"]["account_refused_until"] is not None
    told = {"event": "a provider refuses our account", "provider": "shy-denied"}
    (line,) = house.logs("refuses our account", **told)
    assert "99 USD" in line["said"]


def test_one_customer_s_403_ejects_nothing(house, provider):
    """Who brings it forth does not take the provider from the others."""
    customer = house.customer()
    provider.script(STEADY, GOOD)
    for _ in range(3):
        provider.script(SHY, error(403, "not you", None, "permission_error"))
        ask_well(customer, "forbidden", IN_A_ROW - 1)
        provider.script(SHY, GOOD)
        ask_well(customer, "forbidden")
    assert house.never_logged("breaker opened", provider="shy-forbidden")


OF_ONE_REQUEST = {
    "words of an account": error(
        400, "tool_use ids were found without tool_result: unauthorized", None,
        "invalid_request_error"),
    "larger than a limit, 429": error(
        429, "Request too large for m: Limit 30000, Requested 58000", "rate_limit_exceeded",
        "tokens"),
    "larger than a limit, 413": error(
        413, "Request too large for m: Limit 30000, Requested 58000", "rate_limit_exceeded",
        "tokens"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OF_ONE_REQUEST)
def test_what_one_request_brings_forth_is_nobody_else_s(house, provider, kind):
    """It takes neither the key nor the model from the others."""
    number = list(OF_ONE_REQUEST).index(kind)
    provider.script(SHY, OF_ONE_REQUEST[kind])
    for _ in range(IN_A_ROW + 1):
        assert house.customer().ask(f"own-{number}-alone").status_code != 200
    provider.script(SHY, GOOD)
    ask_well(house.customer(), f"own-{number}-alone")
    assert not opened(house, f"own-{number}")


def test_answers_that_break_off_count(house, provider):
    customer = house.customer()
    provider.script(SHY, answers.stream([answers.content_event("Hel")], ending="cut"))
    provider.script(STEADY, GOOD)
    for _ in range(IN_A_ROW):
        assert b"error" in customer.ask("cut", stream=True).content
    wait_until(lambda: opened(house, "cut"), 10, "the log's line")
    ask_well(customer, "cut")


# ---- half open ----


def test_one_probe_at_a_time(house, provider):
    customer = house.customer()
    eject(customer, provider, "probed")
    gate = Gate(provider)
    provider.script(SHY, answers.behind(gate, GOOD))
    probe = []

    def ask_until_it_probes():
        while not asked(provider, SHY):
            probe.append(customer.ask("probed").status_code)

    thread = threading.Thread(target=ask_until_it_probes)
    thread.start()
    wait_until(lambda: asked(provider, SHY) == 1, 10, "the probe")
    ask_well(customer, "probed", CALLS)
    assert asked(provider, SHY) == 1, "the others go elsewhere"
    gate.set()
    thread.join(10)
    assert set(probe) == {200}
    ask_well(customer, "probed")
    assert asked(provider, SHY) == 2, "closed again"


def test_a_reload_forgets_nothing(house, provider):
    customer = house.customer()
    eject(customer, provider, "reloaded")
    house.reload()
    ask_well(customer, "reloaded", 3)
    assert asked(provider, SHY) == 0


# ---- in which order ----


def test_by_weight_and_a_conversation_stays(house, provider):
    customer = house.customer("100")
    provider.answer = GOOD
    for number in range(120):
        messages = [{"role": "user", "content": f"question {number} " + "word " * 500}]
        before = asked(provider, SHY)
        for turn in range(2):
            more = [{"role": "user", "content": "more"}] * turn
            assert customer.ask("weighed-shared", messages=messages + more).status_code == 200
        assert asked(provider, SHY) - before in (0, 2), "a conversation changes its provider"
    assert 0.05 < asked(provider, SHY) / 240 < 0.5, "one in four"


def test_by_price(house, provider):
    customer = house.customer()
    provider.answer = GOOD
    ask_well(customer, "priced-cheap", 3)
    assert (asked(provider, SHY), asked(provider, STEADY)) == (0, 3)


async def slowly(connection, request) -> None:
    await connection.pause(0.2)
    await GOOD(connection, request)


def test_by_latency(house, provider):
    customer = house.customer()
    provider.script(SHY, slowly)
    provider.script(STEADY, GOOD)
    ask_well(customer, "timed-alone")
    ask_well(customer, "timed-quick")  # the other one is not known yet: it comes first
    assert asked(provider, STEADY) == 1
    provider.requests.clear()
    ask_well(customer, "timed-quick", 5)
    assert asked(provider, SHY) == 0


# ---- several keys of one provider ----

KEYS = ["sk-one", "sk-two", "sk-three"]


def add_pool(policies, name: str) -> None:
    terms = {"base_ejection_ms": LONG_MS, "max_ejection_ms": LONG_MS}
    policies.provider(f"pool-{name}", api_key=None, api_keys=["", *KEYS], breaker=terms)
    policies.model(f"pool-{name}", PRICE, providers=(f"pool-{name}",))


def keys_used(provider) -> list[str]:
    return [request.headers["authorization"].split()[1] for request in provider.requests]


def for_key(key: str, bad):
    """That key gets the bad answer, the others a good one."""

    async def answer(connection, request) -> None:
        is_bad = request.headers["authorization"] == f"Bearer {key}"
        await (bad if is_bad else GOOD)(connection, request)

    return answer


def ask_about(customer, model: str, number: int) -> None:
    messages = [{"role": "user", "content": f"question {number}"}]
    assert customer.ask(model, messages=messages).status_code == 200


def test_keys_share_the_calls(house, provider):
    customer = house.customer()
    provider.answer = GOOD
    for number in range(60):
        ask_about(customer, "pool-spread", number)
    used = keys_used(provider)
    assert all(used.count(key) > 3 for key in KEYS), used
    provider.requests.clear()
    for _ in range(5):
        ask_about(customer, "pool-spread", 1)
    assert len(set(keys_used(provider))) == 1, "a conversation keeps its key"


@pytest.mark.parametrize(
    ("pool", "bad"),
    [
        ("limited", error(429, "slow", "rate_limit_exceeded", "requests", {"Retry-After": "60"})),
        ("refused", error(401, "no", "invalid_api_key", "invalid_request_error")),
    ],
)
def test_one_key_pauses_alone(house, provider, pool, bad):
    customer = house.customer()
    provider.answer = for_key("sk-two", bad)
    for number in range(30):
        ask_about(customer, f"pool-{pool}", number)
    used = keys_used(provider)
    assert used.count("sk-two") == 1
    assert len(used) == 31, "the next key is asked in the same call"
    assert min(used.count("sk-one"), used.count("sk-three")) > 0


def test_a_pool_that_is_broken_is_asked_once_a_call(house, provider):
    customer = house.customer()
    provider.answer = error(500, "no", None, "server_error")
    assert customer.ask("pool-broken").status_code == 502
    assert len(provider.requests) == 1, "another key of what is broken helps nobody"


# ---- what the operator sees ----


def provider_row(house, name: str) -> dict:
    rows = make_admin(house, f"{name}@example.com").call("GET", "/admin/providers", 200)["data"]
    return next(row for row in rows if row["name"] == name)


def test_the_last_seconds_are_shown(house, provider):
    customer = house.customer()
    eject(customer, provider, "shown")
    row = provider_row(house, "shy-shown")
    assert (row["health"], row["recent"]["calls"], row["recent"]["failures"]) == ("down", 5, 5)
    (model,) = row["recent"]["models"]
    assert (model["model"], model["breaker"], model["results"]["failed"]) == (SHY, "open", 5)
    assert model["open_until"] is not None
    row = provider_row(house, "steady-shown")
    assert (row["health"], row["recent"]["models"][0]["breaker"]) == ("ok", "closed")


# ---- one of two flaps ----


def flap(provider, seconds: float, period_s: float):
    """Changes what the provider does, again and again, until the time is over."""
    end = time.monotonic() + seconds
    for answer in itertools.cycle((error(503, "busy", None, "server_error"), GOOD)):
        provider.script(SHY, answer)
        if time.monotonic() >= end:
            return
        time.sleep(period_s)


def test_one_of_two_flaps(make_gateway, provider, is_long):
    """At most one call in a thousand fails, and there are at most 1.1 attempts a call."""
    gateway = make_gateway(prepare=lambda policies: add_flapping(policies))
    customers = [gateway.customer("1000") for _ in range(4)]
    provider.answer = GOOD
    statuses: list[list[int]] = [[] for _ in customers]
    over = threading.Event()

    def work(customer, seen):
        while not over.is_set():
            seen.append(customer.ask("flap", stream=len(seen) % 2 == 1).status_code)

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(customers, statuses, strict=True)
    ]
    for thread in threads:
        thread.start()
    flap(provider, 60 if is_long else 6, 1.0)
    over.set()
    for thread in threads:
        thread.join(30)
    calls = sum(map(len, statuses))
    failed = sum(status != 200 for seen in statuses for status in seen)
    assert calls > 100
    assert failed <= calls / 1000
    # What opens a breaker comes as often however few calls a slow machine makes.
    opening = IN_A_ROW * len(customers) if calls < 500 else 0
    assert len(provider.requests) <= 1.1 * calls + opening
    for customer, seen in zip(customers, statuses, strict=True):
        customer.wait_for_no_hold()
        assert 1000 - customer.balance == len(seen) * charge(PRICE, USAGE)


def add_flapping(policies) -> None:
    for kind in ("shy", "steady"):
        policies.provider(f"{kind}-flap", breaker=None)
    shy = {"provider": "shy-flap", "model": SHY}
    steady = {"provider": "steady-flap", "model": STEADY}
    policies.model("flap", PRICE, candidates=[shy, steady])
    policies.write("examples", "return {}\n")
