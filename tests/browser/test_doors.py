"""Who may come in, as people see it: shut doors, invitations, terms, a proof of work, a verified
address. Each page is looked at by axe and within its width."""

import pytest
from conftest import make_operator
from customer import PASSWORD, Customer
from person import SIZES
from playwright.sync_api import expect
from receivers import token_of
from test_account import new_email
from test_everywhere import violations
from wait import wait_until

TERMS = {"terms_url": "/terms.html", "privacy_url": "https://example.com/privacy"}


@pytest.fixture
def house(make_gateway, make_person, view):
    """house(settings...): a gateway, and somebody before it."""

    def make(**settings):
        gateway = make_gateway(**settings)
        return gateway, make_person(view, gateway)

    return make


def check_page(person) -> None:
    width = person.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[person.view.width][0], f"{width} px wide"
    assert not violations(person)


def fill(person, email: str | None) -> None:
    if email is not None:
        person.field("auth.email").fill(email)
    person.field("auth.password").fill(PASSWORD)


def sign_up(person, email: str | None) -> None:
    fill(person, email)
    person.button("auth.signUp").click()


def accept(person) -> None:
    person.page.get_by_label(person.t("terms.acceptBoth")).check()


@pytest.mark.parametrize("mode", ["closed", "invitation"])
def test_a_shut_door_says_what_to_do(house, mode):
    _, person = house(sign_up=mode)
    person.open("/dashboard/signup")
    person.sees(person.t(f"door.{mode}"))
    person.sees(person.t(f"door.{mode}Text"))
    expect(person.field("auth.password")).to_have_count(0)
    check_page(person)
    person.link("auth.signIn").click()
    person.sees_title("auth.signIn")
    expect(person.link("auth.signUp")).to_have_count(1 if mode == "invitation" else 0)


def test_domains_are_named(house):
    _, person = house(sign_up_domains="example.org,example.net")
    person.open("/dashboard/signup")
    person.sees(person.t("door.domains", domains="example.org, example.net"))
    sign_up(person, "somebody@example.com")
    person.sees(person.t("error.domain_not_allowed"))
    expect(person.field("auth.email")).to_have_attribute("aria-invalid", "true")
    check_page(person)
    sign_up(person, "somebody@example.org")
    person.sees_title("nav.home")


def test_an_invitation_from_end_to_end(house, make_person, view):
    gateway, boss = house(sign_up="invitation")
    boss.become(make_operator(gateway))
    boss.open("/dashboard/admin/customers")
    boss.button("invitations.make").click()
    check_page(boss)
    boss.field("invitations.usesMax", boss.dialog).fill("2")
    boss.field("invitations.creditEach", boss.dialog).fill("2.5")
    boss.button("invitations.make", boss.dialog).click()
    url = boss.dialog.locator("output").inner_text()
    check_page(boss)
    boss.button("action.done", boss.dialog).click()
    boss.link("invitations.title").click()
    boss.sees_title("invitations.title")
    boss.sees(boss.t("invitations.anybody"))
    check_page(boss)

    guest = make_person(view, gateway)
    guest.page.goto(url)
    guest.sees_title("door.invited")
    guest.sees(guest.t("door.credit", amount="$2.50"))
    check_page(guest)
    sign_up(guest, new_email())
    guest.sees_title("nav.home")
    guest.sees("$2.50")

    boss.of_row("invitations.revoke", boss.main).click()
    boss.button("invitations.revoke", boss.dialog).click()
    boss.sees(boss.t("invitations.stateRevoked"))
    late = make_person(view, gateway)
    late.page.goto(url)
    late.sees(late.t("error.invitation_invalid"))
    check_page(late)


def test_an_invited_address_is_not_typed_again(house):
    gateway, guest = house(sign_up="invitation")
    body = {"email": "ann@example.com"}
    made = make_operator(gateway).call("POST", "/admin/invitations", 201, json=body)
    guest.page.goto(made["url"])
    expect(guest.field("auth.email")).to_have_value("ann@example.com")
    expect(guest.field("auth.email")).not_to_be_editable()
    sign_up(guest, None)
    guest.sees_title("nav.home")


def test_the_operator_makes_a_customer(house, make_person, view):
    gateway, boss = house(sign_up="closed")
    boss.become(make_operator(gateway))
    boss.open("/dashboard/admin/customers")
    boss.button("newCustomer.title").click()
    boss.field("auth.email", boss.dialog).fill("new@example.com")
    boss.field("auth.name", boss.dialog).fill("Newcomer")
    check_page(boss)
    boss.button("newCustomer.action", boss.dialog).click()
    url = boss.dialog.locator("output").inner_text()
    boss.button("action.done", boss.dialog).click()
    boss.sees("new@example.com")
    guest = make_person(view, gateway)
    guest.page.goto(url)
    guest.field("account.next").fill(PASSWORD)
    guest.button("setPassword.action").click()
    guest.sees_title("nav.home")


