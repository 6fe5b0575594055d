"""Keys: made, shown once, pasted into three languages, disabled, deleted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from held import Held
from playwright.sync_api import expect
from test_everywhere import violations
from wait import wait_until

NODE = Path(os.environ.get("NODE_PATH") or os.environ.get("E2E_NODE", "") + "/node_modules")
RUN_S = 240


def make_key(person, name: str, **fields: str) -> str:
    """Through the form; the key that is shown."""
    person.open("/dashboard/keys")
    person.button("keys.create").first.click()
    person.field("keys.name", person.dialog).fill(name)
    for field, value in fields.items():
        person.field(f"keys.{field}", person.dialog).fill(value)
    person.button("keys.create", person.dialog).click()
    expect(person.dialog).to_contain_text(person.t("keys.shownOnce"))
    return person.dialog.locator("output").inner_text()


def test_made_copied_and_shown_once(user, gateway):
    key = make_key(user, "laptop", budget="2.50", expires="2031-05-06")
    assert key.startswith("llm_sk_")
    user.button("keys.copy").click()
    expect(user.button("action.copied", user.dialog)).to_be_visible()
    assert user.copied() == key
    user.button("action.done", user.dialog).click()
    row = user.rows("nav.keys").filter(has_text="laptop")
    expect(row).to_contain_text(key[-4:])
    expect(row).to_contain_text("$2.50")
    # The day that was typed, not the midnight at which it ends.
    expect(row).to_contain_text("2031. 5. 6." if user.view.language == "ko" else "May 6, 2031")
    assert key not in user.page.content()
    user.page.reload()
    user.rows("nav.keys")
    assert key not in user.page.content()


def test_a_key_for_some_models(user, customer, gateway):
    user.open("/dashboard/keys?new=1")
    user.field("keys.name", user.dialog).fill("narrow")
    user.dialog.get_by_label("gpt-4o-mini", exact=True).check()
    user.button("keys.create", user.dialog).click()
    customer.key = user.dialog.locator("output").inner_text()
    assert customer.ask("gpt-4o-mini").status_code == 200
    assert customer.ask("gpt-4o").status_code == 403


def snippet(person, language: str) -> str:
    person.dialog.get_by_role("tab", name=language, exact=True).click()
    person.button("action.copy", person.dialog).click()
    expect(person.button("action.copied", person.dialog)).to_be_visible()
    code = person.copied()
    expect(person.button("action.copy", person.dialog)).to_be_visible()
    return code


def run(command: list[str], **env: str) -> str:
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **env},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_snippets_run_as_they_are(make_person, customer, tmp_path):
    user = make_person().become(customer)
    make_key(user, "pasted")
    answer = json.loads(run(["bash", "-c", snippet(user, "curl")]))
    assert answer["usage"]["cost"] > 0
    assert run([sys.executable, "-c", snippet(user, "Python")]).strip()
    script = tmp_path / "call.mjs"
    script.write_text(snippet(user, "JavaScript"))
    if not (NODE / "openai").exists():
        pytest.skip("the openai package for Node is not installed")
    (tmp_path / "node_modules").symlink_to(NODE)
    assert run(["node", str(script)]).strip()
    assert len(customer.records()) == 3


def test_disabled_enabled_deleted(user, customer):
    user.open("/dashboard/keys")
    row = user.rows("nav.keys").filter(has_text="test")
    user.button("keys.disableNamed", row, name="test").click()
    expect(row).to_contain_text(user.t("keys.stateDisabled"))
    assert customer.ask().status_code == 401
    user.button("keys.enableNamed", row, name="test").click()
    expect(row).to_contain_text(user.t("keys.stateActive"))
    assert customer.ask().status_code == 200
    user.button("keys.deleteNamed", row, name="test").click()
    expect(user.dialog).to_contain_text(user.t("keys.deleteTitle", name="test"))
    user.button("action.cancel", user.dialog).click()
    assert customer.ask().status_code == 200
    user.button("keys.deleteNamed", row, name="test").click()
    user.button("keys.deleteAction", user.dialog).click()
    user.sees(user.t("keys.empty"))
    assert customer.ask().status_code == 401


def test_last_use_and_spend_come_by_themselves(user, customer):
    user.open("/dashboard/keys")
    row = user.rows("nav.keys")
    expect(row).to_contain_text(user.t("keys.never"))
    customer.ask("gpt-4")
    expect(row).not_to_contain_text(user.t("keys.never"))
    expect(row.get_by_title("$0.")).to_be_visible()


def test_a_use_between_the_list_and_the_first_pulse(user, customer):
    """The page has its list, then the key is used, then the first pulse is answered."""
    held = Held(user.page, "**/api/pulse")
    user.open("/dashboard/keys")
    held.wait_for(1)
    row = user.rows("nav.keys")
    expect(row).to_contain_text(user.t("keys.never"))
    customer.ask("gpt-4")
    wait_until(lambda: customer.call("GET", "/keys", 200)["data"][0]["last_used_at"])
    held.let_go()
    expect(row).not_to_contain_text(user.t("keys.never"))


@pytest.mark.parametrize("budget", ["0,5", "-1", "1e3", "ten"])
def test_a_budget_that_is_no_amount(make_person, customer, budget):
    person = make_person().become(customer)
    person.open("/dashboard/keys?new=1")
    person.field("keys.name", person.dialog).fill("x")
    person.field("keys.budget", person.dialog).fill(budget)
    person.button("keys.create", person.dialog).click()
    expect(person.dialog).to_contain_text(person.t("limits.amountMost", most="$1,000,000"))
    expect(person.field("keys.budget", person.dialog)).to_have_attribute("aria-invalid", "true")


def test_a_key_is_edited(user, customer):
    user.open("/dashboard/keys")
    user.button("keys.editNamed", name="test").click()
    user.field("keys.name", user.dialog).fill("renamed")
    user.field("keys.budget", user.dialog).fill("12.5")
    user.field("keys.period", user.dialog).select_option("month")
    user.button("keys.save", user.dialog).click()
    user.sees("renamed")
    (key,) = customer.call("GET", "/keys", 200)["data"]
    assert (key["budget"], key["budget_period"]) == ("12.500000000", "month")
    user.button("keys.editNamed", name="renamed").click()
    expect(user.field("keys.budget", user.dialog)).to_have_value("12.5")
    user.field("keys.budget", user.dialog).fill("")
    user.button("keys.save", user.dialog).click()
    expect(user.dialog).to_have_count(0)
    (key,) = customer.call("GET", "/keys", 200)["data"]
    assert (key["budget"], key["budget_period"]) == (None, None)


@pytest.fixture
def shown(user, customer):
    """The row of the customer's key."""
    user.open("/dashboard/keys")
    return user.rows("nav.keys").filter(has_text="test")


