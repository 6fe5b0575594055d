"""What the providers of lua/policy/known_providers.lua answer: an answer, a stream with its use, an
error that the client has caused, one that only the operator can mend, and a rate limit. The members
are those of the packages that known_providers.lua names. Errors are in the provider's own words
where a public issue on GitHub quotes them: its number stands beside them, or here: xAI's and
Cohere's mistakes (beeai-framework 447, cohere-toolkit 857). (Read on 2026-12-01.)"""

import json
from dataclasses import dataclass, field

from answers import DONE, Usage

TEXT = ("Hello", " there", "!")


def event(document: dict) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def usual(prompt: int, completion: int, **more) -> dict:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        **more,
    }


@dataclass(frozen=True)
class Error:
    status: int
    body: dict | list | str
    headers: dict = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return json.dumps(self.body).encode()


def error(status: int, message: str, kind: str | None, code=None, **headers) -> Error:
    """In OpenAI's form."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Error(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True)
class Chat:
    """A provider in OpenAI's form, and in what it differs."""

    base: str  # below the provider's own path: what the environment names
    path: str  # of chat completions
    usage: dict
    counted: Usage  # what `usage` says, read by hand
    mistake: Error
    account: Error
    busy: Error
    header: tuple[str, str] = ("authorization", "Bearer {key}")
    limit: str = "max_tokens"  # the member of the longest answer
    asks_usage: bool = True
    waits: str = "1"  # Retry-After that the client gets
    usage_as: str = "usage"  # | "x_groq" | "in the last choice"
    first: tuple[bytes, ...] = ()  # before the first chunk
    outer: dict = field(default_factory=dict)  # members of the answer beside it

    def body(self, model: str) -> bytes:
        message = {"role": "assistant", "content": "".join(TEXT)}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": model}
        return json.dumps(answer | {"choices": choices, "usage": self.usage} | self.outer).encode()

    def events(self, model: str) -> list[bytes]:
        base = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": model}
        deltas = [({"role": "assistant", "content": text}, None) for text in TEXT] + [({}, "stop")]
        chunks = [
            base | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
            for delta, reason in deltas
        ]
        if self.usage_as == "x_groq":
            chunks[-1] |= {"x_groq": {"id": "req_1", "usage": self.usage}}
        elif self.usage_as == "in the last choice":
            chunks[-1] |= {"usage": self.usage}
        else:
            chunks.append(base | {"choices": [], "usage": self.usage})
        chunks[-1] |= self.outer
        return [*self.first, *map(event, chunks), DONE]


GROQ_TIMES = {"queue_time": 0.01, "prompt_time": 0.002, "completion_time": 0.03, "total_time": 0.04}
FILTERED = {"hate": {"filtered": False, "severity": "safe"}}
AZURE = Chat(
    base="/azure",
    path="/azure/openai/v1/chat/completions",
    header=("api-key", "{key}"),
    limit="max_completion_tokens",
    usage=usual(
        20,
        9,
        prompt_tokens_details={"cached_tokens": 8, "audio_tokens": 0},
        completion_tokens_details={"reasoning_tokens": 4},
    ),
    counted=Usage(20, 9, cached=8, reasoning=4),
    first=(
        event(
            {
                "id": "",
                "object": "",
                "created": 0,
                "model": "",
                "choices": [],
                "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTERED}],
            }
        ),
    ),
    mistake=error(400, "Invalid 'temperature'", "invalid_request_error", "decimal_above_max_value"),
    account=Error(404, {"error": {"code": "DeploymentNotFound", "message": "No such deployment."}}),
    busy=Error(
        429,
        {"error": {"code": "429", "message": "Calls exceed the rate limit of this deployment."}},
        {"Retry-After": "7", "retry-after-ms": "6500"},
    ),
    waits="7",
)


