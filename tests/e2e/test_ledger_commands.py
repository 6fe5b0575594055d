"""What an operator asks of the ledger: explain a charge, keep a copy, give money back, export."""

import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import answers
import pytest
from answers import Usage
from gateway import BINARY, is_sanitized
from idempotent import kept
from prices import PRICES, charge, cost_usd
from tables import await_tables
from wait import wait_until

pytestmark = pytest.mark.once

USAGE = Usage(1001, 77, cached=512)


def asked(gateway, provider, usage=USAGE, **how):
    """A customer who has asked once; the customer, and the id of the exchange."""
    customer = gateway.customer()
    provider.answer = answers.chat(usage=usage)
    response = customer.ask(**how)
    assert response.status_code == 200, response.text
    customer.wait_for_no_hold()
    return customer, response.headers["x-request-id"]


def explained(gateway, exchange: str) -> str:
    result = gateway.command("ledger", "explain", exchange)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def field(text: str, name: str) -> str:
    found = re.search(rf"^  {name} +(.+)$", text, re.MULTILINE)
    assert found, f"no line {name!r} in:\n{text}"
    return found.group(1)


def tamper(gateway, statement: str) -> None:
    """Changes history, as nobody can without taking its triggers away."""
    with sqlite3.connect(gateway.database) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            db.execute(f"DROP TRIGGER {trigger}")
        assert db.execute(statement).rowcount > 0
    db.close()


# ---- explain ----


@pytest.mark.quick
def test_explain_has_every_number(gateway, provider):
    usage = Usage(1001, 77, cached=512, reasoning=33)
    customer, exchange = asked(gateway, provider, usage)
    text = explained(gateway, exchange)
    assert exchange in text
    price = charge("gpt-4o-mini", usage)
    assert field(text, "input").startswith("489 x       0.15 = 0.00007335")
    assert field(text, "cached input").startswith("512 x      0.075 = 0.0000384")
    assert field(text, "output").startswith("77 x       0.60 = 0.0000462")
    assert field(text, "reasoning").startswith("33 ")
    assert field(text, "margin") == "20%"
    exact = cost_usd(PRICES["gpt-4o-mini"], usage)
    sell = re.fullmatch(r"(\S+) \+ (\S+) \(rounded up once\) = (\S+)", field(text, "sell"))
    assert Decimal(sell[1]) == Decimal(exact.numerator) * 6 / 5 / exact.denominator
    assert Decimal(sell[1]) + Decimal(sell[2]) == Decimal(sell[3]) == price
    assert Decimal(field(text, "held")) >= price
    assert Decimal(field(text, "extension")) >= 0
    assert Decimal(field(text, "charge")) == price
    assert Decimal(field(text, "overrun")) == Decimal(field(text, "refunded")) == 0
    assert field(text, "model") == "gpt-4o-mini"
    assert field(text, "provider") == "openai"
    assert field(text, "model there").startswith("gpt-4o-mini")
    assert field(text, "attempts") == "1"
    assert field(text, "usage source") == "reported"
    assert re.fullmatch(r"[0-9a-f]{64}", field(text, "policy revision"))
    account = field(text, "account")
    assert re.search(rf" charge {price:.9f}: {account} -> revenue$", text, re.MULTILINE)
    assert re.search(r" cost 0\.\d{9}: revenue -> cost:openai$", text, re.MULTILINE)
    assert "DIFFERS" not in text
    assert "ok: cost" in text
    assert customer.balance == 10 - price


def test_explain_shows_the_rounding_step(make_gateway, provider):
    """1516.66695 nano-dollars are charged as 1517."""

    def prepare(policies):
        policies.write("examples", "return {}\n")
        policies.replace("margins", 'default = "20%"', 'default = "12.3457%"')

    gateway = make_gateway(prepare=prepare)
    customer, exchange = asked(gateway, provider, Usage(1, 2))
    text = explained(gateway, exchange)
    assert field(text, "margin") == "12.3457%"
    assert field(text, "sell") == (
        "0.000001516666950000 + 0.000000000333050000 (rounded up once) = 0.000001517"
    )
    assert customer.balance == Decimal("9.999998483")


