"""Passwords are changed, reset by the operator, compared in one normal form; sessions listed and
ended."""

import threading
import unicodedata

import httpx2 as httpx
import pytest
from customer import PASSWORD
from errors import check_error
from gateway import REAL_PASSWORDS
from phone import with_phone
from wait import wait_until

NEW = "another long enough phrase"


def browser(gateway, address: str | None = None) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address) if address else None
    return httpx.Client(
        base_url=gateway.origin + "/api", timeout=60, trust_env=False, transport=transport
    )


def sign_in(web: httpx.Client, email: str, password: str) -> int:
    return web.post("/auth/signin", json={"email": email, "password": password}).status_code


@pytest.fixture
def admin(gateway):
    """An operator who is signed in."""
    person = gateway.customer()
    assert gateway.command("user", "role", person.email, "admin").returncode == 0
    return person


def test_password_is_changed(gateway, customer):
    with browser(gateway) as other:
        assert sign_in(other, customer.email, PASSWORD) == 200
        body = {"current_password": PASSWORD, "new_password": NEW}
        customer.call("POST", "/auth/password", 204, json=body)
        assert other.get("/auth/me").status_code == 401, "all other sessions have ended"
        assert customer.call("GET", "/auth/me", 200), "this one has not"
        assert sign_in(other, customer.email, PASSWORD) == 401
        assert sign_in(other, customer.email, NEW) == 200


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"current_password": "not it, alas", "new_password": NEW},
         403, "wrong_password", "current_password"),
        ({"current_password": PASSWORD}, 400, "missing_field", "new_password"),
        ({"new_password": NEW}, 400, "missing_field", "current_password"),
        ({"current_password": PASSWORD, "new_password": "short"},
         400, "weak_password", "new_password"),
        ({"current_password": PASSWORD, "new_password": "Password2024!"},
         400, "weak_password", "new_password"),
        ({"current_password": PASSWORD, "new_password": NEW, "email": "x"},
         400, "invalid_value", "email"),
    ],
)  # fmt: skip
def test_password_is_not_changed(customer, body, status, code, param):
    response = customer.web.post("/auth/password", json=body)
    error = check_error(response, status, code, on_api=False)
    assert error["param"] == param
    assert customer.sign_in()


@pytest.mark.parametrize(
    "password", ["qwertyuiop1", "PasswordPassword", "iloveyou2020", "llm-gateway"]
)
def test_known_passwords_are_refused(gateway, password):
    body = {"email": "nobody@example.com", "password": password}
    response = gateway.http.post("/api/auth/signup", json=body)
    check_error(response, 400, "weak_password", on_api=False)


def test_password_in_other_forms(gateway, customer):
    """The same characters are the same password, however the keyboard makes them."""
    new = unicodedata.normalize("NFD", "Schlüssel für Café 한국어")
    body = {"current_password": PASSWORD, "new_password": new}
    customer.call("POST", "/auth/password", 204, json=body)
    for form in ("NFC", "NFD"):
        with browser(gateway) as web:
            assert sign_in(web, customer.email, unicodedata.normalize(form, new)) == 200, form


def test_operator_prints_a_password(gateway, customer):
    done = gateway.command("user", "password", customer.email)
    assert done.returncode == 0, done.stderr
    assert customer.web.get("/auth/me").status_code == 401
    with browser(gateway) as web:
        assert sign_in(web, customer.email, PASSWORD) == 401
        assert sign_in(web, customer.email, done.stdout.strip()) == 200
    customer.password = done.stdout.strip()
    assert customer.sign_in()


# ---- the link ----


def make_link(admin, customer) -> str:
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    made = admin.call("POST", "/admin/password-links", 201, json={"user_id": user_id})
    assert made["expires_at"] > "2026"
    return made["url"].rpartition("#")[2]


