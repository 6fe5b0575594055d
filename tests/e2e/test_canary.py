"""A canary: a share of a model's calls goes to another candidate first. Customers pay the published
price, and notice nothing when it fails."""

import answers
import anthropic_answers
import pytest
from answers import Usage
from prices import charge, usd
from trials import MAIN, MODEL, OTHER, USAGE, account_of, administrator, candidate, draws, sell
from wait import wait_until

pytestmark = pytest.mark.quick
ALL = {"candidate": candidate(), "share": "100%"}


@pytest.fixture
def make(make_gateway, provider):
    """A gateway whose model has this canary."""
    provider.answer = answers.chat(usage=USAGE, usage_in_chunks="always")

    def made(canary=ALL, **members):
        return make_gateway(prepare=lambda policies: sell(policies, canary=canary, **members))

    return made


def asked(provider) -> list[str]:
    return [request.model for request in provider.requests]


def test_who_is_in_stays_in(make, provider):
    gateway = make({"candidate": candidate(), "share": "40%"})
    seen = set()
    for _ in range(12):
        customer = gateway.customer()
        expected = draws("canary", account_of(gateway, customer), MODEL, 0.4)
        for _ in range(2):
            provider.requests.clear()
            assert customer.ask(MODEL).status_code == 200
            assert asked(provider) == ["new" if expected else "main"]
        seen.add(expected)
    assert seen == {True, False}, "no such share of twelve customers"


def test_by_call_it_is_a_share_of_the_calls(make, provider):
    gateway = make({"candidate": candidate(), "share": "50%", "by": "call"})
    customer = gateway.customer()
    for _ in range(64):
        assert customer.ask(MODEL).status_code == 200
    records = {record["id"]: record for record in customer.all_records()}
    for name, record in records.items():
        expected = draws("canary", name, MODEL, 0.5)
        assert customer.get(f"/generation?id={name}").json()["data"]["canary"] is expected
        assert record["attempts"] == 1
    assert asked(provider).count("new") == sum(draws("canary", n, MODEL, 0.5) for n in records)
    assert 8 < asked(provider).count("new") < 56  # by chance once in 10^9


