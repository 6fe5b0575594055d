"""The second factor: set up, asked for, never skipped, each code once; required by the operator."""

import json
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import openapi
import pyotp
import pytest
from customer import PASSWORD
from errors import check_error
from phone import Phone, with_phone

NEW = "another long enough phrase"


def browser(gateway) -> httpx.Client:
    return httpx.Client(base_url=gateway.origin + "/api", timeout=60, trust_env=False)


def password_step(web: httpx.Client, email: str, password: str = PASSWORD) -> str:
    """The first step of signing in; returns the pending sign-in's token."""
    response = web.post("/auth/signin", json={"email": email, "password": password})
    error = check_error(response, 401, "second_factor_code_required", on_api=False)
    assert "set-cookie" not in response.headers, "no session before the code"
    assert web.get("/auth/me").status_code == 401
    return error["metadata"]["token"]


def code_step(web: httpx.Client, token: str, code: str) -> httpx.Response:
    return web.post("/auth/signin/code", json={"token": token, "code": code})


@pytest.fixture
def phone(customer):
    return with_phone(customer)


@pytest.fixture
def operator(gateway):
    person = gateway.customer()
    assert gateway.command("user", "role", person.email, "admin").returncode == 0
    return person


# ---- setting up ----


@pytest.mark.parametrize(
    ("brand", "issuer"), [("Example AI & Söhne", "Example AI & Söhne"), ("AI: yes", "AI  yes")]
)
def test_the_app_shows_the_brand(make_gateway, brand, issuer):
    gateway = make_gateway(brand_name="Another")
    gateway.settings["brand_name"] = brand
    gateway.write_config()
    gateway.reload()
    customer = gateway.customer(credit=None)
    body = {"password": customer.password}
    uri = customer.call("POST", "/auth/second-factor", 201, json=body)["uri"]
    read = pyotp.parse_uri(uri)
    assert (read.issuer, read.name) == (issuer, f"{issuer}:{customer.email}")
    shown = customer.get("/models").json()["data"]
    owners = {model["owned_by"] for model in shown}
    assert brand in owners
    assert "llm-gateway" not in owners


def test_set_up_takes_password_and_code(gateway, customer):
    state = customer.call("GET", "/auth/second-factor", 200)
    assert state == {"enabled_at": None, "recovery_codes": 0, "required": False}
    wrong = customer.web.post("/auth/second-factor", json={"password": "not it, alas"})
    check_error(wrong, 403, "wrong_password", param="password", on_api=False)
    body = {"password": PASSWORD}
    first = customer.call("POST", "/auth/second-factor", 201, json=body)
    begun = customer.call("POST", "/auth/second-factor", 201, json=body)
    assert begun["secret"] != first["secret"], "begun anew"
    read = pyotp.parse_uri(begun["uri"])
    assert (read.secret, read.issuer, read.name) == (
        begun["secret"],
        "LLM Gateway",
        f"LLM Gateway:{customer.email}",
    )
    assert (read.digits, read.interval) == (6, 30)
    phone = Phone(begun["secret"])
    for code in (phone.wrong_code(), Phone(first["secret"]).code(), "12345", ""):
        response = customer.web.post("/auth/second-factor/confirm", json={"code": code})
        check_error(response, 403, "wrong_code", param="code", on_api=False)
    assert customer.call("GET", "/auth/me", 200)["user"]["second_factor"] is False
    with browser(gateway) as other:
        assert other.post(
            "/auth/signin", json={"email": customer.email, "password": PASSWORD}
        ).is_success, "what was not confirmed is asked for nowhere"
        done = customer.call(
            "POST", "/auth/second-factor/confirm", 200, json={"code": phone.code()}
        )
        assert other.get("/auth/me").status_code == 401, "sessions without it have ended"
    assert len(set(done["recovery_codes"])) == 10
    assert all(re.fullmatch(r"[A-Z2-7]{5}-[A-Z2-7]{5}", code) for code in done["recovery_codes"])
    assert customer.call("GET", "/auth/me", 200)["user"]["second_factor"] is True
    assert customer.call("GET", "/auth/second-factor", 200)["recovery_codes"] == 10
    again = customer.web.post("/auth/second-factor", json=body)
    check_error(again, 409, "second_factor_on", on_api=False)


