"""Runs the gateway as an operator would: a config file, policies of its own, signals, its log."""

import contextlib
import os
import resource
import signal
import subprocess
from functools import cache
from pathlib import Path
from typing import IO

import httpx2 as httpx
from customer import Customer
from fake_provider import Provider
from growing import GrowingLog, Watch
from policies import Policies
from rawhttp import RawConnection
from wait import wait_until

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("GATEWAY_BINARY") or ROOT / "build/llm-gateway").resolve()
UPSTREAM_KEY = "sk-upstream-3jKq9ZxVbT7mWn2RcY5pLdGh"
SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
                   "WARNING: ThreadSanitizer", "check failed")  # fmt: skip
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30


@cache
def is_sanitized() -> bool:
    """Memory bounds and times of a sanitizer build say nothing about the product's."""
    libraries = subprocess.run(["ldd", BINARY], capture_output=True, text=True).stdout
    return "libasan" in libraries or "libtsan" in libraries


@cache
def preloaded(*libraries: str) -> str:
    """LD_PRELOAD with these of the build's; ASan's own library must come first."""
    lines = subprocess.run(["ldd", BINARY], capture_output=True, text=True).stdout.split("\n")
    sanitizers = [line.split()[2] for line in lines if "libasan" in line]
    return " ".join([*sanitizers, *(str(BINARY.parent / name) for name in libraries)])


# As customers meet it: for tests of what a password costs, who waits for whom, and memory.
REAL_PASSWORDS = {"LD_PRELOAD": ""}


@cache
def has_failpoints() -> bool:
    """Built with GW_FAILPOINTS, as ./dev does with the sanitizer builds."""
    version = subprocess.run([BINARY, "version"], capture_output=True, text=True).stdout
    return "failpoints" in version


