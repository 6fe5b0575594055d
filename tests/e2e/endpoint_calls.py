"""A call at every endpoint: what is sent, and an answer that tells a given use of each unit. The
prices are odd, so that no rounding hides."""

import base64
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import answers
import anthropic_answers
import gemini_answers
import responses_answers
import speech_answers as speech
from answers import Usage
from completion_answers import text
from forms import form
from test_transcriptions import sound

boundaries = itertools.count(1)
Used = dict[str, int]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(200)
PNG = base64.b64encode(PICTURE).decode()
TALK = {"context": 32000, "max_output": 4000}
QUIET = {"context": 8192, "max_output": None}
TEXT_PRICES = {"input": "0.137", "cached_input": "0.0171", "output": "1.913"}


@dataclass(frozen=True)
class Call:
    endpoints: str  # of the model, as models.lua has it
    path: str
    sold: dict  # members of the model's entry
    body: dict | list  # a list: the parts of a form
    used: Used
    answer: Callable[[Used], Callable]
    streamed: bool = False
    provider: str = "openai"
    headers: dict = field(default_factory=dict)

    def send(self, customer, model: str, before: str = "", headers: dict | None = None):
        """`before` stands before the path. A form has another boundary each time, as SDKs do it."""
        path = before + self.path.replace("{model}", model)
        headers = self.headers | (headers or {})
        if isinstance(self.body, dict):
            named = {} if "{model}" in self.path else {"model": model}
            return customer.post(named | self.body, path, headers=headers)
        boundary = f"xyz{next(boundaries)}"
        headers |= {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        parts = form(("model", model), *self.body, boundary=boundary)
        return customer.post(parts, path, headers=headers)


def reply(body: dict):
    return answers.reply(200, json.dumps(body).encode())


def events(*parts: bytes):
    head = answers.head(200, {"Content-Type": "text/event-stream", "Connection": "close"})
    return answers.raw(head, *parts)


def event(kind: str, **members) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


def of(used: Used, *units: str) -> int:
    return sum(used.get(unit, 0) for unit in units)


# ---- conversations ----


def usage_of(used: Used) -> Usage:
    cached = of(used, "cached_input")
    return Usage(of(used, "input") + cached, of(used, "output"), cached=cached)


def chat(used: Used):
    return answers.chat(usage=usage_of(used))


def message(used: Used):
    return anthropic_answers.message(
        input_tokens=of(used, "input"), output_tokens=of(used, "output"),
        usage={"cache_read_input_tokens": of(used, "cached_input")},
    )  # fmt: skip


def response(used: Used):
    told = usage_of(used)
    return responses_answers.response(
        input_tokens=told.prompt, output_tokens=told.completion, cached_tokens=told.cached
    )


def content(used: Used):
    told = usage_of(used)
    return gemini_answers.content(
        input_tokens=told.prompt, output_tokens=told.completion,
        usage={"cachedContentTokenCount": told.cached},
    )  # fmt: skip


# ---- texts and lists ----


def completion(used: Used):
    return text(usage=usage_of(used))


def embeddings(used: Used):
    usage = {"prompt_tokens": of(used, "input"), "total_tokens": of(used, "input")}
    entry = {"object": "embedding", "embedding": [0.5, -1.25]}

    def answer_of(count: int):
        data = [entry | {"index": index} for index in range(count)]
        return reply({"object": "list", "data": data, "model": "m", "usage": usage})

    return answers.for_each_input(answer_of)


def google_embeddings(used: Used):
    usage = {"promptTokenCount": of(used, "input"), "totalTokenCount": of(used, "input")}
    vector = {"values": [0.5, -1.25]}
    return reply({"embedding": vector, "embeddings": [vector], "usageMetadata": usage})


def verdicts(used: Used):
    return reply({"id": "modr-1", "model": "m", "results": [{"flagged": False}]})


RANKED = {"id": "r", "results": [{"index": 0, "relevance_score": 0.9}]}


def ranked(used: Used):
    return reply(RANKED | {"usage": {"total_tokens": of(used, "input")}})


def ranked_by_searches(used: Used):
    return reply(RANKED | {"meta": {"billed_units": {"search_units": of(used, "web_search")}}})


def decided(used: Used):
    told = usage_of(used)
    usage = {"input_tokens": told.prompt, "output_tokens": told.completion,
             "input_tokens_details": {"cached_tokens": told.cached, "cache_write_tokens": 0},
             "total_tokens": told.prompt + told.completion}  # fmt: skip
    given = [{"type": "predicate", "name": None, "probability": 0.98}]
    return reply({"answers": given, "model": "m", "usage": usage})


# ---- sound and pictures ----


def spoken(used: Used):
    return speech.whole(speech.mp3(1))


def spoken_for_seconds(used: Used):
    return speech.whole(speech.wav(of(used, "second")), "audio/wav")


def spoken_events(used: Used):
    done = speech.done(of(used, "input"), of(used, "audio_output"))
    return speech.events(*speech.deltas(speech.mp3(1)), done)


def picture_usage(used: Used) -> dict:
    text_in, image_in = of(used, "input"), of(used, "image_input")
    text_out, image_out = of(used, "output"), of(used, "image_output")
    return {
        "input_tokens": text_in + image_in,
        "input_tokens_details": {"text_tokens": text_in, "image_tokens": image_in},
        "output_tokens": text_out + image_out,
        "output_tokens_details": {"text_tokens": text_out, "image_tokens": image_out},
        "total_tokens": text_in + image_in + text_out + image_out,
    }


def drawn(used: Used):
    count = used.get("image", 1)
    told = {} if "image" in used else {"usage": picture_usage(used)}
    return reply({"created": 1764500000, "data": [{"b64_json": PNG}] * count, **told})


def drawn_events(kind: str):
    def answer(used: Used):
        partial = event(f"{kind}.partial_image", b64_json=PNG, partial_image_index=0)
        return events(partial, event(f"{kind}.completed", b64_json=PNG, usage=picture_usage(used)))

    return answer


def sound_usage(used: Used) -> dict:
    text_in, audio_in = of(used, "input"), of(used, "audio_input")
    return {"type": "tokens", "input_tokens": text_in + audio_in,
            "output_tokens": of(used, "output"),
            "total_tokens": text_in + audio_in + of(used, "output"),
            "input_token_details": {"text_tokens": text_in, "audio_tokens": audio_in}}  # fmt: skip


def written(used: Used):
    seconds = {"type": "duration", "seconds": of(used, "second")}
    return reply({"text": "Hello", "usage": seconds if "second" in used else sound_usage(used)})


def written_events(used: Used):
    usage = sound_usage(used)
    return events(event("transcript.text.delta", delta="Hello"),
                  event("transcript.text.done", text="Hello", usage=usage),
                  b"data: [DONE]\n\n")  # fmt: skip


# ---- one of each ----

SAID = {"input": 1001, "cached_input": 513, "output": 77}
QUESTION = {"messages": [{"role": "user", "content": "word " * 2000}], "max_tokens": 300}
GOOGLE = {"contents": [{"role": "user", "parts": [{"text": "word " * 2000}]}],
          "generationConfig": {"maxOutputTokens": 300}}  # fmt: skip
STREAM = {"stream": True}
SPEECH = {"voice": "alloy", "input": "Hello there: 안녕하세요 👋🏽\n"}
SOUND = ("file", sound(12.3), "a.wav")
IMAGE = ("image", PICTURE, "a.png")
PROMPT = ("prompt", "a white siamese cat " * 10)
DRAWN = {"input": "5.13", "image_input": "8.07", "image_output": "30.11", "output": "10.3",
         "context": 32000, "max_output": 6240, "capabilities": ["vision"],
         "image_tokens_max": 6000}  # fmt: skip
SIZES = [{"size": "1024x1024", "image": "0.0413"}, {"size": "1536x1024", "image": "0.0817"}]
HEARD = {"input": "2.51", "audio_input": "6.03", "output": "10.07", "context": 16000,
         "max_output": 2000}  # fmt: skip
DECIDED = {"input": "0.10", "cached_input": "0.013", "output": "0.77", "context": 8000,
           "max_output": 1000}  # fmt: skip
QUESTIONS = [{"type": "predicate", "instructions": "It is about animals."}]
BY_TOKENS = {"input": 19, "image_output": 1057}
EDITED = {"input": 21, "image_input": 323, "image_output": 1057}
PER_SECOND = {"input": "0", "output": "0", "second": "0.000113", "second_max": 7200,
              "context": 16000, "max_output": 2000}  # fmt: skip
CONVERSATION = {"sold": TEXT_PRICES | TALK, "used": SAID}
CALLS = {
    "chat": Call("chat", "/chat/completions", body=QUESTION, answer=chat, **CONVERSATION),
    "chat, streamed": Call("chat", "/chat/completions", body=QUESTION | STREAM, answer=chat,
                           streamed=True, **CONVERSATION),
    "messages": Call("chat", "/messages", body=QUESTION, answer=message, provider="claude",
                     **CONVERSATION),
    "messages, streamed": Call("chat", "/messages", body=QUESTION | STREAM, answer=message,
                               streamed=True, provider="claude", **CONVERSATION),
    "responses": Call("chat", "/responses", answer=response, provider="responses",
                      body={"input": "word " * 2000, "max_output_tokens": 300}, **CONVERSATION),
    "responses, streamed": Call(
        "chat", "/responses", answer=response, streamed=True, provider="responses",
        body={"input": "word " * 2000, "max_output_tokens": 300} | STREAM, **CONVERSATION),
    "generateContent": Call("chat", "/models/{model}:generateContent", body=GOOGLE,
                            answer=content, provider="google", **CONVERSATION),
    "streamGenerateContent": Call(
        "chat", "/models/{model}:streamGenerateContent?alt=sse", body=GOOGLE, answer=content,
        streamed=True, provider="google", **CONVERSATION),
    "completions": Call("completions", "/completions", answer=completion, provider="texts",
                        body={"prompt": "word " * 2000, "max_tokens": 300}, **CONVERSATION),
    "completions, streamed": Call(
        "completions", "/completions", answer=completion, provider="texts", streamed=True,
        body={"prompt": "word " * 2000, "max_tokens": 300} | STREAM, **CONVERSATION),
    "embeddings": Call("embeddings", "/embeddings", {"input": "0.0213"} | QUIET,
                       {"input": ["word " * 300, "one"]}, {"input": 317}, embeddings),
    "embedContent": Call("gemini-embeddings", "/models/{model}:embedContent",
                         {"input": "0.0213"} | QUIET, {"content": {"parts": [{"text": "w" * 900}]}},
                         {"input": 319}, google_embeddings, provider="google"),
    "batchEmbedContents": Call(
        "gemini-embeddings", "/models/{model}:batchEmbedContents", {"input": "0.0213"} | QUIET,
        {"requests": [{"content": {"parts": [{"text": "w" * 900}]}}]}, {"input": 321},
        google_embeddings, provider="google"),
    "moderations": Call("moderations", "/moderations", {"request": "0.001037"} | QUIET,
                        {"input": ["a", "b"]}, {"request": 1}, verdicts),
    "rerank, by tokens": Call("rerank", "/rerank", {"input": "0.0213"} | QUIET,
                              {"query": "word " * 100, "documents": ["a b", "c " * 300]},
                              {"input": 401}, ranked, provider="ranker"),
    "rerank, by searches": Call(
        "rerank", "/rerank", {"web_search": "0.002013", "web_search_max": 10} | QUIET,
        {"query": "q", "documents": ["a", "b"], "top_n": 1}, {"web_search": 3},
        ranked_by_searches, provider="ranker"),
    "decisions": Call("decisions", "/decisions", DECIDED,
                      {"input": "The quick brown fox " * 400, "questions": QUESTIONS},
                      {"input": 1001, "cached_input": 513, "output": 31}, decided,
                      provider="decider"),
    "speech, by characters": Call(
        "speech", "/audio/speech", {"character": "0.00001513", "character_max": 4096} | QUIET,
        SPEECH, {"character": len(SPEECH["input"])}, spoken),
    "speech, by seconds": Call(
        "speech", "/audio/speech", {"second": "0.0005013", "second_max": 60} | QUIET,
        SPEECH | {"response_format": "wav"}, {"second": 3}, spoken_for_seconds),
    "speech, streamed": Call(
        "speech", "/audio/speech", {"input": "0.613", "output": "10.3", "audio_output": "12.17",
                                    "context": 2000, "max_output": 2000},
        SPEECH | {"stream_format": "sse"}, {"input": 17, "audio_output": 101}, spoken_events,
        streamed=True),
    "images": Call("images", "/images/generations", DRAWN, {"prompt": PROMPT[1]}, BY_TOKENS, drawn),
    "images, streamed": Call("images", "/images/generations", DRAWN, {"prompt": PROMPT[1]} | STREAM,
                             BY_TOKENS, drawn_events("image_generation"), streamed=True),
    "images, by the picture": Call(
        "images", "/images/generations", {"image": "0.0413", "image_max": 4, "when": SIZES} | QUIET,
        {"prompt": PROMPT[1], "n": 3, "size": "1536x1024"}, {"image": 3}, drawn),
    "edits": Call("image_edits", "/images/edits", DRAWN, [PROMPT, IMAGE], EDITED, drawn),
    "edits, streamed": Call("image_edits", "/images/edits", DRAWN,
                            [PROMPT, IMAGE, ("stream", "true")], EDITED,
                            drawn_events("image_edit"), streamed=True),
    "variations": Call(
        "image_variations", "/images/variations",
        {"image": "0.0413", "image_max": 4, "when": SIZES, "capabilities": ["vision"],
         "image_tokens_max": 6000} | QUIET,
        [("n", "2"), ("size", "1536x1024"), IMAGE], {"image": 2}, drawn),
    "transcriptions": Call("transcriptions", "/audio/transcriptions", HEARD, [SOUND],
                           {"input": 14, "audio_input": 201, "output": 45}, written),
    "transcriptions, streamed": Call(
        "transcriptions", "/audio/transcriptions", HEARD, [SOUND, ("stream", "true")],
        {"input": 14, "audio_input": 201, "output": 45}, written_events, streamed=True),
    "transcriptions, by seconds": Call("transcriptions", "/audio/transcriptions", PER_SECOND,
                                       [SOUND], {"second": 13}, written),
    "translations": Call("translations", "/audio/translations", PER_SECOND, [SOUND],
                         {"second": 13}, written),
}  # fmt: skip


def model_of(name: str) -> str:
    return name.replace(" ", "-").replace(",", "")


def sell(policies, factor: int = 1) -> None:
    """Each call's model, at `factor` times its prices."""
    policies.provider("claude", dialect="anthropic")
    policies.provider("responses", dialect="openai-responses")
    policies.provider("google", dialect="gemini")
    policies.provider("ranker", dialect=["rerank"])
    policies.provider("texts", dialect=["completions"])
    policies.provider("decider", dialect=["openai-responses", "decisions"])
    for name, call in CALLS.items():
        policies.model(model_of(name), endpoints=[call.endpoints], providers=(call.provider,),
                       **dearer(call.sold, factor))  # fmt: skip


def dearer(sold: dict, factor: int) -> dict:
    """With all prices, which are the texts with a digit, so many times higher."""
    made = {}
    for name, value in sold.items():
        if name == "when":
            value = [dearer(each, factor) for each in value]
        elif isinstance(value, str) and value.replace(".", "").isdigit():
            value = format(Decimal(value) * factor, "f")
        made[name] = value
    return made
