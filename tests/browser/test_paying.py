"""Payments in the pages: to Stripe's page and back, automatic top-ups, the operator's list."""

import re

import pytest
from conftest import make_operator
from customer import Customer
from playwright.sync_api import expect
from prices import usd
from stripe_server import POLICY, StripeServer, deliver
from test_everywhere import violations


@pytest.fixture
def stripe():
    server = StripeServer()
    yield server
    server.stop()


@pytest.fixture
def house(make_gateway, stripe):
    gateway = make_gateway(**stripe.settings)
    gateway.policies.write("payments", POLICY)
    gateway.reload()
    return gateway


@pytest.fixture
def buyer(house):
    buyer = Customer(house)
    buyer.user_id = buyer.sign_up()["user"]["id"]
    return buyer


@pytest.fixture
def user(make_person, view, house, buyer):
    return make_person(view, house).become(buyer)


def labelled(user, key: str, currency: str):
    return user.main.get_by_label(user.t(key, currency=currency), exact=True)


def newest(buyer) -> dict:
    return buyer.call("GET", "/payments", 200)["data"][0]


def stay_away(user) -> None:
    """Stripe's own page is not here."""
    user.page.route("https://checkout.stripe.test/**", lambda route: route.fulfill(body="Stripe"))


def pay(user, buyer, amount: str) -> dict:
    user.open("/dashboard/credits")
    user.page.get_by_role("button", name=amount).click()
    user.button("payments.pay").click()
    user.page.wait_for_url("https://checkout.stripe.test/**")
    return newest(buyer)


def test_pay_and_come_back(user, buyer, house, stripe):
    stay_away(user)
    user.open("/dashboard/credits")
    user.sees(user.t("payments.testMode"))
    user.main.get_by_text(user.t("payments.youGet", credit="$10.00")).wait_for()
    assert violations(user) == []
    payment = pay(user, buyer, "$100.00")
    assert payment["amount"] == "100.00"
    user.open(f"/dashboard/credits?payment={payment['id']}")
    user.sees(user.t("payments.waitTitle"))
    deliver(house, stripe.complete(payment))
    user.sees(user.t("payments.thanks"))
    expect(user.main.get_by_text("$110.00").first).to_be_visible()
    row = user.rows("payments.list").first
    expect(row).to_contain_text(user.t("payments.paid"))
    assert violations(user) == []
    user.button("payments.dismiss").click()
    expect(user.main.get_by_text(user.t("payments.thanks"))).to_have_count(0)
    deliver(house, stripe.refund(payment, 5000))
    expect(row).to_contain_text(user.t("payments.partly"))


def test_leave_the_page(user, buyer):
    stay_away(user)
    payment = pay(user, buyer, "$10.00")
    user.open(f"/dashboard/credits?payment={payment['id']}&left=1")
    user.sees(user.t("payments.leftTitle"))
    link = user.link("payments.goOn")
    expect(link).to_have_attribute("href", payment["checkout_url"])


def test_another_currency(user, buyer, stripe):
    stay_away(user)
    user.open("/dashboard/credits")
    user.field("payments.currency").select_option("krw")
    user.main.get_by_text(user.t("payments.youGet", credit="$10.20")).wait_for()
    labelled(user, "payments.amountIn", "KRW").fill("6999")
    user.button("payments.pay").click()
    user.sees(user.t("limits.amountBetween", least="\u20a97,000", most="\u20a91,400,000"))
    labelled(user, "payments.amountIn", "KRW").fill("20,000")
    user.button("payments.pay").click()
    user.page.wait_for_url("https://checkout.stripe.test/**")
    assert stripe.session_of(newest(buyer))["amount_subtotal"] == 20000


def test_automatic_top_up(user, buyer, house, stripe):
    user.open("/dashboard/credits")
    user.sees(user.t("automatic.noCard"))
    body = {"amount": "10", "save_card": True}
    payment = buyer.call("POST", "/balance/charge", 201, json=body)
    deliver(house, stripe.complete(payment))
    expect(user.rows("payments.list").first).to_contain_text(user.t("payments.paid"))
    named, kept = stripe.kept_card(payment)  # some time after the credit, and in either order
    deliver(house, kept)
    expect(user.button("automatic.set")).to_be_visible()
    deliver(house, named)
    user.sees("visa 4242")
    user.button("automatic.set").click()
    user.field("automatic.threshold").fill("5")
    labelled(user, "automatic.amount", "USD").fill("20")
    labelled(user, "automatic.most", "USD").fill("10")
    user.button("automatic.save").click()
    user.sees(user.t("limits.amountBetween", least="$20.00", most="$999,999.99"))
    labelled(user, "automatic.most", "USD").fill("100")
    assert violations(user) == []
    user.button("automatic.save").click()
    expect(user.button("automatic.end")).to_be_visible()  # it is saved
    user.sees("$20.00")
    wish = buyer.call("GET", "/payment-options", 200)["automatic"]
    assert (wish["amount"], wish["month_max"]) == ("20.00", "100.00")
    assert usd(wish["threshold"]) == 5
    user.button("automatic.end").click()
    expect(user.button("automatic.set")).to_be_visible()
    assert buyer.call("GET", "/payment-options", 200)["automatic"] is None


def test_the_operator_lists_them(make_person, view, house, buyer, stripe):
    for number in range(3):
        payment = buyer.call("POST", "/balance/charge", 201, json={"amount": "10"})
        if number != 1:
            deliver(house, stripe.complete(payment))
    boss = make_person(view, house).become(make_operator(house))
    boss.open("/dashboard/admin/payments")
    rows = boss.rows("nav.payments")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(buyer.email)
    assert violations(boss) == []
    boss.field("payments.state").select_option("open")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text(boss.t("payments.open"))
    rows.first.get_by_role("link").first.click()
    boss.page.wait_for_url(f"**/admin/customers/{buyer.user_id}")


def by_twos(person) -> None:
    """As few can be begun at once, pages of lists are short."""
    shorten = lambda url: re.sub(r"\blimit=\d+", "limit=2", url)  # noqa: E731
    person.page.route("**/api/**", lambda route: route.continue_(url=shorten(route.request.url)))


def test_back_to_the_page_of_each_list(make_person, house, buyer, stripe):
    """The customer's list stands beside that of the transfers: each has a page of its own."""
    for _ in range(5):
        payment = buyer.call("POST", "/balance/charge", 201, json={"amount": "10"})
        deliver(house, stripe.complete(payment))
    customer = make_person(at=house).become(buyer)
    boss = make_person(at=house).become(make_operator(house))
    for person, path, lists in (
        (customer, "/dashboard/credits", ("payments.list", "credits.history")),
        (boss, "/dashboard/admin/payments?state=paid", ("nav.payments",)),
    ):
        by_twos(person)
        person.open(path)
        pagers = person.main.get_by_role("navigation")
        expect(pagers).to_have_count(len(lists))  # else the second one may be the first
        for number in range(len(lists)):
            person.button("pager.next", pagers.nth(number)).click()
            expect(pagers.nth(number)).to_contain_text(person.t("pager.page", page=2))
        shown = [person.rows(listed).first.inner_text() for listed in lists]
        assert not violations(person)
        person.link("nav.models").click()
        person.sees_title("nav.models")
        person.page.go_back()
        for again in (lambda: None, person.page.reload):
            again()
            for number, listed in enumerate(lists):
                expect(pagers.nth(number)).to_contain_text(person.t("pager.page", page=2))
                expect(person.rows(listed).first).to_have_text(shown[number], use_inner_text=True)
