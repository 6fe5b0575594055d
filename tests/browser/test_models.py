"""The price list, from the policies in force."""

from decimal import Decimal

import answers
import pytest
from conftest import make_operator
from playwright.sync_api import expect
from policies import Lua
from prices import SELL_PRICES, Price
from test_everywhere import violations


def price(text: str) -> str:
    return f"${Decimal(text):.2f}"


@pytest.mark.parametrize("model", SELL_PRICES)
def test_prices(make_person, customer, model):
    person = make_person().become(customer)
    person.open("/dashboard/models")
    row = person.rows("nav.models").filter(has=person.page.get_by_text(model, exact=True))
    for amount in SELL_PRICES[model]:
        expect(row).to_contain_text(price(amount))


def test_search(user):
    user.open("/dashboard/models")
    everything = user.rows("nav.models").count()
    user.field("models.search").fill("MINI vision")
    expect(user.rows("nav.models")).to_have_count(1)
    user.field("models.search").fill("no such thing")
    user.sees(user.t("models.notFound"))
    user.field("models.search").fill("")
    expect(user.rows("nav.models")).to_have_count(everything)


def test_copied_and_tried(user):
    user.open("/dashboard/models?search=gpt-4o-mini")
    row = user.rows("nav.models").first
    user.of_row("action.copy", row).click()
    assert user.copied() == "gpt-4o-mini"
    user.of_row("models.try", row, "link").click()
    user.sees_title("nav.playground")
    expect(user.field("request.model")).to_have_value("gpt-4o-mini")


def test_what_no_form_is_for_is_not_offered_to_be_tried(make_person, make_gateway):
    """Each model says where it answers; what does not talk has a form of its own."""

    def sell(policies):
        policies.provider("decider", dialect=["openai-responses", "decisions"])
        policies.model("vectors", Price("1", "0"), endpoints=["embeddings"], max_output=None)
        policies.model("judge", Price("1", "1"), endpoints=["decisions"], providers=("decider",))

    gateway = make_gateway(prepare=sell)
    person = make_person(at=gateway).become(gateway.customer())
    person.open("/dashboard/models")
    for model, path, links in (("vectors", "/v1/embeddings", 1), ("judge", "/v1/decisions", 0)):
        row = person.rows("nav.models").filter(has=person.page.get_by_text(model, exact=True))
        expect(row).to_contain_text(path)
        expect(person.of_row("models.try", row, "link")).to_have_count(links)
    person.open("/dashboard/playground?model=judge")
    options = person.field("request.model").locator("option")
    expect(options.filter(has_text="vectors")).to_have_count(1)
    expect(options.filter(has_text="judge")).to_have_count(0)
    expect(person.field("playground.message")).to_be_visible()


def test_a_new_price_after_a_reload(make_person, make_gateway):
    gateway = make_gateway()
    customer = gateway.customer()
    person = make_person(at=gateway).become(customer)
    gateway.policies.replace("margins", 'default = "20%"', 'default = "50%"')
    gateway.policies.write("examples", "return {}\n")
    gateway.reload()
    person.open("/dashboard/models")
    row = person.rows("nav.models").filter(has=person.page.get_by_text("gpt-4", exact=True))
    expect(row).to_contain_text("$45.00")
    expect(row).to_contain_text("$90.00")


def sell_by_unit(policies):
    """A model with everything that a price may have."""
    policies.model(
        "everything",
        Price("2", "10", "0.2"),
        cache_write="2.5",
        audio_output="80",
        web_search="0.01",
        web_search_max=5,
        when=Lua(
            '{ { prompt_above = 272000, input = "4", output = "15" },'
            ' { service_tier = "flex", factor = "0.5" }, { region = "us", factor = "1.1" } }'
        ),
    )
    policies.write("examples", "return {}\n")


@pytest.fixture
def priced(make_gateway):
    return make_gateway(prepare=sell_by_unit)