def test_only_its_groups(make, provider):
    gateway = make({**ALL, "groups": ["beta"]})
    customer = gateway.customer()
    assert customer.ask(MODEL).status_code == 200
    admin = administrator(gateway)
    user_id = admin.call("GET", f"/admin/users?search={customer.email}", 200)["data"][0]["id"]
    admin.call("PATCH", f"/admin/users/{user_id}", 200, json={"group": "beta"})
    assert customer.ask(MODEL).status_code == 200
    assert asked(provider) == ["main", "new"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_published_price_is_paid(make, provider, streamed):
    gateway = make()
    admin, customer = administrator(gateway), gateway.customer()
    assert customer.ask(MODEL, stream=streamed).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(MAIN, USAGE) == 10 - customer.balance
    told = admin.call("GET", f"/admin/usage/{record['id']}", 200)
    assert (told["provider_model"], told["canary"], told["canary_attempts"]) == ("new", True, 1)
    assert usd(told["provider_cost"]) == charge(OTHER, USAGE, "0")


@pytest.mark.parametrize("failing", ["500", "400", "cut"])
def test_a_failing_canary_is_not_noticed(make, provider, failing):
    """Not even a refusal: another candidate may have no fault to find."""
    gateway = make()
    admin, customer = administrator(gateway), gateway.customer()
    provider.script("new", {
        "500": answers.error(500, "no", None, "server_error"),
        "400": answers.error(400, "no such parameter", "x", "invalid_request_error"),
        "cut": answers.reset_before_head(),
    }[failing])  # fmt: skip
    response = customer.ask(MODEL)
    assert response.status_code == 200
    assert asked(provider) == ["new", "main"]
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(MAIN, USAGE) == 10 - customer.balance
    told = admin.call("GET", f"/admin/usage/{record['id']}", 200)
    assert (told["provider_model"], told["canary"], told["canary_attempts"]) == ("main", False, 1)
    assert told["attempts"] == 2


def test_the_trial_takes_no_attempt_away(make, provider):
    gateway = make()
    policies = gateway.policies
    policies.replace("routes", "attempts_max = 3", "attempts_max = 2")
    gateway.reload()
    no = answers.error(500, "no", None, "server_error")
    provider.then(no, no)
    customer = gateway.customer()
    assert customer.ask(MODEL).status_code == 200
    assert asked(provider) == ["new", "main", "spare"]


def test_an_ejected_canary_is_left_out(make, provider):
    gateway = make()
    gateway.policies.provider("flaky", breaker={"consecutive_failures": 2})
    sell(gateway.policies, canary={**ALL, "candidate": candidate(provider="flaky")})
    gateway.reload()
    provider.script("new", answers.error(500, "no", None, "server_error"))
    customer = gateway.customer()
    for _ in range(4):
        assert customer.ask(MODEL).status_code == 200
    assert asked(provider) == ["new", "main", "new", "main", "main", "main"]
    newest = customer.records()[0]
    assert customer.get(f"/generation?id={newest['id']}").json()["data"]["canary"] is False


def test_a_wish_takes_part_in_no_trial(make, provider):
    gateway = make()
    customer = gateway.customer()
    assert customer.ask(MODEL, provider={"order": ["second"]}).status_code == 200
    assert asked(provider) == ["spare"]


def test_in_another_dialect(make, provider):
    """Anthropic's, and the customer speaks OpenAI's."""
    gateway = make()
    gateway.policies.provider("claude", dialect="anthropic")
    sell(gateway.policies, canary={**ALL, "candidate": candidate(provider="claude")})
    gateway.reload()
    usage = {"input_tokens": 30, "output_tokens": 7}
    provider.script("new", anthropic_answers.message(usage=usage, output_tokens=7))
    customer = gateway.customer()
    response = customer.ask(MODEL)
    assert response.json()["choices"][0]["message"]["content"]
    assert [request.path for request in provider.requests] == ["/v1/messages"]
    assert usd(customer.wait_for_record()["cost"]) == charge(MAIN, Usage(30, 7))


LOSS = candidate(price=MAIN.__class__("3", "2"))


@pytest.mark.parametrize(
    ("canary", "why"),
    [
        ({"candidate": LOSS, "share": "5%"}, "published price"),
        ({"share": "5%"}, "candidate: is missing"),
        ({"candidate": candidate()}, "share: is missing"),
        ({"candidate": candidate(), "share": "101%"}, 'at most "100%"'),
        ({"candidate": candidate("main"), "share": "5%"}, "one of the model's candidates"),
        ({"candidate": candidate(weight=2), "share": "5%"}, "no effect"),
    ],
    ids=["loss", "nobody", "no share", "more than all", "the same", "weight"],
)
def test_what_is_refused(make_gateway, canary, why):
    gateway = make_gateway(prepare=lambda policies: sell(policies, canary=canary), start=False)
    checked = gateway.command("check")
    assert checked.returncode == 1
    assert why in checked.stdout + checked.stderr


def test_check_shows_its_margin(make_gateway):
    canary = {"candidate": {**LOSS, "allow_loss": True}, "share": "5%"}
    gateway = make_gateway(prepare=lambda policies: sell(policies, canary=canary), start=False)
    text = gateway.value_of("check") and gateway.command("check").stdout
    row = next(line for line in text.splitlines() if "canary 5%" in line)
    assert row.split()[0] == MODEL
    assert "-60%" in row


FAULTS = {
    "fails": answers.error(500, "no", None, "server_error"),
    # What the others take is the canary's fault, not the customer's.
    "refuses": answers.error(400, "no such member", "invalid_value", "invalid_request_error"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_that_fails_more_often_is_an_alert(make, provider, fault):
    """And one that fails as often as the others is none."""
    gateway = make({"candidate": candidate(), "share": "50%", "by": "call"})
    admin, customer = administrator(gateway), gateway.customer()

    def open_alerts() -> list[dict]:
        rows = admin.call("GET", "/admin/alerts", 200)["open"]
        return [row for row in rows if row["kind"] == "canary_worse"]

    for _ in range(40):
        assert customer.ask(MODEL).status_code == 200
    provider.script("new", FAULTS[fault])
    for _ in range(60):
        assert customer.ask(MODEL).status_code == 200, "another candidate answers"
    wait_until(lambda: len(open_alerts()) == 1, 10, "an alert")
    assert open_alerts()[0]["subject"] == MODEL
    assert "have failed" in open_alerts()[0]["detail"]
    sell(gateway.policies)
    gateway.reload()
    wait_until(lambda: not open_alerts(), 10, "its end: the canary is gone")