def google(status: int, message: str, name: str, details: dict) -> Error:
    kind = f"type.googleapis.com/google.rpc.{details.pop('kind')}"
    error = {
        "code": status,
        "message": message,
        "status": name,
        "details": [
            {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
            {"@type": kind, **details},
        ],
    }
    return Error(status, {"error": error})


# What public issues quote beside: faults of the operator's account; some statuses do not say so.
ACCOUNTS = {
    "xai credits": (  # continue 10373
        "xai",
        Error(
            429,
            {
                "code": "Some resource has been exhausted",
                "error": "Your team 16f2151a-40f4-4a80-8ad0-cae00c27e8dd has either used all "
                "available credits or reached its monthly spending limit. To continue making API "
                "requests, please purchase more credits or raise your spending limit.",
            },
        ),
    ),
    "xai new team": (  # griptape-nodes-engine 1079
        "xai",
        Error(
            403,
            {
                "code": "The caller does not have permission to execute the specified operation",
                "error": "Your newly created teams doesn't have any credits yet. You can purchase "
                "credits on https://console.x.ai/team/c853730f-fe0f-4537-b8a2-0e6e33c8342d.",
            },
        ),
    ),
    "deepseek as a 400": (  # aider 4851
        "deepseek",
        error(400, "Insufficient Balance", "unknown_error", "invalid_request_error"),
    ),
    "openrouter": (  # forall 76
        "openrouter",
        Error(
            402,
            {
                "error": {
                    "message": "This request requires more credits, or fewer max_tokens. You "
                    "requested up to 64000 tokens, but can only afford 2666. To increase, visit "
                    "https://openrouter.ai/settings/credits and upgrade to a paid account",
                    "code": 402,
                    "metadata": {"provider_name": None},
                },
                "user_id": "user_35tI40u3gKTMEMGS061Ov1xsUTj",
            },
        ),
    ),
    "anthropic": (  # claude-code 38038
        "anthropic",
        Error(
            400,
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "message": "You have reached your specified API usage limits. You will regain "
                    "access on 2026-04-01 at 00:00 UTC.",
                },
                "request_id": "req_011CZLpG2S5guakZwUyeesia",
            },
        ),
    ),
    "vertex": (  # rpurinton/gemini-php 4
        "vertex-express",
        Error(
            403,
            {
                "error": {
                    "code": 403,
                    "message": "Permission 'aiplatform.endpoints.predict' denied on resource "
                    "'//aiplatform.googleapis.com/projects/theirs/locations/us-east4/publishers/"
                    "google/models/gemini-pro' (or it may not exist).",
                    "status": "PERMISSION_DENIED",
                }
            },
        ),
    ),
}
# Limits on the operator, which are no fault of anybody's.
BUSY = {
    "anthropic": (  # claude-code 71634
        "anthropic",
        Error(
            429,
            {
                "type": "error",
                "error": {
                    "type": "rate_limit_error",
                    "message": "This request would exceed your account's rate limit. Please try "
                    "again later.",
                },
                "request_id": "req_011CcR9r7znh7DZb3RdjMUHy",
            },
        ),
    ),
    "vertex": (  # google-gemini/gemini-cli 14811: a stream's error is a list
        "vertex-express",
        Error(
            429,
            [
                {
                    "error": {
                        "code": 429,
                        "message": "Resource exhausted. Please try again later. Please refer to "
                        "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for "
                        "more details.",
                        "status": "RESOURCE_EXHAUSTED",
                    }
                }
            ],
        ),
    ),
    "mistral": ("mistral", Error(429, {"message": "Requests rate limit exceeded"})),  # anon-kode 53
}

# What no wait can help: the request alone is above the limit. Groq's (ha-groq-cloud-api 27) and
# OpenAI's words (aider 1880).
LARGE = "Request too large for model m in organization org_01hrsvc1b8 on tokens per minute (TPM): "
TOO_LARGE = {
    "groq": error(413, LARGE + "Limit 6000, Requested 12328, please reduce your message size.",
                  "tokens", "rate_limit_exceeded"),
    "azure": error(429, LARGE + "Limit 30000, Requested 58000. The input or output tokens must be "
                   "reduced.", "tokens", "rate_limit_exceeded"),
}  # fmt: skip

GOOGLE_BUSY = google(
    429,
    "Resource has been exhausted.",
    "RESOURCE_EXHAUSTED",
    {"kind": "RetryInfo", "retryDelay": "27.4s"},
)
GOOGLE_KEY = google(
    400,
    "API key not valid. Please pass a valid API key.",
    "INVALID_ARGUMENT",
    {"kind": "ErrorInfo", "reason": "API_KEY_INVALID"},
)
GOOGLE_MISTAKE = google(
    400,
    "Unable to submit request: temperature is too high.",
    "INVALID_ARGUMENT",
    {"kind": "BadRequest", "fieldViolations": []},
)

