"""What `cmake --install` puts where: pages, unit, completion; and the program runs from there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from gateway import BINARY, ROOT
from synopses import synopses

PACKAGING = ROOT / "packaging"
OPTION = re.compile(r"--[a-z][a-z-]+")
# What the documentation has operators type, in a block or between backticks.
TYPED = re.compile(
    r"(?:^(?:    |#   ).*?|`[^`\n]*?)(?<!build/)\bllm-gateway ([^`\n]*)", re.MULTILINE
)
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "gateway.conf", "docs/**/*.md")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("root")
    install = ["cmake", "--install", BINARY.parent]
    done = subprocess.run(install, env={"DESTDIR": str(root), "PATH": "/usr/bin:/bin"},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="module")
def tree(root) -> Path:
    return root / "usr/local"


def settings_of(text: str) -> set[str]:
    return set(re.findall(r"^#?([a-z_]+) =", text, re.MULTILINE))


def page(path: Path) -> str:
    """The page as a terminal shows it; man must have no complaint."""
    env = {"PATH": "/usr/bin:/bin", "MANWIDTH": "1000", "LC_ALL": "C.UTF-8"}
    command = ["man", "--warnings", "-l", path]
    shown = subprocess.run(command, capture_output=True, text=True, env=env)
    assert shown.returncode == 0
    assert not shown.stderr
    return shown.stdout


def test_where_things_are(tree):
    for path in (
        "sbin/llm-gateway",
        "etc/llm-gateway/gateway.conf",
        "etc/llm-gateway/policies/models.lua",
        "share/llm-gateway/webui/index.html",
        "share/llm-gateway/webui/docs/index.html",
        "share/llm-gateway/webui/docs/operators/incidents.html",
        "share/man/man8/llm-gateway.8.gz",
        "share/man/man5/gateway.conf.5.gz",
        "share/bash-completion/completions/llm-gateway",
        "lib/systemd/system/llm-gateway.socket",
        "lib/sysusers.d/llm-gateway.conf",
        "lib/tmpfiles.d/llm-gateway.conf",
    ):
        assert (tree / path).exists(), path
    environment = tree / "etc/llm-gateway/environment"
    assert environment.stat().st_mode & 0o077 == 0, "keys of providers"


def test_the_installed_settings(tree):
    """They are the shipped ones; nobody can take credit without paying."""
    shipped = (ROOT / "gateway.conf").read_text()
    installed = (tree / "etc/llm-gateway/gateway.conf").read_text()
    assert settings_of(installed) == settings_of(shipped)
    assert "\n#payments = off\n" in installed
    assert "\nuser = llm-gateway\n" in installed
    assert re.search(r"^database = /.*/llm-gateway/gateway.db$", installed, re.MULTILINE)


def test_it_is_good(tree, tmp_path):
    """From any folder, and with the policies beside its settings."""
    config = tree / "etc/llm-gateway/gateway.conf"
    sets = {"user": "", "database": tmp_path / "its.db", "secret_file": tmp_path / "secret"}
    words = [word for name, value in sets.items() for word in ("--set", f"{name}={value}")]
    command = [tree / "sbin/llm-gateway", "--config", config, *words, "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("man"), reason="no man here")
def test_the_pages(tree):
    settings = page(tree / "share/man/man5/gateway.conf.5.gz")
    for name in settings_of((ROOT / "gateway.conf").read_text()):
        assert re.search(rf"^ +{name} =", settings, re.MULTILINE), name
    assert "The SQLite database." in settings
    program = page(tree / "share/man/man8/llm-gateway.8.gz")
    for command in commands():
        assert command in program, command
    assert options() <= set(OPTION.findall(program))


def options() -> set[str]:
    usage = subprocess.run([BINARY, "--help"], capture_output=True, text=True).stdout
    return set(OPTION.findall(usage))


def commands() -> set[str]:
    """The commands of the program's own usage: "user create", "backup"."""
    usage = subprocess.run([BINARY, "--help"], capture_output=True, text=True).stdout
    lines = re.findall(r"^  ([a-z][a-z -]*?)(?= [A-Z\[-]|  |$)", usage, re.MULTILINE)
    found = {line.strip() for line in lines}
    assert {"serve", "user create", "user second-factor", "log-level", "backup"} <= found
    return found


def completed(*words: str) -> set[str]:
    script = f"""
        source {PACKAGING}/completion.bash
        COMP_WORDS=(llm-gateway "$@") COMP_CWORD=$#
        compopt() {{ :; }}
        _llm_gateway
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True)
    assert not done.stderr
    return set(done.stdout.split())


def test_completion_knows_every_command():
    for command in commands():
        first, *rest = command.split()
        assert first in completed("")
        if rest:
            assert rest[0] in completed(first, "")
    assert completed("use") == {"user"}
    assert completed("user", "role", "a@b.c", "s") == {"support"}


def test_completion_knows_every_option():
    assert options() <= completed("--")


def typed() -> list[tuple[str, str]]:
    """Page, and what stands behind `llm-gateway` there; not what other shells' words follow it."""
    pages = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    return [
        (str(path.relative_to(ROOT)), re.split(r" (?:#|&&|\||>) ?|  ", line)[0])
        for path in pages
        for line in TYPED.findall(path.read_text())
        if re.match(r"--config|[a-z][a-z-]* ?", line)
    ]


def test_the_documentation_types_commands_that_there_are():
    """With options that they take: a page that was not changed with its command shows here."""
    lines = typed()
    takes = synopses()
    assert len(lines) > 60
    for page, line in lines:
        words = [word for word in line.split() if not word.startswith("--config")]
        named = " ".join(words)
        known = [one for one in commands() if re.match(rf"{one}(?![\w-])", named)]
        groups = {one.split()[0] for one in commands() if " " in one}
        assert known or named in groups or line.startswith("--config "), (page, line)
        own = takes[max(known, key=len)] if known else options()
        assert set(OPTION.findall(line)) - {"--config", "--set"} <= own, (page, line)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_unit(tree):
    """systemd finds nothing to complain of, and little that an intruder could do."""
    unit = tree / "lib/systemd/system/llm-gateway.service"
    assert f"--config {Path('/usr/local/etc/llm-gateway/gateway.conf')}" in unit.read_text()
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit],
        capture_output=True, text=True)  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-500:]
    for line in judged.stderr.splitlines():
        assert "Unknown" not in line, line
        assert "ignoring" not in line, line


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_units(tree, tmp_path):
    """Where they are installed; their program lies in the folder of the test."""
    for unit in (tree / "lib/systemd/system").iterdir():
        text = unit.read_text().replace("/usr/local/sbin", str(tree / "sbin"))
        (tmp_path / unit.name).write_text(text)
    units = sorted(tmp_path.iterdir())
    assert [unit.name for unit in units] == ["llm-gateway.service", "llm-gateway.socket"]
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units]
    verified = subprocess.run(verify, capture_output=True, text=True)
    assert (verified.stdout, verified.stderr, verified.returncode) == ("", "", 0)
