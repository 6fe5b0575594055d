-- The members of OpenAI's Responses that we know, each with what becomes of it: as in
-- lua/dialect/chat/members.lua. https://www.openresponses.org
local members, list = require "dialect.member_lists" ()

local KEPT = "names what a provider keeps; send the whole conversation."

list("request", "", {
    { "model", "any", "the provider's name of the model" },
    { "input", "any", "messages" },
    { "instructions", "string", "system" },
    { "stream", "boolean", "stream" },
    { "stream_options", "skip", "padding of events" },
    { "max_output_tokens", "integer", "limit" },
    { "temperature", "number", "temperature" },
    { "top_p", "number", "top_p" },
    { "presence_penalty", "number", "presence_penalty" },
    { "frequency_penalty", "number", "frequency_penalty" },
    { "top_logprobs", "integer", "top_logprobs" },
    { "include", "array", "logprobs" },
    { "tools", "array", "tools" },
    { "tool_choice", "any", "choice" },
    { "parallel_tool_calls", "boolean", "parallel" },
    { "text", "object", "format" },
    { "reasoning", "object", "effort" },
    { "user", "string", "user" },
    { "safety_identifier", "string", "user" },
    { "metadata", "object", "metadata" },
    { "service_tier", "text", "service_tier" },
    { "prompt_cache_key", "string", "cache_key" },
    { "background", "boolean", "background" },
    { "max_tool_calls", "skip", "counts tools of the server, of which there are none" },
    { "client_metadata", "skip", "a note of the client" },
    { "context_management", "skip", "what a provider may drop of a long conversation" },
    { "prompt_cache_options", "skip", "how a cache is kept, not what is answered" },
    { "prompt_cache_retention", "skip", "how a cache is kept, not what is answered" },
    { "store", "skip", "what is kept, and whether: the answer says so" },
    { "truncation", "skip", "a conversation that is too long is refused" },
    { "provider", "skip", "wishes of who answers: the gateway reads them" },
    { "models", "skip", "wishes of who answers: the gateway reads them" },
    { "previous_response_id", "refuse", KEPT },
    { "conversation", "refuse", KEPT },
    { "prompt", "refuse", KEPT },
    { "moderation", "refuse" },
    { "access_programs", "refuse" },
    { "background_options", "refuse" },
    { "image", "refuse" },
})
list("text", "text", {
    { "format", "object", "format" },
    { "verbosity", "text", "verbosity" },
})
list("format", "text.format", {
    { "type", "text", "format" },
    { "name", "text", "format" },
    { "description", "string", "format" },
    { "schema", "object", "format" },
    { "strict", "boolean", "strict" },
})
list("reasoning_config", "reasoning", {
    { "effort", "text", "effort" },
    { "summary", "text", "thoughts" },
    { "generate_summary", "text", "thoughts" },
    { "context", "skip", "which thoughts a provider keeps" },
    { "mode", "refuse" },
})
list("item", "input[]", {
    { "internal_chat_message_metadata_passthrough", "skip", "a note of the client" },
    { "type", "text", "kind" },
    { "role", "text", "role" },
    { "content", "any", "parts" },
    { "id", "skip", "an item's own name" },
    { "status", "skip", "all items are whole" },
    { "phase", "skip", "what a message is for" },
    { "call_id", "string", "call" },
    { "name", "text", "call" },
    { "namespace", "text", "call" },
    { "arguments", "string", "call" },
    { "input", "string", "call" },
    { "output", "any", "result" },
    { "summary", "array", "reasoning" },
    { "encrypted_content", "string", "reasoning" },
    { "caller", "skip", "who calls: the model itself" },
    { "async", "skip", "when the result comes" },
    { "action", "skip", "of a search on the web" },
    { "tools", "any", "kind" },
})
list("part", "input[].content[]", {
    { "type", "text", "kind" },
    { "text", "string", "text" },
    { "image_url", "string", "image" },
    { "detail", "text", "detail" },
    { "file_data", "string", "file" },
    { "file_url", "string", "file" },
    { "filename", "string", "file" },
    { "input_audio", "object", "audio" },
    { "refusal", "string", "refusal" },
    { "annotations", "skip", "citations of an earlier answer" },
    { "logprobs", "skip", "of an earlier answer" },
    { "prompt_cache_breakpoint", "object", "cache" },
    { "file_id", "refuse", "names a file that a provider keeps; send its data." },
})
list("audio", "input[].content[].input_audio", {
    { "data", "string", "audio" },
    { "format", "text", "audio" },
})
list("thought", "input[].summary[]", {
    { "type", "text", "reasoning" },
    { "text", "string", "reasoning" },
})
list("tool", "tools[]", {
    { "type", "text", "tools" },
    { "name", "text", "tools" },
    { "description", "string", "tools" },
    { "parameters", "object", "tools" },
    { "strict", "boolean", "strict" },
    { "format", "object", "tools" },
    { "tools", "array", "tools" },
    { "defer_loading", "skip", "the tool is known from the start" },
    { "allowed_callers", "skip", "who calls: the model itself" },
    { "output_schema", "skip", "what a tool answers" },
    { "async", "skip", "when the result comes" },
    { "external_web_access", "skip", "of a search on the web" },
    { "filters", "skip", "of a search on the web" },
    { "user_location", "skip", "of a search on the web" },
    { "search_context_size", "skip", "of a search on the web" },
    { "search_content_types", "skip", "of a search on the web" },
    { "indexed_web_access", "skip", "of a search on the web" },
})
list("grammar", "tools[].format", {
    { "type", "text", "tools" },
    { "syntax", "text", "tools" },
    { "definition", "string", "tools" },
})
list("choice", "tool_choice", {
    { "type", "text", "choice" },
    { "name", "text", "choice" },
    { "namespace", "text", "choice" },
    { "mode", "text", "choice" },
    { "tools", "array", "choice" },
})