def test_explain_an_overrun(gateway, provider):
    """More than the customer has: the house pays, and it is said."""
    customer = gateway.customer(credit="0.001")
    provider.answer = answers.chat(usage=Usage(10_000, 10))
    response = customer.ask(max_tokens=10)
    customer.wait_for_no_hold()
    text = explained(gateway, response.headers["x-request-id"])
    assert Decimal(field(text, "charge")) == Decimal("0.001")
    price = charge("gpt-4o-mini", Usage(10_000, 10))
    assert Decimal(field(text, "overrun")) == price - Decimal("0.001")
    assert Decimal(field(text, "extension")) > 0
    assert re.search(r" overrun [\d.]+: overrun -> revenue$", text, re.MULTILINE)


def test_explain_a_call_that_cost_nothing(gateway, provider):
    customer = gateway.customer()
    provider.answer = answers.error(400, "no", None, "invalid_request_error")
    response = customer.ask()
    assert response.status_code == 400
    customer.wait_for_no_hold()
    text = explained(gateway, response.headers["x-request-id"])
    assert field(text, "outcome") == "void"
    assert Decimal(field(text, "charge")) == 0


@pytest.mark.parametrize("name", ["req_01ARZ3NDEKTSV4RRFFQ69G5FAV", "nonsense", "' OR 1=1", ""])
def test_explain_of_nothing(gateway, name):
    result = gateway.command("ledger", "explain", name)
    assert result.returncode == 1
    assert "knows no request" in result.stderr
    assert result.stdout == ""


WRONG = {
    "cost": "UPDATE usage SET cost_nusd = cost_nusd + 1",
    "charge": "UPDATE usage SET charge_nusd = charge_nusd - 1",
    "tokens": "UPDATE usage SET output_tokens = output_tokens + 1",
    "price": "UPDATE usage SET input_price_pusd = input_price_pusd - 1000",
    "margin": "UPDATE usage SET margin_ppm = margin_ppm + 10000",
    "transfer": "UPDATE transfers SET amount_nusd = amount_nusd + 1 WHERE kind = 'charge'",
    "lost transfer": "DELETE FROM transfers WHERE kind = 'cost'",
    "hold": "UPDATE holds SET amount_nusd = amount_nusd + 1",
}


@pytest.mark.parametrize("name", WRONG)
def test_explain_finds_a_wrong_number(make_gateway, provider, name):
    gateway = make_gateway()
    _, exchange = asked(gateway, provider)
    gateway.check_holds()
    gateway.stop()
    tamper(gateway, WRONG[name])
    result = gateway.command("ledger", "explain", exchange)
    assert result.returncode == 1
    assert "DIFFERS" in result.stdout
    assert exchange in result.stderr


# ---- backup ----


def restore(make_gateway, folder, secret):
    """As the README has it: the copy and the secret into a new place, and start."""
    gateway = make_gateway(start=False)
    shutil.copy(folder, gateway.database)
    shutil.copy(secret, gateway.folder / "secret")
    return gateway.start()


@pytest.mark.quick
def test_backup_and_restore(make_gateway, provider, tmp_path):
    gateway = make_gateway()
    customer, exchange = asked(gateway, provider)
    copy = tmp_path / "copy.db"
    result = gateway.command("backup", str(copy))
    assert result.returncode == 0, result.stdout + result.stderr
    assert str(copy) in result.stdout
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("copy.db*")) == ["copy.db"]
    balance, record = customer.balance, customer.records()
    assert customer.ask().status_code == 200, "the server goes on"
    restored = restore(make_gateway, copy, gateway.folder / "secret")
    customer.web.base_url = restored.origin + "/api"
    customer.gateway = restored
    customer.sign_in()
    assert customer.balance == balance
    assert customer.records() == record
    assert "DIFFERS" not in explained(restored, exchange)
    assert customer.ask().status_code == 200, "the key is kept"
    customer.wait_for_no_hold()
    assert customer.balance == balance - charge("gpt-4o-mini", Usage(1001, 77, cached=512))
    restored.verify_ledger()


