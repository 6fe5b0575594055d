"""`llm-gateway doctor`: each check, when all is well and when it is not."""

import json
import os
import resource
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

import answers
import pytest
from certificate import make_certificate, make_ended_certificate
from fake_provider import Received
from gateway import BINARY

MODELS = b'{"object":"list","data":[]}'


def listed(status: int = 200, seconds_ahead: int = 0, body: bytes = MODELS):
    """A provider's answer to the question for its models."""
    date = formatdate(time.time() + seconds_ahead, usegmt=True)
    headers = {"Content-Type": "application/json", "Date": date}
    return answers.reply(status, body, headers)


@pytest.fixture
def house(make_gateway, provider):
    """A gateway that does not run, with one provider that answers."""
    provider.pages["/v1/models"] = listed()
    gateway = make_gateway(start=False, payments="off")
    gateway.write_config()
    return gateway


def checks(gateway, code: int | None = None, env: dict | None = None) -> dict[str, list[dict]]:
    result = gateway.command("doctor", "--json")
    report = json.loads(result.stdout)
    assert result.returncode == (1 if report["failed"] else 0), report
    assert code in (None, result.returncode), report
    found: dict[str, list[dict]] = {}
    for check in report["checks"]:
        assert bool(check["advice"]) == (check["verdict"] != "ok"), check
        found.setdefault(check["check"], []).append(check)
    return found


def openai_of(found: dict) -> dict:
    return next(one for one in found["provider"] if one["seen"].startswith("openai"))


@pytest.mark.quick
def test_what_is_well_is_ok(house, provider):
    house.start()
    house.value_of("backup", str(house.folder / "copy.db"))
    found = checks(house)
    for name in ("settings", "gateway", "database", "policies", "backup", "secret", "address"):
        assert [one["verdict"] for one in found[name]] == ["ok"], found[name]
    assert openai_of(found)["seen"].startswith("openai answers, and takes the key, after")
    (asked,) = provider.gets
    assert asked.headers["authorization"].startswith("Bearer sk-upstream-")
    assert not provider.requests, "nothing is asked that costs"
    text = house.command("doctor").stdout
    assert "\nok    gateway: it runs\n" in text
    assert text.splitlines()[-1].endswith("warned")


def test_a_gateway_that_does_not_run(house):
    found = checks(house)
    assert found["gateway"][0]["verdict"] == "warn"
    assert "does not run" in found["gateway"][0]["seen"]
    assert found["database"][0]["verdict"] == "warn"
    assert "backup" not in found, "there is nothing to be copied yet"


@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [
        (401, "fail", "refuses the key (401)"),
        (402, "fail", "wants money (402)"),
        (403, "warn", "(403)"),
        (404, "ok", "its key is not checked"),
        (429, "warn", "too many requests"),
        (503, "warn", "fails (503)"),
    ],
)
def test_what_a_provider_says(house, provider, status, verdict, words):
    provider.pages["/v1/models"] = listed(status, body=b'{"error":{"message":"no"}}')
    said = openai_of(checks(house, 1 if verdict == "fail" else None))
    assert said["verdict"] == verdict
    assert words in said["seen"]


def test_a_provider_that_cannot_be_reached(house, provider):
    with provider.refusing():
        said = openai_of(checks(house, 1))
    assert said["verdict"] == "fail"
    assert "does not answer at http://127.0.0.1" in said["seen"]


def test_a_provider_without_its_key(house):
    del house.env["OPENAI_API_KEY"]
    found = checks(house)
    (said,) = [one for one in found["provider"] if "OPENAI_API_KEY" in one["seen"]]
    assert said["verdict"] == "warn"


def test_each_key_of_a_pool_is_tried(house, provider):
    good, bad = "sk-first-3jKq9ZxVbT7mWn2RcY5p", "sk-second-3jKq9ZxVbT7mWn2RcY5q"

    async def by_key(connection, request: Received) -> None:
        known = request.headers["authorization"] == f"Bearer {good}"
        await listed(200 if known else 401)(connection, request)

    provider.pages["/v1/models"] = by_key
    house.policies.provider("pool", api_key=None, api_keys=[good, bad])
    house.policies.model("pooled", providers=("pool",), input=1, output=2)
    found = checks(house, 1)
    assert found["policies"][0]["verdict"] == "ok", found["policies"]
    said = {one["seen"]: one["verdict"] for one in found["provider"]}
    assert [verdict for seen, verdict in said.items() if "...cY5p" in seen] == ["ok"]
    assert [verdict for seen, verdict in said.items() if "...cY5q" in seen] == ["fail"]
    assert good not in str(found)
    assert bad not in str(found)