CHATS = {
    "azure": AZURE,
    "azure-deployments": Chat(
        **vars(AZURE)
        | {
            "base": "/azure-old",
            "path": "/azure-old/openai/deployments/theirs/chat/completions?api-version=2024-10-21",
        }
    ),
    "bedrock": Chat(
        base="/bedrock/openai/v1",
        path="/bedrock/openai/v1/chat/completions",
        limit="max_completion_tokens",
        usage=usual(11, 6),
        counted=Usage(11, 6),
        mistake=error(400, "temperature is too high", "invalid_request_error"),
        account=Error(403, {"Message": "The security token in the request is invalid."}),
        # aws-samples/amazon-bedrock-client-for-mac 99
        busy=Error(429, {"message": "Too many tokens, please wait before trying again."}),
    ),
    "xai": Chat(
        base="/xai/v1",
        path="/xai/v1/chat/completions",
        limit="max_completion_tokens",
        # What was reasoned stands beside the completion; a tick is 10^-10 USD.
        usage={
            "prompt_tokens": 12,
            "completion_tokens": 3,
            "total_tokens": 55,
            "prompt_tokens_details": {
                "text_tokens": 12,
                "audio_tokens": 0,
                "image_tokens": 0,
                "cached_tokens": 2,
            },
            "completion_tokens_details": {"reasoning_tokens": 40, "audio_tokens": 0},
            "num_sources_used": 0,
            "cost_in_usd_ticks": 980000,
        },
        counted=Usage(12, 43, cached=2),
        mistake=Error(
            400, {"code": "Client specified an invalid argument", "error": "Invalid temperature."}
        ),
        account=Error(
            400,
            {
                "code": "Client specified an invalid argument",
                # continue 10778
                "error": "Incorrect API key provided: na***ys. You can obtain an API key from "
                "https://console.x.ai.",
            },
        ),
        busy=Error(429, {"code": "Some resource has been exhausted", "error": "Too many calls."}),
    ),
    "deepseek": Chat(
        base="/deepseek",
        path="/deepseek/chat/completions",
        usage=usual(64, 5, prompt_cache_hit_tokens=50, prompt_cache_miss_tokens=14),
        counted=Usage(64, 5, cached=50),
        first=(b": keep-alive\n\n",),
        mistake=error(400, "Invalid temperature", "invalid_request_error", "invalid_request_error"),
        # MaxKB 3797
        account=error(402, "Insufficient Balance", "unknown_error", "invalid_request_error"),
        busy=error(429, "Rate limit reached", "rate_limit_error"),
    ),
    "mistral": Chat(
        base="/mistral/v1",
        path="/mistral/v1/chat/completions",
        usage=usual(9, 4, prompt_audio_seconds=None),
        counted=Usage(9, 4),
        asks_usage=False,
        usage_as="in the last choice",
        mistake=Error(
            422, {"detail": [{"loc": ["body", "temperature"], "msg": "too large", "type": "lte"}]}
        ),
        account=Error(401, {"detail": "Unauthorized"}),  # OmniRoute 7638
        busy=Error(  # raycast/extensions 31107
            429,
            {
                "object": "error",
                "message": "Rate limit exceeded",
                "type": "rate_limited",
                "param": None,
                "code": "1300",
                "raw_status_code": 429,
            },
        ),
    ),
    "groq": Chat(
        base="/groq/openai/v1",
        path="/groq/openai/v1/chat/completions",
        limit="max_completion_tokens",
        usage=usual(30, 7, **GROQ_TIMES, prompt_tokens_details={"cached_tokens": 20}),
        counted=Usage(30, 7, cached=20),
        usage_as="x_groq",
        mistake=error(400, "temperature must be at most 2", "invalid_request_error"),
        account=error(401, "Invalid API Key", "invalid_request_error", "invalid_api_key"),
        busy=Error(  # eliza 4040, openinterpreter 408
            429,
            {
                "error": {
                    "message": "Rate limit reached for model `llama-3.1-8b-instant` in "
                    "organization `org_01j5b4pz9jff492fq686vypsx6` service tier `on_demand` on "
                    "tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try "
                    "again in 4.77s. Need more tokens? Upgrade to Dev Tier today at "
                    "https://console.groq.com/settings/billing",
                    "type": "tokens",
                    "code": "rate_limit_exceeded",
                }
            },
            {"retry-after": "5"},
        ),
        waits="5",
    ),
    "together": Chat(
        base="/together/v1",
        path="/together/v1/chat/completions",
        usage=usual(15, 8),
        counted=Usage(15, 8),
        usage_as="in the last choice",
        mistake=error(422, "temperature is too high", "invalid_request_error"),
        account=error(401, "Invalid API key provided", "invalid_request_error", "invalid_api_key"),
        busy=error(  # togethercomputer/MoA 27
            429,
            "You have been rate limited. Your rate limit is 60 queries per minute. Please navigate "
            "to https://api.together.xyz/settings/billing to upgrade to a paid plan.",
            "credit_limit",
        ),
    ),
    "fireworks": Chat(
        base="/fireworks/v1",
        path="/fireworks/v1/chat/completions",
        usage=usual(18, 5, prompt_tokens_details={"cached_tokens": 16}),
        counted=Usage(18, 5, cached=16),
        usage_as="in the last choice",
        mistake=Error(
            400,
            {
                "error": {
                    "object": "error",
                    "type": "invalid_request_error",
                    "message": "temperature is too high",
                }
            },
        ),
        account=Error(  # pollinations 12136
            412,
            {
                "error": {
                    "message": "Account theirs is suspended, possibly due to reaching the monthly "
                    "spending limit or failure to pay past invoices. Please go to "
                    "https://fireworks.ai/account/billing for more information.",
                    "param": None,
                    "code": "PRECONDITION_FAILED",
                    "type": "error",
                },
                "request_id": "11650e2f-ff1b-4aac-9719-98006adf7349",
            },
        ),
        busy=Error(429, {"error": {"object": "error", "type": "error", "message": "Slow down"}}),
    ),
    "openrouter": Chat(
        base="/openrouter/api/v1",
        path="/openrouter/api/v1/chat/completions",
        usage=usual(
            40,
            6,
            prompt_tokens_details={"cached_tokens": 0, "cache_write_tokens": 0},
            completion_tokens_details={"reasoning_tokens": 2},
            cost=0.000052,
            is_byok=False,
            cost_details={"upstream_inference_cost": None},
        ),
        counted=Usage(40, 6),
        first=(b": OPENROUTER PROCESSING\n\n",),
        mistake=Error(400, {"error": {"code": 400, "message": "temperature is too high"}}),
        account=Error(  # continue 12649
            402,
            {
                "error": {
                    "code": 402,
                    "message": "Insufficient credits. This account never purchased credits. Make "
                    "sure your key is on the correct account or org, and if so, purchase more at "
                    "https://openrouter.ai/settings/credits",
                }
            },
        ),
        busy=Error(  # openclaude 936
            429,
            {
                "error": {
                    "message": "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock "
                    "1000 free model requests per day",
                    "code": 429,
                    "metadata": {
                        "headers": {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0"}
                    },
                }
            },
        ),
    ),
    "cohere": Chat(
        base="/cohere",
        path="/cohere/compatibility/v1/chat/completions",
        usage=usual(13, 5),
        counted=Usage(13, 5),
        mistake=Error(400, {"id": "1", "message": "invalid request: temperature is too high"}),
        account=Error(401, {"id": "1", "message": "invalid api token"}),
        busy=Error(429, {"id": "1", "message": "You are past the rate limit of your key."}),
    ),
    "ollama": Chat(
        base="/ollama/v1",
        path="/ollama/v1/chat/completions",
        header=("authorization", ""),
        usage=usual(26, 9),
        counted=Usage(26, 9),
        mistake=error(400, "invalid temperature", "invalid_request_error"),
        account=error(404, "model 'theirs' not found", "not_found_error"),
        busy=error(503, "server busy, please try again", "api_error"),
    ),
    "vllm": Chat(
        base="/vllm/v1",
        path="/vllm/v1/chat/completions",
        header=("authorization", ""),
        usage=usual(22, 9, prompt_tokens_details={"cached_tokens": 16}),
        counted=Usage(22, 9, cached=16),
        mistake=Error(
            400,
            {
                "object": "error",
                "message": "temperature must be non-negative",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            },
        ),
        account=Error(401, {"error": "Unauthorized"}),
        busy=Error(
            503,
            {
                "error": {
                    "message": "overloaded",
                    "type": "ServiceUnavailable",
                    "param": None,
                    "code": 503,
                }
            },
        ),
    ),
    "sglang": Chat(
        base="/sglang/v1",
        path="/sglang/v1/chat/completions",
        header=("authorization", ""),
        usage=usual(22, 8, prompt_tokens_details=None, reasoning_tokens=0),
        counted=Usage(22, 8),
        mistake=Error(
            400,
            {
                "object": "error",
                "message": "temperature must be non-negative",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            },
        ),
        account=Error(401, {"error": "Unauthorized"}),
        busy=Error(
            503,
            {
                "object": "error",
                "message": "The request queue is full.",
                "type": "503",
                "param": None,
                "code": 503,
            },
        ),
    ),
    "llama.cpp": Chat(
        base="/llama/v1",
        path="/llama/v1/chat/completions",
        header=("authorization", ""),
        usage=usual(17, 8, prompt_tokens_details={"cached_tokens": 5}),
        counted=Usage(17, 8, cached=5),
        outer={"timings": {"cache_n": 5, "prompt_n": 12, "predicted_n": 8}},
        mistake=Error(
            400,
            {
                "error": {
                    "code": 400,
                    "message": "the request exceeds the available context size",
                    "type": "exceed_context_size_error",
                    "n_prompt_tokens": 9999,
                    "n_ctx": 4096,
                }
            },
        ),
        account=Error(
            401,
            {"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}},
        ),
        busy=Error(
            503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
        ),
    ),
    "lmstudio": Chat(
        base="/lmstudio/v1",
        path="/lmstudio/v1/chat/completions",
        header=("authorization", ""),
        usage=usual(21, 8),
        counted=Usage(21, 8),
        mistake=Error(400, {"error": "'temperature' must be a number"}),
        account=Error(404, {"error": 'Model "theirs" not found. Please load it first.'}),
        busy=Error(503, {"error": "busy"}),
    ),
}
