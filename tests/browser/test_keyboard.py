"""The keyboard alone. Each window of the pages is opened, gone round in and left; what they are for
is done; and the focus is always somewhere (person.py complains where it is lost)."""

import re
from dataclasses import dataclass

import pytest
from gateway import ROOT
from person import Person
from phone import Phone, with_phone
from playwright.sync_api import Locator, expect
from prices import usd
from test_account import new_email
from test_admin import user_id_of
from test_everywhere import unreachable, violations
from test_operator_days import box, go_to_box, options

TABS_MAX = 120
SOURCE = ROOT / "webui/src"


def is_focused(it: Locator) -> bool:
    return it.evaluate("(it) => it === document.activeElement")


def tab_to(person: Person, target: Locator) -> None:
    expect(target).to_be_visible()
    for _ in range(TABS_MAX):
        if is_focused(target):
            return
        person.page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {target}")


def press(person: Person, target: Locator, key: str = "Enter") -> None:
    tab_to(person, target)
    person.page.keyboard.press(key)


def write(person: Person, field: Locator, text: str) -> None:
    tab_to(person, field)
    person.page.keyboard.press("Control+A")
    person.page.keyboard.insert_text(text)


def check_place(person: Person) -> None:
    """The focus is on something that can be seen and is read with a name."""
    expect(person.page.locator(":focus")).to_be_visible()
    assert person.page.locator(":focus").evaluate(
        "(it) => it !== document.body && (it.ariaLabel ?? it.labels?.[0]?.textContent"
        " ?? it.getAttribute('aria-labelledby') ?? it.textContent).trim()"
    )


# ---- every window ----


@dataclass(frozen=True)
class Window:
    title: str  # its name in the catalogue
    opener: str  # that of the button
    within: str = ""  # the list that the button stands in
    has_fields: bool = True


WINDOWS = {
    "keys": (
        Window("keys.create", "keys.create"),
        Window("quotas.add", "quotas.add"),
        Window("keys.editTitle", "keys.editNamed"),
        Window("keys.rotateTitle", "keys.rotateNamed"),
        Window("keys.endOldNamed", "keys.endOldNamed", has_fields=False),
        Window("keys.deleteTitle", "keys.deleteNamed", has_fields=False),
    ),
    "account": (
        Window("factor.renew", "factor.renew"),
        Window("factor.turnOff", "factor.turnOff"),
        Window("data.erase", "data.erase"),
    ),
    "admin/customers": (
        Window("newCustomer.title", "newCustomer.title"),
        Window("invitations.make", "invitations.make"),
    ),
    "admin/invitations": (
        Window("invitations.make", "invitations.make"),
        Window("invitations.revokeTitle", "invitations.revoke", "invitations.title", False),
    ),
    "admin/vouchers": (
        Window("vouchers.make", "vouchers.make"),
        Window("vouchers.withdrawTitle", "vouchers.withdraw", "nav.vouchers", False),
    ),
    "admin/customers/{user}": (
        Window("customers.groupTitle", "customers.group"),
        Window("customers.disableTitle", "customers.disable"),
        Window("customers.takeTitle", "customers.take"),
        Window("customers.giveTitle", "customers.give"),
        Window("customers.linkTitle", "customers.link", has_fields=False),
        Window("factor.removeTitle", "factor.remove", has_fields=False),
        Window("customers.roleTitle", "customers.role"),
        Window("data.eraseTitle", "data.erase"),
    ),
    "admin/customers/{user}?view=keys": (
        Window("customers.lockKeys", "customers.lockKeys"),
        Window("keys.disableNamed", "keys.disableNamed"),
    ),
    "admin/customers/{user}?view=quotas": (Window("quotas.addForCustomer", "quotas.add"),),
    "admin/customers/{user}?view=notes": (
        Window("notes.add", "notes.add"),
        Window("notes.edit", "notes.edit", "notes.title"),
        Window("notes.deleteTitle", "notes.delete", "notes.title", False),
    ),
    "admin/requests/{request}": (Window("refund.title", "refund.action"),),
}
# The same window in other words, and windows that stand there when something was done.
OTHERS = {
    "customers.enableTitle", "keys.enableNamed", "customers.unlockKeys",
    "keys.madeTitle", "invitations.made", "newCustomer.made",
}  # fmt: skip