def test_anthropic_is_asked_in_its_own_way(house, provider):
    provider.pages["/models-of/v1/models"] = listed()
    base = provider.url.removesuffix("/v1") + "/models-of"
    house.policies.provider("claude", dialect="anthropic", base_url=base, api_key="sk-ant-test")
    house.policies.model("claude-x", providers=("claude",), input=1, output=2)
    found = checks(house)
    (said,) = [one for one in found["provider"] if one["seen"].startswith("claude")]
    assert said["verdict"] == "ok"
    (asked,) = [one for one in provider.gets if "models-of" in one.path]
    assert asked.headers["x-api-key"] == "sk-ant-test"
    assert asked.headers["anthropic-version"]


@pytest.mark.parametrize(("ahead", "words"), [(3600, "behind"), (-3600, "ahead of")])
def test_a_clock_that_is_wrong(house, provider, ahead, words):
    provider.pages["/v1/models"] = listed(seconds_ahead=ahead)
    found = checks(house, 1)
    wrong = [one for one in found["clock"] if one["verdict"] == "fail"]
    assert [words in one["seen"] for one in wrong] == [True]


def test_policies_that_are_broken(house):
    house.policies.write("models", "return {\n  oops\n}\n")
    (said,) = checks(house, 1)["policies"]
    assert said["verdict"] == "fail"
    assert "models.lua:" in said["seen"]


def test_a_reload_that_was_refused(house):
    house.start()
    good = house.policies.read("models")
    house.policies.write("models", "return {\n  oops\n}\n")
    house.reload(refused=True)
    house.policies.write("models", good)
    found = checks(house)
    assert [one["verdict"] for one in found["policies"]] == ["warn", "ok"]
    assert [one["verdict"] for one in found["alerts"]] == ["warn"]


def test_settings_that_wait_for_a_restart(house):
    """All of them; what is taken back, or was taken by the restart, waits no more."""
    house.start()
    house.settings |= {"workers": 1, "cors": "off", "show_providers": "no", "log_level": "debug"}
    house.write_config()
    house.reload()
    names = ["show_providers", "cors", "workers"]  # in the order of gateway.conf
    (said,) = house.logged("changed settings need a restart")
    assert said["settings"] == ", ".join(names)
    assert json.loads(house.value_of("status", "--json"))["needs_restart"] == names
    assert f"NEED A RESTART: {', '.join(names)}\n" in house.command("status").stdout
    (waits,) = checks(house)["restart"]
    assert waits["verdict"] == "warn"
    assert waits["seen"].endswith(", ".join(names))

    house.settings |= {"cors": "any"}
    house.write_config()
    house.reload()
    assert checks(house)["restart"][0]["seen"].endswith(": show_providers, workers")
    house.stop()
    house.start()
    assert "restart" not in checks(house)
    assert "RESTART" not in house.command("status").stdout


def test_secrets_that_others_can_read(house):
    house.start()
    (house.folder / "secret").chmod(0o644)
    house.config.chmod(0o644)
    with house.config.open("a") as config:
        config.write("smtp_password = hunter2\n")
    found = checks(house)
    assert found["secret"][0]["verdict"] == "warn"
    assert found["settings"][1]["verdict"] == "warn"
    house.config.write_text(house.config.read_text().replace("hunter2", "${SMTP_PASSWORD}"))
    house.env["SMTP_PASSWORD"] = "hunter2"
    assert len(checks(house)["settings"]) == 1, "a variable keeps it out of the file"


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="there is no memory file system")
def test_a_database_in_memory(house, tmp_path):
    folder = f"/dev/shm/{tmp_path.name}-{os.getpid()}"
    os.mkdir(folder)
    try:
        house.settings["database"] = f"{folder}/gateway.db"
        house.write_config()
        found = checks(house, 1)
        assert any("in memory" in one["seen"] for one in found["database"])
    finally:
        shutil.rmtree(folder)