def test_terms_at_the_door_and_when_they_change(house):
    gateway, person = house(**TERMS, terms_version="1")
    person.open("/dashboard/signin")
    foot = person.page.get_by_role("contentinfo")
    expect(foot.get_by_role("link", name=person.t("terms.terms"))).to_have_attribute(
        "href", "/terms.html"
    )
    expect(person.link("terms.privacy", foot)).to_have_attribute(
        "href", "https://example.com/privacy"
    )
    check_page(person)
    person.open("/dashboard/signup")
    fill(person, new_email())
    person.button("auth.signUp").click()
    person.sees_title("auth.signUp")  # the browser asks for the box
    accept(person)
    check_page(person)
    person.button("auth.signUp").click()
    person.sees_title("nav.home")
    gateway.settings["terms_version"] = "2"
    gateway.write_config()
    gateway.reload()
    person.open("/dashboard/keys")
    person.sees_title("terms.newTitle")
    check_page(person)
    accept(person)
    person.button("terms.go").click()
    person.sees_title("nav.keys")
    person.page.reload()
    person.sees_title("nav.keys")


def test_operators_are_not_asked_for_their_own_terms(house):
    gateway, boss = house(**TERMS)
    boss.become(make_operator(gateway))
    boss.open("/dashboard/admin/customers")
    boss.sees_title("nav.customers")


def test_a_proof_is_found_beside_the_page(house):
    gateway, person = house(sign_up_proof_bits="15")
    # As over http on a name that is no loopback: there the browser has no WebCrypto.
    person.context.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")
    for _ in range(2):  # each sign-up has a proof of its own
        person.open("/dashboard/signup")
        sign_up(person, new_email())
        person.sees_title("nav.home")
        person.context.clear_cookies()
    assert Customer(gateway).web.post(
        "/auth/signup", json={"email": new_email(), "password": PASSWORD}
    ).status_code == 400  # fmt: skip


def test_a_refused_sign_up_is_tried_again_with_a_new_proof(house):
    _, person = house(sign_up_proof_bits="12")
    person.open("/dashboard/signup")
    person.field("auth.email").fill(new_email())
    person.field("auth.password").fill("password123")
    person.button("auth.signUp").click()
    person.sees(person.t("weakness.common"))
    person.field("auth.password").fill(PASSWORD)
    person.button("auth.signUp").click()
    person.sees_title("nav.home")


def test_an_address_is_verified_before_anything_else(house, mailbox):
    settings = mailbox.settings | {"email_verification": "required", "sign_up_credit": "3"}
    _, person = house(**settings)
    email = new_email()
    person.open("/dashboard/signup")
    person.sees(person.t("door.creditVerified", amount="$3.00"))
    sign_up(person, email)
    person.sees(person.t("door.verifyTitle"))
    person.sees(person.t("door.verifyText", email=email))
    check_page(person)
    person.open("/dashboard/keys?new=1")
    person.field("keys.name", person.dialog).fill("x")
    person.button("keys.create", person.dialog).click()
    person.sees(person.t("error.email_not_verified"))
    mail = mailbox.wait_for_one(email)
    person.open("/dashboard/verify#" + token_of(mail, "verify"))
    person.button("verify.action").click()
    person.link("verify.on").click()
    person.sees_title("nav.home")
    expect(person.page.get_by_text(person.t("door.verifyTitle"))).to_have_count(0)
    person.sees("$3.00")


def test_an_address_is_verified_before_a_second_factor(house, mailbox):
    """Which the operator wants of all: the page asks for one after the other."""
    gateway, person = house(**mailbox.settings, email_verification="required", second_factor="all")
    email = new_email()
    person.open("/dashboard/signup")
    sign_up(person, email)
    person.sees_title("factor.requiredTitle")
    person.sees(person.t("door.verifyTitle"))
    expect(person.button("factor.setUp")).to_have_count(0)
    check_page(person)
    person.button("notices.sendVerification").click()
    wait_until(lambda: len(mailbox.to(email)) == 2, 20, "the second mail")
    token = token_of(mailbox.to(email)[-1], "verify")
    maker = Customer(gateway)
    maker.email = email
    maker.sign_in()
    maker.call("POST", "/auth/verify", 200, json={"token": token})
    person.button("door.verifyLook").click()
    expect(person.button("factor.setUp")).to_be_visible()
    person.sees(person.t("factor.requiredText"))


def test_another_browser_signs_in_first(house, mailbox, make_person, view):
    """Only who can: the owner of an address that a stranger has used is told so."""
    gateway, person = house(**mailbox.settings, email_verification="required")
    email = new_email()
    person.open("/dashboard/signup")
    sign_up(person, email)
    person.sees_title("nav.home")
    link = gateway.origin + "/dashboard/verify#" + token_of(mailbox.wait_for_one(email), "verify")
    phone = make_person(view, gateway)
    phone.page.goto(link)
    phone.sees_title("verify.title")
    phone.sees(phone.t("verify.notYours"))
    expect(phone.button("verify.action")).to_have_count(0)
    expect(phone.link("auth.forgot")).to_be_visible()
    check_page(phone)
    other = new_email()
    phone.open("/dashboard/signup")
    sign_up(phone, other)
    phone.sees_title("nav.home")
    phone.page.goto(link)
    phone.button("verify.action").click()
    phone.sees(phone.t("error.link_not_yours"))
    phone.context.clear_cookies()
    phone.page.goto(gateway.origin + "/dashboard/signin")
    phone.page.goto(link)
    phone.link("auth.signIn", phone.page.get_by_role("main")).click()
    phone.sees_title("auth.signIn")
    fill(phone, email)
    phone.button("auth.signIn").click()
    phone.button("verify.action").click()
    phone.sees(phone.t("verify.done", email=email))