def test_all_windows_are_known():
    """Who adds one adds it above."""
    named: set[str] = set()
    for file in SOURCE.rglob("*.tsx"):
        for tag in re.findall(
            r"<\w*(?:Dialog|Confirm|NoteForm|QuotaForm)\s[^<]*?title=\{((?:[^{}]|\{[^{}]*\})*)\}",
            file.read_text(),
        ):
            named |= set(re.findall(r'"([a-zA-Z]+\.[\w.]+)"', tag))
    known = {window.title for windows in WINDOWS.values() for window in windows}
    assert len(named) > 25
    assert named - {"customers.enableTitle", "keys.enableNamed"} <= known | OTHERS
    assert known - {"customers.lockKeys"} <= named


@pytest.fixture
def ids(customer, operator) -> dict[str, str]:
    """Something for each window to be about."""
    customer.call("POST", f"/keys/{customer.key_id}/rotate", 201, json={"grace_seconds": 3600})
    ids = {"user": user_id_of(customer)}
    note = {"user_id": ids["user"], "text": "asked about invoices"}
    operator.call("POST", "/admin/notes", 201, json=note)
    vouchers = {"name": "Fair", "amount": "5", "count": 2, "kind": "manual"}
    operator.call("POST", "/admin/vouchers", 201, json=vouchers)
    operator.call("POST", "/admin/invitations", 201, json={"uses": 1})
    with_phone(customer)
    return ids


