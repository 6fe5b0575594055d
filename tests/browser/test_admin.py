"""The operator's pages."""

import re
from datetime import date, timedelta

import answers
import pytest
from answers import Usage
from money import exact
from playwright.sync_api import expect
from prices import Price, usd
from replays import make_admin
from test_everywhere import violations


@pytest.fixture
def boss_at(make_person, operator, view):
    """Goes to an operator's page."""
    person = make_person(view).become(operator)

    def go(path: str):
        person.open("/dashboard/admin" + path)
        return person

    return go


def user_id_of(customer) -> str:
    return customer.call("GET", "/auth/me", 200)["user"]["id"]


def test_overview(boss_at, customer, operator):
    customer.ask("gpt-4")
    sales = operator.call("GET", "/admin/sales?by=customer", 200)
    mine = next(row for row in sales["data"] if row["customer"]["email"] == customer.email)
    boss = boss_at("")
    boss.sees(boss.t("live.rate"))
    boss.tab("sales.by.customer").click()
    row = boss.rows("sales.title").filter(has_text=customer.email)
    for amount in ("revenue", "cost", "profit"):
        expect(row.get_by_title(exact(mine[amount])).first).to_be_visible()
    for by, name in (("model", "gpt-4"), ("provider", "openai")):
        boss.tab(f"sales.by.{by}").click()
        expect(boss.rows("sales.title").filter(has_text=name).first).to_be_visible()


SHIFTS = """
    window.shifts = [];
    const note = (entry) => entry.sources.map((source) =>
        `${source.previousRect.y} -> ${source.currentRect.y}`).join(", ");
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(note)))
        .observe({ type: "layout-shift", buffered: true });
"""


def test_nothing_jumps_when_the_sums_come(boss_at, customer):
    """Else a click that was meant for a tab goes beside it."""
    customer.ask("gpt-4")
    boss = boss_at("/customers")
    boss.page.add_init_script(SHIFTS)
    boss.open("/dashboard/admin")
    boss.sees(boss.t("live.rate"))
    expect(boss.rows("sales.title").first).to_be_visible()
    boss.page.wait_for_load_state("networkidle")
    assert boss.page.evaluate("window.shifts") == []


def test_streams_and_holds_that_are_open(boss_at, customer, provider):
    provider.answer = answers.endless(piece_bytes=20, gap_s=0.02)
    boss = boss_at("")
    with customer.openai() as client:
        stream = client.chat.completions.create(
            model="gpt-4o-mini", stream=True, messages=[{"role": "user", "content": "Hi"}]
        )
        next(iter(stream))
        tile = boss.main.get_by_text(boss.t("live.streams"), exact=True).locator("..")
        expect(tile).to_contain_text(re.compile(r"[1-9]"))
        tile = boss.main.get_by_text(boss.t("live.holds"), exact=True).locator("..")
        expect(tile.locator("p").nth(1)).to_have_text(re.compile(r"^[1-9]"))
        stream.close()


def test_a_customer_is_found_and_given_credit(boss_at, customer):
    boss = boss_at("/customers")
    boss.field("customers.search").fill(customer.email.upper())
    rows = boss.rows("nav.customers")
    expect(rows).to_have_count(1)
    rows.locator("a").click()
    expect(boss.page.get_by_role("heading", level=1)).to_have_text(customer.email)
    boss.button("customers.give").click()
    boss.field("credits.amount", boss.dialog).fill("7.125")
    boss.field("acts.reason", boss.dialog).fill("for patience")
    boss.button("customers.give", boss.dialog).click()
    expect(boss.dialog).to_have_count(0)
    assert exact(customer.balance) == "$17.125"
    boss.sees("$17.125")
    boss.tab("customers.view.transfers").click()
    expect(boss.rows("customers.view.transfers").first).to_contain_text("for patience")
    boss.tab("customers.view.audit").click()
    row = boss.rows("nav.audit").first
    expect(row).to_contain_text("for patience")
    expect(row).to_contain_text(boss.t("act.credit.create"))