def test_database_has_no_secret(gateway, customer, phone):
    everything = (
        gateway.database.read_bytes()
        + gateway.database.with_name(gateway.database.name + "-wal").read_bytes()
    )
    assert phone.totp.secret.encode() not in everything
    for code in phone.recovery_codes:
        assert code.encode() not in everything
        assert code.replace("-", "").encode() not in everything


# ---- signing in ----


def test_sign_in_takes_two_steps(gateway, customer, phone):
    with browser(gateway) as web:
        token = password_step(web, customer.email)
        response = code_step(web, token, phone.code())
        assert response.status_code == 200, response.text
        assert response.json()["user"]["email"] == customer.email
        assert web.get("/auth/me").status_code == 200
        check_error(code_step(web, token, phone.recovery_code()), 401, "signin_expired",
                    on_api=False)  # fmt: skip


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2])
def test_clock_may_be_a_step_wrong(gateway, customer, phone, offset):
    """The step that was confirmed is used up, and so are those before: a new secret has none."""
    with sqlite3.connect(gateway.database, timeout=30) as db:
        db.execute("UPDATE second_factors SET last_step = 0")
    with browser(gateway) as web:
        token = password_step(web, customer.email)

        def right() -> bool:
            return code_step(web, token, phone.totp.at(time.time() + 30 * offset)).is_success

        # A step may begin between the code and its comparison: that moves the edges by one.
        if abs(offset) == 2:
            assert not (right() and right()), "used once at most"
        else:
            assert right() or offset == -1


def test_each_code_works_once(gateway, customer, phone):
    code = phone.code()
    with browser(gateway) as web:
        assert code_step(web, password_step(web, customer.email), code).is_success
    with browser(gateway) as web:
        token = password_step(web, customer.email)
        check_error(code_step(web, token, code), 403, "wrong_code", on_api=False)
        recovery = phone.recovery_code()
        assert code_step(web, token, recovery.lower().replace("-", " ")).is_success
        assert web.get("/auth/second-factor").json()["recovery_codes"] == 9
    with browser(gateway) as web:
        token = password_step(web, customer.email)
        check_error(code_step(web, token, recovery), 403, "wrong_code", on_api=False)


@pytest.mark.parametrize("kind", ["code", "recovery_code"])
def test_a_code_at_the_same_time_opens_one_session(gateway, customer, phone, kind):
    code = getattr(phone, kind)()
    webs = [browser(gateway) for _ in range(6)]
    tokens = [password_step(web, customer.email) for web in webs]
    with ThreadPoolExecutor(len(webs)) as pool:
        done = list(
            pool.map(lambda pair: code_step(pair[0], pair[1], code), zip(webs, tokens, strict=True))
        )
    assert sorted(response.status_code for response in done) == [200] + [403] * 5
    assert sum(web.get("/auth/me").is_success for web in webs) == 1
    for web in webs:
        web.close()


def test_few_tries(gateway, customer, phone):
    with browser(gateway) as web:
        token = password_step(web, customer.email)
        for _ in range(5):
            check_error(code_step(web, token, phone.wrong_code()), 403, on_api=False)
        check_error(code_step(web, token, phone.code()), 401, "signin_expired", on_api=False)
        token = password_step(web, customer.email)
        statuses = [code_step(web, token, phone.wrong_code()).status_code for _ in range(5)]
        assert statuses == [403] * 5
        limited = code_step(web, password_step(web, customer.email), phone.wrong_code())
        check_error(limited, 429, "rate_limit_exceeded", on_api=False)


def test_known_browser_is_counted_apart(gateway, customer, phone):
    """Who knows the password and guesses codes does not keep the user out."""
    with browser(gateway) as known, browser(gateway) as guesser:
        assert code_step(
            known, password_step(known, customer.email), phone.recovery_code()
        ).is_success
        known.post("/auth/signout", json={})
        for _ in range(2):
            token = password_step(guesser, customer.email)
            for _ in range(5):
                code_step(guesser, token, phone.wrong_code())
        token = password_step(guesser, customer.email)
        assert code_step(guesser, token, phone.recovery_code()).status_code == 429
        assert code_step(
            known, password_step(known, customer.email), phone.recovery_code()
        ).is_success


def test_pending_sign_in_ends_with_its_password(gateway, customer, phone):
    with browser(gateway) as web:
        token = password_step(web, customer.email)
        change = {"current_password": PASSWORD, "new_password": NEW}
        customer.call("POST", "/auth/password", 204, json=change)
        response = code_step(web, token, phone.recovery_code())
        check_error(response, 401, "signin_expired", on_api=False)
        assert code_step(
            web, password_step(web, customer.email, NEW), phone.recovery_code()
        ).is_success


