"""The operator's pages for support and billing: what one may not do is not there."""

import pytest
from conftest import make_operator
from playwright.sync_api import expect
from test_everywhere import violations

PAGES = {
    "support": {"overview", "customers", "providers", "alerts"},
    "billing": {"overview", "customers", "payments", "vouchers"},
    "admin": {
        "overview", "customers", "payments", "vouchers", "policies", "providers", "alerts", "audit",
    },
}  # fmt: skip
ACTS = ("group", "disable", "take", "give", "link", "unlock", "endSessions", "role")
MAY_ACT = {"support": {"link", "unlock", "endSessions"}, "billing": {"take", "give"}}


@pytest.fixture
def colleague_at(make_person, gateway, operator, view):
    def go(role: str, path: str):
        colleague = make_operator(gateway)
        gateway.value_of("user", "role", colleague.email, role)
        person = make_person(view).become(colleague)
        person.open("/dashboard" + path)
        return person

    return go


def user_id_of(customer) -> str:
    return customer.call("GET", "/auth/me", 200)["user"]["id"]


@pytest.mark.parametrize("role", PAGES)
def test_the_menu(colleague_at, role):
    """Each page that stands in it opens without a complaint; the others are not there."""
    person = colleague_at(role, "/admin")
    for name in PAGES["admin"]:
        path = "/dashboard/admin" + ("" if name == "overview" else "/" + name)
        person.open(path)
        is_open = name in PAGES[role]
        person.sees_title(f"nav.{name}" if is_open else "notFound.title")
        expect(person.main.locator(".skeleton")).to_have_count(0)
        if person.view.width == "narrow":
            person.button("nav.open").click()
        link = person.page.locator(f'nav a[href="{path}"]')
        expect(link).to_have_count(1 if is_open else 0)
        if person.view.width == "narrow":
            person.page.keyboard.press("Escape")
        expect(person.main.get_by_role("alert")).to_have_count(0)
        if is_open:
            assert not violations(person)


@pytest.mark.parametrize("role", MAY_ACT)
def test_a_customer(colleague_at, customer, role):
    customer.ask("gpt-4")
    person = colleague_at(role, f"/admin/customers/{user_id_of(customer)}")
    person.sees(customer.email)
    expect(
        person.button("customers.link" if role == "support" else "customers.give")
    ).to_be_visible()
    for act in ACTS:
        expect(person.button(f"customers.{act}")).to_have_count(int(act in MAY_ACT[role]))
    for view in ("requests", "refused", "transfers", "keys", "quotas", "audit"):
        person.tab(f"customers.view.{view}").click()
        expect(person.main.locator(".skeleton")).to_have_count(0)
        expect(person.main.get_by_role("alert")).to_have_count(0)
        if view == "keys":
            name = {"name": "test"}
            count = 1 if role == "support" else 0
            expect(person.button("keys.disableNamed", **name)).to_have_count(count)
        if view == "quotas":
            expect(person.button("quotas.add")).to_have_count(0)
        assert not violations(person)


@pytest.mark.parametrize("role", MAY_ACT)
def test_an_operators_account(colleague_at, operator, role):
    person = colleague_at(role, f"/admin/customers/{user_id_of(operator)}")
    person.sees(operator.email)
    expect(person.main.locator(".skeleton")).to_have_count(0)
    for act in ACTS:
        expect(person.button(f"customers.{act}")).to_have_count(0)


@pytest.mark.parametrize("role", MAY_ACT)
def test_a_request(colleague_at, customer, role):
    customer.ask("gpt-4")
    record = customer.wait_for_record()
    person = colleague_at(role, f"/admin/requests/{record['id']}")
    person.sees(person.t("ours.title"))
    for ours in ("sales.profit", "ours.margin"):
        shown = person.main.get_by_text(person.t(ours), exact=True)
        expect(shown).to_have_count(1 if role == "billing" else 0)
    expect(person.button("refund.action")).to_have_count(1 if role == "billing" else 0)
    assert not violations(person)