def test_credit_is_taken_back_and_what_is_missing_is_owed(boss_at, customer):
    boss = boss_at("/customers/" + customer.call("GET", "/auth/me", 200)["user"]["id"])
    boss.button("customers.take").click()
    boss.field("credits.amount", boss.dialog).fill("12.5")
    boss.field("acts.reason", boss.dialog).fill("paid twice")
    boss.button("customers.take", boss.dialog).click()
    expect(boss.dialog).to_have_count(0)
    wallet = customer.wallet()
    assert (wallet["balance"], wallet["owed"]) == ("0.000000000", "2.500000000")
    boss.sees(boss.t("customers.owes"))
    boss.tab("customers.view.transfers").click()
    row = boss.rows("customers.view.transfers").first
    expect(row).to_contain_text("paid twice")
    expect(row).to_contain_text(boss.t("transfer.debit"))
    boss.tab("customers.view.audit").click()
    expect(boss.rows("nav.audit").first).to_contain_text(boss.t("act.debit.create"))


def test_credit_given_again_after_a_lost_answer(boss_at, customer):
    def lose(route) -> None:
        assert route.fetch().status == 201
        route.abort()

    boss = boss_at("/customers/" + customer.call("GET", "/auth/me", 200)["user"]["id"])
    boss.page.route("**/api/admin/credits", lose, times=1)
    boss.button("customers.give").click()
    boss.field("credits.amount", boss.dialog).fill("5")
    boss.field("acts.reason", boss.dialog).fill("for patience")
    boss.button("customers.give", boss.dialog).click()
    expect(boss.dialog.get_by_text(boss.t("error.offline"))).to_be_visible()
    boss.button("customers.give", boss.dialog).click()
    expect(boss.dialog).to_have_count(0)
    assert customer.balance == 15


