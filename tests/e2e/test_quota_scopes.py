"""What counts against a quota of each unit and scope, at each endpoint: what happened, once; and no
way around: other keys, other models' names, calls at once, another group, a kill."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import answers
import pytest
from answers import Usage
from customer import QUESTION
from endpoint_calls import CALLS, model_of, sell
from errors import check_error
from fake_provider import Gate
from gateway import Gateway
from test_admin_api import id_of, make_admin
from test_key_rotation import WEEK, rotate
from test_quotas import check_refused, limited, no_midnight  # noqa: F401 (fixtures)
from wait import wait_until

SCOPES = ["key", "user", "group", "all", "model"]
UNITS = ("requests", "tokens", "usd")
MUCH = 10**6
FIXED = "images, by the picture"  # a call whose hold is always the same
NO_TOKENS = {"request", "web_search", "character", "second", "image", "page", "session"}


def rules_of(scope: str, limits: str) -> str:
    """limits.lua; "model": each model apart, by key."""
    models = (
        [f'models = {{ "{model_of(name)}" }}, ' for name in CALLS] if scope == "model" else [""]
    )
    who = "key" if scope == "model" else scope
    rules = [f'{{ scope = "{who}", {only}{limits} }}' for only in models]
    return "return {\n" + ",\n".join(rules) + "\n}\n"


@pytest.fixture(params=SCOPES)
def seller(request, shared_provider, tmp_path):
    """seller(limits): sells each kind of call under these limits, by a scope."""
    made = []

    def seller(limits: str) -> Gateway:
        gateway = Gateway(tmp_path / "seller", shared_provider, {"body_bytes_max": 33554432})
        sell(gateway.policies)
        gateway.policies.write("limits", rules_of(request.param, limits))
        made.append(gateway.start())
        return gateway

    seller.scope = request.param
    yield seller
    for gateway in made:
        gateway.check_holds()
        gateway.stop()


def tokens_of(used: dict, record: dict) -> int:
    """Told by the answer; else, of what is not priced by them, as the usage page shows them."""
    told = [count for unit, count in used.items() if unit not in NO_TOKENS]
    if told:
        return sum(told)
    return sum(record[f"{kind}_tokens"] for kind in ("input", "cached_input", "output"))


def test_what_happened_counts_once(seller, provider):
    """Each unit at each endpoint, to the token and nano-dollar; as memory has it, and as the tables
    have it after a kill."""
    gateway = seller(
        f'requests_per_day = {MUCH}, tokens_per_month = {MUCH}, usd_per_day = "{MUCH}"'
    )
    customer = gateway.customer("1000")
    counted: dict[str, dict] = {}  # by what counts together
    held: dict[str, Decimal] = {}  # tokens by the call; and the money of FIXED

    def call(name: str) -> None:
        together = name if seller.scope == "model" else ""
        so_far = counted.setdefault(together, dict.fromkeys(UNITS, Decimal(0)))
        before = customer.balance
        provider.answer = CALLS[name].answer(CALLS[name].used)
        reply = CALLS[name].send(customer, model_of(name))
        assert reply.status_code == 200, reply.text
        customer.wait_for_no_hold()
        taken = {
            unit: MUCH - Decimal(reply.headers[f"x-ratelimit-remaining-{unit}"]) - so_far[unit]
            for unit in UNITS
        }
        assert taken["requests"] == 1
        assert held.setdefault(name, taken["tokens"]) == taken["tokens"], name
        if name == FIXED:  # of others the hold learns how long texts are
            assert held.setdefault("usd", taken["usd"]) == taken["usd"], counted
        so_far["requests"] += 1
        so_far["tokens"] += tokens_of(CALLS[name].used, customer.records()[0])
        so_far["usd"] += before - customer.balance

    call(FIXED)
    for name in CALLS:
        call(name)
        call(name)
        call(FIXED)  # tells what the ones before it have counted
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    for name in CALLS:
        call(name)
    call(FIXED)


def customers_of(gateway) -> list[tuple]:
    """Two customers with two keys each: (customer, its key's header)."""
    found = []
    for _ in range(2):
        customer = gateway.customer("1000")
        for number in range(2):
            if number:
                customer.create_key()
            found.append((customer, customer.authorization))
    return found


PASS = {"key": 4, "model": 4, "user": 2, "group": 1, "all": 1}  # of four keys


def at_once(seller, customers: list, name: str) -> list[int]:
    def send(who) -> int:
        customer, headers = who
        return CALLS[name].send(customer, model_of(name), headers=headers).status_code

    with ThreadPoolExecutor(12) as pool:
        return list(pool.map(send, customers * 3))


def test_requests_at_once(seller, provider):
    """As many reach the provider as the subjects of the scope have together."""
    gateway = seller("requests_per_month = 2")
    customers = customers_of(gateway)
    for name in CALLS if seller.scope == "model" else ["chat"]:
        provider.answer = CALLS[name].answer(CALLS[name].used)
        seen = len(provider.requests)
        statuses = at_once(seller, customers, name)
        assert statuses.count(200) == 2 * PASS[seller.scope]
        assert set(statuses) == {200, 429}
        assert len(provider.requests) - seen == statuses.count(200)


def test_money_at_once(seller, provider):
    """Of all that run together never more is charged than the quota has, at no endpoint."""
    gateway = seller('usd_per_month = "0.07"')
    customers = customers_of(gateway)
    subjects = {"user": 2, "group": 1, "all": 1}.get(seller.scope, 4)
    counted = Decimal(0)
    for name in CALLS:
        before = sum(customer.balance for customer, _ in customers[::2])
        provider.answer = CALLS[name].answer(CALLS[name].used)
        statuses = at_once(seller, customers, name)
        for customer, _ in customers:
            customer.wait_for_no_hold()
        spent = before - sum(customer.balance for customer, _ in customers[::2])
        assert set(statuses) <= {200, 429}
        assert (spent > 0) == (200 in statuses)
        counted = spent if seller.scope == "model" else counted + spent
        assert counted <= subjects * Decimal("0.07"), name
    assert counted > 0


@pytest.mark.parametrize("stream", [False, True])
def test_concurrency(seller, provider, stream):
    """Each subject has one at a time, by whichever key; and a place is free when its call ends."""
    gateway = seller("concurrency = 1")
    customers = customers_of(gateway)
    name = "chat, streamed" if stream else "chat"
    for _ in range(2):
        with Gate(provider) as gate, ThreadPoolExecutor(12) as pool:
            provider.answer = answers.behind(gate, CALLS[name].answer(CALLS[name].used))
            sent = [
                pool.submit(CALLS[name].send, customer, model_of(name), headers=headers)
                for customer, headers in customers * 3
            ]
            most = PASS[seller.scope]
            wait_until(lambda: sum(it.done() for it in sent) == len(sent) - most)  # noqa: B023
            gate.set()
            statuses = [it.result().status_code for it in sent]
        assert sorted(statuses) == [200] * most + [429] * (len(sent) - most)
        for customer, _ in customers:
            customer.wait_for_no_hold()


# ---- ways around ----

NAMED = f'scope = "user", group = "b", requests_per_day = {MUCH}'  # there is such a group


def test_a_replaced_key(limited, provider):  # noqa: F811
    """Both its secrets are one key, before and after."""
    customer = limited('scope = "key", requests_per_day = 3').customer()
    assert customer.ask().status_code == 200
    former = customer.authorization
    customer.key = rotate(customer, WEEK)["key"]
    assert customer.ask().status_code == 200
    body = {"model": "gpt-4o-mini", "messages": list(QUESTION)}
    assert customer.post(body, headers=former).status_code == 200
    for headers in (former, customer.authorization):
        assert customer.post(body, headers=headers).status_code == 429


@pytest.mark.parametrize("scope", ["user", "group", "all"])
@pytest.mark.parametrize("kill", [False, True])
def test_a_deleted_key_has_counted(limited, provider, scope, kill):  # noqa: F811
    gateway = limited(f'scope = "{scope}", requests_per_day = 2, tokens_per_day = {MUCH}')
    customer = gateway.customer()
    for _ in range(2):
        assert customer.ask().status_code == 200
        customer.wait_for_no_hold()
        customer.delete_key()
        customer.create_key()
    if kill:
        gateway.kill()
        gateway.start()
        customer.web.base_url = gateway.origin + "/api"
    told = check_refused(customer.ask(), "requests", "day", scope)
    assert told.get("used", 2) == 2  # not told of quotas that others use, too


@pytest.mark.parametrize("unit", ["requests", "tokens", "usd"])
@pytest.mark.parametrize("kill", [False, True])
def test_another_group(limited, provider, unit, kill):  # noqa: F811
    """What a customer has used goes with it: the new group's quota counts it at once, as after a
    kill, and the former one's does not."""
    most = {"requests": "2", "tokens": "40", "usd": '"0.001"'}[unit]
    gateway = limited(f'scope = "group", {unit}_per_month = {most}', NAMED)
    admin = make_admin(gateway)
    mover, stayer, other = (gateway.customer() for _ in range(3))

    def move(customer, group: str) -> None:
        path = f"/admin/users/{id_of(customer)}"
        admin.call("PATCH", path, 200, json={"group": group})

    def use_up(customer) -> None:
        provider.answer = answers.chat(usage=Usage(1000, 1000))
        while customer.ask(max_tokens=20).status_code == 200:
            customer.wait_for_no_hold()

    move(other, "b")
    use_up(mover)
    assert stayer.ask(max_tokens=20).status_code == 429
    assert other.ask(max_tokens=1).status_code == 200
    other.wait_for_no_hold()
    move(mover, "b")
    if kill:
        gateway.kill()
        gateway.start()
        for customer in (mover, stayer, other):
            customer.web.base_url = gateway.origin + "/api"
    check_error(other.ask(max_tokens=20), 429, "quota_exceeded", retry=False)
    provider.answer = answers.chat(usage=Usage(10, 10))
    assert stayer.ask(max_tokens=20).status_code == 200


def test_another_group_during_a_call(limited, provider):  # noqa: F811
    """Its place among those that run is that of the group in which it began."""
    gateway = limited('scope = "group", concurrency = 1', NAMED)
    admin = make_admin(gateway)
    mover, stayer = gateway.customer(), gateway.customer()
    with Gate(provider) as gate, ThreadPoolExecutor(1) as pool:
        provider.answer = answers.behind(gate, answers.chat(usage=Usage(10, 10)))
        running = pool.submit(mover.ask)
        wait_until(lambda: len(provider.requests) == 1)
        admin.call("PATCH", f"/admin/users/{id_of(mover)}", 200, json={"group": "b"})
        assert stayer.ask().status_code == 429
        gate.set()
        assert running.result().status_code == 200
    mover.wait_for_no_hold()
    assert [it.ask().status_code for it in (stayer, mover)] == [200, 200]