def test_backups_under_load_are_consistent(make_gateway, provider, tmp_path):
    """Each is one moment: its ledger adds up and knows all that was answered before it began."""
    gateway = make_gateway()
    customer = gateway.customer()
    done = threading.Event()
    answered = []

    def ask():
        while not done.is_set():
            response = customer.ask(stream=len(answered) % 2 == 0)
            assert response.status_code == 200
            answered.append(response.headers["x-request-id"])

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for number in range(8):
                wait_until(lambda n=number: len(answered) > n * 10, 20, "answers")
                before = list(answered)
                copy = tmp_path / f"{number}.db"
                result = gateway.command("backup", str(copy))
                assert result.returncode == 0, result.stdout + result.stderr
                with sqlite3.connect(copy) as db:
                    kept = {row[0] for row in db.execute("SELECT exchange_id FROM usage")}
                    total = db.execute("SELECT sum(posted_nusd) FROM balances").fetchone()[0]
                db.close()
                assert set(before) <= kept
                assert total == 0
                verified = gateway.command("--set", f"database={copy}", "ledger", "verify")
                assert verified.returncode == 0, verified.stdout
        finally:
            done.set()
        for future in asking:
            future.result()


def test_a_call_that_runs_while_the_copy_is_made(make_gateway, provider, tmp_path):
    """Its hold is explained; in what is restored it is void, and all money is there."""
    gateway = make_gateway()
    customer = gateway.customer()
    gateway.customers.clear()
    provider.answer = answers.silence()
    copy = tmp_path / "copy.db"
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(customer.ask)
        wait_until(lambda: provider.requests, 10, "the call")
        exchange = wait_until(
            lambda: kept(gateway, "SELECT exchange_id FROM open_holds"), 10, "the hold"
        )
        text = explained(gateway, exchange)
        assert "no usage record" in text
        assert field(text, "outcome") == "open"
        assert Decimal(field(text, "held")) > 0
        assert "was charged" in gateway.command("refund", exchange).stderr
        gateway.value_of("backup", str(copy))
        gateway.kill()
        assert asking.exception(30) is not None
    restored = restore(make_gateway, copy, gateway.folder / "secret")
    customer.web.base_url = restored.origin + "/api"
    assert customer.wallet()["available"] == "10.000000000"
    assert field(explained(restored, exchange), "outcome") == "void"


def test_backup_without_a_server(make_gateway, provider, tmp_path):
    gateway = make_gateway()
    asked(gateway, provider)
    gateway.check_holds()
    gateway.stop()
    assert gateway.command("backup", str(tmp_path / "copy.db")).returncode == 0


def test_backup_overwrites_nothing(gateway, tmp_path):
    for name in ("copy.db", "other.db.part"):
        (tmp_path / name).write_text("precious")
    for target in ("copy.db", "other.db"):
        result = gateway.command("backup", str(tmp_path / target))
        assert result.returncode == 1
        assert "is there already" in result.stderr
    assert [path.read_text() for path in sorted(tmp_path.glob("*.db*"))] == ["precious"] * 2
    (tmp_path / "dangling.db").symlink_to(tmp_path / "nowhere.db")
    assert gateway.command("backup", str(tmp_path / "dangling.db")).returncode == 1
    assert (tmp_path / "dangling.db").is_symlink()
    assert not (tmp_path / "nowhere.db").exists()


def test_backup_into_no_folder(gateway, tmp_path):
    result = gateway.command("backup", str(tmp_path / "nowhere" / "copy.db"))
    assert result.returncode == 1
    assert "nowhere" in result.stderr


def test_backup_of_no_database(make_gateway, tmp_path):
    gateway = make_gateway(start=False)
    assert gateway.command("backup", str(tmp_path / "copy.db")).returncode == 1
    assert not list(tmp_path.glob("copy.db*"))
    gateway.value_of("migrate")


