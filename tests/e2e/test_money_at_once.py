"""Money and limits when several act at the same time: each thing happens once, whoever comes first,
and the books are right whatever is killed in between."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import answers
import pytest
from answers import Chat, Usage
from customer import QUESTION, Customer
from endpoint_calls import CALLS, model_of, sell
from errors import check_error
from fake_provider import Gate
from gateway import Gateway
from prices import Price, usd
from stripe_server import deliver
from test_admin_api import make_admin
from test_customer_data import rows
from test_doors import count
from test_first_credits import sign_up_through_a_kill
from test_quota_settings import set_own
from test_quotas import no_midnight  # noqa: F401 (a fixture)
from test_top_up_reversals import reversal
from test_top_ups import asked_for, automatic, make_buyer, newest, spend, wait_for_a_look, wish
from test_vouchers import codes_of, export, make, refuse
from wait import wait_until

USAGE = Usage(1000, 1000)


def together(*acts) -> list:
    """What each of them gives, begun at the same moment."""
    barrier = threading.Barrier(len(acts))

    def begin(act):
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [it.result() for it in [pool.submit(begin, act) for act in acts]]


def new(gateway) -> Customer:
    customer = Customer(gateway)
    customer.user_id = customer.sign_up()["user"]["id"]
    return customer


# ---- what is given away ----


def test_the_days_first_credits_through_kills(make_gateway):
    """Of many sign-ups at once, and a gateway that dies among them: never more than the day's."""
    gateway = make_gateway(sign_up_credit="1.5", sign_up_credits_max="10")
    emails = [f"rush{number}@example.com" for number in range(30)]
    for round_ in range(5):
        sign_up_through_a_kill(gateway, emails[6 * round_ : 6 * round_ + 6])
        given = rows(gateway, "SELECT coalesce(sum(amount_nusd), 0) FROM first_credits")[0][0]
        assert given <= 10 * 10**9
        gateway.verify_ledger()
    assert count(gateway, "first_credits") == 6
    assert count(gateway, "users") == len(emails)
    kinds = "SELECT count(*), sum(amount_nusd) FROM transfers WHERE kind = 'promotion'"
    assert rows(gateway, kinds) == [(6, 9 * 10**9)]


def test_a_batch_is_withdrawn_while_it_is_redeemed(gateway):
    """Each code is either credited or refused for good; none after the answer to the operator."""
    admin, boss = make_admin(gateway), make_admin(gateway)
    buyers = [new(gateway) for _ in range(8)]
    for last in buyers[:4]:  # ten wrong codes are too many
        before = {buyer.email: buyer.balance for buyer in buyers}
        batch = make(admin, len(buyers) + 1, "1")
        *codes, late = codes_of(admin, batch)
        path = f"/admin/vouchers/{batch['id']}"
        redeems = [
            lambda b=buyer, c=code: b.web.post("/balance/voucher", json={"code": c}).status_code
            for buyer, code in zip(buyers, codes, strict=True)
        ]
        stops = [
            lambda w=who: w.call("PATCH", path, 200, json={"withdrawn": True})  # noqa: B023
            for who in (admin, boss)
        ]
        *statuses, first, second = together(*redeems, *stops)
        assert set(statuses) <= {201, 409}
        assert first["withdrawn_at"] == second["withdrawn_at"]
        done = statuses.count(201)
        assert sum(bool(row["redeemed_at"]) for row in export(admin, batch)) == done
        assert admin.call("GET", path, 200)["redeemed"] == done
        for buyer, status in zip(buyers, statuses, strict=True):
            assert buyer.balance - before[buyer.email] == (status == 201)
        times = [row["redeemed_at"] for row in export(admin, batch) if row["redeemed_at"]]
        assert max(times, default="") <= first["withdrawn_at"]
        for buyer, code, status in zip(buyers, codes, statuses, strict=True):
            refuse(buyer, code, 409, "voucher_redeemed" if status == 201 else "voucher_expired")
        refuse(last, late, 409, "voucher_expired")
    gateway.verify_ledger()


# ---- what is given back ----


