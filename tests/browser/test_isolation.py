"""Two customers and an operator, with no path to each other's data."""

import pytest
from playwright.sync_api import expect

SECRET = "secret-key-name"


@pytest.fixture
def other(gateway):
    other = gateway.customer(name=SECRET)
    other.ask("gpt-4")
    return other


def test_nobody_elses_request(user, other):
    user.open(f"/dashboard/usage/{other.records()[0]['id']}")
    user.sees(user.t("error.not_found"))
    assert SECRET not in user.page.content()


def test_nothing_of_others_on_any_page(user, other, operator):
    """Neither of another customer nor of an operator."""
    operator.charge("3.21")
    operator.create_key(SECRET)
    operator.ask("gpt-4")
    user.open(f"/dashboard/usage/{operator.records()[0]['id']}")
    user.sees(user.t("error.not_found"))
    for path in ("", "/usage", "/usage?view=key", "/keys", "/credits", "/playground"):
        user.open("/dashboard" + path)
        expect(user.main.locator(".skeleton")).to_have_count(0)
        text = user.page.content()
        for strange in (SECRET, operator.email, other.email, "$3.21"):
            assert strange not in text, path
    for theirs in (other, operator):
        for method, path in (("PATCH", "/api/keys/"), ("DELETE", "/api/keys/")):
            answer = user.context.request.fetch(path + theirs.key_id, method=method,
                                                data={"disabled": True})  # fmt: skip
            assert answer.status == 404, path
        assert theirs.ask("demo").status_code == 200


def test_the_operators_pages_are_not_there_for_customers(user, other):
    asked: list[str] = []
    user.page.on("request", lambda request: asked.append(request.url))
    for path in ("", "/customers", "/policies", "/providers", "/audit"):
        user.page.goto("/dashboard/admin" + path)
        user.sees_title("notFound.title")
    assert not [url for url in asked if "/api/admin" in url]
    expect(user.page.get_by_text(user.t("nav.operator"))).to_have_count(0)
    for path in ("live", "users", "usage", "sales?by=customer", "audit", "policies"):
        answer = user.context.request.get("/api/admin/" + path)
        assert answer.status == 404, path


def test_nothing_is_left_for_who_comes_next(person, customer, other):
    customer.ask("gpt-4o")
    user = person.sign_in(customer.email, customer.password)
    user.rows("home.latest")
    if user.view.width == "narrow":
        user.button("nav.open").click()
    user.button("auth.signOut").click()
    user.sees_title("auth.signIn")
    user.field("auth.email").fill(other.email)
    user.field("auth.password").fill(other.password)
    user.button("auth.signIn").click()
    user.sees_title("nav.home")
    rows = user.rows("home.latest")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("secret-key-name")
    assert "gpt-4o" not in user.main.inner_text()


def test_an_operators_own_pages_show_only_his_own(boss, other):
    boss.open("/dashboard/usage")
    boss.sees(boss.t("usage.empty"))
    boss.open("/dashboard/keys")
    boss.sees(boss.t("keys.empty"))