def test_pending_sign_in_expires(gateway, customer, phone):
    with browser(gateway) as web:
        token = password_step(web, customer.email)
        with sqlite3.connect(gateway.database, timeout=30) as db:
            db.execute("UPDATE pending_signins SET expires_ms = 1")
        check_error(code_step(web, token, phone.code()), 401, "signin_expired", on_api=False)
        check_error(
            code_step(web, "nonsense", phone.recovery_code()), 401, "signin_expired", on_api=False
        )


def test_disabled_user_does_not_finish(gateway, customer, phone, operator):
    with browser(gateway) as web:
        token = password_step(web, customer.email)
        user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
        operator.call("PATCH", f"/admin/users/{user_id}", 200, json={"disabled": True})
        gateway.customers.remove(customer)
        check_error(code_step(web, token, phone.code()), 401, "signin_expired", on_api=False)


def test_password_link_does_not_skip_it(gateway, customer, phone, operator):
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    gateway.customers.remove(customer)  # the link ends this session
    made = operator.call("POST", "/admin/password-links", 201, json={"user_id": user_id})
    link = {"token": made["url"].split("#")[1], "password": NEW}
    with browser(gateway) as web:
        response = web.post("/auth/link/password", json=link)
        error = check_error(response, 401, "second_factor_code_required", on_api=False)
        assert web.get("/auth/me").status_code == 401
        assert code_step(web, error["metadata"]["token"], phone.code()).is_success
        assert web.get("/auth/me").is_success


def test_wrong_password_tells_nothing(gateway, customer, phone):
    with browser(gateway) as web:
        body = {"email": customer.email, "password": "not it, alas"}
        response = web.post("/auth/signin", json=body)
        error = check_error(response, 401, "invalid_credentials", on_api=False)
        assert "metadata" not in error


# ---- changing it ----


def test_recovery_codes_are_renewed(gateway, customer, phone):
    old = phone.recovery_code()
    for body, status, code in [
        ({"password": PASSWORD, "code": phone.wrong_code()}, 403, "wrong_code"),
        ({"password": "not it, alas", "code": phone.recovery_codes[0]}, 403, "wrong_password"),
        ({"password": PASSWORD}, 400, "missing_field"),
    ]:
        response = customer.web.post("/auth/second-factor/recovery-codes", json=body)
        check_error(response, status, code, on_api=False)
    body = {"password": PASSWORD, "code": phone.code()}
    fresh = customer.call("POST", "/auth/second-factor/recovery-codes", 200, json=body)
    assert len(set(fresh["recovery_codes"]) - set(phone.recovery_codes)) == 10
    with browser(gateway) as web:
        token = password_step(web, customer.email)
        check_error(code_step(web, token, old), 403, "wrong_code", on_api=False)
        assert code_step(web, token, fresh["recovery_codes"][0]).is_success


def test_turned_off_with_password_and_code(gateway, customer, phone):
    for body, code in [
        ({"password": PASSWORD, "code": phone.wrong_code()}, "wrong_code"),
        ({"password": "not it, alas", "code": phone.recovery_codes[0]}, "wrong_password"),
    ]:
        response = customer.web.post("/auth/second-factor/off", json=body)
        check_error(response, 403, code, on_api=False)
    body = {"password": PASSWORD, "code": phone.code()}
    customer.call("POST", "/auth/second-factor/off", 204, json=body)
    with browser(gateway) as web:
        assert web.post(
            "/auth/signin", json={"email": customer.email, "password": PASSWORD}
        ).is_success
    check_error(customer.web.post("/auth/second-factor/off", json=body), 409,
                "second_factor_off", on_api=False)  # fmt: skip


def test_operator_helps_with_a_lost_phone(gateway, customer, phone, operator):
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    customer.call("DELETE", f"/admin/second-factors/{user_id}", 404)
    operator.call("DELETE", f"/admin/second-factors/{user_id}", 204)
    operator.call("DELETE", f"/admin/second-factors/{user_id}", 404)
    with browser(gateway) as web:
        assert web.post(
            "/auth/signin", json={"email": customer.email, "password": PASSWORD}
        ).is_success
    acts = operator.call("GET", "/admin/audit", 200, params={"user_id": user_id})["data"]
    assert acts[0]["action"] == "factor.remove"
    assert acts[0]["actor"]["email"] == operator.email
    with_phone(operator)
    own = operator.call("GET", "/auth/me", 200)["user"]["id"]
    response = operator.web.delete(f"/admin/second-factors/{own}")
    check_error(response, 409, "conflict", on_api=False)