def test_link_sets_a_password_once(gateway, admin, customer):
    token = make_link(admin, customer)
    assert token.encode() not in gateway.database.read_bytes()
    with browser(gateway) as web:
        found = web.post("/auth/link", json={"token": token}).json()
        assert found["email"] == customer.email
        body = {"token": token, "password": "short"}
        check_error(web.post("/auth/link/password", json=body), 400, "weak_password", on_api=False)
        body["password"] = NEW
        assert web.post("/auth/link/password", json=body).status_code == 200
        assert web.get("/auth/me").status_code == 200, "signed in"
        again = web.post("/auth/link/password", json=body)
        check_error(again, 404, "link_invalid", on_api=False)
    assert customer.web.get("/auth/me").status_code == 401, "older sessions have ended"
    customer.password = NEW
    assert customer.sign_in()
    entries = admin.call("GET", "/admin/audit", 200)["data"]
    assert entries[0]["action"] == "link.create"
    assert entries[0]["target"]["email"] == customer.email


def test_newer_link_ends_the_older(gateway, admin, customer):
    first, second = make_link(admin, customer), make_link(admin, customer)
    with browser(gateway) as web:
        response = web.post("/auth/link", json={"token": first})
        check_error(response, 404, "link_invalid", on_api=False)
        assert web.post("/auth/link", json={"token": second}).status_code == 200


def test_links_are_the_operators(customer):
    body = {"user_id": customer.call("GET", "/auth/me", 200)["user"]["id"]}
    assert customer.web.post("/admin/password-links", json=body).status_code == 404
    assert customer.web.post("/admin/unlocks", json=body).status_code == 404


# ---- sessions ----


@pytest.mark.parametrize("whose", ["own", "another's"])
@pytest.mark.parametrize("factor", [False, True], ids=["password", "code"])
def test_a_session_ends_when_the_browser_gets_another(gateway, customer, whose, factor):
    """Nobody would hold it any more, but who has copied its cookie."""
    person = customer if whose == "own" else gateway.customer()
    phone = with_phone(person) if factor else None
    older = browser(gateway)
    older.cookies.set("session", customer.web.cookies["session"])
    assert older.get("/auth/me").is_success
    body = {"email": person.email, "password": PASSWORD}
    signed_in = customer.web.post("/auth/signin", json=body)
    if phone:
        token = signed_in.json()["error"]["metadata"]["token"]
        assert older.get("/auth/me").is_success, "not before the code"
        signed_in = customer.web.post(
            "/auth/signin/code", json={"token": token, "code": phone.recovery_code()}
        )
    assert signed_in.status_code == 200, signed_in.text
    assert customer.call("GET", "/auth/me", 200)["user"]["email"] == person.email
    assert older.get("/auth/me").status_code == 401
    older.close()


def test_sessions(gateway, customer):
    with browser(gateway) as other:
        other.headers["User-Agent"] = "Other/1.0"
        assert sign_in(other, customer.email, PASSWORD) == 200
        listed = customer.call("GET", "/auth/sessions", 200)["data"]
        assert [session["current"] for session in listed].count(True) == 1
        (theirs,) = [session for session in listed if session["agent"] == "Other/1.0"]
        assert theirs["address"] == "127.0.0.1"
        customer.call("DELETE", f"/auth/sessions/{theirs['id']}", 204)
        assert other.get("/auth/me").status_code == 401
        customer.call("DELETE", f"/auth/sessions/{theirs['id']}", 404)
        assert sign_in(other, customer.email, PASSWORD) == 200
        customer.call("DELETE", "/auth/sessions", 204)
        assert other.get("/auth/me").status_code == 401
    assert len(customer.call("GET", "/auth/sessions", 200)["data"]) == 1


def test_sessions_of_others(gateway, customer):
    other = gateway.customer()
    (theirs,) = other.call("GET", "/auth/sessions", 200)["data"]
    customer.call("DELETE", f"/auth/sessions/{theirs['id']}", 404)
    assert other.call("GET", "/auth/me", 200)


def test_operator_ends_sessions(admin, customer):
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    assert admin.call("GET", f"/admin/sessions?user_id={user_id}", 200)["data"]
    admin.call("DELETE", f"/admin/sessions/{user_id}", 204)
    assert customer.web.get("/auth/me").status_code == 401
    assert customer.sign_in()


