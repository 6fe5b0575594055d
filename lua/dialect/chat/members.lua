-- The members of OpenAI's chat completions that we know, each with what becomes of it. "skip" is
-- left out, because nothing is lost that a client could miss; "refuse" is a 400 that names it.
-- docs/DIALECTS.md is made of these lists.
local members, list = require "dialect.member_lists" ()

list("request", "", {
    { "model", "any", "the provider's name of the model" },
    { "messages", "array", "messages" },
    { "stream", "boolean", "stream" },
    { "stream_options", "object", "stream" },
    { "max_completion_tokens", "integer", "limit" },
    { "max_tokens", "integer", "limit" },
    { "temperature", "number", "temperature" },
    { "top_p", "number", "top_p" },
    { "n", "integer", "n" },
    { "stop", "any", "stop" },
    { "seed", "number", "seed" },
    { "presence_penalty", "number", "presence_penalty" },
    { "frequency_penalty", "number", "frequency_penalty" },
    { "logit_bias", "object", "logit_bias" },
    { "logprobs", "boolean", "logprobs" },
    { "top_logprobs", "integer", "top_logprobs" },
    { "tools", "array", "tools" },
    { "tool_choice", "any", "choice" },
    { "parallel_tool_calls", "boolean", "parallel" },
    { "response_format", "object", "format" },
    { "reasoning_effort", "text", "effort" },
    { "verbosity", "text", "verbosity" },
    { "user", "string", "user" },
    { "safety_identifier", "string", "user" },
    { "metadata", "object", "metadata" },
    { "service_tier", "text", "service_tier" },
    { "prompt_cache_key", "string", "cache_key" },
    { "prompt_cache_options", "skip", "how a cache is kept, not what is answered" },
    { "prompt_cache_retention", "skip", "how a cache is kept, not what is answered" },
    { "prediction", "skip", "speeds up an answer, without a change to it" },
    { "store", "skip", "a log of the provider's account" },
    { "usage", "skip", "usage is always reported" },
    { "provider", "skip", "wishes of who answers: the gateway reads them" },
    { "models", "skip", "wishes of who answers: the gateway reads them" },
    { "route", "skip", "wishes of who answers: the gateway reads them" },
    { "audio", "refuse" },
    { "modalities", "any", "modalities" },
    { "moderation", "refuse" },
    { "web_search_options", "refuse" },
    { "functions", "refuse", "is a form of before 2024: use 'tools'." },
    { "function_call", "refuse", "is a form of before 2024: use 'tool_choice'." },
})
list("stream_options", "stream_options", {
    { "include_usage", "boolean", "stream" },
    { "include_obfuscation", "skip", "padding of events" },
})
list("message", "messages[]", {
    { "role", "text", "role" },
    { "content", "any", "parts" },
    { "name", "skip", "the name of a participant" },
    { "tool_calls", "array", "call" },
    { "tool_call_id", "string", "result" },
    { "refusal", "string", "refusal" },
    { "reasoning_content", "string", "reasoning" },
    { "reasoning", "string", "reasoning" },
    { "reasoning_details", "array", "reasoning" },
    { "annotations", "skip", "citations of an earlier answer" },
    { "audio", "refuse", "names a sound that a provider keeps; it cannot be carried over." },
    { "function_call", "refuse", "is a form of before 2024: use 'tool_calls'." },
})
list("detail", "messages[].reasoning_details[]", {
    { "type", "text", "reasoning" },
    { "text", "string", "reasoning" },
    { "summary", "string", "reasoning" },
    { "signature", "string", "reasoning" },
    { "data", "string", "reasoning" },
    { "id", "skip", "follows from the order" },
    { "format", "skip", "the signature says where it comes from" },
    { "index", "skip", "follows from the order" },
})
list("part", "messages[].content[]", {
    { "type", "text", "kind" },
    { "text", "string", "text" },
    { "image_url", "object", "image" },
    { "input_audio", "object", "audio" },
    { "file", "object", "file" },
    { "refusal", "string", "refusal" },
    { "prompt_cache_breakpoint", "object", "cache" },
    { "cache_control", "skip", "how a cache is kept, not what is answered" },
})
list("image_url", "messages[].content[].image_url", {
    { "url", "string", "image" },
    { "detail", "text", "detail" },
})
list("input_audio", "messages[].content[].input_audio", {
    { "data", "string", "audio" },
    { "format", "text", "audio" },
})
list("file", "messages[].content[].file", {
    { "file_data", "string", "file" },
    { "filename", "string", "file" },
    { "file_id", "refuse", "names a file that a provider keeps; send its data." },
})
list("call", "messages[].tool_calls[]", {
    { "id", "string", "call" },
    { "type", "text", "call" },
    { "function", "object", "call" },
    { "custom", "object", "call" },
    { "index", "skip", "follows from the order" },
    { "extra_content", "skip", "signatures are behind the id" },
})
list("called", "messages[].tool_calls[].function", {
    { "name", "text", "call" },
    { "arguments", "string", "call" },
})
list("called_custom", "messages[].tool_calls[].custom", {
    { "name", "text", "call" },
    { "input", "string", "call" },
})
list("tool", "tools[]", {
    { "type", "text", "tools" },
    { "function", "object", "tools" },
    { "custom", "object", "tools" },
    { "cache_control", "skip", "how a cache is kept, not what is answered" },
})
list("tool_function", "tools[].function", {
    { "name", "text", "tools" },
    { "description", "string", "tools" },
    { "parameters", "object", "tools" },
    { "strict", "boolean", "strict" },
})
list("tool_custom", "tools[].custom", {
    { "name", "text", "tools" },
    { "description", "string", "tools" },
    { "format", "object", "tools" },
})
list("tool_format", "tools[].custom.format", {
    { "type", "text", "tools" },
    { "grammar", "object", "tools" },
})
list("grammar", "tools[].custom.format.grammar", {
    { "syntax", "text", "tools" },
    { "definition", "string", "tools" },
})
list("choice", "tool_choice", {
    { "type", "text", "choice" },
    { "function", "object", "choice" },
    { "custom", "object", "choice" },
    { "allowed_tools", "object", "choice" },
})
list("named", "tool_choice.function", { { "name", "text", "choice" } })
list("allowed", "tool_choice.allowed_tools", {
    { "mode", "text", "choice" },
    { "tools", "array", "choice" },
})
list("response_format", "response_format", {
    { "type", "text", "format" },
    { "json_schema", "object", "format" },
})
list("json_schema", "response_format.json_schema", {
    { "name", "text", "format" },
    { "description", "string", "format" },
    { "schema", "object", "format" },
    { "strict", "boolean", "strict" },
})