def test_command_line_helps_with_a_lost_phone(gateway, customer, phone):
    done = gateway.command("user", "second-factor", customer.email, "off")
    assert done.returncode == 0, done.stderr
    with browser(gateway) as web:
        assert web.post(
            "/auth/signin", json={"email": customer.email, "password": PASSWORD}
        ).is_success
    again = gateway.command("user", "second-factor", customer.email, "off")
    assert again.returncode == 1
    assert "second factor" in again.stderr


# ---- required ----

# What somebody may still do who must set it up first.
OPEN = {
    ("GET", "/auth/me"), ("GET", "/auth/second-factor"), ("POST", "/auth/second-factor"),
    ("POST", "/auth/second-factor/confirm"), ("POST", "/auth/signout"),
    ("POST", "/auth/signout/everywhere"), ("GET", "/site"), ("GET", "/prices"),
}  # fmt: skip


@pytest.fixture
def own_gateway(make_gateway):
    return make_gateway()


def required(gateway, value: str) -> None:
    gateway.settings["second_factor"] = value
    gateway.write_config()
    gateway.reload()


def test_required_of_all(own_gateway):
    gateway = own_gateway
    customer = gateway.customer()
    customer.charge("1")
    customer.create_key()
    customer.call("GET", "/keys", 200)
    required(gateway, "all")
    for path in ("/keys", "/usage", "/balance", "/pulse", "/auth/sessions", "/notices",
                 "/account/data", "/transfers", "/models", "/payments"):  # fmt: skip
        response = customer.web.get(path)
        error = check_error(response, 403, "second_factor_required", on_api=False)
        assert "second factor" in error["message"], path
    for path in ("/keys", "/balance/charge", "/account/erase", "/auth/password",
                 "/playground/chat/completions", "/auth/second-factor/off"):  # fmt: skip
        response = customer.web.post(path, json={})
        check_error(response, 403, "second_factor_required", on_api=False)
    me = customer.call("GET", "/auth/me", 200)
    assert me["second_factor_required"] is True
    assert "balance" not in me
    assert customer.call("GET", "/auth/second-factor", 200)["required"] is True
    assert customer.ask().status_code == 200, "keys are not people"
    with browser(gateway) as web:
        body = {"email": customer.email, "password": PASSWORD}
        assert web.post("/auth/signin", json=body).is_success
        check_error(web.get("/keys"), 403, "second_factor_required", on_api=False)
    with_phone(customer)
    customer.call("GET", "/keys", 200)
    assert customer.call("GET", "/auth/me", 200)["balance"]


def test_required_of_operators(own_gateway):
    gateway = own_gateway
    customer, operator = gateway.customer(), gateway.customer()
    assert gateway.command("user", "role", operator.email, "admin").returncode == 0
    operator.call("GET", "/admin/users", 200)
    required(gateway, "operators")
    customer.call("GET", "/keys", 200)
    response = operator.web.get("/admin/users")
    check_error(response, 403, "second_factor_required", on_api=False)
    with_phone(operator)
    operator.call("GET", "/admin/users", 200)
    required(gateway, "optional")
    operator.call("GET", "/admin/users", 200)


METHODS = {"get", "post", "put", "patch", "delete"}


def session_routes() -> list[tuple[str, str]]:
    """Every call of docs/openapi.yaml that takes a session."""
    return [
        (method.upper(), path.removeprefix("/api"))
        for path, item in openapi.load()["paths"].items()
        for method in METHODS & item.keys()
        if path.startswith("/api/") and "session" in str(item[method].get("security", "session"))
    ]


def test_no_route_forgets_who_must_set_it_up(own_gateway):
    gateway = own_gateway
    operator = gateway.customer()
    gateway.customers.clear()
    assert gateway.command("user", "role", operator.email, "admin").returncode == 0
    required(gateway, "all")
    seen = 0
    for method, path in session_routes():
        if (method, path) in OPEN:
            continue
        body = {} if method == "GET" else {"json": {}}
        response = operator.web.request(method, re.sub(r"\{\w+\}", "x", path), **body)
        code = json.loads(response.text)["error"]["code"] if response.content else ""
        assert code == "second_factor_required", f"{method} {path}: {response.text}"
        seen += 1
    assert seen > 60