def replace(user, shown, grace: str) -> str:
    """Through the form; the new text of the key, copied."""
    user.button("keys.rotateNamed", shown, name="test").click()
    user.field("keys.grace", user.dialog).select_option(label=user.t(f"keys.grace.{grace}"))
    user.button("keys.rotateAction", user.dialog).click()
    user.button("keys.copy", user.dialog).click()
    key = user.dialog.locator("output").inner_text()
    assert user.copied() == key
    user.button("action.done", user.dialog).click()
    expect(user.dialog).to_have_count(0)
    return key


def works(customer, key: str) -> bool:
    customer.key = key
    return customer.ask().status_code == 200


def test_replaced_with_time_to_change_it_everywhere(user, customer, shown):
    old = customer.key
    new = replace(user, shown, "day")
    expect(shown).to_contain_text(new[-4:])
    expect(shown).to_contain_text(user.t("keys.oldWorks", last4=old[-4:], time="").strip())
    assert works(customer, old)
    assert works(customer, new)
    assert not violations(user)
    user.button("keys.endOldNamed", shown, name="test").click()
    expect(user.dialog).to_contain_text(user.t("keys.endOldText"))
    assert not violations(user)
    user.button("keys.endOld", user.dialog).click()
    expect(user.button("keys.endOldNamed", shown, name="test")).to_have_count(0)
    assert not works(customer, old)
    assert works(customer, new)


def test_replaced_at_once(user, customer, shown):
    old = customer.key
    new = replace(user, shown, "none")
    expect(shown).to_contain_text(new[-4:])
    assert (works(customer, old), works(customer, new)) == (False, True)
    user.open("/dashboard/usage?view=refused")
    user.sees(user.t("error.key_replaced"))


def test_nobody_replaces_what_somebody_else_has_just_made(user, customer, shown):
    user.button("keys.rotateNamed", shown, name="test").click()
    path = f"/keys/{customer.key_id}/rotate"
    new = customer.call("POST", path, 201, json={"grace_seconds": 0})["key"]
    user.button("keys.rotateAction", user.dialog).click()
    expect(user.dialog).to_contain_text(user.t("error.replaced_meanwhile"))
    assert works(customer, new)


def test_who_has_not_copied_it_is_asked(user, customer):
    make_key(user, "precious")
    assert not violations(user)
    for leave in (lambda: user.page.keyboard.press("Escape"),
                  lambda: user.button("action.close", user.dialog).click(),
                  lambda: user.button("action.done", user.dialog).click()):  # fmt: skip
        leave()
        expect(user.dialog).to_contain_text(user.t("keys.notCopied"))
    assert not violations(user)
    user.button("keys.copy", user.dialog).click()
    expect(user.dialog).not_to_contain_text(user.t("keys.notCopied"))
    user.page.keyboard.press("Escape")
    expect(user.dialog).to_have_count(0)


def test_back_to_the_playground_with_the_key(user, customer):
    customer.delete_key()
    user.open("/dashboard/playground")
    user.link("keys.create", user.main).click()
    user.field("keys.name", user.dialog).fill("for playing")
    user.button("keys.create", user.dialog).click()
    user.button("keys.copy", user.dialog).click()
    user.button("action.done", user.dialog).click()
    user.sees_title("nav.playground")
    expect(user.field("playground.key").locator("option:checked")).to_have_text("for playing")


def test_the_playground_takes_a_key_that_can_pay(user, customer):
    customer.create_key("spent", budget="0")  # the newest
    user.open("/dashboard/playground")
    expect(user.field("playground.key").locator("option:checked")).to_have_text("test")
    user.open(f"/dashboard/playground?key={customer.key_id}")
    expect(user.field("playground.key").locator("option:checked")).to_contain_text("spent")


def test_the_operator_locks_all_keys(boss, customer):
    keys = [customer.key, customer.create_key("second")]
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    boss.open(f"/dashboard/admin/customers/{user_id}")
    boss.tab("customers.view.keys").click()
    for lock, word, work in (
        ("lockKeys", "keysLocked", False),
        ("unlockKeys", "keysUnlocked", True),
    ):
        boss.button(f"customers.{lock}").click()
        boss.field("acts.reason", boss.dialog).fill("leaked")
        assert not violations(boss)
        boss.button(f"customers.{lock}", boss.dialog).click()
        expect(boss.page.get_by_text(boss.t(f"customers.{word}", n=2))).to_be_visible()
        assert [works(customer, key) for key in keys] == [work, work]
    boss.tab("customers.view.audit").click()
    boss.sees(boss.t("act.key.lock"))
