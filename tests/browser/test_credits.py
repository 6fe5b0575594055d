"""Credits: added, and every transfer with the balance after it."""

from money import exact
from playwright.sync_api import expect
from prices import usd


def test_added_and_listed(user, customer):
    user.open("/dashboard/credits")
    user.sees(user.t("credits.testNote"))
    user.field("credits.amount").fill("12.345678901")
    user.button("credits.addAmount", amount="$12.345678901").click()
    row = user.rows("credits.history").first
    expect(row).to_contain_text("+$12.345678901")
    expect(row).to_contain_text("$22.345678901")
    expect(row).to_contain_text(user.t("transfer.test"))
    expect(user.main.get_by_text("$22.345678901").first).to_be_visible()


def test_a_voucher_is_redeemed(user, customer, make_person, view, gateway):
    """Made and exported by the operator, redeemed by the customer, once."""
    from conftest import make_operator

    operator = make_person(view, gateway).become(make_operator(gateway))
    operator.open("/dashboard/admin/vouchers")
    operator.button("vouchers.make").first.click()
    operator.field("vouchers.name").fill("Spring")
    operator.field("vouchers.amountEach").fill("2.50")
    operator.field("vouchers.count").fill("2")
    operator.button("vouchers.make").last.click()
    row = operator.rows("nav.vouchers").first
    expect(row).to_contain_text("Spring")
    expect(row).to_contain_text("0 / 2")
    with operator.page.expect_download() as loading:
        operator.of_row("vouchers.export", row, "link").click()
    code = loading.value.path().read_text().splitlines()[1].partition(",")[0]
    user.open("/dashboard/credits")
    user.field("vouchers.code").fill(code.lower())
    user.button("vouchers.redeem").click()
    expect(user.rows("credits.history").first).to_contain_text("+$2.50")
    expect(user.field("vouchers.code")).to_have_value("")
    assert customer.balance == usd("12.5")
    user.field("vouchers.code").fill(code)
    user.button("vouchers.redeem").click()
    user.sees(user.t("error.voucher_redeemed"))
    user.field("vouchers.code").fill("0000")
    user.button("vouchers.redeem").click()
    user.sees(user.t("vouchers.noCode"))
    operator.open("/dashboard/admin/vouchers")
    expect(row).to_contain_text("1 / 2")
    operator.of_row("vouchers.withdraw", row).click()
    operator.button("vouchers.withdraw", operator.page.get_by_role("dialog")).click()
    expect(row).to_contain_text(operator.t("vouchers.stateWithdrawn"))


def test_running_balance(user, customer):
    for model in ("gpt-4", "gpt-4o", "demo"):
        customer.ask(model)
    transfers = customer.call("GET", "/transfers", 200)["data"]
    user.open("/dashboard/credits")
    rows = user.rows("credits.history")
    expect(rows).to_have_count(4)
    for index, transfer in enumerate(transfers):
        expect(rows.nth(index)).to_contain_text(exact(transfer["amount"]))
        expect(rows.nth(index)).to_contain_text(exact(transfer["balance"]))
    user.choice("credits.kindCredits").click()
    expect(rows).to_have_count(1)
    user.choice("credits.kindAll").click()
    rows.first.locator("a").click()
    user.sees_title("request.title")


def test_sent_again_after_a_lost_answer(user, customer):
    """It was done, but the page does not know: trying again does not add it twice."""

    def lose(route) -> None:
        assert route.fetch().status == 201
        route.abort()

    user.open("/dashboard/credits")
    user.page.route("**/api/balance/charge", lose, times=1)
    user.field("credits.amount").fill("7")
    user.button("credits.addAmount", amount="$7.00").click()
    user.sees(user.t("error.offline"))
    user.button("credits.addAmount", amount="$7.00").click()
    expect(user.main.get_by_text("$17.00").first).to_be_visible()
    assert customer.balance == 17
    user.button("credits.addAmount", amount="$7.00").click()
    expect(user.main.get_by_text("$24.00").first).to_be_visible()
    assert customer.balance == 24, "one more is one more"


def test_what_is_no_amount(user):
    user.open("/dashboard/credits")
    for wrong in ("0", "ten", "-5", "2000000", "0.0000000001"):
        user.field("credits.amount").fill(wrong)
        user.main.locator("button[type=submit]").first.click()
        user.sees(user.t("limits.amountAbove", most="$1,000,000"))
        expect(user.field("credits.amount")).to_have_attribute("aria-invalid", "true")
        user.field("credits.amount").fill("1")


def test_payments_that_are_off(make_person, make_gateway):
    gateway = make_gateway(payments="off")
    customer = gateway.customer(credit=None)
    person = make_person(at=gateway).become(customer)
    person.open("/dashboard/credits")
    person.sees(person.t("error.payments_disabled"))
    expect(person.page.get_by_text(person.t("payments.fake"))).to_have_count(0)
