"""Scripts in every field that is shown again stay what they are: text."""

import answers
import pytest
from answers import Usage
from person import View
from playwright.sync_api import expect
from prices import Price

SCRIPTS = (
    "<img src=x onerror=window.hit=1>",
    "<script>window.hit=1</script>",
    '"><svg onload=window.hit=1>',
    "javascript:window.hit=1",
    "{{constructor.constructor('window.hit=1')()}}",
)
SCRIPT = SCRIPTS[0]
MODEL = "<svg/onload=window.hit=1>"  # the id of a model has no spaces


def check_harmless(person, shown: str) -> None:
    """It stands there as text, and nothing has run."""
    expect(person.page.get_by_text(shown).first).to_be_attached()
    assert person.page.evaluate("window.hit") is None
    assert person.page.locator("img[src=x], svg[onload]").count() == 0


def test_key_names(make_person, customer):
    for script in SCRIPTS:
        customer.create_key(script)
        customer.ask("demo")
    person = make_person().become(customer)
    for path in ("/dashboard", "/dashboard/keys", "/dashboard/usage?view=key",
                 "/dashboard/usage", "/dashboard/playground"):  # fmt: skip
        person.open(path)
        for script in SCRIPTS:
            check_harmless(person, script)
    for record in customer.records():
        person.open(f"/dashboard/usage/{record['id']}")
        check_harmless(person, record["key_name"])
    person.open("/dashboard/keys")
    for script in SCRIPTS:
        person.button("keys.deleteNamed", name=script).click()
        expect(person.dialog).to_contain_text(script)
        check_harmless(person, script)
        person.button("action.cancel", person.dialog).click()


def test_names_of_users(make_person, gateway, operator):
    person = make_person()
    person.open("/dashboard/signup")
    person.field("auth.name").fill(SCRIPT)
    person.field("auth.email").fill("o'hara@example.com")
    person.field("auth.password").fill("correct horse battery staple")
    person.button("auth.signUp").click()
    person.sees_title("nav.home")
    check_harmless(person, SCRIPT)
    boss = make_person().become(operator)
    boss.open("/dashboard/admin/customers?search=hara")
    check_harmless(boss, SCRIPT)


def test_reasons_of_an_operator(make_person, operator, customer):
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    given = {"user_id": user_id, "amount": "1", "reason": SCRIPT}
    operator.call("POST", "/admin/credits", 201, json=given)
    person = make_person().become(customer)
    person.open("/dashboard/credits")
    check_harmless(person, SCRIPT)
    boss = make_person().become(operator)
    boss.open("/dashboard/admin/audit")
    check_harmless(boss, SCRIPT)


@pytest.fixture
def strange(make_gateway):
    """A gateway that sells a model with a script for an id, and another for a name."""

    def prepare(policies) -> None:
        policies.model(MODEL, Price("1", "2"), name=SCRIPT, owned_by=SCRIPT)

    return make_gateway(prepare=prepare)


def test_names_of_models(make_person, strange, provider):
    provider.answer = answers.chat(usage=Usage(10, 10))
    customer = strange.customer()
    customer.ask(MODEL)
    person = make_person(View(), strange).become(customer)
    for path in ("/dashboard/models", "/dashboard", "/dashboard/usage?view=model",
                 "/dashboard/usage", "/dashboard/keys?new=1", "/dashboard/playground",
                 f"/dashboard/usage/{customer.records()[0]['id']}"):  # fmt: skip
        person.open(path)
        check_harmless(person, MODEL)
    person.open("/dashboard/models")
    check_harmless(person, SCRIPT)
    person.open("/dashboard")
    chart = person.page.get_by_role("img", name=person.t("home.chartSpend"))
    expect(chart.locator("canvas")).to_be_visible()
    person.point_at_today(chart)
    expect(chart).to_contain_text(MODEL)  # the tooltip
    check_harmless(person, MODEL)


def test_prompts_answers_and_errors(make_person, customer, provider):
    person = make_person().become(customer)
    person.open("/dashboard/playground?model=gpt-4o-mini")
    provider.answer = answers.chat(pieces=tuple(SCRIPTS))
    person.field("playground.message").fill(SCRIPT)
    person.button("playground.send").click()
    expect(person.page.get_by_role("log")).to_contain_text(SCRIPTS[-1])
    check_harmless(person, SCRIPT)
    provider.answer = answers.error(400, SCRIPT, "strange_code", "invalid_request_error")
    person.field("playground.message").fill("again")
    person.button("playground.send").click()
    expect(person.page.get_by_role("log").get_by_role("alert")).to_be_visible()
    check_harmless(person, SCRIPT)


@pytest.mark.parametrize("script", SCRIPTS)
def test_where_one_goes_after_signing_in(make_person, customer, script):
    person = make_person()
    person.page.goto(f"/dashboard/signin?next={script}")
    person.field("auth.email").fill(customer.email)
    person.field("auth.password").fill(customer.password)
    person.button("auth.signIn").click()
    person.sees_title("nav.home")
    assert person.page.evaluate("window.hit") is None


@pytest.mark.parametrize("script", SCRIPTS)
def test_addresses(make_person, customer, script):
    person = make_person().become(customer)
    for path in ("/dashboard/models?search=", "/dashboard/usage?model=", "/dashboard/usage?key=",
                 "/dashboard/usage?period=", "/dashboard/usage/"):  # fmt: skip
        person.open(path + script.replace("/", "%2F").replace("?", "%3F"))
        assert person.page.evaluate("window.hit") is None
        assert person.page.locator("img[src=x], svg[onload]").count() == 0
