"""The image that the Containerfile makes, built from the sources by buildah in a bare Debian 12."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import answers
import httpx2 as httpx
import pytest
from fake_provider import Provider
from gateway import UPSTREAM_KEY
from machine import ROOT, run
from wait import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

IMAGE_MB_MAX = 40
USER = "65532:65532"


@pytest.fixture(scope="module")
def image(builder) -> Path:
    """The root folder of the image."""
    container = builder("from", "--pull-never", "llm-gateway")
    yield Path(builder("mount", container))
    builder("umount", container)


@pytest.fixture
def provider():
    provider = Provider(answers.chat())
    yield provider
    provider.stop()


class Container:
    """As a runtime would start it: its user, its folder, the command of the image."""

    COMMAND = ("/usr/sbin/llm-gateway", "--config", "/etc/llm-gateway/gateway.conf",
               "--set", "listen=127.0.0.1:0")  # fmt: skip

    def __init__(self, image: Path, provider: Provider, log: Path):
        self.image = image
        self.env = {"OPENAI_API_KEY": UPSTREAM_KEY, "OPENAI_BASE_URL": provider.url,
                    "PATH": os.environ["PATH"]}  # fmt: skip
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(self.words("serve"), stdout=out, stderr=out,
                                            env=self.env)  # fmt: skip
        wait_until(lambda: "listening" in self.text(), 30, "listening")
        port = self.text().partition(" port=")[2].split()[0]
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)

    def words(self, *words: str) -> list:
        return ["chroot", f"--userspec={USER}", self.image, *self.COMMAND, *words]

    def run(self, *words: str) -> str:
        done = subprocess.run(self.words(*words), capture_output=True, text=True, env=self.env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def text(self) -> str:
        assert self.log.exists()
        return self.log.read_text()


def test_it_is_small_and_has_nothing_else(image):
    bytes_of = sum(file.lstat().st_size for file in image.rglob("*") if not file.is_dir())
    print(f"{bytes_of / 1e6:.1f} MB")
    assert bytes_of < IMAGE_MB_MAX * 1_000_000
    assert sorted(file.name for file in (image / "usr/sbin").iterdir()) == ["llm-gateway"]
    assert not any((image / name).exists() for name in ("bin", "usr/bin", "root", "src"))


def test_only_the_ledger_can_be_written(image):
    ours = [file for file in image.rglob("*") if file.lstat().st_uid == 65532]
    assert ours == [image / "var/lib/llm-gateway"]
    writable = [file for file in image.rglob("*")
                if not file.is_symlink() and file.stat().st_mode & 0o002]  # fmt: skip
    assert writable == [image / "tmp"]
    assert not list(image.rglob("environment"))


def test_a_first_call(image, provider, tmp_path):
    assert os.geteuid() == 0
    container = Container(image, provider, tmp_path / "log")
    try:
        container.run("user", "create", "someone@example.com")
        container.run("credit", "someone@example.com", "5")
        key = container.run("key", "create", "someone@example.com").split("\n")[-1]
        body = {"model": "gpt-4", "messages": [{"role": "user", "content": "Hello!"}]}
        answer = container.http.post("/v1/chat/completions", json=body,
                                     headers={"Authorization": f"Bearer {key}"})  # fmt: skip
        assert answer.status_code == 200, answer.text
        assert "serving" in container.run("status"), "the health check"
        assert "<html" in container.http.get("/").text
        zone = container.http.get("/api/site")
        assert zone.status_code == 200
    finally:
        container.process.terminate()
        assert container.process.wait(30) == 0, container.text()
    assert container.run("ledger", "verify")
    shutil.rmtree(image / "var/lib/llm-gateway")


# ---- compose ----


@pytest.fixture(scope="module")
def service() -> dict:
    """The one of compose.yaml, as docker compose itself understands the file."""
    compose = ROOT / "build/compose/venv/bin/docker-compose"
    file = ROOT / "packaging/container/compose.yaml"
    config = json.loads(run(compose, "-f", file, "config", "--format", "json").stdout)
    (service,) = config["services"].values()
    (volume,) = config["volumes"]
    assert volume == "ledger"
    return service


def test_compose_builds_what_is_there(service):
    build = service["build"]
    assert Path(build["context"]) == ROOT
    assert (ROOT / build["dockerfile"]).read_text().count("FROM ") == 2


def test_compose_lets_it_do_no_more_than_it_must(service):
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service, "the image has it"
    assert [(one["type"], one["target"]) for one in service["volumes"]] == [
        ("volume", "/var/lib/llm-gateway")
    ]
    (port,) = service["ports"]
    assert port["host_ip"] == "127.0.0.1"


def test_compose_checks_the_health_as_the_image_does(service):
    """Formats other than docker's keep no HEALTHCHECK."""
    words = re.search(r"HEALTHCHECK (.*?)\n    CMD (\[[^\]]*\])", containerfile(), re.DOTALL)
    times = dict(re.findall(r"--([a-z-]+)=(\w+)", words[1]))
    health = service["healthcheck"]
    assert health["test"] == ["CMD", *json.loads(words[2])]
    for name, value in times.items():
        assert health[name.replace("-", "_")] == value, name


def test_compose_waits_for_running_calls(service):
    settings = (ROOT / "gateway.conf").read_text()
    drain_ms = int(re.search(r"^#?drain_timeout_ms = (\d+)", settings, re.MULTILINE)[1])
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(\d+)s", service["stop_grace_period"]).groups()
    assert int(minutes or 0) * 60 + int(seconds) >= drain_ms / 1000 + 10


def containerfile() -> str:
    return (ROOT / "Containerfile").read_text()


def test_the_image_is_nobodys():
    assert f"USER {USER}" in containerfile()
    run("bash", "-n", ROOT / "packaging/container/collect")