def test_backup_of_a_wrong_ledger_is_refused(make_gateway, provider, tmp_path):
    """It is verified: what does not add up never gets the name of a backup."""
    gateway = make_gateway()
    asked(gateway, provider)
    gateway.check_holds()
    gateway.stop()
    tamper(gateway, "UPDATE balances SET credited_nusd = credited_nusd + 1 WHERE floor_zero = 1")
    result = gateway.command("backup", str(tmp_path / "copy.db"))
    assert result.returncode == 1
    assert "balance of acct_" in result.stdout
    assert not list(tmp_path.glob("copy.db*"))


# ---- refund ----


@pytest.mark.quick
def test_refund_beside_the_server(gateway, provider):
    """A part, then the rest; balance, explanation and lists of the running server know it."""
    customer, exchange = asked(gateway, provider, Usage(100_000, 500))
    price = charge("gpt-4o-mini", Usage(100_000, 500))
    before = customer.balance
    used = customer.call("GET", "/usage", 200)
    part = gateway.value_of("refund", exchange, "0.005", "--reason", "a bad answer")
    assert Decimal(part) == Decimal("0.005")
    wait_until(lambda: customer.balance == before + Decimal("0.005"), 5, "the refund")
    rest = gateway.value_of("refund", exchange)
    assert Decimal(rest) == price - Decimal("0.005")
    wait_until(lambda: customer.balance == before + price == 10, 5, "all of it")
    text = explained(gateway, exchange)
    assert Decimal(field(text, "refunded")) == price == Decimal(field(text, "charge"))
    assert Decimal(field(text, "paid in the end")) == 0
    account = field(text, "account")
    assert re.search(rf" refund 0\.005000000: revenue -> {account}$", text, re.MULTILINE)
    assert "a bad answer" in text
    assert "refunded by the operator" in text
    assert customer.call("GET", "/usage", 200) == used, "a refund is no less use"
    moved = customer.call("GET", "/balance/transfers", 200)["data"]
    assert [row["exchange_id"] for row in moved if row["kind"] == "refund"] == [exchange] * 2
    assert customer.ask().status_code == 200
    gateway.verify_ledger()


@pytest.mark.parametrize("amount", ["0", "-1", "x", "1e-3", "0.018360001", "1000000000", ""])
def test_refund_of_too_much_or_of_nothing(gateway, provider, amount):
    customer, exchange = asked(gateway, provider, Usage(100_000, 500))
    assert gateway.command("refund", exchange, amount).returncode in (1, 2)
    assert gateway.command("refund", exchange, "0.01836").returncode == 0
    for again in ([], ["0.000000001"]):
        result = gateway.command("refund", exchange, *again)
        assert result.returncode == 1
        assert "nothing of request" in result.stderr
    wait_until(lambda: customer.balance == 10, 5, "the refund")


def test_refund_of_no_charge(gateway, provider):
    result = gateway.command("refund", "req_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert result.returncode == 1
    assert "no request req_01ARZ3NDEKTSV4RRFFQ69G5FAV" in result.stderr
    customer = gateway.customer()
    provider.answer = answers.error(400, "no", None, "invalid_request_error")
    exchange = customer.ask().headers["x-request-id"]
    customer.wait_for_no_hold()
    result = gateway.command("refund", exchange)
    assert result.returncode == 1
    assert "nothing of request" in result.stderr
    assert customer.balance == 10


def test_refund_gives_nothing_of_an_overrun(gateway, provider):
    """The house's part of the price was never the customer's."""
    customer = gateway.customer(credit="0.001")
    provider.answer = answers.chat(usage=Usage(10_000, 10))
    exchange = customer.ask(max_tokens=10).headers["x-request-id"]
    customer.wait_for_no_hold()
    assert gateway.command("refund", exchange, "0.001000001").returncode == 1
    assert Decimal(gateway.value_of("refund", exchange)) == Decimal("0.001")
    wait_until(lambda: customer.balance == Decimal("0.001"), 5, "the refund")


def test_refunds_at_once(gateway, provider):
    """Of 24 refunds of a fifth each, five are given."""
    customer, exchange = asked(gateway, provider, Usage(100_000, 500))
    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(lambda _: gateway.command("refund", exchange, "0.003672"), range(24))
        )
    assert sorted(result.returncode for result in results) == [0] * 5 + [1] * 19
    wait_until(lambda: customer.balance == 10, 5, "all of it")
    assert Decimal(field(explained(gateway, exchange), "paid in the end")) == 0