def test_operators_refund_one_call_at_once(gateway, provider):
    """All of it is given back once, by parts or as a whole."""
    provider.answer = answers.chat(usage=USAGE)
    customer = gateway.customer()
    bosses = [make_admin(gateway) for _ in range(6)]
    for part in (None, "0.0005"):
        call = customer.ask().headers["x-request-id"]
        customer.wait_for_no_hold()
        paid = usd("10") - customer.balance
        body = {"exchange_id": call, "reason": "sorry"} | ({"amount": part} if part else {})
        statuses = together(
            *(
                lambda b=boss: b.web.post("/admin/refunds", json=body).status_code  # noqa: B023
                for boss in bosses
            )
        )
        fits = int(paid / usd(part)) if part else 1
        assert statuses.count(201) == fits
        assert set(statuses) <= {201, 400, 409}
        rest = paid - usd(part) * fits if part else 0
        assert customer.balance == usd("10") - rest
        gateway.verify_ledger()
        bosses[0].web.post("/admin/refunds", json={"exchange_id": call, "reason": "the rest"})
        assert customer.balance == usd("10")


def test_operators_refund_one_payment_at_once(paid_house, stripe):
    """By parts, at the processor, while the customer disputes it: never more than was credited is
    taken, and each part once, in whatever order it is told."""
    buyer = new(paid_house)
    payment = buyer.call("POST", "/balance/charge", 201, json={"amount": "30"})
    deliver(paid_house, stripe.complete(payment))
    events = [stripe.refund(payment, 700, number=n) for n in (1, 2, 3)]
    events.append(stripe.dispute(payment, 3000, "needs_response"))
    together(*(lambda e=event: deliver(paid_house, e) for event in events * 3))
    assert buyer.balance == 0
    assert usd(buyer.wallet()["owed"]) == 0
    paid_house.verify_ledger()
    won = stripe.dispute(payment, 3000, "won", "closed")
    failed = stripe.refund(payment, 700, "failed", 3, "refund.failed")
    together(*(lambda e=event: deliver(paid_house, e) for event in (won, failed, won, failed)))
    assert buyer.balance == usd("16")
    paid_house.verify_ledger()


# ---- automatic top-ups ----


def test_a_manual_payment_beside_the_months_most(paid_house, stripe):
    """What the customer pays by hand at the same moment neither counts against it nor goes past."""
    buyer = make_buyer(paid_house, stripe)
    wish(buyer)  # 20 below 5, at most 50 a month
    spend(paid_house, buyer, "9")
    by_hand = 0
    for number in itertools.count(1):
        wait_until(lambda n=number: len(asked_for(stripe, buyer)) == n)
        payment = buyer.call("POST", "/balance/charge", 201, json={"amount": "10"})
        by_hand += 1
        charged = stripe.event("payment_intent.succeeded", newest(stripe))
        paid = stripe.complete(payment)
        together(*(lambda e=event: deliver(paid_house, e) for event in (charged, paid) * 2))
        spend(paid_house, buyer, str(buyer.balance - 1))
        if number == 2:
            break
    wait_for_a_look(paid_house, stripe)
    done = automatic(buyer)
    assert [it["state"] for it in done] == ["paid"] * 2
    assert sum(Decimal(it["total"]) for it in done) == 40
    assert buyer.balance == 1
    paid_house.verify_ledger()
    deliver(paid_house, reversal(stripe, newest(stripe), "refund"))
    wait_for_a_look(paid_house, stripe)
    assert len(automatic(buyer)) == 2, "what was given back makes no room to charge it again"
    assert by_hand == 2


# ---- limits that change, and ways around them ----


def own_quotas(customer) -> list[dict]:
    """Those that the customer has set."""
    return [row for row in customer.call("GET", "/quotas", 200)["data"] if row["id"]]