# ---- roles and groups ----


def test_role_is_changed(gateway, admin, customer):
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    path = f"/admin/users/{user_id}"
    assert admin.call("PATCH", path, 200, json={"role": "admin"})["role"] == "admin"
    assert customer.call("GET", "/admin/live", 200)
    assert admin.call("PATCH", path, 200, json={"role": "user"})["role"] == "user"
    assert customer.web.get("/admin/live").status_code == 404
    admin.call("PATCH", path, 400, json={"role": "boss"})


def test_last_administrator_stays(make_gateway):
    gateway = make_gateway()
    person = gateway.customer()
    assert gateway.command("user", "role", person.email, "admin").returncode == 0
    done = gateway.command("user", "role", person.email, "user")
    assert done.returncode == 1
    assert "last administrator" in done.stderr
    user_id = person.call("GET", "/auth/me", 200)["user"]["id"]
    response = person.web.patch(f"/admin/users/{user_id}", json={"role": "user"})
    check_error(response, 409, "last_administrator", on_api=False)
    assert person.call("GET", "/admin/live", 200)


def test_unknown_group_is_refused(gateway, admin, customer):
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    response = admin.web.patch(f"/admin/users/{user_id}", json={"group": "no such group"})
    error = check_error(response, 400, "invalid_value", on_api=False)
    assert error["param"] == "group"
    assert admin.call("GET", "/admin/groups", 200) == {"data": []}


def test_check_warns_of_unknown_groups(make_gateway):
    gateway = make_gateway()
    gateway.policies.write("routes", 'return { groups = { "vip" } }')
    gateway.reload()
    boss, customer = gateway.customer(), gateway.customer()
    assert gateway.command("user", "role", boss.email, "admin").returncode == 0
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    assert boss.call("GET", "/admin/groups", 200) == {"data": ["vip"]}
    boss.call("PATCH", f"/admin/users/{user_id}", 200, json={"group": "vip"})
    assert "warning" not in gateway.command("check").stdout
    gateway.policies.write("routes", "return {}")
    done = gateway.command("check")
    assert done.returncode == 0, done.stderr
    assert 'warning: 1 user is in the group "vip", which no policy names' in done.stdout


def test_unchangeable_member_is_named(admin, customer):
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    response = admin.web.patch(f"/admin/users/{user_id}", json={"email": "a@example.com"})
    assert check_error(response, 400, "invalid_value", on_api=False)["param"] == "email"
    response = customer.web.patch(f"/keys/{customer.key_id}", json={"spent": "0"})
    assert check_error(response, 400, "invalid_value", on_api=False)["param"] == "spent"


def test_old_password_opens_nothing_afterwards(make_gateway):
    """Sign-ins, and a change of the password, that had begun before the operator set another one:
    passwords are compared one after the other, and many wait."""
    gateway = make_gateway(env=REAL_PASSWORDS)
    customer = gateway.customer()
    gateway.customers.clear()  # whose session ends
    lanes = [browser(gateway, f"127.0.0.{2 + i // 6}") for i in range(24)]  # 6 each do not wait
    change = {"current_password": PASSWORD, "new_password": NEW}
    statuses = {}

    def run(i: int) -> None:
        statuses[i] = sign_in(lanes[i], customer.email, PASSWORD)

    def change_own() -> None:
        statuses["change"] = customer.web.post("/auth/password", json=change).status_code

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(lanes))]
    threads.append(threading.Thread(target=change_own))
    for thread in threads:
        thread.start()
    wait_until(lambda: 200 in statuses.values(), 30, "a sign-in that is in time")
    password = gateway.value_of("user", "password", customer.email)
    for thread in threads:
        thread.join()
    still_in = [lane for lane in lanes if lane.get("/auth/me").status_code == 200]
    assert not still_in, f"{len(still_in)} sessions outlived the password"
    assert 401 in statuses.values(), "some were too late: else nothing was tried"
    assert sign_in(lanes[0], customer.email, password) == 200
    for lane in lanes:
        lane.close()