WRONG_REFUNDS = {
    "above the charge": ("revenue", "u.account_id", "u.charge_nusd + 1", "u.exchange_id"),
    "of nothing": ("revenue", "u.account_id", "1", "'req_nothing'"),
    "to another": ("revenue", "'promotion'", "1", "u.exchange_id"),
    "from another": ("overrun", "u.account_id", "1", "u.exchange_id"),
}


@pytest.mark.parametrize("name", WRONG_REFUNDS)
def test_verify_knows_refunds(make_gateway, provider, name):
    """Balances that fit the transfer do not hide that it must not be."""
    gateway = make_gateway()
    _, exchange = asked(gateway, provider)
    gateway.value_of("refund", exchange, "0.000000001")
    gateway.verify_ledger()
    gateway.check_holds()
    gateway.stop()
    debit, credit, amount, of = WRONG_REFUNDS[name]
    with sqlite3.connect(gateway.database) as db:
        for account in ("overrun", "promotion"):
            db.execute(f"INSERT OR IGNORE INTO accounts VALUES ('{account}', 'house', 0, 1)")
            db.execute(
                f"INSERT OR IGNORE INTO balances (account_id, floor_zero) VALUES ('{account}', 0)"
            )
        db.execute(
            "INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind,"
            f" exchange_id, created_ms) SELECT 'tx_x', '{debit}', {credit}, {amount}, 'refund',"
            f" {of}, 1 FROM usage u"
        )
        db.execute(
            "UPDATE balances SET"
            " credited_nusd = coalesce((SELECT sum(amount_nusd) FROM transfers"
            "  WHERE credit_account = account_id), 0),"
            " debited_nusd = coalesce((SELECT sum(amount_nusd) FROM transfers"
            "  WHERE debit_account = account_id), 0)"
        )
    db.close()
    result = gateway.command("ledger", "verify")
    assert result.returncode == 1
    assert "was refunded from" in result.stdout
    assert result.stdout.count("\n") == 1, "nothing else is wrong"


# ---- export ----

COLUMNS = ["seq", "id", "time", "kind", "debit_account", "credit_account", "amount",
           "exchange_id", "reason"]  # fmt: skip
REASONS = [
    "plain", 'a "quoted", word', "two\nlines", "=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1",
    " =1", "\r=1", "|x", "%0", "ä € 🎉", "'", ",,", '"', '"=1', "a;=1",
]  # fmt: skip


def exported(gateway, *args: str) -> bytes:
    """The bytes as they are: text mode would mend the ends of lines."""
    command = [BINARY, "--config", gateway.config, "ledger", "export", *args]
    result = subprocess.run(command, capture_output=True, timeout=240, env=gateway.env)
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    return result.stdout


def csv_rows(data: bytes) -> list[dict]:
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    assert rows[0] == COLUMNS
    assert all(len(row) == len(COLUMNS) for row in rows)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


def jsonl_rows(data: bytes) -> list[dict]:
    rows = [json.loads(line) for line in data.decode().splitlines()]
    assert all(list(row) == COLUMNS for row in rows)
    return rows


def stored(gateway) -> list[tuple]:
    await_tables(gateway.database)
    with sqlite3.connect(gateway.database) as db:
        rows = db.execute(
            "SELECT seq, id, created_ms, kind, debit_account, credit_account, amount_nusd,"
            " exchange_id, reason FROM transfers ORDER BY seq"
        ).fetchall()
    db.close()
    return rows


