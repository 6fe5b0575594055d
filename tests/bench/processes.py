"""The programs of a benchmark: fake provider, nginx, gateway, load generator, each on its CPU."""

import contextlib
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BENCH_BUILD") or ROOT / "build").resolve()
GATEWAY = BUILD / "llm-gateway"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60


def raise_descriptor_limit():
    """Children inherit it: nginx takes what it gets."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@dataclass
class Cpus:
    """Where what is measured runs, and where what measures it does."""

    measured: int
    measuring: int

    @classmethod
    def choose(cls):
        cpus = sorted(os.sched_getaffinity(0))
        return cls(measured=cpus[0], measuring=cpus[-1])


def spawn(command, cpu, **how):
    """On one CPU, or on any of several."""
    cpus = {cpu} if isinstance(cpu, int) else set(cpu)
    return subprocess.Popen(
        [str(word) for word in command],
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        stdin=subprocess.DEVNULL,
        **how,
    )


def end(process, number=signal.SIGTERM):
    if process is None or process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(condition, what, timeout_s=START_TIMEOUT_S, pause_s=0.02):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause_s)
    raise RuntimeError(f"waited in vain for {what}")


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def memory_bytes(pid):
    """Resident and proportional size: the latter shares out what several programs have in common.

    Proportional is None where the system does not tell us (another user's process)."""
    sizes = {}
    with contextlib.suppress(PermissionError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, size = line.split()[:2]
            sizes[name] = int(size) * 1024
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return {"rss": int(line.split()[1]) * 1024, "pss": sizes.get("Pss:")}


class MemoryPeak:
    """The most that a process held while a load ran."""

    PAUSE_S = 0.2

    @classmethod
    def of(cls, pid, running):
        peak = memory_bytes(pid)
        while running.process.poll() is None:
            for name, size in memory_bytes(pid).items():
                peak[name] = None if size is None else max(peak[name], size)
            time.sleep(cls.PAUSE_S)
        return peak


class Provider:
    """bench_provider; asked directly it is also the first of the targets."""

    name = "direct"
    path = "/v1/chat/completions"

    def __init__(self, cpu, **options):
        self.cpu = cpu
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.command = [BUILD / "bench_provider", *(str(w).replace("_", "-") for w in words)]
        self.process = None

    def __enter__(self):
        self.process = spawn(self.command, self.cpu, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        end(self.process, signal.SIGKILL)
        self.process.stdout.close()

    @property
    def pid(self):
        return self.process.pid


NGINX_CONF = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {descriptors}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_buffer_size 256k;
    client_max_body_size 32m;
    upstream provider {{
        server 127.0.0.1:{provider};
        keepalive 10000;
        keepalive_requests 1000000000;
        keepalive_timeout 600s;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering {buffering};
            proxy_read_timeout 600s;
        }}
    }}
}}
"""


def free_port():
    """Below the ports that the system gives to outgoing connections."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Nginx:
    """The yardstick: proxy_pass and nothing else, no log."""

    name = "nginx"
    path = "/v1/chat/completions"
    conf = NGINX_CONF

    def __init__(self, folder, cpu, provider_port, streams):
        self.folder = folder
        self.cpu = cpu
        self.provider_port = provider_port
        self.buffering = "off" if streams else "on"
        self.process = None

    def _start(self):
        self.port = free_port()
        config = self.folder / "nginx.conf"
        config.write_text(
            self.conf.format(
                folder=self.folder,
                port=self.port,
                provider=self.provider_port,
                buffering=self.buffering,
                descriptors=resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 10,
            )
        )
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        with (self.folder / "stderr.log").open("w") as stderr:
            self.process = spawn(
                [binary, "-p", self.folder, "-c", config, "-e", self.folder / "error.log"],
                self.cpu,
                stderr=stderr,
                stdout=stderr,
            )
        wait_for(lambda: self.process.poll() is not None or self._serves(), "nginx")
        return self.process.poll() is None

    def _serves(self):
        return accepts(self.port) and self._workers()

    def _workers(self):
        master = self.process.pid
        return Path(f"/proc/{master}/task/{master}/children").read_text().split()

    def __enter__(self):
        self.folder.mkdir()
        if not any(self._start() for _ in range(5)):  # somebody else may take a free port first
            raise RuntimeError((self.folder / "stderr.log").read_text())
        return self

    def __exit__(self, *_):
        end(self.process)

    @property
    def pid(self):
        """The worker's: the master does nothing."""
        return int(self._workers()[0])


# The usual policies count as usual, but nothing here is too much.
LIMITS = """return {
    { scope = "key", requests_per_minute = 1e9, tokens_per_minute = 1e12, concurrency = 1e6 },
    { scope = "user", requests_per_minute = 1e9, tokens_per_minute = 1e12, concurrency = 1e6 },
}
"""