@pytest.mark.parametrize("change", ["lower", "higher", "deleted", "set"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_changes_during_a_call(gateway, provider, change, stream):
    """The call goes on; what it has used counts against whatever is there when it ends."""
    customer = gateway.customer()
    if change != "set":
        set_own(customer, "usd", "day", "0.01")
    with Gate(provider) as gate:
        answer = answers.stream_of(Chat(usage=USAGE)) if stream else answers.chat(usage=USAGE)
        provider.answer = answers.behind(gate, answer)
        seen = len(provider.requests)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(customer.ask, max_tokens=1000, stream=stream)
            wait_until(lambda: len(provider.requests) > seen)
            if change == "deleted":
                (row,) = own_quotas(customer)
                customer.call("DELETE", f"/quotas/{row['id']}", 204)
            else:
                set_own(customer, "usd", "day", {"lower": "0.0001"}.get(change, "0.02"))
            gate.set()
            assert running.result().status_code == 200
    customer.wait_for_no_hold()
    charged = usd("10") - customer.balance
    assert charged > usd("0.0001")
    left = own_quotas(customer)
    provider.answer = answers.chat(usage=USAGE)
    if change == "deleted":
        assert left == []
        assert customer.ask(max_tokens=1000).status_code == 200
        return
    assert usd(left[0]["used"]) == charged
    refused = customer.ask(max_tokens=1000)
    if change == "lower":
        check_error(refused, 429, "quota_exceeded", retry=False)
    else:
        assert refused.status_code == 200
    gateway.verify_ledger()


MOST = 5


def plainly(customer, number: int) -> int:
    return customer.ask(max_tokens=50).status_code


def streaming(customer, number: int) -> int:
    return customer.ask(stream=True, max_tokens=50).status_code


def cancelling(customer, number: int) -> int:
    """The client goes after the first bytes."""
    body = {"model": "gpt-4o-mini", "messages": list(QUESTION), "stream": True, "max_tokens": 50}
    url, headers = "/api/v1/chat/completions", customer.authorization
    with customer.gateway.http.stream("POST", url, json=body, headers=headers) as response:
        next(response.iter_raw(), None)
        return response.status_code


def with_keys(customer, number: int) -> int:
    """Each idempotency key is sent by two at once."""
    body = {"model": "gpt-4o-mini", "messages": list(QUESTION), "max_tokens": 50}
    headers = {"Idempotency-Key": f"key-{number // 2}"}
    return customer.post(body, headers=headers).status_code


def by_tags(customer, number: int) -> int:
    """Under other names of the same customer's user."""
    return customer.ask(max_tokens=50, user=f"user-{number}").status_code


@pytest.mark.parametrize("way", [plainly, streaming, cancelling, with_keys, by_tags])
@pytest.mark.parametrize("scope", ["key", "user"])
def test_no_way_around_a_quota(make_gateway, provider, way, scope):
    """Of many calls at once no more reach the provider than the quota has, however they are made;
    also after a kill."""
    gateway = make_gateway(
        prepare=lambda policies: policies.write(
            "limits", f'return {{ {{ scope = "{scope}", requests_per_day = {MOST} }} }}\n'
        )
    )
    customer = gateway.customer()
    streams = way in (streaming, cancelling)
    chat = Chat(usage=Usage(10, 10))
    provider.answer = answers.stream_of(chat) if streams else answers.chat(usage=Usage(10, 10))
    seen = len(provider.requests)
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda n: way(customer, n), range(24)))
    assert set(statuses) <= {200, 409, 429}
    assert 429 in statuses
    assert len(provider.requests) - seen == MOST
    customer.wait_for_no_hold()
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    if scope == "user":
        customer.create_key()
    assert way(customer, 1000) == 429
    assert len(provider.requests) - seen == MOST
    gateway.verify_ledger()


@pytest.fixture(scope="module")
def everything(shared_provider, tmp_path_factory):
    """Sells each kind of call, two a day for a key; and a model whose answers are shared."""
    gateway = Gateway(tmp_path_factory.mktemp("at_once"), shared_provider)
    sell(gateway.policies)
    candidates = [{"provider": "openai", "model": "shared-model"}]
    gateway.policies.model("shared", Price("1", "1"), candidates=candidates, shares_answers=True)
    gateway.policies.write("limits", 'return { { scope = "key", requests_per_day = 2 } }\n')
    yield from gateway.served()


@pytest.mark.parametrize("name", CALLS)
def test_each_endpoint_counts(everything, provider, name):
    customer, call = everything.customer(), CALLS[name]
    provider.answer = call.answer(call.used)
    seen = len(provider.requests)
    with ThreadPoolExecutor(6) as pool:
        sent = pool.map(lambda _: call.send(customer, model_of(name)).status_code, range(6))
    assert sorted(sent) == [200, 200, 429, 429, 429, 429]
    assert len(provider.requests) - seen == 2


def test_who_shares_an_answer_counts(everything, provider):
    """Though the provider is asked once."""
    customers = [everything.customer() for _ in range(2)]
    with Gate(provider) as gate:
        provider.answer = answers.behind(gate, answers.chat(usage=Usage(20, 10)))
        seen = len(provider.requests)
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(who.ask, "shared", temperature=0) for who in customers * 4]
            wait_until(lambda: sum(it.done() for it in asked) == 4)
            gate.set()
            assert sorted(it.result().status_code for it in asked) == [200] * 4 + [429] * 4
    assert len(provider.requests) - seen == 1
    for customer in customers:
        customer.wait_for_no_hold()
        assert customer.ask("shared", temperature=0).status_code == 429
