"""Little or no money is told on every page, with what it has cost already."""

import pytest
from customer import Customer
from person import Person
from playwright.sync_api import expect
from test_everywhere import violations

PAGES = ("", "/usage", "/keys", "/credits", "/models", "/playground", "/account")


@pytest.fixture
def poor(gateway) -> Customer:
    return gateway.customer(credit="0.50")


def banner(person: Person):
    return person.page.get_by_role("region", name=person.t("funds.label"))


def spend_all(gateway, operator, customer) -> None:
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    taken = {"user_id": user_id, "amount": customer.wallet()["balance"], "reason": "a test"}
    operator.call("POST", "/admin/debits", 201, json=taken)


def test_low_then_none_then_enough(person, gateway, operator, poor):
    person.become(poor).open("/dashboard/models")
    expect(banner(person)).to_contain_text(person.t("funds.low", available="$0.50"))
    assert not violations(person)
    spend_all(gateway, operator, poor)
    expect(banner(person)).to_contain_text(person.t("funds.none"))
    for path in PAGES:
        person.open("/dashboard" + path)
        expect(banner(person)).to_contain_text(person.t("funds.none"))
    assert not violations(person)
    person.link("credits.add", banner(person)).click()
    person.sees_title("nav.credits")
    poor.charge("2")
    expect(banner(person)).to_have_count(0)


def test_below_what_the_customer_has_said(person, customer):
    customer.call("PATCH", "/notices", 200, json={"low_balance": "5"})
    person.become(customer).open("/dashboard/account")
    expect(banner(person)).to_have_count(0)
    person.field("notices.low").fill("20")
    person.button("notices.save").click()
    expect(banner(person)).to_contain_text(person.t("funds.low", available="$10.00"))


def test_refused_calls_are_counted(person, gateway, operator, poor):
    spend_all(gateway, operator, poor)
    for _ in range(3):
        assert poor.ask().status_code == 402
    assert poor.ask("no-such-model").status_code == 404
    person.become(poor).open("/dashboard/keys")
    expect(banner(person)).to_contain_text(person.t("funds.refused", n=3))
    poor.ask()
    person.link("funds.refused", banner(person), n=4).click()
    assert len(person.rows("usage.view.refused").all()) == 5


def test_operators_need_none(boss):
    with boss.page.expect_response("**/api/pulse"):  # it tells that there is no money
        boss.open("/dashboard")
    boss.sees_title("nav.home")
    expect(banner(boss)).to_have_count(0)
    boss.open("/dashboard/admin/customers")
    boss.rows("nav.customers")
    expect(banner(boss)).to_have_count(0)