@dataclass
class Program:
    """A gateway that has been built, and the tree that it was built from."""

    binary: Path = GATEWAY
    tree: Path = ROOT

    def knows(self, setting):
        """An older commit refuses what it does not know. gateway.conf names every setting."""
        text = (self.tree / "gateway.conf").read_text()
        return re.search(rf"^#?\s*{setting} =", text, re.MULTILINE) is not None


class Gateway:
    """One worker; otherwise as shipped, its log in a file. `books` are its accounts (books.py)."""

    path = "/api/v1/chat/completions"

    def __init__(self, folder, cpu, provider_port, books, settings=None, program=None, name=None):
        self.program = program or Program()
        self.name = name or "gateway"
        self.folder = folder
        self.cpu = cpu
        self.books = books
        self.wrapper = ()
        self.settings = {
            "listen": "127.0.0.1:0",
            "database": books.database,
            "secret_file": books.secret_path,
            "policies": folder / "policies",
            "webui": folder / "no-pages",  # they are held in memory, and only some trees have them
            "workers": 1,
            "log_format": "json",
            **(settings or {}),
        }
        self.settings = {
            name: value for name, value in self.settings.items() if self.program.knows(name)
        }
        self.env = os.environ | {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{provider_port}/v1",
            "OPENAI_API_KEY": "sk-bench",
        }
        self.config = folder / "gateway.conf"
        self.log = folder / "stderr.log"
        self.process = None

    def prepare(self, migrate=True):
        """Settings, policies and, unless it is there, a database without anybody in it."""
        self.folder.mkdir()
        shutil.copytree(self.program.tree / "policies", self.folder / "policies")
        (self.folder / "policies/limits.lua").write_text(LIMITS)
        lines = [f"{name} = {value}\n" for name, value in self.settings.items()]
        self.config.write_text("".join(lines))
        if migrate:
            self.command("migrate")

    def add_to_policy(self, name, text):
        """As the first of what that policy returns, before the gateway starts."""
        path = self.folder / "policies" / name
        policy = path.read_text()
        assert policy.count("\nreturn {\n") == 1
        path.write_text(policy.replace("\nreturn {\n", "\nreturn {" + text))

    def command(self, *words):
        done = subprocess.run(
            [self.program.binary, "--config", self.config, *words],
            capture_output=True,
            text=True,
            env=self.env,
            cwd=self.folder,
        )
        if done.returncode != 0:
            raise RuntimeError(f"llm-gateway {' '.join(words)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _listening(self):
        if self.process.poll() is not None:
            raise RuntimeError("the gateway did not start:\n" + self.log.read_text())
        for line in self.log.read_text().splitlines():
            if '"listening"' in line:
                return json.loads(line)
        return None

    def begin(self):
        command = [*self.wrapper, self.program.binary, "--config", self.config]
        with self.log.open("w") as log:
            self.process = spawn(
                command, self.cpu, stdout=log, stderr=log, env=self.env, cwd=self.folder
            )

    def await_port(self, **how):
        self.port = int(wait_for(self._listening, "the gateway", **how)["port"])

    def __enter__(self):
        self.begin()
        try:
            self.await_port()
            wait_for(lambda: self.get("/readyz")[0] == 200, "/readyz")
        except BaseException:
            end(self.process, signal.SIGKILL)
            raise
        return self

    def __exit__(self, *_):
        end(self.process)

    @property
    def pid(self):
        return self.process.pid

    def get(self, path, **headers):
        """(status, body) of a request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def ask(self, key):
        """The status of a short call."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Go on."}]}
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", self.path, json.dumps(body), headers)
            reply = connection.getresponse()
            reply.read()
            return reply.status
        finally:
            connection.close()

    def workers(self):
        """The ids of their threads. An older commit does not name them: there they are the only
        ones that wait for events."""
        tasks = sorted(Path(f"/proc/{self.pid}/task").iterdir(), key=lambda task: int(task.name))
        named = [task for task in tasks if (task / "comm").read_text() == "worker\n"]
        waiting = [task for task in tasks if "epoll" in (task / "wchan").read_text()]
        return [int(task.name) for task in named or waiting]

    def logged(self, word):
        return self.log.read_text().count(word)


class Load:
    """One run of the load generator against a target. `watch` names processes whose processor time
    it reports; wait() gives what it measured."""

    def __init__(self, target, cpu, keys, watch=None, **options):
        command = [BUILD / "bench_load", "--port", target.port, "--path", target.path]
        command += ["--keys", keys]
        for name, pid in (watch or {}).items():
            command += ["--watch", f"{name}={pid}"]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", value]
        self.process = spawn(command, cpu, stdout=subprocess.PIPE, text=True)

    def wait_open(self):
        """Until every connection receives a stream. False: it ended before."""
        return self.process.stdout.readline() == "open\n"

    def wait(self):
        try:
            output = self.process.stdout.read()
            if self.process.wait() != 0:
                raise RuntimeError("the load generator failed")
        finally:
            end(self.process, signal.SIGKILL)
            self.process.stdout.close()
        return json.loads(output.strip().splitlines()[-1])
