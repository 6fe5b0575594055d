"""Notes on a customer, as operators write, change and delete them."""

import pytest
from conftest import make_operator
from person import SIZES
from playwright.sync_api import expect
from test_everywhere import violations

TEXT = "Called about <b>an invoice</b>.\nWill pay on Monday. \uc9c0\ubd88 \uc608\uc815"


@pytest.fixture
def user_id(customer):
    return customer.call("GET", "/auth/me", 200)["user"]["id"]


@pytest.fixture
def colleague(make_person, gateway, view):
    """colleague(role): somebody who is signed in as one."""

    def make(role: str):
        operator = make_operator(gateway)
        gateway.value_of("user", "role", operator.email, role)
        return make_person(view).become(operator), operator

    return make


def open_notes(person, user_id, number: int = 0):
    person.open(f"/dashboard/admin/customers/{user_id}")
    name = person.t("customers.view.notes") + (f" ({number})" if number else "")
    person.page.get_by_role("tab", name=name, exact=True).click()
    expect(person.main.locator(".skeleton")).to_have_count(0)


def check_page(person) -> None:
    assert not violations(person)
    width = person.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[person.view.width][0], f"{width} px wide"


def test_written_changed_deleted(boss, user_id):
    open_notes(boss, user_id)
    boss.sees(boss.t("customers.nothing"))
    check_page(boss)
    boss.button("notes.add").click()
    expect(boss.button("notes.save", boss.dialog)).to_be_disabled()
    boss.field("notes.text", boss.dialog).fill(TEXT)
    check_page(boss)
    boss.button("notes.save", boss.dialog).click()
    row = boss.rows("notes.title")
    expect(row).to_have_count(1)
    shown = row.locator("p").first
    assert shown.inner_text() == TEXT  # its lines, and no markup
    check_page(boss)
    boss.of_row("notes.edit", row).click()
    expect(boss.field("notes.text", boss.dialog)).to_have_value(TEXT)
    boss.field("notes.text", boss.dialog).fill("Has paid.")
    boss.button("notes.save", boss.dialog).click()
    expect(row).to_contain_text("Has paid.")
    expect(row).to_contain_text(boss.t("notes.edited"))
    expect(
        boss.page.get_by_role("tab", name=f"{boss.t('customers.view.notes')} (1)")
    ).to_be_visible()
    boss.of_row("notes.delete", row).click()
    boss.button("notes.delete", boss.dialog).click()
    boss.sees(boss.t("customers.nothing"))
    expect(boss.dialog).to_have_count(0)
    expect(boss.tab("customers.view.notes")).to_be_visible()


def test_too_long_is_said_at_the_field(boss, user_id):
    open_notes(boss, user_id)
    boss.button("notes.add").click()
    boss.field("notes.text", boss.dialog).fill("\uac00" * 1366)
    boss.button("notes.save", boss.dialog).click()
    expect(boss.field("notes.text", boss.dialog)).to_have_attribute("aria-invalid", "true")
    check_page(boss)


@pytest.mark.parametrize("role", ["support", "billing"])
def test_only_ones_own_can_be_changed(colleague, operator, user_id, role):
    operator.call("POST", "/admin/notes", 201, json={"user_id": user_id, "text": "the boss's"})
    person, own = colleague(role)
    own.call("POST", "/admin/notes", 201, json={"user_id": user_id, "text": "mine"})
    open_notes(person, user_id, 2)
    rows = person.rows("notes.title")
    for text, count in (("mine", 1), ("the boss's", 0)):
        row = rows.filter(has_text=text)
        expect(row).to_have_count(1)
        for act in ("notes.edit", "notes.delete"):
            expect(person.of_row(act, row)).to_have_count(count)
    check_page(person)
