"""Vouchers: made by the operator in batches, redeemed once by customers."""

import codecs
import itertools
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2 as httpx
import pytest
from csv_files import check_name_of_today, name_of
from customer import Customer
from errors import check_error
from prices import usd
from test_admin_api import audit, id_of, make_admin
from wait import wait_until

numbers = itertools.count(1)


def make(admin, count: int = 1, amount: str = "5", **fields) -> dict:
    body = {"name": f"batch {next(numbers)}", "amount": amount, "count": count, **fields}
    return admin.call("POST", "/admin/vouchers", 201, json=body)


def export(admin, batch: dict, **params) -> list[dict]:
    response = admin.web.get(f"/admin/voucher-codes/{batch['id']}", params=params)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.content.startswith(codecs.BOM_UTF8)
    head, *lines = response.content.decode("utf-8-sig").splitlines()
    assert head == "code,redeemed_at,redeemed_local_time,user_id,transfer_id"
    return [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]


def codes_of(admin, batch: dict) -> list[str]:
    return [row["code"] for row in export(admin, batch)]


def redeem(customer, code: str, status: int = 201) -> dict:
    return customer.call("POST", "/balance/voucher", status, json={"code": code})


def refuse(customer, code: str, status: int, error: str) -> None:
    response = customer.web.post("/balance/voucher", json={"code": code})
    check_error(response, status, error, on_api=False)


@pytest.fixture
def admin(gateway):
    return make_admin(gateway)


@pytest.fixture
def buyer(gateway):
    buyer = Customer(gateway)
    buyer.sign_up()
    return buyer


@pytest.mark.quick
def test_a_code_is_redeemed_once(admin, buyer, gateway):
    batch = make(admin, 3, "12.345678901", kind="promotion")
    assert batch["count"] == 3
    assert batch["redeemed"] == 0
    assert usd(batch["amount"]) == usd("12.345678901")
    codes = codes_of(admin, batch)
    assert len(set(codes)) == 3
    answer = redeem(buyer, codes[0].lower().replace("-", " "))
    assert usd(answer["balance"]) == usd("12.345678901") == buyer.balance
    assert answer["transfer"]["kind"] == "promotion"
    assert answer["transfer"]["reason"] == "voucher " + batch["id"]
    refuse(buyer, codes[0], 409, "voucher_redeemed")
    other = Customer(gateway)
    other.sign_up()
    refuse(other, codes[0], 409, "voucher_redeemed")
    assert other.balance == 0
    assert buyer.balance == usd("12.345678901")
    batch = admin.call("GET", f"/admin/vouchers/{batch['id']}", 200)
    assert batch["redeemed"] == 1
    first, *rest = export(admin, batch)
    assert first["user_id"] == id_of(buyer)
    assert first["transfer_id"] == answer["transfer"]["id"]
    assert not any(row["redeemed_at"] or row["user_id"] for row in rest)
    assert not any(row["redeemed_local_time"] for row in rest)


def test_codes_as_a_file_for_spreadsheets(admin, buyer):
    """A name with the viewer's day, and times as a spreadsheet reads them, of the viewer's zone."""
    batch = make(admin, 2)
    redeem(buyer, codes_of(admin, batch)[0])
    path, zone = f"/admin/voucher-codes/{batch['id']}", "Asia/Kolkata"
    answer = admin.web.get(path, params={"tz": zone})
    check_name_of_today(name_of(answer), f"vouchers-{batch['id']}-{{}}.csv", zone)
    first, second = export(admin, batch, tz=zone)
    at = datetime.fromisoformat(first["redeemed_at"]).astimezone(ZoneInfo(zone))
    assert first["redeemed_local_time"] == f"{at:%Y-%m-%d %H:%M:%S}"
    assert second["redeemed_local_time"] == ""
    check_error(admin.web.get(path, params={"tz": "x"}), 400, "invalid_value", on_api=False)


def test_twenty_at_once(admin, gateway):
    code = codes_of(admin, make(admin))[0]
    buyers = [Customer(gateway) for _ in range(20)]
    for buyer in buyers:
        buyer.sign_up()
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(
            lambda buyer: buyer.web.post("/balance/voucher", json={"code": code}).status_code,
            buyers,
        ))  # fmt: skip
    assert sorted(statuses) == [201] + [409] * 19
    assert sorted(buyer.balance for buyer in buyers) == [0] * 19 + [5]


def test_the_most_that_a_batch_may_have(admin, buyer):
    codes = codes_of(admin, make(admin, 1000, "0.000000001"))
    assert len(set(codes)) == 1000
    redeem(buyer, codes[999])
    assert buyer.balance == usd("0.000000001")


def test_sold_ones_are_money_that_came_in(admin, buyer):
    answer = redeem(buyer, codes_of(admin, make(admin, kind="manual"))[0])
    assert answer["transfer"]["kind"] == "manual"