def go_round(person: Person, window: Window, values: dict) -> None:
    """Opened; its name, its first field, all that is in it; left by Escape, and by its button."""
    if window.within:
        opener = person.of_row(window.opener, person.rows(window.within).first)
    else:
        opener = person.button(window.opener, person.main, **values).first
    press(person, opener)
    title = re.escape(person.t(window.title)).replace(r"\{", "{").replace(r"\}", "}")
    name = re.compile("^" + re.sub(r"\{\w+\}", ".+", title) + "$")
    dialog = person.page.get_by_role("dialog", name=name)
    expect(dialog).to_be_visible()
    fields = "input:focus, select:focus, textarea:focus" if window.has_fields else ":focus"
    expect(dialog.locator(fields)).to_have_count(1)
    assert not violations(person)
    if person.view.theme == "light":
        assert not unreachable(person)
    person.page.keyboard.press("Escape")
    expect(person.page.locator("dialog")).to_have_count(0)
    expect(opener).to_be_focused()
    person.page.keyboard.press("Enter")
    press(person, person.button("action.cancel", dialog))
    expect(person.page.locator("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


@pytest.mark.parametrize("place", WINDOWS)
def test_windows_are_opened_and_left(person, customer, operator, ids, place):
    if "{request}" in place:
        customer.ask("gpt-4")
        ids["request"] = customer.wait_for_record()["id"]
    person.become(operator if place.startswith("admin") else customer)
    person.open("/dashboard/" + place.format(**ids))
    for window in WINDOWS[place]:
        expect(person.main.locator(".skeleton")).to_have_count(0)
        go_round(person, window, {"name": "test"})


@pytest.mark.parametrize("leave", ["Escape", "cancel"])
def test_a_window_that_came_with_the_address(user, customer, leave):
    """Nothing had the focus before it."""
    user.open("/dashboard/keys?new=1")
    expect(user.field("keys.name", user.dialog)).to_be_focused()
    if leave == "Escape":
        user.page.keyboard.press("Escape")
    else:
        press(user, user.button("action.cancel", user.dialog))
    expect(user.page.locator("dialog")).to_have_count(0)
    expect(user.page.get_by_role("heading", level=1)).to_be_focused()


@pytest.mark.parametrize("leave", ["Escape", "close"])
def test_the_menu_of_a_narrow_page(make_person, customer, view, leave):
    person = make_person(view.__class__(view.language, "narrow")).become(customer)
    person.open("/dashboard")
    press(person, person.button("nav.open"))
    menu = person.page.get_by_role("dialog", name=person.t("nav.label"))
    expect(menu).to_be_visible()
    assert not unreachable(person)
    if leave == "Escape":
        person.page.keyboard.press("Escape")
    else:
        press(person, person.button("action.close", menu))
    expect(person.page.locator("dialog")).to_have_count(0)
    expect(person.button("nav.open")).to_be_focused()


# ---- what they are for ----


def test_vouchers(make_person, customer, operator, view):
    boss = make_person(view).become(operator)
    boss.open("/dashboard/admin/vouchers")
    press(boss, boss.button("vouchers.make", boss.main).first)
    write(boss, boss.field("vouchers.name", boss.dialog), "By keyboard")
    write(boss, boss.field("vouchers.amountEach", boss.dialog), "2.50")
    write(boss, boss.field("vouchers.count", boss.dialog), "2")
    boss.page.keyboard.press("Enter")
    expect(boss.page.locator("dialog")).to_have_count(0)
    expect(boss.button("vouchers.make", boss.main)).to_be_focused()
    row = boss.rows("nav.vouchers").first
    expect(row).to_contain_text("By keyboard")
    with boss.page.expect_download() as loading:
        press(boss, boss.of_row("vouchers.export", row, "link"))
    code = loading.value.path().read_text().splitlines()[1].partition(",")[0]

    user = make_person(view).become(customer)
    user.open("/dashboard/credits")
    write(user, user.field("vouchers.code"), "0000")
    user.page.keyboard.press("Enter")
    user.sees(user.t("vouchers.noCode"))
    expect(user.field("vouchers.code")).to_be_focused()
    write(user, user.field("vouchers.code"), code)
    press(user, user.button("vouchers.redeem"))
    expect(user.field("vouchers.code")).to_have_value("")
    expect(user.button("vouchers.redeem")).to_be_focused()
    assert customer.balance == usd("12.5")

    press(boss, boss.of_row("vouchers.withdraw", row))
    press(boss, boss.button("vouchers.withdraw", boss.dialog))
    expect(row).to_contain_text(boss.t("vouchers.stateWithdrawn"))
    expect(row).to_be_focused()  # its button is gone


def test_invitations(boss, operator):
    boss.open("/dashboard/admin/invitations")
    press(boss, boss.button("invitations.make", boss.main).first)
    write(boss, boss.field("invitations.usesMax", boss.dialog), "2")
    press(boss, boss.button("invitations.make", boss.dialog))
    made = boss.page.get_by_role("dialog", name=boss.t("invitations.made"))
    expect(made.locator("output")).to_contain_text("/dashboard/invitation#")
    press(boss, boss.button("customers.linkCopy", made))
    expect(boss.button("action.copied", made)).to_be_focused()
    assert "/dashboard/invitation#" in boss.copied()
    press(boss, boss.button("action.done", made))
    expect(boss.page.locator("dialog")).to_have_count(0)
    expect(boss.button("invitations.make", boss.main)).to_be_focused()
    row = boss.rows("invitations.title").first
    press(boss, boss.of_row("invitations.revoke", row))
    press(boss, boss.button("invitations.revoke", boss.dialog))
    expect(row).to_contain_text(boss.t("invitations.stateRevoked"))
    expect(row).to_be_focused()


def test_a_new_customer(boss, operator):
    boss.open("/dashboard/admin/customers")
    press(boss, boss.button("newCustomer.title", boss.main))
    write(boss, boss.field("auth.email", boss.dialog), new_email())
    boss.page.keyboard.press("Enter")
    made = boss.page.get_by_role("dialog", name=boss.t("newCustomer.made"))
    expect(made.locator("output")).to_be_visible()
    check_place(boss)
    boss.page.keyboard.press("Escape")
    expect(boss.page.locator("dialog")).to_have_count(0)
    expect(boss.button("newCustomer.title", boss.main)).to_be_focused()


def test_a_password_link(boss, customer):
    """What asked is gone when the link is there, in the same window."""
    boss.open(f"/dashboard/admin/customers/{user_id_of(customer)}")
    press(boss, boss.button("customers.link"))
    press(boss, boss.button("customers.link", boss.dialog))
    expect(boss.dialog.locator("output")).to_contain_text("/dashboard/password#")
    expect(boss.page.locator("dialog:focus")).to_be_visible()
    press(boss, boss.button("action.done", boss.dialog))
    expect(boss.button("customers.link")).to_be_focused()


def test_the_second_factor(user, customer):
    """Set up, its codes, new codes, turned off."""
    user.open("/dashboard/account")
    card = user.page.get_by_role("region", name=user.t("factor.title"))
    write(user, user.field("factor.password", card), customer.password)
    user.page.keyboard.press("Enter")
    secret = card.get_by_role("status", name=user.t("factor.secret"))
    phone = Phone(secret.inner_text().replace(" ", ""))
    expect(card).to_be_focused()
    write(user, user.field("factor.firstCode", card), phone.wrong_code())
    user.page.keyboard.press("Enter")
    user.sees(user.t("error.wrong_code"))
    expect(user.field("factor.firstCode", card)).to_be_focused()
    write(user, user.field("factor.firstCode", card), phone.code())
    press(user, user.button("factor.turnOn", card))
    codes = card.get_by_role("list", name=user.t("factor.codes")).get_by_role("listitem")
    expect(codes).to_have_count(10)
    phone.recovery_codes = codes.all_inner_texts()
    expect(card).to_be_focused()
    press(user, user.button("factor.kept", card))
    expect(user.button("factor.renew", card)).to_be_visible()
    expect(card).to_be_focused()
    press(user, user.button("factor.renew", card))
    expect(user.field("factor.password", user.dialog)).to_be_focused()
    write(user, user.field("factor.password", user.dialog), customer.password)
    write(user, user.field("factor.code", user.dialog), phone.recovery_code())
    user.page.keyboard.press("Enter")
    expect(user.page.locator("dialog")).to_have_count(0)
    expect(codes).to_have_count(10)
    phone.recovery_codes = codes.all_inner_texts()
    check_place(user)
    press(user, user.button("factor.kept", card))
    press(user, user.button("factor.turnOff", card))
    write(user, user.field("factor.password", user.dialog), customer.password)
    write(user, user.field("factor.code", user.dialog), phone.recovery_code())
    press(user, user.button("factor.turnOff", user.dialog))
    expect(user.button("factor.setUp", card)).to_be_visible()
    expect(card).to_be_focused()


def test_a_key(user, customer):
    """Edited, replaced, its old secret ended, deleted."""
    user.open("/dashboard/keys")
    row = user.rows("nav.keys").first
    edit = user.button("keys.editNamed", row, name="test")
    press(user, edit)
    write(user, user.field("keys.name", user.dialog), "renamed")
    write(user, user.field("keys.budget", user.dialog), "5")
    tab_to(user, user.field("keys.period", user.dialog))
    user.page.keyboard.press("ArrowDown")
    press(user, user.button("keys.save", user.dialog))
    expect(row).to_contain_text("renamed")
    expect(user.button("keys.editNamed", row, name="renamed")).to_be_focused()
    (key,) = customer.call("GET", "/keys", 200)["data"]
    assert (key["name"], key["budget"], key["budget_period"]) == ("renamed", "5.000000000", "day")

    rotate = user.button("keys.rotateNamed", row, name="renamed")
    press(user, rotate)
    expect(user.field("keys.grace", user.dialog)).to_be_focused()
    press(user, user.button("keys.rotateAction", user.dialog))
    made = user.page.get_by_role("dialog", name=user.t("keys.madeTitle"))
    expect(made).to_be_visible()
    check_place(user)
    press(user, user.button("action.done", made))
    expect(made).to_contain_text(user.t("keys.notCopied"))
    press(user, user.button("keys.copy", made))
    expect(user.button("action.copied", made)).to_be_focused()
    user.page.keyboard.press("Escape")
    expect(user.page.locator("dialog")).to_have_count(0)
    expect(rotate).to_be_focused()

    press(user, user.button("keys.endOldNamed", row, name="renamed"))
    press(user, user.button("keys.endOld", user.dialog))
    expect(user.button("keys.endOldNamed", row, name="renamed")).to_have_count(0)
    expect(row).to_be_focused()
    press(user, user.button("keys.deleteNamed", row, name="renamed"))
    press(user, user.button("keys.deleteAction", user.dialog))
    expect(user.main.get_by_text(user.t("keys.empty"))).to_be_visible()
    expect(user.page.get_by_role("heading", level=1)).to_be_focused()


def test_a_limit_is_removed(user, customer):
    for unit in ("requests", "tokens"):
        quota = {"key_id": customer.key_id, "unit": unit, "period": "day", "amount": 9}
        customer.call("POST", "/quotas", 201, json=quota)
    user.open("/dashboard/keys")
    buttons = user.rows("quotas.title").get_by_role("button")
    expect(buttons).to_have_count(2)
    press(user, buttons.first)
    expect(buttons).to_have_count(1)
    expect(user.page.get_by_role("table", name=user.t("quotas.title"))).to_be_focused()


def test_copied_where_there_is_no_clipboard(user, customer):
    """As on a page that did not come by TLS: a selection must do; the button keeps the focus."""
    user.context.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
    )
    user.open("/dashboard/models")
    first = user.main.get_by_role("button", name=user.t("action.copy")).first
    press(user, first)
    expect(user.page.locator(":focus")).to_have_count(1)
    assert user.page.locator(":focus").evaluate("(it) => it.tagName") == "BUTTON"


def test_the_playground(user, customer, provider):
    user.open("/dashboard/playground")
    press(user, user.main.locator("summary"))
    write(user, user.field("playground.longest"), "50")
    message = user.field("playground.message")
    write(user, message, "What is the capital of Korea?")
    user.page.keyboard.press("Enter")
    expect(user.link("playground.details")).to_be_visible()
    expect(message).to_be_focused()
    write(user, message, "And of Japan?")
    press(user, user.button("playground.send"))
    expect(user.link("playground.details")).to_have_count(2)
    check_place(user)
    press(user, user.button("playground.removeTalk"))
    expect(user.link("playground.details")).to_have_count(0)
    check_place(user)


def test_the_search_box(boss, customer, operator):
    """A result of another page, and of this one."""
    boss.open("/dashboard/admin/customers")
    path = f"/dashboard/admin/customers/{user_id_of(customer)}"
    for _ in range(2):
        go_to_box(boss)
        boss.page.keyboard.insert_text(customer.email)
        expect(options(boss)).to_have_count(1)
        boss.page.keyboard.press("ArrowDown")
        expect(options(boss)).to_have_attribute("aria-selected", "true")
        boss.page.keyboard.press("Enter")
        boss.page.wait_for_url("**" + path)
        expect(boss.page.get_by_role("heading", level=1)).to_contain_text(customer.email)
        expect(boss.page.get_by_role("heading", level=1)).to_be_focused()
    go_to_box(boss)
    boss.page.keyboard.insert_text("nobody at all")
    expect(boss.page.get_by_role("search").get_by_text(boss.t("find.none"))).to_be_visible()
    boss.page.keyboard.press("Escape")
    expect(box(boss)).to_be_focused()
