"""Real clients, unmodified, read healthy streams whole and failing ones as failures: each runs all
scenarios in one process. A client that only shows an error's message shows what was charged."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from gateway import ROOT
from scenarios import SCENARIOS, USAGE

HERE = Path(__file__).parent
BUILT = Path(os.environ.get("CLIENTS") or ROOT / "build/clients")
PYTHON = BUILT / "venv/bin/python"
CLIENTS = {
    "openai-python": [PYTHON, HERE / "openai_python.py"],
    "LangChain": [PYTHON, HERE / "langchain_python.py"],
    "openai-node": ["node", HERE / "openai_node.mjs"],
    "AI SDK": ["node", HERE / "ai_sdk.mjs"],
    "openai-go's streams 3.42": [BUILT / "openai-go-stream-3.42.0"],
    "openai-go's streams 3.99": [BUILT / "openai-go-stream-3.99.0"],
    "go-openai": [BUILT / "go-openai"],
    "openai-go 3.42": [BUILT / "openai-go-3.42.0"],
    "openai-go 3.99": [BUILT / "openai-go-3.99.0"],
}
COMPILED_LONG = ("openai-go 3.42", "openai-go 3.99")
every_client = pytest.mark.parametrize(
    "client",
    [
        pytest.param(client, marks=pytest.mark.long) if client in COMPILED_LONG else client
        for client in CLIENTS
    ],
)


def run(client: str, customer, names: list[str]) -> dict[str, dict]:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "CLIENTS_NODE": str(BUILT / "node"),
        "OPENAI_BASE_URL": customer.gateway.origin + "/v1",
        "OPENAI_API_KEY": customer.key,
    }
    result = subprocess.run(
        [*CLIENTS[client], *names], env=env, capture_output=True, text=True, timeout=240
    )
    assert result.returncode == 0, result.stderr[-4000:]
    said = {}
    for line in result.stdout.splitlines():
        if line.startswith("{"):
            said |= json.loads(line)
    return said


# It tells of an error, but reads its words together with the comments before them.
LOST = [("go-openai", "late error")]


def wrong(client: str, scenario, said: dict) -> str:
    """What is wrong with what the client said of the scenario; "": nothing."""
    if said["text"] != scenario.text:
        return f"the text is {said['text']!r}"
    if (said["error"] is None) != (scenario.error is None):
        return f"the error is {said['error']!r}"
    if (client, scenario.name) in LOST:
        return ""
    if scenario.error is not None:
        return "" if scenario.error in said["error"] else f"the error is {said['error']!r}"
    if "cost" in said:
        return "" if said["cost"] else "no cost"
    if scenario.name == "estimated":
        return "" if said["tokens"] else "no tokens"
    return "" if said["tokens"] == USAGE.completion else f"{said['tokens']} tokens"


@every_client
def test_streams(house, client):
    said = run(client, house.customer(), [scenario.model for scenario in SCENARIOS])
    found = {scenario.name: wrong(client, scenario, said[scenario.model]) for scenario in SCENARIOS}
    assert {name: text for name, text in found.items() if text} == {}


@every_client
def test_without_money(house, client):
    """The message, which is all that is shown, says where credits are."""
    said = run(client, house.customer(credit=None), ["usual"])["usual"]
    assert said["text"] == ""
    assert f"{house.origin}/dashboard/credits" in said["error"]