def wanted_of(row: tuple) -> dict:
    wanted = dict(zip(COLUMNS, row, strict=True))
    time = datetime.fromtimestamp(row[2] // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    wanted["time"] = f"{time}.{row[2] % 1000:03}Z"
    wanted["amount"] = f"{Decimal(row[6]) / 10**9:.9f}"
    return wanted


@pytest.mark.quick
def test_export_has_every_transfer(make_gateway, provider):
    gateway = make_gateway()
    customer, exchange = asked(gateway, provider)
    for reason in REASONS:
        gateway.value_of("credit", customer.email, "0.5", "--reason", reason)
    gateway.value_of("refund", exchange, "0.000000001")
    rows = [wanted_of(row) for row in stored(gateway)]
    assert len(rows) == 1 + 2 + len(REASONS) + 1
    assert jsonl_rows(exported(gateway, "--format", "jsonl")) == rows
    data = exported(gateway)
    assert data == exported(gateway, "--format=csv")
    assert data.count(b"\r\n") == len(rows) + 1
    for got, row in zip(csv_rows(data), rows, strict=True):
        assert {**got, "reason": ""} == {
            **{name: str(value or "") for name, value in row.items()}, "reason": ""
        }  # fmt: skip
        assert got["reason"].removeprefix("'") == (row["reason"] or "").removeprefix("'")
        assert not re.match(r"\s*[=+\-@|%]", got["reason"]), "no formula"
        assert got["reason"][:1] not in ("\t", "\r", "\n")


def test_export_of_a_time(make_gateway, provider):
    gateway = make_gateway(start=False)
    gateway.value_of("user", "create", "a@example.com")
    for _ in range(4):
        gateway.value_of("credit", "a@example.com", "1")
        time.sleep(0.005)
    rows = [wanted_of(row) for row in stored(gateway)]
    times = [row["time"] for row in rows]
    assert len(set(times)) == 4
    for args, part in (
        (["--from", times[1]], rows[1:]),
        (["--to", times[1]], rows[:1]),
        (["--from", times[1], "--to", times[3]], rows[1:3]),
        (["--from", times[2], "--to", times[1]], []),
        (["--from", "2020-01-01"], rows),
        (["--to", "2020-01-01T00:00:00+02:00"], []),
    ):
        assert jsonl_rows(exported(gateway, "--format", "jsonl", *args)) == part
        assert len(csv_rows(exported(gateway, *args))) == len(part)


@pytest.mark.parametrize(
    "args", [["--format", "xml"], ["--from", "yesterday"], ["--to", "2026-13-01"], ["--from", ""]]
)
def test_export_refusals(gateway, args):
    result = gateway.command("ledger", "export", *args)
    assert result.returncode == 1
    assert args[0] in result.stderr
    assert result.stdout == ""


def test_export_to_a_full_disk(make_gateway):
    gateway = make_gateway(start=False)
    gateway.value_of("migrate")
    with Path("/dev/full").open("wb") as full:
        command = [BINARY, "--config", gateway.config, "ledger", "export"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=gateway.env)
    assert result.returncode == 1
    assert b"cannot be written" in result.stderr


def test_export_is_streamed(make_gateway):
    """A hundred thousand transfers, several pages, in a bounded memory."""
    gateway = make_gateway(start=False)
    gateway.value_of("migrate")
    count = 100_000
    with sqlite3.connect(gateway.database) as db:
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO transfers SELECT i, 'tx_' || i, 'a', 'b', i, 'manual', NULL,"
            " hex(zeroblob(200)), i, NULL FROM n",
            (count,),
        )
    db.close()
    command = [BINARY, "--config", gateway.config, "ledger", "export", "--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=gateway.env) as process:
        status = Path(f"/proc/{process.pid}/status")
        peak_kb = 0
        seqs = []
        for number, line in enumerate(process.stdout):
            seqs.append(json.loads(line)["seq"])
            if number % 10_000 == 0 and number < count - 10_000:
                peak_kb = max(peak_kb, int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]))
    assert process.returncode == 0
    assert seqs == list(range(1, count + 1))
    assert is_sanitized() or 0 < peak_kb < 40_000, "all of it is 60 MB"
    tamper(gateway, "DELETE FROM transfers")
