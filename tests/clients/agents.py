"""Two agents that speak chat/completions, as a person runs them without a screen, and a provider
that plays the model: it asks for a file to be read and for another to be written, then answers."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import answers
from answers import Chat, Usage
from gateway import ROOT

BUILT = Path(os.environ.get("AGENTS") or ROOT / "build/agents")
TASK = "Copy the word in question.txt into answer.txt."
WORD = "harbour"
USAGE = Usage(12_000, 1_000, reasoning=960)  # of each turn
PATIENCE_S = 300  # opencode may ask five times, for a minute
NOWHERE = "http://127.0.0.1:9"  # for what an agent asks of other machines


@dataclass(frozen=True)
class Agent:
    """Its program, and how its tools and their arguments are named."""

    command: tuple[str, ...]
    read: tuple[str, str]
    write: tuple[str, str]


AGENTS = {
    "opencode": Agent(("opencode", "run", "--auto", "--title", "Task"),
                      ("read", "filePath"), ("write", "filePath")),
    "qwen-code": Agent(("qwen", "--yolo", "--auth-type", "openai", "--model", "agent"),
                       ("read_file", "file_path"), ("write_file", "file_path")),
}  # fmt: skip


def call(number: int, name: str, arguments: dict) -> Chat:
    function = {"name": name, "arguments": json.dumps(arguments)}
    tool = {"id": f"call_{number}", "type": "function", "function": function}
    return Chat(tool_calls=(tool,), usage=USAGE)


def model(agent: Agent, folder: Path, last: Chat):
    """Each turn follows from how many results of tools the history has."""

    def turn(request: dict) -> Chat:
        results = [item for item in request["messages"] if item["role"] == "tool"]
        if not results:
            return call(1, agent.read[0], {agent.read[1]: str(folder / "question.txt")})
        if len(results) == 1:
            assert WORD in json.dumps(results[0]["content"]), "the file was not read"
            path = {agent.write[1]: str(folder / "answer.txt")}
            return call(2, agent.write[0], {**path, "content": WORD})
        return last

    async def answer(connection, request) -> None:
        assert request.json["stream"], "agents stream"
        await answers.stream(turn(request.json).events(request.json))(connection, request)

    return answer


def settings_of_opencode(origin: str) -> str:
    options = {"baseURL": f"{origin}/v1", "apiKey": "{env:OPENAI_API_KEY}"}
    models = {"agent": {"name": "Agent", "limit": {"context": 128_000, "output": 32_000}}}
    house = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}
    return json.dumps(
        {"provider": {"house": house}, "model": "house/agent", "small_model": "house/agent"}
    )


def run(name: str, customer, folder: Path) -> str:
    """All that the agent shows of the task, which it does in `folder`."""
    folder.joinpath("question.txt").write_text(WORD + "\n")
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1,localhost",
        "OPENAI_API_KEY": customer.key,
        "OPENAI_BASE_URL": f"{customer.gateway.origin}/v1",
        "OPENCODE_CONFIG_CONTENT": settings_of_opencode(customer.gateway.origin),
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    }
    program, *options = AGENTS[name].command
    shown = folder.parent / "shown.log"
    with shown.open("w") as out:
        subprocess.run(
            [BUILT / "node_modules/.bin" / program, *options, TASK],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=PATIENCE_S,
        )
    return shown.read_text(errors="replace")