FORMS = {
    "credit": ("/customers/{user}", "customers.give", "credits.amount", {"acts.reason": "x"}),
    "debit": ("/customers/{user}", "customers.take", "credits.amount", {"acts.reason": "x"}),
    "vouchers": ("/vouchers", "vouchers.make", "vouchers.amountEach", {"vouchers.name": "x"}),
    "invitations": ("/invitations", "invitations.make", "invitations.creditEach", {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_for_money_name_the_most(boss_at, customer, form):
    path, opener, amount, others = FORMS[form]
    boss = boss_at(path.format(user=customer.call("GET", "/auth/me", 200)["user"]["id"]))
    boss.button(opener).first.click()
    for field, text in others.items():
        boss.field(field, boss.dialog).fill(text)
    boss.field(amount, boss.dialog).fill("1000000.01")
    boss.dialog.locator("button[type=submit]").click()
    told = boss.t("limits.amountAbove", most="$1,000,000")
    expect(boss.dialog.get_by_text(told)).to_be_visible()
    expect(boss.field(amount, boss.dialog)).to_have_attribute("aria-invalid", "true")


def test_a_refund_of_too_much_names_what_is_left(boss_at, customer):
    customer.ask("gpt-4")
    record = customer.records()[0]
    boss = boss_at(f"/requests/{record['id']}")
    boss.button("refund.action").click()
    boss.field("acts.reason", boss.dialog).fill("a bad answer")
    boss.field("credits.amount", boss.dialog).fill("500")
    boss.button("refund.action", boss.dialog).click()
    told = boss.t("limits.amountAbove", most=exact(usd(record["cost"])))
    expect(boss.dialog.get_by_text(told)).to_be_visible()
    expect(boss.field("credits.amount", boss.dialog)).to_have_attribute("aria-invalid", "true")


def test_a_refund(boss_at, customer):
    customer.ask("gpt-4")
    record = customer.records()[0]
    boss = boss_at(f"/requests/{record['id']}")
    boss.sees(boss.t("ours.title"))
    boss.button("refund.action").click()
    boss.field("acts.reason", boss.dialog).fill("a bad answer")
    boss.button("refund.action", boss.dialog).click()
    expect(boss.dialog).to_have_count(0)
    expect(boss.button("refund.action")).to_have_count(0)
    assert exact(customer.balance) == "$10.00"


def test_our_side_of_a_request(boss_at, customer, operator, provider):
    provider.answer = answers.chat(usage=Usage(1000, 500))
    customer.ask("gpt-4o-mini")
    request_id = customer.records()[0]["id"]
    told = operator.call("GET", f"/admin/usage/{request_id}", 200)
    boss = boss_at(f"/requests/{request_id}")
    boss.sees(exact(told["provider_cost"]))
    boss.sees(exact(told["profit"]))
    boss.sees("20%")


def test_each_attempt_with_the_providers_words(boss_at, customer, provider):
    provider.answer = answers.error(503, "No capacity in eu-west", "busy", "server_error")
    request_id = customer.ask("gpt-4o-mini").headers["x-request-id"]
    boss = boss_at(f"/requests/{request_id}")
    row = boss.rows("request.attempts")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("openai")
    expect(row).to_contain_text("503")
    expect(row).to_contain_text("No capacity in eu-west")


def test_a_key_and_a_refused_request_are_found(boss_at, customer):
    """The owner of a leaked key, by what a page shows of it; a request by the id that we print."""
    request_id = customer.ask("no-such-model").headers["x-request-id"]
    boss = boss_at("/customers")
    for text in (customer.key[-4:], request_id):
        boss.field("customers.search").fill(text)
        boss.sees(customer.email)
    boss.open(f"/dashboard/admin/requests/{request_id}")
    boss.sees(boss.t("refused.title"))
    boss.sees("model_not_found")
    boss.main.get_by_role("link", name=customer.email).click()
    boss.tab("customers.view.refused").click()
    expect(boss.rows("customers.view.refused")).to_contain_text("no-such-model")


def test_a_customer_is_disabled_and_enabled(boss_at, customer, make_person):
    person = make_person().become(customer)
    person.open("/dashboard")
    boss = boss_at(f"/customers/{user_id_of(customer)}")
    boss.button("customers.disable").click()
    boss.field("acts.reason", boss.dialog).fill("abuse")
    boss.button("customers.disable", boss.dialog).click()
    boss.sees(boss.t("keys.stateDisabled"))
    assert customer.ask().status_code == 401
    person.sees_title("auth.signIn")
    boss.button("customers.enable").click()
    boss.field("acts.reason", boss.dialog).fill("was a mistake")
    boss.button("customers.enable", boss.dialog).click()
    expect(boss.button("customers.disable")).to_be_visible()
    customer.sign_in()  # all sessions had ended
    assert customer.ask().status_code == 200


def test_a_customers_key_is_disabled(boss_at, customer, make_person):
    boss = boss_at(f"/customers/{user_id_of(customer)}")
    boss.tab("customers.view.keys").click()
    boss.button("keys.disableNamed", name="test").click()
    boss.field("acts.reason", boss.dialog).fill("leaked")
    boss.button("keys.disable", boss.dialog).click()
    expect(boss.rows("nav.keys")).to_contain_text(boss.t("keys.stateOperator"))
    assert customer.ask().status_code == 401
    person = make_person().become(customer)
    person.open("/dashboard/keys")
    expect(person.button("keys.enableNamed", name="test")).to_be_disabled()


def test_a_group_with_its_own_prices(make_person, make_gateway, view):
    """One of those that the policies name."""
    from conftest import make_operator

    gateway = make_gateway()
    gateway.policies.write("margins", 'return { default = "20%", groups = { partners = "5%" } }')
    gateway.policies.write("examples", "return {}")
    gateway.reload()
    boss = make_person(view, gateway).become(make_operator(gateway))
    boss.open(f"/dashboard/admin/customers/{user_id_of(gateway.customer())}")
    boss.button("customers.group").click()
    boss.field("customers.group", boss.dialog).select_option("partners")
    boss.field("acts.reason", boss.dialog).fill("contract")
    boss.button("customers.groupSave", boss.dialog).click()
    boss.sees("partners")


def test_a_customer_gets_a_password_link_once(boss_at, customer, make_person):
    boss = boss_at(f"/customers/{user_id_of(customer)}")
    boss.button("customers.link").click()
    boss.button("customers.link", boss.dialog).click()
    url = boss.dialog.get_by_role("status").inner_text()
    person = make_person()
    person.open(url[url.index("/dashboard") :])
    person.sees_title("setPassword.title")
    person.sees(customer.email)
    person.field("account.next").fill("a password of one's own")
    person.button("setPassword.action").click()
    person.sees_title("nav.home")
    customer.password = "a password of one's own"
    customer.sign_in()
    again = make_person()
    again.open(url[url.index("/dashboard") :])
    again.sees(again.t("error.link_invalid"))


def test_access_of_a_customer(boss_at, customer):
    boss = boss_at(f"/customers/{user_id_of(customer)}")
    boss.button("customers.unlock").click()
    expect(boss.page.get_by_text(boss.t("customers.unlocked")).first).to_be_visible()
    boss.button("customers.role").click()
    boss.field("customers.role", boss.dialog).select_option("admin")
    boss.field("acts.reason", boss.dialog).fill("a colleague")
    boss.button("customers.roleSave", boss.dialog).click()
    expect(boss.dialog).to_have_count(0)
    expect(boss.main.get_by_text(boss.t("roles.admin"), exact=True)).to_be_visible()
    assert customer.call("GET", "/admin/live", 200)
    boss.button("customers.endSessions").click()
    expect(boss.page.get_by_text(boss.t("customers.sessionsEnded")).first).to_be_visible()
    assert customer.web.get("/auth/me").status_code == 401
    customer.sign_in()


def test_policies_and_a_reload_that_is_refused(make_person, make_gateway, view):
    from conftest import make_operator

    gateway = make_gateway()
    boss = make_person(view, gateway).become(make_operator(gateway))
    boss.open("/dashboard/admin/policies")
    told = boss.context.request.get("/api/admin/policies").json()
    boss.sees(told["revision"])
    boss.sees(told["folder"])
    row = boss.rows("policies.prices").filter(
        has=boss.page.get_by_text("gpt-4o-mini", exact=True)
    ).first  # fmt: skip
    for told in ("$0.15", "20%", "$0.18", "$0.72"):
        expect(row).to_contain_text(told)
    for name in ("models.lua", "margins.lua", "providers.lua"):
        expect(boss.rows("policies.files").filter(has_text=name)).to_be_visible()
    gateway.policies.write("margins", 'return {\n    default = "-5%",\n}\n')
    gateway.reload(refused=True)
    alert = boss.page.get_by_role("alert")
    expect(alert).to_contain_text(boss.t("policies.refused"))
    expect(alert).to_contain_text("margins.lua:2: margins.default")
    expect(alert).to_contain_text("20%")


def ask_replay(boss, **dates) -> None:
    form = boss.main.get_by_role("form", name=boss.t("replay.title"))
    for key, day in dates.items():
        boss.field(f"usage.{key}", form).fill(day)
    boss.button("replay.compute", form).click()


def test_what_files_that_are_not_in_force_would_change(make_person, make_gateway, provider, view):
    """Below zero first, and what cannot be charged; files that do not load say why."""
    from conftest import make_operator

    gateway = make_gateway()
    operator = make_operator(gateway)
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(1000, 500))
    for model in ("gpt-4o", "gpt-4o-mini", "gpt-4"):
        assert customer.ask(model).status_code == 200
    customer.wait_for_no_hold()
    boss = make_person(view, gateway).become(operator)
    boss.open("/dashboard/admin/policies")
    ask_replay(boss)
    boss.sees(boss.t("replay.same"))
    rows = boss.rows("replay.changes")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("gpt-4")
    models = gateway.policies.read("models")
    gateway.policies.write("margins", DISCOUNT)
    gateway.policies.write("models", models.replace('["gpt-4"] = {', '["gpt-4x"] = {', 1))
    gateway.policies.write("examples", "return {}\n")
    boss.sees(boss.t("replay.pending"))
    ask_replay(boss)
    alert = boss.main.get_by_role("alert")
    expect(alert).to_contain_text(boss.t("replay.warns"))
    boss.sees(boss.t("replay.refused"))
    refused = boss.main.get_by_role("listitem").filter(has_text="gpt-4")
    expect(refused).to_contain_text("does not exist")
    told = boss.context.request.get("/api/admin/replay", params=window_of(boss)).json()["answer"]
    assert {row["model"] for row in told["models"]} == {"gpt-4o", "gpt-4o-mini"}
    row = boss.rows("replay.changes").filter(has_text="gpt-4o-mini")
    mini = next(row for row in told["models"] if row["model"] == "gpt-4o-mini")
    for member in ("charge_then", "charge_now", "charge_change", "margin_now"):
        expect(row.get_by_title(exact(mini[member])).first).to_be_visible()
    boss.tab("replay.by.customers").click()
    expect(boss.rows("replay.changes")).to_contain_text(customer.email)
    boss.tab("replay.by.days").click()
    expect(boss.rows("replay.changes")).to_have_count(1)
    ask_replay(boss, first="2020-01-01", last="2020-01-02")
    boss.sees(boss.t("replay.empty"))
    gateway.policies.write("margins", 'return {\n    default = "-5%",\n}\n')
    gateway.reload(refused=True)
    boss.button("replay.show").click()
    ask_replay(boss)
    boss.sees(boss.t("replay.failed"))
    boss.sees("margins.lua:2: margins.default")


# What `check` cannot know: a function that sells below cost is none, but it sells for less.
DISCOUNT = """return {
    default = "20%",
    rule = function(request)
        return request.model == "gpt-4o-mini" and "0%" or nil
    end,
}
"""


def window_of(boss) -> dict:
    """What the page has asked last."""
    form = boss.main.get_by_role("form", name=boss.t("replay.title"))
    last = date.fromisoformat(boss.field("usage.last", form).input_value()) + timedelta(days=1)
    return {"from": boss.field("usage.first", form).input_value(), "to": last.isoformat(),
            "tz": boss.view.zone}  # fmt: skip


def test_providers(boss_at, customer, provider):
    limits = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59"}
    provider.answer = answers.error(500, "The server had an error", None, "server_error", limits)
    failed = customer.ask("gpt-4o-mini").headers["x-request-id"]
    boss = boss_at("/providers")
    card = boss.main.get_by_role("region", name="openai", exact=True)
    expect(card).to_contain_text(boss.t("outcome.5xx"))
    expect(card).to_contain_text(failed)
    expect(card).to_contain_text("500")
    expect(card).to_contain_text(boss.t("providers.requestsLeft", left="59", of="60"))
    expect(card).to_contain_text(boss.t("providers.tokensLeft", left="\u2013", of="\u2013"))
    demo = boss.main.get_by_role("region", name="demo")
    expect(demo).to_be_visible()
    expect(demo).not_to_contain_text(boss.t("providers.limits"))


def test_each_failed_attempt_of_a_provider(boss_at, customer, provider):
    provider.answer = answers.error(503, "No capacity in eu-north", "busy", "server_error")
    failed = customer.ask("gpt-4o-mini").headers["x-request-id"]
    boss = boss_at("/providers")
    card = boss.main.get_by_role("region", name="openai", exact=True)
    boss.button("providers.attempts", card).click()
    newest = card.get_by_role("listitem").first
    for told in ("503", "No capacity in eu-north", failed):
        expect(newest).to_contain_text(told)


def test_a_failing_provider_is_seen_first(make_gateway, make_person, provider, view):
    """Wherever it stands in the file: named at the top, its card first and opened."""

    def prepare(policies):
        for name in ("works", "fails"):
            policies.provider(name)
            policies.model(name, Price("1", "1"), providers=(name,))
        policies.write("examples", "return {}\n")

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    assert customer.ask("works").status_code == 200
    boss = make_person(view, gateway).become(make_admin(gateway, "boss@example.com"))
    boss.open("/dashboard/admin/providers")
    cards = boss.main.locator("section:has(dl)")
    names = boss.main.get_by_role("heading", level=2)
    expect(cards.first).to_be_visible()
    notice = boss.main.get_by_role("status")
    expect(notice).to_be_empty()
    before = names.all_inner_texts()
    provider.script("fails", answers.error(500, "no", None, "error"))
    for _ in range(5):
        customer.ask("fails")
    expect(notice).to_contain_text(boss.t("providers.trouble", n=1))
    expect(notice).to_contain_text(f"fails: {boss.t('health.down')}")
    assert names.all_inner_texts() == before, "no card moves while somebody looks at it"
    notice.get_by_role("link", name="fails").click()
    expect(boss.main.get_by_role("region", name="fails", exact=True)).to_be_in_viewport()
    boss.open("/dashboard/admin/providers")
    expect(names.first).to_have_text("fails")
    is_open = "(it) => it.querySelector('details').open"
    assert boss.main.get_by_role("region", name="fails", exact=True).evaluate(is_open)
    assert not boss.main.get_by_role("region", name="works", exact=True).evaluate(is_open)


def test_one_call_of_a_provider(boss_at, provider, tmp_path):
    """What came of it: good, then in the provider's own words."""
    provider.answer = answers.chat(usage=Usage(9, 4))
    boss = boss_at("/providers")
    card = boss.main.get_by_role("region", name="openai", exact=True)
    boss.button("providers.test", card).click()
    expect(card).to_contain_text(boss.t("outcome.answered") + " (200)")
    expect(card).to_contain_text(boss.t("providers.testTokens", read="9", written="4"))
    provider.answer = answers.error(401, "Incorrect API key provided", "invalid_api_key", "x")
    card.get_by_label(boss.t("providers.testModel")).fill("gpt-4o-mini")
    boss.button("providers.test", card).click()
    expect(card).to_contain_text(boss.t("outcome.auth") + " (401)")
    expect(card).to_contain_text("Incorrect API key provided")
    card.screenshot(path=tmp_path / "tested.png")
    assert provider.requests[-1].model == "gpt-4o-mini"
    card.get_by_label(boss.t("providers.testStream")).check()
    provider.answer = answers.chat(usage=Usage(9, 4))
    boss.button("providers.test", card).click()
    expect(card).to_contain_text(boss.t("outcome.answered") + " (200)")
    assert provider.requests[-1].json["stream"] is True
    boss.button("providers.attempts", card).click()
    newest = card.get_by_role("listitem").first
    for told in ("401", "Incorrect API key provided", boss.t("providers.testCall")):
        expect(newest).to_contain_text(told)
    unsold = boss.main.get_by_role("region", name="vllm", exact=True)
    expect(unsold).to_be_visible()
    expect(unsold.get_by_role("button", name=boss.t("providers.test"))).to_have_count(0)


def test_alerts(make_person, make_gateway, view):
    """Who is told, what is wrong, what to do, and what the receiver has said to the test."""
    from conftest import make_operator
    from receivers import Receiver

    receiver = Receiver()
    receiver.answer = lambda _: (410, {}, b"moved to another house")
    gateway = make_gateway(**receiver.settings)
    boss = make_person(view, gateway).become(make_operator(gateway))
    boss.open("/dashboard/admin/alerts")
    boss.sees(boss.t("alerts.none"))
    boss.button("alerts.test").click()
    message = boss.rows("alerts.undelivered")
    expect(message).to_contain_text("moved to another house")
    expect(message).to_contain_text(boss.t("alerts.givenUp"))
    gateway.policies.write("margins", "return {")
    gateway.reload(refused=True)
    row = boss.rows("alerts.open")
    expect(row).to_contain_text(boss.t("alert.reload_refused"))
    expect(row).to_contain_text("margins.lua")
    expect(row).to_contain_text(boss.t("advice.reload_refused"))
    boss.open("/dashboard/admin")
    notice = boss.main.get_by_role("alert")
    expect(notice).to_contain_text(boss.t("overview.alerts", n=1))
    expect(notice).to_contain_text(boss.t("alert.reload_refused"))
    assert not violations(boss)
    boss.link("overview.toAlerts", notice).click()
    boss.sees_title("nav.alerts")
    receiver.stop()


def test_what_is_left_out_is_shown(make_gateway, make_person, provider):
    pauses = {"base_ejection_ms": 60_000, "max_ejection_ms": 60_000}

    def prepare(policies):
        for name in ("flappy", "limited", "unpaid"):
            policies.provider(name, breaker=pauses, spend_per_day="5")
            policies.model(name, Price("1", "1"), providers=(name,))
        policies.write("examples", "return {}\n")

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    busy = {"Retry-After": "60"}
    for name, count, status, headers in (
        ("flappy", 5, 500, {}), ("limited", 1, 429, busy), ("unpaid", 1, 402, {})
    ):  # fmt: skip
        provider.script(name, answers.error(status, "no", None, "error", headers))
        for _ in range(count):
            assert customer.ask(name).status_code != 200
    boss = make_person(at=gateway).become(make_admin(gateway, "boss@example.com"))
    boss.open("/dashboard/admin/providers")
    for name, key in (("flappy", "open"), ("limited", "paused"), ("unpaid", "refused")):
        card = boss.main.get_by_role("region", name=name)
        expect(card).to_contain_text(boss.t(f"providers.{key}"))
        expect(card).to_contain_text(boss.t("providers.recent", n=30))
        expect(card).to_contain_text(boss.t("providers.spendingOf", spent="$0.00", cap="$5.00"))


def test_canary_and_shadow_side_by_side(make_gateway, make_person, provider, view):
    from trials import MODEL, candidate, ended, sell
    from wait import wait_until

    trials = {
        "canary": {"candidate": candidate("young"), "share": "50%", "by": "call"},
        "shadow": {"candidate": candidate("dark"), "share": "100%", "spend_per_day": "5"},
    }
    gateway = make_gateway(prepare=lambda policies: sell(policies, **trials))
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(100, 40))
    asked = []
    while asked.count("main") < 20 or "young" not in asked:
        assert customer.ask(MODEL).status_code == 200
        asked = [request.model for request in provider.requests]
        done = asked.count("main")
        wait_until(lambda n=done: len(ended(gateway, n) or []) == n, 10, "a shadow")
    boss = make_person(view, gateway).become(make_admin(gateway, "boss@example.com"))
    boss.open("/dashboard/admin/policies")
    card = boss.main.get_by_role("region", name=boss.t("trials.title"))
    expect(card).to_contain_text(boss.t("trials.by.call", share="50%"))
    expect(card).to_contain_text(boss.t("trials.few", n="20"))
    main, young, dark = (
        boss.rows("trials.title").filter(has_text=name) for name in ("main", "young", "dark")
    )
    expect(main).to_contain_text(boss.t("trials.role.primary"))
    expect(main).to_contain_text(f"stop {asked.count('main')}")
    expect(young).to_contain_text(boss.t("trials.role.canary"))
    expect(dark).to_contain_text(boss.t("trials.role.shadow"))
    expect(dark).to_contain_text("$0.00016")  # of a call: 100 and 40 tokens at 0.9 and 1.8
    shadow = ended(gateway, 1)[0]
    boss.open(f"/dashboard/admin/requests/{shadow['exchange_id']}")
    boss.sees(boss.t("trials.role.shadow"))


def test_audit_log_has_the_command_line_too(boss_at, gateway, customer):
    gateway.value_of("credit", customer.email, "3", "--reason", "by the console")
    boss = boss_at("/audit")
    row = boss.rows("nav.audit").filter(has_text="by the console").first
    expect(row).to_contain_text(boss.t("audit.cli"))
    expect(row).to_contain_text(boss.t("audit.detail.reason"))
    expect(row).to_contain_text(boss.t("transfer.manual"))
    expect(row).to_contain_text(customer.email)
