"""What the provider knows: of each question whether it was asked, and how far the answer got.

Written before each byte of an answer is: what is not in the journal cannot have been heard."""

import json
from dataclasses import dataclass, field

import answers
from answers import SSE_TYPE, Usage, head, http_chunk
from fake_provider import Connection, Provider, Received
from questions import Question, name_in


@dataclass
class Entry:
    """One request for a question. A gateway that tries again makes another entry."""

    question: Question
    pieces: list[str] = field(default_factory=list)  # of the text, given out so far
    usage: Usage | None = None  # as reported


class Journal:
    """`provider.answer` of questions.py's questions; lives on when the gateway is killed."""

    def __init__(self, provider: Provider):
        self.questions: dict[str, Question] = {}  # planned
        self.entries: dict[str, list[Entry]] = {}
        self._provider = provider
        provider.answer = self.answer

    def plan(self, question: Question) -> None:
        self.questions[question.name] = question

    async def answer(self, connection: Connection, request: Received) -> None:
        self._provider.requests.clear()  # this is the journal, and they are many
        asked = request.json
        question = self.questions[name_in(asked)]
        entry = Entry(question)
        entries = self.entries.setdefault(question.name, [])
        entries.append(entry)
        if question.fate == "fails" or (question.fate == "first fails" and len(entries) == 1):
            await answers.error(500, "Out of order", None, "server_error")(connection, request)
        elif question.fate == "refuses":
            kind = "invalid_request_error"
            await answers.error(400, "Not this", "no", kind)(connection, request)
        elif asked.get("stream"):
            await self._stream(connection, entry, asked)
        else:
            await self._whole(connection, request, entry, asked["model"])

    async def _whole(
        self, connection: Connection, request: Received, entry: Entry, model: str
    ) -> None:
        question = entry.question
        await connection.pause(question.gap_s * 3)
        body = question.chat.body(model)
        if question.fate == "cut":
            await answers.reply(200, body[:100], {"Content-Length": str(len(body))}, close=True)(
                connection, request
            )
            return
        entry.pieces = [question.chat.text]
        entry.usage = question.chat.usage
        await answers.reply(200, body)(connection, request)

    async def _stream(self, connection: Connection, entry: Entry, asked: dict) -> None:
        question = entry.question
        events = question.chat.events(asked)
        await connection.send(head(200, SSE_TYPE))
        if question.fate == "cut":
            events = events[: len(events) // 2]
        for event in events:
            self._note(entry, event)
            await connection.send(http_chunk(event))
            await connection.pause(question.gap_s)
        await answers.finish(connection, "cut" if question.fate == "cut" else "clean")

    @staticmethod
    def _note(entry: Entry, event: bytes) -> None:
        if event == answers.DONE:
            return
        chunk = json.loads(event.removeprefix(b"data: "))
        entry.pieces += [choice["delta"].get("content") or "" for choice in chunk["choices"]]
        if chunk.get("usage"):
            entry.usage = entry.question.usage
