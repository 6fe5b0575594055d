"""A provider of any dialect that plays the model of an agent: a turn is a call of a tool or the
last text, and follows from how many results of tools the history has."""

import json
from dataclasses import dataclass, replace

import answers
import anthropic_answers
import gemini_answers
import responses_answers
from answers import Usage

DIALECTS = ["openai", "openai-responses", "anthropic", "gemini"]
USAGE = Usage(12_000, 1_000)  # of each turn


@dataclass(frozen=True)
class Turn:
    """What is said: a text, and perhaps a call of a tool."""

    text: str = "I see."
    name: str | None = None
    input: dict | None = None
    id: str = "call_1"

    @property
    def tool(self) -> dict | None:
        return self.name and {"name": self.name, "input": self.input, "id": self.id}


def chat_results(asked: dict) -> list:
    return [message["content"] for message in asked["messages"] if message["role"] == "tool"]


def responses_results(asked: dict) -> list:
    items = asked["input"] if isinstance(asked["input"], list) else []
    return [item["output"] for item in items if item.get("type", "").endswith("call_output")]


def anthropic_results(asked: dict) -> list:
    contents = (message["content"] for message in asked["messages"])
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return [block["content"] for block in blocks if block["type"] == "tool_result"]


def gemini_results(asked: dict) -> list:
    parts = [part for content in asked["contents"] for part in content["parts"]]
    return [part["functionResponse"] for part in parts if "functionResponse" in part]


def say_chat(turn: Turn):
    if not turn.name:
        return answers.chat(pieces=(turn.text,), usage=USAGE)
    function = {"name": turn.name, "arguments": json.dumps(turn.input)}
    call = {"id": turn.id, "type": "function", "function": function}
    return answers.chat(tool_calls=(call,), usage=USAGE)


def said(turn: Turn) -> dict:
    return {"pieces": (turn.text,), "tool": turn.tool, "input_tokens": USAGE.prompt,
            "output_tokens": USAGE.completion}  # fmt: skip


SPEAK = {
    "openai": (chat_results, say_chat),
    "openai-responses": (
        responses_results,
        lambda turn: responses_answers.response(**said(turn)),
    ),
    "anthropic": (anthropic_results, lambda turn: anthropic_answers.message(**said(turn))),
    "gemini": (gemini_results, lambda turn: gemini_answers.content(**said(turn))),
}


def results_of(dialect: str, asked: dict) -> list:
    return SPEAK[dialect][0](asked)


def play(dialect: str, turns: list[Turn]):
    """An answer for `provider.answer`."""
    results, say = SPEAK[dialect]

    async def answer(connection, request) -> None:
        number = len(results(request.json))
        turn = replace(turns[min(number, len(turns) - 1)], id=f"call_{number + 1}")
        await say(turn)(connection, request)

    return answer


def play_on(dialect: str, turns: list[Turn], question: str, summary: Turn):
    """The same where the history is shortened: the turns follow each other, and between them
    what asks `question` gets the summary."""
    say = SPEAK[dialect][1]
    said = []

    async def answer(connection, request) -> None:
        if question in request.body.decode():
            await say(summary)(connection, request)
            return
        number = min(len(said), len(turns) - 1)
        said.append(number)
        await say(replace(turns[number], id=f"call_{number + 1}"))(connection, request)

    return answer