def test_a_debt_is_paid_first(admin, buyer):
    debit = {"user_id": id_of(buyer), "amount": "3", "reason": "a correction"}
    assert usd(admin.call("POST", "/admin/debits", 201, json=debit)["owed"]) == 3
    redeem(buyer, codes_of(admin, make(admin))[0])
    assert buyer.balance == 2


def test_withdrawn(admin, buyer):
    batch = make(admin, 2)
    first, second = codes_of(admin, batch)
    redeem(buyer, first)
    path = f"/admin/vouchers/{batch['id']}"
    withdrawn = admin.call("PATCH", path, 200, json={"withdrawn": True})
    assert withdrawn["withdrawn_at"]
    again = admin.call("PATCH", path, 200, json={"withdrawn": True})
    assert again["withdrawn_at"] == withdrawn["withdrawn_at"]
    refuse(buyer, second, 409, "voucher_expired")
    assert buyer.balance == 5


def test_expired(admin, buyer, gateway):
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    batch = make(admin, expires_at=later)
    code = codes_of(admin, batch)[0]
    with sqlite3.connect(gateway.database) as database:
        database.execute(
            "UPDATE voucher_batches SET expires_ms = created_ms WHERE id = ?", (batch["id"],)
        )
    refuse(buyer, code, 409, "voucher_expired")
    assert buyer.balance == 0


def test_of_a_group(make_gateway):
    gateway = make_gateway()
    gateway.policies.write("margins", 'return { default = "20%", groups = { vip = "0%" } }')
    gateway.policies.write("examples", "return {}")
    gateway.reload()
    admin, buyer = make_admin(gateway), gateway.customer(credit=None)
    code = codes_of(admin, make(admin, group="vip"))[0]
    refuse(buyer, code, 409, "voucher_not_yours")
    admin.call("PATCH", f"/admin/users/{id_of(buyer)}", 200, json={"group": "vip"})
    redeem(buyer, code)


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("amount", "0", "invalid_amount"),
        ("amount", "-5", "invalid_amount"),
        ("amount", "1000001", "invalid_amount"),
        ("amount", None, "missing_field"),
        ("count", 0, "invalid_value"),
        ("count", 1001, "invalid_value"),
        ("count", 1.5, "invalid_value"),
        ("count", "3", "invalid_value"),
        ("count", None, "missing_field"),
        ("name", "  ", "invalid_value"),
        ("name", None, "missing_field"),
        ("kind", "test", "invalid_value"),
        ("group", "nonesuch", "invalid_value"),
        ("expires_at", "2026-01-01T00:00:00Z", "invalid_value"),
        ("expires_at", "soon", "invalid_value"),
    ],
)
def test_what_cannot_be_made(admin, member, value, code):
    body = {"name": "a batch", "amount": "5", "count": 1} | {member: value}
    before = admin.call("GET", "/admin/vouchers", 200)["data"]
    response = admin.web.post("/admin/vouchers", json=body)
    error = check_error(response, 400, code, on_api=False)
    assert error["param"] == member
    assert admin.call("GET", "/admin/vouchers", 200)["data"] == before


def test_a_batch_cannot_be_changed_otherwise(admin):
    path = f"/admin/vouchers/{make(admin)['id']}"
    for change in ({"amount": "6"}, {"withdrawn": False}, {"withdrawn": True, "name": "b"}, {}):
        assert admin.web.patch(path, json=change).status_code == 400
    for path in ("/admin/vouchers/nonesuch", "/admin/voucher-codes/vch_0"):
        check_error(admin.web.get(path), 404, "not_found", on_api=False)
    gone = admin.web.patch("/admin/vouchers/vch_0", json={"withdrawn": True})
    check_error(gone, 404, "not_found", on_api=False)


@pytest.mark.parametrize("code", ["", "ABCD", "0000-0000-0000-0001", "x" * 64])
def test_a_typing_error_is_told(buyer, code):
    response = buyer.web.post("/balance/voucher", json={"code": code})
    error = check_error(response, 400, "invalid_value", on_api=False)
    assert error["param"] == "code"


UNKNOWN = "0000-0000-0000-0000"  # a code in form


def test_who_tries_codes_is_slowed_down(admin, buyer):
    code = codes_of(admin, make(admin))[0]
    for _ in range(10):
        refuse(buyer, UNKNOWN, 404, "not_found")
    response = buyer.web.post("/balance/voucher", json={"code": code})
    check_error(response, 429, "rate_limit_exceeded", on_api=False)
    assert int(response.headers["retry-after"]) > 0
    assert buyer.balance == 0


def test_who_makes_many_accounts_is_slowed_down(make_gateway):
    gateway = make_gateway(trusted_proxies="127.0.0.1")
    statuses = []
    for _ in range(4):
        buyer = Customer(gateway)
        buyer.web.headers["x-forwarded-for"] = "203.0.113.7"
        buyer.sign_up()
        for _ in range(10):
            response = buyer.web.post("/balance/voucher", json={"code": UNKNOWN})
            statuses.append(response.status_code)
    assert statuses == [404] * 30 + [429] * 10