def test_a_certificate_that_ends_soon(make_gateway, provider, tmp_path):
    provider.pages["/v1/models"] = listed()
    certificate, key = make_certificate(tmp_path)  # for two days
    gateway = make_gateway(start=False, tls_certificate=certificate, tls_key=key)
    gateway.write_config()
    (said,) = checks(gateway)["TLS"]
    assert said["verdict"] == "warn"
    key.write_text("no key")
    (said,) = checks(gateway, 1)["TLS"]
    assert said["verdict"] == "fail"


@pytest.mark.parametrize("hours", [1, 24 * 40])
def test_a_certificate_that_has_ended(make_gateway, provider, tmp_path, hours):
    """Also one that ended today."""
    provider.pages["/v1/models"] = listed()
    ended = (datetime.now(UTC) - timedelta(hours=hours)).replace(microsecond=0)
    certificate, key = make_ended_certificate(tmp_path, ended)
    gateway = make_gateway(start=False, tls_certificate=certificate, tls_key=key)
    gateway.write_config()
    (said,) = checks(gateway, 1)["TLS"]
    assert said["verdict"] == "fail"
    assert f"has expired at {ended:%Y-%m-%dT%H:%M:%S}" in said["seen"]
    assert said["advice"].startswith("renew it, then SIGHUP")


def test_a_provider_that_says_nothing(house, provider):
    provider.pages["/v1/models"] = answers.silence()
    said = openai_of(checks(house, 1))
    assert said["verdict"] == "fail"
    assert "does not answer at http://127.0.0.1" in said["seen"]
    assert "firewall" in said["advice"]


@pytest.mark.parametrize(("files", "verdict"), [(256, "warn"), (8192, "ok")])
def test_the_limit_of_open_files(house, files, verdict):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    done = house.command("doctor", "--json", preexec_fn=limit)
    (said,) = [one for one in json.loads(done.stdout)["checks"] if one["check"] == "open files"]
    assert said["verdict"] == verdict
    assert str(files) in said["seen"]
    assert ("LimitNOFILE" in said["advice"]) if verdict == "warn" else not said["advice"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_disk_that_is_nearly_full(house, tmp_path):
    """One of a megabyte, which only the command sees."""
    disk = tmp_path / "disk"
    disk.mkdir()
    house.settings["log_file"] = disk / "gateway.log"
    house.write_config()
    mount = f'mount -t tmpfs -o size=1m tmpfs {disk} && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", mount, "sh", BINARY, "--config", house.config,
               "doctor", "--json"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=house.env)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("nothing can be mounted here")
    (said,) = [one for one in json.loads(done.stdout)["checks"] if one["check"] == "log disk"]
    assert (said["verdict"], said["seen"]) == ("fail", f"1 MB free (100 %) in {disk}")
    assert said["advice"].startswith("free some")
    assert done.returncode == 1


def test_an_address_for_others_without_a_name(house):
    house.settings["listen"] = "0.0.0.0:3000"
    house.write_config()
    assert checks(house)["address"][0]["verdict"] == "warn"
    house.settings["public_url"] = "http://llm.example.com"
    house.write_config()
    (said,) = checks(house)["address"]
    assert "keys travel in the open" in said["advice"]


def test_a_backup_that_is_old(house):
    house.start()
    assert checks(house)["backup"][0]["verdict"] == "warn"
    house.value_of("backup", str(house.folder / "copy.db"))
    note = house.folder / "gateway.db-backup"
    assert str(house.folder / "copy.db") in note.read_text()
    note.write_text("2020-01-01T00:00:00.000Z /old/copy.db\n")
    (said,) = checks(house)["backup"]
    assert said["verdict"] == "warn"
    assert "/old/copy.db" in said["seen"]


def test_completion_is_what_the_package_has(house):
    printed = house.command("completion", "bash").stdout
    assert "complete -F _llm_gateway llm-gateway" in printed
