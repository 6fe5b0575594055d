"""`compose up` as docs/CONTAINER.md has it: docker compose itself, with podman and runc beneath."""

import json
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import answers
import httpx2 as httpx
import pytest
from answers import Usage
from fake_provider import Provider
from gateway import UPSTREAM_KEY
from machine import ROOT, run
from wait import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

COMPOSE = ROOT / "build/compose/venv/bin/docker-compose"
PROGRAM = ("/usr/sbin/llm-gateway", "--config", "/etc/llm-gateway/gateway.conf")
BODY = {"model": "gpt-4", "messages": [{"role": "user", "content": "Hello!"}]}
UP_S = 60
PROCESSES = 1000  # without it podman wants more than a machine may allow


class Podman:
    """With the builder's images, and a socket that speaks as docker's does."""

    def __init__(self, builder, folder: Path):
        (folder / "net.d").mkdir()
        self.words = ["podman", *builder.store, "--runtime", "runc", "--cgroup-manager",
                      "cgroupfs", "--network-config-dir", folder / "net.d"]  # fmt: skip
        self.socket = folder / "podman.sock"
        self.log = (folder / "podman.log").open("wb")
        self.service = subprocess.Popen(
            [*self.words, "system", "service", "--time", "0", f"unix://{self.socket}"],
            stdout=self.log,
            stderr=self.log,
        )
        wait_until(self.socket.exists, 20, "podman's socket")

    def __call__(self, *words: str) -> str:
        return run(*self.words, *words).stdout.strip()

    def stop(self) -> None:
        self.service.send_signal(signal.SIGTERM)
        self.service.wait(30)
        self.log.close()


class Stack:
    """What an operator has who copied packaging/container, and wrote gateway.env beside it."""

    def __init__(self, podman: Podman, folder: Path):
        self.podman = podman
        self.folder = folder
        shutil.copy(ROOT / "packaging/container/compose.yaml", folder)
        self.project = f"gateway-{os.getpid()}"
        self._fit()

    def _fit(self) -> None:
        """To this machine, whose limits may be lower, and whose ports may be taken."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limits = {"nofile": files, "nproc": PROCESSES}
        (self.folder / "fit.yaml").write_text(
            "services:\n  gateway:\n"
            f"    ulimits: !override {json.dumps(limits)}\n"
            '    ports: !override ["127.0.0.1::3000"]\n'
        )

    def __call__(self, *words: str) -> str:
        env = os.environ | {"DOCKER_HOST": f"unix://{self.podman.socket}"}
        return run(COMPOSE, "-p", self.project, "-f", self.folder / "compose.yaml",
                   "-f", self.folder / "fit.yaml", *words, env=env).stdout.strip()  # fmt: skip

    def up(self) -> httpx.Client:
        self("up", "-d", "--no-build", "--pull", "never")
        client = httpx.Client(base_url=f"http://{self('port', 'gateway', '3000')}", timeout=30,
                              trust_env=False)  # fmt: skip
        wait_until(lambda: is_ready(client), UP_S, self("logs"))
        return client

    def run(self, *words: str) -> str:
        """A command of the gateway in its container."""
        return self("exec", "-T", "gateway", *PROGRAM, *words)

    def container(self) -> dict:
        (found,) = json.loads(self.podman("inspect", self("ps", "-q", "gateway")))
        return found

    def host_address(self) -> str:
        """The machine's own, as the container sees it."""
        (network,) = json.loads(self.podman("network", "inspect", f"{self.project}_default"))
        return network["subnets"][0]["gateway"]


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def stack(builder, tmp_path):
    if subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"]).returncode != 0:
        pytest.skip("needs namespaces of its own")
    podman = Podman(builder, tmp_path)
    stack = Stack(podman, tmp_path)
    yield stack
    stack("down", "-v", "-t", "5")
    podman.stop()


@pytest.fixture
def provider(stack):
    stack("up", "--no-start", "--no-build", "--pull", "never")  # its network
    stack("up", "-d", "--no-build", "--pull", "never")  # which has the address from now on
    provider = Provider(answers.chat(usage=Usage(30, 20)), address=stack.host_address())
    yield provider
    provider.stop()


def upgrade(builder) -> None:
    """Another image under the same name."""
    container = builder("from", "--pull-never", "llm-gateway")
    builder("config", "--label", "release=next", container)
    builder("commit", "--quiet", "--format", "docker", container, "llm-gateway")
    builder("rm", container)


def test_from_up_to_down(stack, provider, builder):
    """One key, a first call, a restart, an upgrade, down and up again: money and keys are kept."""
    (stack.folder / "gateway.env").write_text(
        f"OPENAI_API_KEY={UPSTREAM_KEY}\nOPENAI_BASE_URL={provider.url}\n"
    )
    client = stack.up()
    stack.run("user", "create", "someone@example.com")
    stack.run("credit", "someone@example.com", "5")
    key = stack.run("key", "create", "someone@example.com").split("\n")[-1]
    authorization = {"Authorization": f"Bearer {key}"}

    def call() -> None:
        answer = client.post("/v1/chat/completions", json=BODY, headers=authorization)
        assert answer.status_code == 200, answer.text
        assert provider.last.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"

    call()
    first = stack.container()
    assert first["Config"]["User"] == "65532:65532"
    assert first["HostConfig"]["ReadonlyRootfs"]
    assert first["EffectiveCaps"] in (None, [])
    stack.podman("healthcheck", "run", first["Id"])

    stack("restart", "gateway")
    client = stack.up()
    call()

    upgrade(builder)
    client = stack.up()
    second = stack.container()
    assert second["Config"]["Labels"]["release"] == "next"
    assert second["Id"] != first["Id"]
    call()

    stack("down")
    assert stack("ps", "-a", "-q") == ""
    client = stack.up()
    call()
    assert len(provider.requests) == 4
    stack.run("ledger", "verify")
    assert stack.run("ledger", "export").count("\n") >= 1 + 4
    assert stack("logs").count("check failed") == 0

    stack("down", "-v")
    assert stack.podman("volume", "ls", "-q") == ""