def test_prices_by_unit_and_condition(make_person, priced):
    person = make_person(at=priced).become(priced.customer())
    person.open("/dashboard/models")
    row = person.rows("nav.models").filter(
        has=person.page.get_by_text("everything", exact=True).first
    )
    for key, text in (("charge.cacheWrite", "$3.00"), ("charge.audioOutput", "$96.00"),
                      ("charge.webSearch", "$0.012")):  # fmt: skip
        expect(row).to_contain_text(f"{person.t(key)} {text}")
    expect(row).to_contain_text(person.t("charge.each"))
    for text in (person.t("price.promptAbove", n="272,000"), "$4.80", "$18.00",
                 person.t("price.tier", name="flex"), person.t("price.region", name="us"),
                 "\u00d7 0.5", "\u00d7 1.1"):  # fmt: skip
        expect(row).to_contain_text(text)


def test_what_we_pay_by_unit_and_condition(make_person, priced):
    person = make_person(at=priced).become(make_operator(priced))
    person.open("/dashboard/admin/policies")
    row = person.page.get_by_role("row").filter(
        has=person.page.get_by_text("everything", exact=True).first
    )
    above = "prompt above 272000: input 4, cached_input 0.4 (as input), output 15"
    for text in ("$2.00 / $0.20 / $10.00", "$2.40 / $0.24 / $12.00", "service tier flex: x 0.5",
                 above, "$0.012"):  # fmt: skip
        expect(row).to_contain_text(text)


def test_a_charge_by_unit(make_person, priced, provider):
    customer = priced.customer()
    counts = {"prompt_tokens": 1000, "completion_tokens": 100,
              "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 400},
              "server_tool_use": {"web_search_requests": 3}}  # fmt: skip
    provider.answer = answers.counted_as("hello world " * 30, counts)
    response = customer.ask("everything")
    customer.wait_for_record()
    person = make_person(at=priced).become(customer)
    person.open(f"/dashboard/usage/{response.headers['x-request-id']}")
    row = person.page.get_by_role("row").filter(has_text=person.t("charge.cacheWrite"))
    expect(row).to_contain_text("400")
    expect(row).to_contain_text("$3.00")
    row = person.page.get_by_role("row").filter(has_text=person.t("charge.webSearch"))
    expect(row).to_contain_text("$0.012")
    expect(row).to_contain_text("$0.036")


def lose_sometimes(policies):
    """A second candidate that costs more in the tier `priority`, and the same else."""
    sell_by_unit(policies)
    policies.provider("second")
    rules = Lua('{ { service_tier = "priority", factor = "2" } }')
    theirs = {"provider": "second", "input": "1", "output": "5", "when": rules, "allow_loss": True}
    ours = Lua('{ { service_tier = "flex", factor = "0.5" } }')
    policies.model("sometimes", Price("1", "5"), when=ours,
                   candidates=[{"provider": "openai"}, theirs])  # fmt: skip


def test_the_margin_under_each_rule(make_person, make_gateway, view):
    """The lowest first, and red where it is below zero."""
    gateway = make_gateway(prepare=lose_sometimes)
    person = make_person(view, at=gateway).become(make_operator(gateway))
    person.open("/dashboard/admin/policies")
    row = person.rows("policies.prices").filter(has_text="sometimes").filter(has_text="second")
    lines = row.get_by_role("list", name=person.t("policies.margins")).get_by_role("listitem")
    plain = person.t("policies.plain")
    expect(lines).to_have_text(
        [f"-40% service tier priority: {person.t('policies.loss', unit=person.t('charge.input'))}",
         f"-40% service tier flex: {person.t('policies.loss', unit=person.t('charge.input'))}",
         f"20% {plain}"]
    )  # fmt: skip
    colors = [lines.nth(n).locator("span").first.evaluate("(it) => getComputedStyle(it).color")
              for n in (0, 2)]  # fmt: skip
    assert colors[0] != colors[1]
    assert not violations(person)