def test_good_codes_are_not_counted(admin, buyer):
    for code in codes_of(admin, make(admin, 12, "1")):
        redeem(buyer, code)
    assert buyer.balance == 12


def test_pages_of_batches(admin):
    made = [make(admin)["id"] for _ in range(3)]
    found, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = admin.call("GET", "/admin/vouchers", 200, params=params)
        found += [batch["id"] for batch in page["data"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert found[:3] == made[::-1]
    assert len(set(found)) == len(found)


def test_customers_have_no_such_doors(admin, buyer):
    batch = make(admin)
    for method, path in (
        ("GET", "/admin/vouchers"),
        ("POST", "/admin/vouchers"),
        ("GET", f"/admin/vouchers/{batch['id']}"),
        ("PATCH", f"/admin/vouchers/{batch['id']}"),
        ("GET", f"/admin/voucher-codes/{batch['id']}"),
    ):
        content = {} if method == "GET" else {"json": {}}
        assert buyer.web.request(method, path, **content).status_code == 404
    foreign = buyer.web.post(
        "/balance/voucher", json={"code": UNKNOWN}, headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    stranger = httpx.post(f"{buyer.gateway.origin}/api/balance/voucher", json={"code": UNKNOWN},
                          verify=False)  # fmt: skip
    assert stranger.status_code == 401


def test_acts_are_in_the_audit_log(admin):
    batch = make(admin, 2, name="spring")
    admin.call("PATCH", f"/admin/vouchers/{batch['id']}", 200, json={"withdrawn": True})
    acts = [entry for entry in audit(admin) if entry["target"]["id"] == batch["id"]]
    assert [entry["action"] for entry in acts] == ["voucher.withdraw", "voucher.create"]
    assert acts[1]["detail"]["name"] == "spring"
    assert acts[1]["detail"]["count"] == "2"


def test_the_database_has_no_code(admin, gateway):
    codes = codes_of(admin, make(admin, 5))
    data = b"".join(path.read_bytes() for path in gateway.folder.iterdir()
                    if path.is_file() and "secret" not in path.name)  # fmt: skip
    for code in codes:
        assert code.encode() not in data
        assert code.replace("-", "").encode() not in data


def test_made_on_the_command_line(gateway, buyer, admin):
    made = gateway.command(
        "voucher", "create", "Spring", "--amount", "2.5", "--count", "3", "--kind", "manual"
    )
    assert made.returncode == 0, made.stderr
    codes = made.stdout.split()
    assert len(set(codes)) == 3
    answer = redeem(buyer, codes[2])
    assert usd(answer["transfer"]["amount"]) == usd("2.5")
    assert answer["transfer"]["kind"] == "manual"
    batch = admin.call("GET", "/admin/vouchers", 200)["data"][0]
    assert (batch["name"], batch["count"], batch["redeemed"]) == ("Spring", 3, 1)
    assert codes == codes_of(admin, batch)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "--amount is missing"),
        (("--amount", "much"), "amount"),
        (("--amount", "0"), "above 0"),
        (("--amount", "1", "--count", "0"), "--count must be from 1 to 1000"),
        (("--amount", "1", "--count", "1001"), "--count must be from 1 to 1000"),
        (("--amount", "1", "--count", "2x"), "--count must be from 1 to 1000"),
        (("--amount", "1", "--kind", "test"), "kind must be manual or promotion"),
        (("--amount", "1", "--expires", "soon"), "--expires must be"),
    ],
)
def test_what_the_command_refuses(gateway, options, says):
    made = gateway.command("voucher", "create", "Spring", *options)
    assert made.returncode == 1
    assert says in made.stderr
    assert made.stdout == ""


def test_a_crash_leaves_both_or_neither(make_gateway):
    """Customers redeem while the gateway dies again and again: each code is worth its amount once,
    and what was said to be credited is."""
    gateway = make_gateway()
    admin, buyer = make_admin(gateway), Customer(gateway)
    buyer.sign_up()
    batch = make(admin, 60, "1")
    codes = codes_of(admin, batch)
    credited, lock = set(), threading.Lock()

    def try_all(codes):
        for code in codes:
            with suppress(httpx.TransportError):
                response = buyer.web.post("/balance/voucher", json={"code": code})
                if response.status_code == 201:
                    with lock:
                        credited.add(code)

    for number in range(6):
        before = len(credited)
        with ThreadPoolExecutor(4) as pool:
            for part in range(4):
                pool.submit(try_all, codes[10 * number + part : 10 * number + 10 : 4])
            wait_until(lambda: len(credited) > before, 10, "a code that is redeemed")  # noqa: B023
            gateway.kill()
        gateway.start()
        for web in (admin.web, buyer.web):
            web.base_url = gateway.origin + "/api"
    redeemed = {row["code"] for row in export(admin, batch) if row["redeemed_at"]}
    assert credited <= redeemed
    assert buyer.balance == len(redeemed)
    gateway.verify_ledger()