-- ---- answers ----

list("event", "(event)", {
    { "type", "any", "kind" },
    { "delta", "any", "the answer" },
    { "output_index", "any", "call" },
    { "item", "any", "the answer" },
    { "response", "any", "finish" },
    { "logprobs", "any", "logprobs" },
    { "annotation", "any", "citation" },
    { "summary_index", "any", "reasoning" },
}, true)
list("response", "(answer)", {
    { "output", "any", "the answer" },
    { "status", "any", "finish" },
    { "incomplete_details", "any", "finish" },
    { "usage", "any", "usage" },
    { "service_tier", "any", "service_tier" },
}, true)
list("incomplete", "incomplete_details", { { "reason", "any", "finish" } }, true)
list("item_given", "output[]", {
    { "type", "any", "kind" },
    { "content", "any", "text" },
    { "summary", "any", "reasoning" },
    { "encrypted_content", "any", "reasoning" },
    { "call_id", "any", "call" },
    { "name", "any", "call" },
    { "arguments", "any", "call" },
}, true)
list("part_given", "output[].content[]", {
    { "type", "any", "kind" },
    { "text", "any", "text" },
    { "refusal", "any", "refusal" },
    { "annotations", "any", "citation" },
    { "logprobs", "any", "logprobs" },
}, true)
list("annotation", "output[].content[].annotations[]", {
    { "url", "any", "citation" },
    { "title", "any", "citation" },
    { "start_index", "any", "citation" },
    { "end_index", "any", "citation" },
}, true)
list("usage", "usage", {
    { "input_tokens", "any", "usage" },
    { "output_tokens", "any", "usage" },
    { "input_tokens_details", "any", "usage" },
    { "output_tokens_details", "any", "usage" },
}, true)
list("input_details", "usage.input_tokens_details", {
    { "cached_tokens", "any", "usage" },
    { "cache_write_tokens", "any", "usage" },
}, true)
list("output_details", "usage.output_tokens_details", {
    { "reasoning_tokens", "any", "usage" },
}, true)

members.words = {
    limit = "max_output_tokens", choice = "tool_choice", parallel = "parallel_tool_calls",
    format = "text.format", effort = "reasoning.effort", cache_key = "prompt_cache_key",
    logprobs = "include", audio = "input", file = "input", image = "input", result = "call_id",
}

return members
