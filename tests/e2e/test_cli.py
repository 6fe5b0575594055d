"""The program as an operator meets it: commands, settings, and what it says when it is wrong."""

import os
import re
import sqlite3
import subprocess
from pathlib import Path

import httpx2 as httpx
import pytest
from gateway import BINARY, ROOT
from policies import OPENAI_KEY, Lua
from synopses import synopses, usage
from wait import wait_until


@pytest.fixture
def idle(make_gateway):
    """A gateway that is configured and not running."""
    return make_gateway(start=False)


def refused(result, *words: str) -> None:
    """Exit status 1 or 2, and a message with these words; no crash."""
    text = result.stdout + result.stderr
    assert result.returncode in (1, 2), f"{result.returncode}: {text}"
    for word in words:
        assert word in text, text


# ---- commands ----


@pytest.mark.quick
def test_version(idle):
    """project(VERSION) of CMakeLists.txt, and the commit."""
    number = re.search(r"project\(.* VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    said = rf"llm-gateway {re.escape(number)} \((unknown|[-\w.]+)\)( with failpoints)?"
    assert re.fullmatch(said, idle.value_of("version"))


@pytest.mark.quick
def test_check(idle):
    assert idle.command("check").returncode == 0
    assert not idle.database.exists(), "a check changes nothing"


def test_check_says_where(idle):
    idle.policies.replace("margins", 'default = "20%"', 'default = "-20%"')
    before = idle.policies.read("margins").split('default = "-20%"')[0]
    refused(idle.command("check"), f"margins.lua:{before.count(chr(10)) + 1}", "default")


def test_check_warns_of_a_key_in_the_file(idle):
    """It still works; but the file is kept in places where no key belongs."""
    assert "warning" not in idle.value_of("check")
    key = "sk-0123456789abcdef"
    idle.policies.provider("bare", api_key=key)
    idle.policies.provider("pool", api_key=None, api_keys=[Lua(OPENAI_KEY), key])
    idle.policies.provider("none", api_key="none")
    checked = idle.command("check")
    assert checked.returncode == 0, checked.stderr
    warned = [line for line in checked.stdout.splitlines() if line.startswith("warning")]
    assert [line.split('"')[1] for line in warned] == ["bare", "pool"]
    assert "stands in providers.lua itself" in warned[0]
    assert key not in checked.stdout + checked.stderr


def test_the_policies_that_are_shipped_are_good(idle):
    assert idle.command("check").returncode == 0


@pytest.mark.parametrize(
    ("args", "word"),
    [(["frobnicate"], "frobnicate"), (["--frobnicate"], "frobnicate"), (["user"], "user"),
     (["user", "create"], "EMAIL"), (["key", "frobnicate"], "frobnicate"), (["credit"], "EMAIL"),
     (["credit", "a@b.de"], "AMOUNT"), (["ledger"], "verify"), (["check", "extra"], "extra"),
     (["--set", "nonsense"], "nonsense"), (["--set", "no_such_setting=1"], "no_such_setting"),
     (["--config"], "config")],
)  # fmt: skip
def test_wrong_arguments(idle, args, word):
    refused(idle.command(*args), word)


@pytest.mark.parametrize(
    ("args", "shown"),
    [(["user", "create"], {"user"}), (["backup", "x", "--tz=UTC"], {"backup"}),
     (["credit", "a@b.de"], {"credit"}), (["catalog", "diff", "x", "--moon"], {"catalog"}),
     (["stauts"], set()), (["use"], set()), (["--moon"], set()), ([""], set())],
)  # fmt: skip
def test_a_mistake_stays_on_the_screen(idle, args, shown):
    """Behind it comes what the command takes, or where the others are: not the whole usage."""
    done = idle.command(*args)
    first, *others = done.stderr.splitlines()
    assert first.startswith("llm-gateway: ")
    assert len(others) < 12
    assert {line.split()[0] for line in others if re.match("  [a-z]", line)} == shown
    assert ("llm-gateway --help lists" in done.stderr) == (not shown)
    whole = idle.command("--help").stdout
    assert all(line in whole.splitlines() for line in others if shown)


def test_a_command_takes_its_own_options_only(idle):
    """Those of its usage, which is all that an operator sees; any other would change nothing.

    Each is given all options at once and names those that it does not take. The words after the
    command are too many, so that nothing runs."""
    commands = synopses()
    options = set().union(*commands.values())
    assert {"--mode", "--first-run", "--admin", "--tz"} <= options
    valued = set(re.findall(r"(--[a-z-]+) [A-Za-z]", usage()))
    given = [f"{option}=1" if option in valued else option for option in sorted(options)]
    for command, own in commands.items():
        done = idle.command(*command.split(), *"xxxx", *given)
        assert done.returncode == 2
        named = re.search(r"does not take this option: (.+)\n", done.stderr)[1].split(", ")
        assert options - {option.removesuffix("=1") for option in named} == own, command
    assert "does not take this option: --tz=UTC" in idle.command("backup", "x", "--tz=UTC").stderr
    assert not (idle.folder / "x").exists()


def test_migrate_twice(idle):
    for _ in range(2):
        assert idle.command("migrate").returncode == 0
    assert idle.database.exists()
    idle.verify_ledger()


def test_user_key_credit_before_the_first_start(idle):
    """All of them make the database if there is none."""
    idle.value_of("user", "create", "a@example.com", "--name", "Anna", "--admin")
    key = idle.value_of("key", "create", "a@example.com", "--name", "first")
    idle.value_of("credit", "a@example.com", "12.5", "--reason", "welcome")
    assert re.fullmatch(r"llm_sk_[0-9A-Za-z]{38}", key)
    idle.start()
    answer = idle.http.get("/api/v1/credits", headers={"Authorization": f"Bearer {key}"})
    assert answer.json()["data"]["total_credits"] == 12.5


@pytest.mark.quick
def test_key_made_while_it_serves(gateway):
    email = "cli.while.serving@example.com"
    gateway.value_of("user", "create", email)
    key = gateway.value_of("key", "create", email)
    headers = {"Authorization": f"Bearer {key}"}
    wait_until(lambda: gateway.http.get("/v1/models", headers=headers).status_code == 200, 5, "key")


def test_commands_beside_the_server_lose_nothing(make_gateway, provider):
    """SQLite's log must stay the server's: a command that ends beside it must not clean it away."""
    gateway = make_gateway()
    for args in (("user", "create", "a@example.com"), ("ledger", "verify"), ("migrate",)):
        assert gateway.command(*args).returncode == 0
        files = Path(f"/proc/{gateway.process.pid}/fd").iterdir()
        assert not [name for name in map(os.readlink, files) if "deleted" in name], args
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    balance = customer.balance
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert customer.balance == balance


def test_credit_refusals(idle):
    idle.value_of("user", "create", "a@example.com")
    for amount in ("0", "-1", "x", "1e3", "NaN", "", "1000000000000", "0.0000000001"):
        refused(idle.command("credit", "a@example.com", amount))
    refused(idle.command("credit", "nobody@example.com", "1"), "nobody@example.com")
    refused(idle.command("key", "create", "nobody@example.com"), "nobody@example.com")
    refused(idle.command("user", "create", "a@example.com"), "already")
    refused(idle.command("user", "create", "no address"))
    idle.verify_ledger()


def test_a_second_server_on_the_database(gateway):
    result = gateway.command("serve")
    refused(result, "gateway.db")
    assert gateway.is_alive()


# ---- settings ----

BAD_SETTINGS = {
    "unknown name": ("frobnicate = 1", "frobnicate"),
    "misspelt name": ("log_levle = info", "log_levle"),
    "no equals sign": ("nonsense", "nonsense"),
    "bad number": ("workers = many", "workers"),
    "negative number": ("body_bytes_max = -5", "body_bytes_max"),
    "bad choice": ("log_level = loud", "log_level"),
    "bad payments": ("payments = gold", "payments"),
    "missing variable": ("public_url = ${NO_SUCH_VARIABLE}", "NO_SUCH_VARIABLE"),
    "unclosed variable": ("public_url = ${HOME", "HOME"),
    "long variables": ("public_url = " + "${HOME}" * 60, "too long"),
    "bad address": ("listen = nowhere", "listen"),
    "bad port": ("listen = 127.0.0.1:99999", "listen"),
    "too many workers": ("workers = 100000", "workers"),
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_bad_settings(idle, name):
    line, word = BAD_SETTINGS[name]
    setting = line.split(" = ")[0]
    lines = [
        text for text in idle.config.read_text().splitlines() if not text.startswith(setting + " ")
    ]
    idle.config.write_text("\n".join([*lines, line]) + "\n")
    result = idle.command("check")
    refused(result, f"gateway.conf:{len(lines) + 1}", word)


def test_half_a_certificate(idle):
    idle.config.write_text(idle.config.read_text() + "tls_key = key.pem\n")
    refused(idle.command("check"), str(idle.config), "tls_certificate")


def test_settings_from_the_environment_and_the_command_line(idle):
    text = idle.config.read_text().replace("log_level = info", "log_level = ${LEVEL} # a comment")
    idle.config.write_text(text)
    idle.env["LEVEL"] = "warn"
    assert idle.command("check").returncode == 0
    assert idle.command("--set", "workers=1", "check").returncode == 0
    refused(idle.command("--set", "workers=x", "check"), "workers")
    idle.env["LEVEL"] = "loud"
    refused(idle.command("check"), "log_level")


def test_paths_are_relative_to_the_file(idle, tmp_path):
    """From whatever folder it is started; paths of --set are relative to that folder."""
    home = idle.folder / "etc"
    home.mkdir()
    (home / "policies").symlink_to(idle.policies.folder)
    config = home / "gateway.conf"
    config.write_text("database = data/its.db\nlog_file = its.log\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(config, *words: str, cwd):
        command = [BINARY, "--config", config, *words]
        return subprocess.run(command, cwd=cwd, env=idle.env, capture_output=True, text=True)

    for cwd, path in ((elsewhere, config), (idle.folder, "etc/gateway.conf")):
        assert run(path, "migrate", cwd=cwd).returncode == 0
        assert run(path, "check", cwd=cwd).returncode == 0
    assert (home / "data/its.db").exists()
    run(config, "--set", "database=mine.db", "migrate", cwd=elsewhere)
    assert {file.name for file in elsewhere.iterdir()} >= {"mine.db"}
    config.write_text("policies = nowhere\n")
    said = run(config, "check", cwd=elsewhere).stderr
    assert str(home / "nowhere") in said


def test_missing_config_file(idle):
    idle.config.unlink()
    refused(idle.command("check"), "gateway.conf")


def test_missing_policies(idle):
    idle.policies.path("models").unlink()
    refused(idle.command("check"), "models.lua")
    refused(idle.command("serve"), "models.lua")


def test_database_in_no_folder(make_gateway, tmp_path):
    """A file is no folder, for root neither."""
    (tmp_path / "file").write_text("")
    gateway = make_gateway(start=False, database=tmp_path / "file" / "gateway.db")
    refused(gateway.command("serve"), str(tmp_path / "file"))


def test_port_in_use(gateway, make_gateway):
    other = make_gateway(start=False, listen=f"127.0.0.1:{gateway.address[1]}")
    refused(other.command("serve"), str(gateway.address[1]))


STRIPE = {"stripe_secret_key": "sk_test_1", "stripe_webhook_secret": "whsec_1"}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("stripe_secret_key", "", ["stripe_secret_key", "sk_"]),
        ("stripe_secret_key", "pk_test_1", ["stripe_secret_key", "sk_"]),
        ("stripe_webhook_secret", "", ["stripe_webhook_secret", "whsec_"]),
        ("stripe_webhook_secret", "whsec_", ["stripe_webhook_secret", "whsec_"]),
        ("stripe_webhook_secret", "we_1234", ["stripe_webhook_secret", "whsec_"]),
        ("stripe_webhook_secret", "whsec_a whsec_b whsec_c whsec_d whsec_e", ["more than 4"]),
        ("stripe_api_url", "http://api.stripe.com", ["stripe_api_url", "https://"]),
        ("stripe_api_url", "https://api.stripe.com/", ["stripe_api_url", "slash"]),
    ],
)
def test_payments_without_their_secrets(idle, name, value, words):
    """A gateway that cannot tell who has paid must not take payments."""
    sets = [f"--set={one}={text}" for one, text in (STRIPE | {name: value}).items()]
    for command in ("check", "serve"):
        result = idle.command("--set", "payments=stripe", *sets, command)
        refused(result, *words)
        assert value not in result.stderr or len(value) < 7 or "http" in value


def test_test_payments_are_for_loopback_only(make_gateway):
    """Free money for everybody on the network must be asked for twice."""
    gateway = make_gateway(start=False, listen="0.0.0.0:0")
    refused(gateway.command("serve"), str(gateway.config), "payments", "loopback")


def test_test_payments_are_loud(gateway):
    assert [line for line in gateway.log() if line["level"] == "warn" and "payments" in str(line)]


# ---- the database ----


def test_edited_migration_is_refused(idle):
    idle.value_of("migrate")
    with sqlite3.connect(idle.database) as db:
        db.execute("UPDATE migrations SET sha256 = replace(sha256, substr(sha256, 1, 1), 'x')")
    refused(idle.command("serve"), "migration")


def test_database_of_a_newer_version_is_refused(idle):
    idle.value_of("migrate")
    with sqlite3.connect(idle.database) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(migrations)")]
        values = {"name": "9999_future.sql", "sha256": "0" * 64}
        row = [values.get(column, 1) for column in columns]
        marks = ", ".join("?" * len(row))
        db.execute(f"INSERT INTO migrations VALUES ({marks})", row)
    refused(idle.command("serve"), "9999_future")


def test_no_database_at_all(idle):
    idle.database.write_bytes(b"this is no database" * 1000)
    refused(idle.command("serve"), "gateway.db")


TAMPERED = {
    "a balance": "UPDATE balances SET credited_nusd = credited_nusd + 1 WHERE floor_zero = 1",
    "a transfer": "UPDATE transfers SET amount_nusd = amount_nusd + 1",
    "a lost transfer": "DELETE FROM transfers WHERE seq = (SELECT max(seq) FROM transfers)",
    "a record": "UPDATE usage SET charge_nusd = charge_nusd + 1",
    "a key's total": "UPDATE key_totals SET spent_nusd = spent_nusd + 1",
    "an hour": "UPDATE hourly SET charge_nusd = charge_nusd - 1",
}


@pytest.mark.parametrize("name", TAMPERED)
def test_verify_finds_what_was_tampered_with(make_gateway, provider, name):
    gateway = make_gateway()
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    gateway.check_holds()
    gateway.stop()
    with sqlite3.connect(gateway.database) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            db.execute(f"DROP TRIGGER {trigger}")
        assert db.execute(TAMPERED[name]).rowcount > 0
    result = gateway.command("ledger", "verify")
    assert result.returncode == 1
    assert len((result.stdout + result.stderr).strip()) > 10, "it says which and where"


def test_history_cannot_be_changed(make_gateway, provider):
    """The database itself refuses, whoever asks."""
    gateway = make_gateway()
    assert gateway.customer().ask().status_code == 200
    gateway.check_holds()
    gateway.stop()
    db = sqlite3.connect(gateway.database)
    for table in ("transfers", "holds", "resolutions", "usage"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET created_ms = 1"):
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(statement)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE balances SET debited_nusd = credited_nusd + 1 WHERE floor_zero = 1")
    db.close()


# ---- starting again ----


def test_everything_is_kept(make_gateway, provider):
    """Users, keys, balances and records outlive a restart."""
    gateway = make_gateway()
    customer = gateway.customer()
    customer.ask()
    customer.wait_for_no_hold()
    balance, records = customer.balance, customer.records()
    gateway.customers.clear()
    gateway.stop()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert customer.balance == balance, "the session is kept, too"
    assert customer.records() == records
    assert customer.ask().status_code == 200


def test_health(gateway):
    for path in ("/healthz", "/readyz"):
        assert gateway.http.get(path).status_code == 200


@pytest.mark.quick
def test_first_run_prints_a_call_that_works(idle):
    """The README's first command, but for the build: an empty folder, and then an answer."""
    process = idle.start_command("serve", "--first-run")
    try:
        printed = ""
        while "curl " not in printed:
            line = process.stdout.readline()
            assert line, f"it ended: {printed}{process.stderr.read()}"
            printed += line
        address, key, body = re.search(
            r"curl (\S+) -H 'Authorization: Bearer (\S+)' .* -d '(.*)'", printed
        ).groups()
        answer = httpx.post(
            address,
            content=body,
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["cost"] > 0
    finally:
        process.terminate()
        process.communicate(timeout=240)
    assert process.returncode == 0