class Gateway:
    """One gateway in a folder of its own. start() and stop(), or kill()."""

    def __init__(
        self,
        folder: Path,
        provider: Provider | None,
        settings: dict[str, str | int] | None = None,
        env: dict[str, str] | None = None,
    ):
        self.folder = folder
        self.config = folder / "gateway.conf"
        self.database = folder / "gateway.db"
        self.stderr_path = folder / "stderr.log"
        self.policies = Policies(ROOT / "policies", folder / "policies")
        self.settings = {
            "listen": "127.0.0.1:0",
            "database": self.database,
            "secret_file": folder / "secret",
            "policies": self.policies.folder,
            "webui": ROOT / "webui/dist",
            "workers": 2,
            "durability": "process",
            "payments": "test",
            "show_providers": "yes",
            "public_prices": "on",
            "log_level": "info",
            "log_format": "json",
            "drain_timeout_ms": 5000,
            **(settings or {}),
        }
        self.log_path = folder / self.settings.get("log_file", self.stderr_path)
        if provider is not None and provider.certificate is not None:
            self.policies.trust(provider.certificate)
        self.env = self._environment(provider) | (env or {})
        self.open_files: int | None = None  # ulimit -n; None: as it is
        self.process: subprocess.Popen | None = None
        self.customers: list[Customer] = []
        self._log_from = 0
        self._log = GrowingLog()
        self._complaints = Watch(*SANITIZER_MARKS)

    @staticmethod
    def _environment(provider: Provider | None) -> dict[str, str]:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "ASAN_OPTIONS": "detect_stack_use_after_return=1:quarantine_size_mb=16:exitcode=86",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
            "LD_PRELOAD": preloaded("cheap_passwords.so"),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        if provider is not None:
            env |= {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": UPSTREAM_KEY}
        return env

    # ---- life ----

    def write_config(self) -> None:
        lines = [f"{name} = {value}\n" for name, value in self.settings.items()]
        new = self.config.with_suffix(".new")
        new.write_text("# made by tests/e2e/gateway.py\n" + "".join(lines))
        os.replace(new, self.config)  # a command may read it now

    def spawn(self) -> None:
        """Starts the process and does not wait for it."""
        assert BINARY.exists(), f"{BINARY} is not built; see GATEWAY_BINARY"
        self.write_config()
        self._log_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.open_stderr() as stderr, (self.folder / "stdout.log").open("ab") as out:
            self.process = subprocess.Popen(
                [BINARY, "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=stderr,
                env=self.env,
                cwd=self.folder,
                preexec_fn=self._limit_files if self.open_files else None,
            )

    def open_stderr(self) -> IO[bytes]:
        """What the process gets as its stderr."""
        return self.stderr_path.open("ab")

    def _limit_files(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.open_files, self.open_files))

    def start(self) -> "Gateway":
        self.spawn()
        listening = wait_until(self._listening_or_dead, START_TIMEOUT_S, "event listening")
        assert listening is not True, f"the gateway did not start:\n{self.stderr()}"
        self.address = (listening["address"], int(listening["port"]))
        self.http = self.client()
        wait_until(lambda: self.http.get("/readyz").status_code == 200, 10, "/readyz")
        return self

    def client(self) -> httpx.Client:
        """Where 127.0.0.1 is a proxy that sends PROXY headers, from another address."""
        source = "127.0.0.2" if self.settings.get("proxy_protocol") == "yes" else None
        transport = httpx.HTTPTransport(local_address=source, verify=False)
        return httpx.Client(base_url=self.origin, transport=transport, timeout=30, trust_env=False)

    def _listening_or_dead(self):
        if found := self.logged("listening"):
            return found[-1]
        return self.process.poll() is not None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def served(self):
        """For a fixture to yield from: the gateway while it runs; in the end no hold is left."""
        self.start()
        yield self
        self.check_holds()
        self.stop()

    def stop(self) -> None:
        """SIGTERM; it must end well and leave a ledger that adds up."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        self.wait_for_exit()
        self.verify_ledger()

    def kill(self) -> None:
        """kill -9: what a crash is to the database."""
        self.process.kill()
        self.process.wait()
        self.process = None
        self.check_clean()

    def wait_for_exit(self, timeout: float = STOP_TIMEOUT_S, code: int | None = 0) -> None:
        """It ends by itself, with that exit status and without a complaint."""
        try:
            got = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running:\n{self.stderr()[-8000:]}") from None
        finally:
            self.process = None
        assert code in (None, got), f"exit status {got}:\n{self.stderr()[-8000:]}"
        self.check_clean()

    def abandon(self) -> None:
        """Ends it whatever its state, for a fixture whose test has failed already."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def check_clean(self) -> None:
        assert not self._complaints.found(self.stderr_path), self.stderr()[-8000:]

    # ---- looking at it ----

    @property
    def origin(self) -> str:
        scheme = "https" if "tls_certificate" in self.settings else "http"
        return f"{scheme}://{self.address[0]}:{self.address[1]}"

    @property
    def api(self) -> str:
        return self.origin + "/api/v1"

    def connect(self, **how) -> RawConnection:
        return RawConnection(self.address, **how)

    def stderr(self) -> str:
        return self.stderr_path.read_text(errors="replace")

    def log(self) -> list[dict]:
        """What was logged since the last start."""
        return self._log.lines(self.log_path, self._log_from)

    def logged(self, word: str, **fields) -> list[dict]:
        """Log lines whose event has that word and whose fields are these."""
        return [
            line
            for line in self.log()
            if word in line.get("event", "") and fields.items() <= line.items()
        ]

    def logs(self, word: str, count: int = 1, **fields) -> list[dict]:
        """The same, once there are so many: the log has a thread of its own, which may be late."""
        return wait_until(
            lambda: len(found := self.logged(word, **fields)) >= count and found,
            what=f"{count} log lines with {word!r} {fields or ''}",
        )

    def log_is_caught_up(self) -> None:
        """What has happened so far is in the log: its lines come in order, this one is the last."""
        reply = self.http.get("/api/caught-up")
        self.logs("exchange", request_id=reply.headers["x-request-id"])

    def never_logged(self, word: str, **fields) -> bool:
        """There is no such line, nor is one on its way."""
        self.log_is_caught_up()
        return not self.logged(word, **fields)

    @contextlib.contextmanager
    def logging(self, word: str, **fields):
        """What is done in it brings forth a line that was not there before; the end waits for it.
        On a gateway that others have used, logs() may be content with a line of theirs."""
        self.log_is_caught_up()
        before = len(self.logged(word, **fields))
        yield
        self.logs(word, before + 1, **fields)

    def rss_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def cpu_s(self) -> float:
        """Processor time that it has taken: unlike the clock, not the neighbours'."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_alive(self) -> bool:
        return self.process.poll() is None and self.http.get("/healthz").status_code == 200

    # ---- the operator's commands ----

    def command(self, *args: str, **how) -> subprocess.CompletedProcess:
        """llm-gateway --config FILE ARGS..."""
        return subprocess.run(
            [BINARY, "--config", self.config, *args],
            capture_output=True,
            text=True,
            timeout=240,
            env=self.env,
            cwd=self.folder,
            **how,
        )

    def start_command(self, *args: str) -> subprocess.Popen:
        """The same, to be waited for or killed by the test."""
        return subprocess.Popen(
            [BINARY, "--config", self.config, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.env,
            cwd=self.folder,
        )

    def value_of(self, *args: str) -> str:
        """The last line that a command prints, which must succeed."""
        result = self.command(*args)
        assert result.returncode == 0, f"{args}: {result.stdout}\n{result.stderr}"
        return result.stdout.strip().split("\n")[-1]

    def verify_ledger(self) -> None:
        result = self.command("ledger", "verify")
        assert result.returncode == 0, f"ledger verify: {result.stdout}\n{result.stderr}"

    def reload(self, refused: bool = False) -> dict:
        """SIGHUP, and the policies are in force; `refused`: the old ones stay. Returns the line of
        the log that says so."""
        begun = len(self.log())
        self.signal(signal.SIGHUP)

        def lines() -> list[dict]:
            return [line for line in self.log()[begun:] if "reload" in line.get("event", "")]

        wait_until(lambda: any("policies" in line["event"] for line in lines()), 15, "a reload")
        said = lines()
        assert any(line["level"] == "error" for line in said) == refused, said
        return said[-1]

    # ---- customers ----

    def customer(self, credit: str | None = "10", **key) -> Customer:
        """A new user with a key, and credits unless `credit` is None."""
        customer = Customer(self)
        customer.sign_up()
        if credit is not None:
            customer.charge(credit)
        customer.create_key(**key)
        self.customers.append(customer)
        return customer

    def check_holds(self) -> None:
        """No hold is left open. Whether the ledger adds up is seen when the gateway stops, and for
        the shared one behind each file: what does not add up stays so."""
        if not self.customers or self.process is None:
            return
        for customer in self.customers:
            customer.wait_for_no_hold()
        self.customers.clear()