-- ---- answers ----

list("chunk", "(answer)", {
    { "choices", "any", "the answer" },
    { "usage", "any", "usage" },
    { "service_tier", "any", "service_tier" },
}, true)
list("choice_given", "choices[]", {
    { "index", "any", "choice" },
    { "delta", "any", "the answer" },
    { "message", "any", "the answer" },
    { "finish_reason", "any", "finish" },
    { "logprobs", "any", "logprobs" },
}, true)
list("delta", "choices[].delta, choices[].message", {
    { "content", "any", "text" },
    { "reasoning_content", "any", "reasoning" },
    { "reasoning", "any", "reasoning" },
    { "reasoning_details", "any", "reasoning" },
    { "refusal", "any", "refusal" },
    { "tool_calls", "any", "call" },
    { "annotations", "any", "citation" },
}, true)
list("call_given", "choices[].delta.tool_calls[]", {
    { "index", "any", "call" },
    { "id", "any", "call" },
    { "function", "any", "call" },
    { "custom", "any", "call" },
}, true)
list("called_given", "choices[].delta.tool_calls[].function", {
    { "name", "any", "call" },
    { "arguments", "any", "call" },
    { "input", "any", "call" },
}, true)
list("piece", "choices[].delta.content[]", {
    { "type", "any", "kind" },
    { "text", "any", "text" },
    { "thinking", "any", "reasoning" },
}, true)
list("detail_given", "choices[].delta.reasoning_details[]", {
    { "text", "any", "reasoning" },
    { "summary", "any", "reasoning" },
    { "signature", "any", "reasoning" },
    { "data", "any", "reasoning" },
}, true)
list("annotation", "choices[].message.annotations[]", {
    { "url_citation", "any", "citation" },
}, true)
list("url_citation", "choices[].message.annotations[].url_citation", {
    { "url", "any", "citation" },
    { "title", "any", "citation" },
    { "start_index", "any", "citation" },
    { "end_index", "any", "citation" },
}, true)
list("logprobs", "choices[].logprobs", { { "content", "any", "logprobs" } }, true)
list("logprob", "choices[].logprobs.content[]", {
    { "token", "any", "logprobs" },
    { "logprob", "any", "logprobs" },
    { "top_logprobs", "any", "logprobs" },
}, true)
list("usage", "usage", {
    { "prompt_tokens", "any", "usage" },
    { "completion_tokens", "any", "usage" },
    { "prompt_tokens_details", "any", "usage" },
    { "completion_tokens_details", "any", "usage" },
    { "prompt_cache_hit_tokens", "any", "usage" },
}, true)
list("prompt_details", "usage.prompt_tokens_details", {
    { "cached_tokens", "any", "usage" },
    { "cache_write_tokens", "any", "usage" },
    { "audio_tokens", "any", "usage" },
    { "image_tokens", "any", "usage" },
    { "text_tokens", "any", "usage" },
}, true)
list("completion_details", "usage.completion_tokens_details", {
    { "reasoning_tokens", "any", "usage" },
    { "audio_tokens", "any", "usage" },
    { "accepted_prediction_tokens", "any", "usage" },
    { "rejected_prediction_tokens", "any", "usage" },
}, true)

-- Word of the canonical form -> the member that a refusal names.
members.words = {
    limit = "max_tokens", choice = "tool_choice", parallel = "parallel_tool_calls",
    format = "response_format", effort = "reasoning_effort", cache_key = "prompt_cache_key",
    audio = "messages", file = "messages", image = "messages", result = "tool_call_id",
}

return members
