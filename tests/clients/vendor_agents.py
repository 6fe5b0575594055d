"""Claude Code, Codex and Gemini CLI as a person runs them without a screen, set up with a key and
an address as docs/AGENTS.md says. They are told to ask nothing else of the network."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agents import BUILT, NOWHERE, TASK, WORD
from played import Turn

PATIENCE_S = 120
DONE = "The word is copied."


@dataclass(frozen=True)
class VendorAgent:
    """Its program, the model's name, its variables and files of settings below HOME."""

    command: tuple[str, ...]
    model: str
    env: Callable[[str, str], dict[str, str]]  # of origin and key
    files: Callable[[str], dict[str, str]]  # of origin
    calls: Callable[[Path], tuple[tuple[str, dict], tuple[str, dict]]]  # reads, then writes

    def turns(self, folder: Path) -> list[Turn]:
        (read, question), (write, answer) = self.calls(folder)
        return [Turn("I read.", read, question), Turn("I write.", write, answer), Turn(DONE)]


def files_of_codex(origin: str) -> dict[str, str]:
    return {
        ".codex/config.toml": f"""\
model = "agent"
model_provider = "gateway"
check_for_update_on_startup = false

[model_providers.gateway]
name = "LLM Gateway"
base_url = "{origin}/v1"
env_key = "LLM_GATEWAY_KEY"
wire_api = "responses"

[analytics]
enabled = false
"""
    }


def files_of_built_in_codex(origin: str) -> dict[str, str]:
    """Its own provider at another address; a conversation is soon too long for it."""
    return {
        ".codex/config.toml": f"""\
model = "agent"
openai_base_url = "{origin}/v1"
model_auto_compact_token_limit = 5000
check_for_update_on_startup = false

[analytics]
enabled = false
"""
    }


def files_of_gemini(_: str) -> dict[str, str]:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
    }
    return {".gemini/settings.json": json.dumps(settings)}


VENDOR_AGENTS = {
    "claude-code": VendorAgent(
        ("claude", "-p", TASK, "--model", "claude-agent", "--allowedTools", "Read,Write",
         "--permission-mode", "acceptEdits"),
        "claude-agent",
        lambda origin, key: {
            "ANTHROPIC_BASE_URL": origin,
            "ANTHROPIC_AUTH_TOKEN": key,
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-agent",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
        lambda _: {},
        lambda folder: (
            ("Read", {"file_path": str(folder / "question.txt")}),
            ("Write", {"file_path": str(folder / "answer.txt"), "content": WORD}),
        ),
    ),
    "codex": VendorAgent(
        ("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox",
         TASK),
        "agent",
        lambda _, key: {"LLM_GATEWAY_KEY": key},
        files_of_codex,
        lambda _: (
            ("exec_command", {"cmd": "cat question.txt"}),
            ("exec_command", {"cmd": f"printf {WORD} > answer.txt"}),
        ),
    ),
    "gemini-cli": VendorAgent(
        ("gemini", "-p", TASK, "--yolo", "--skip-trust", "-m", "gemini-agent"),
        "gemini-agent",
        lambda origin, key: {"GOOGLE_GEMINI_BASE_URL": origin, "GEMINI_API_KEY": key},
        files_of_gemini,
        lambda folder: (
            ("read_file", {"file_path": str(folder / "question.txt")}),
            ("write_file", {"file_path": str(folder / "answer.txt"), "content": WORD}),
        ),
    ),
}  # fmt: skip


CODEX = VENDOR_AGENTS["codex"]
BUILT_IN_CODEX = replace(CODEX, env=lambda _, key: {"CODEX_API_KEY": key},
                         files=files_of_built_in_codex)  # fmt: skip


def run(agent: VendorAgent, customer, folder: Path, key: str | None = None) -> str:
    """All that the agent shows of the task, which it does in `folder`."""
    origin = customer.gateway.origin
    home = folder.parent / "home"
    for name, text in agent.files(origin).items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    home.mkdir(exist_ok=True)
    folder.joinpath("question.txt").write_text(WORD + "\n")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(folder.parent),
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1,localhost",
        **agent.env(origin, key or customer.key),
    }
    program, *options = agent.command
    shown = folder.parent / "shown.log"
    with shown.open("w") as out:
        subprocess.run(
            [BUILT / "node_modules/.bin" / program, *options],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=PATIENCE_S,
        )
    return shown.read_text(errors="replace")
