-- The members of Anthropic's Messages that we know, each with what becomes of it: as in
-- lua/dialect/chat/members.lua.
local members, list = require "dialect.member_lists" ()

local CACHE = { "cache_control", "object", "cache" }

list("request", "", {
    { "model", "any", "the provider's name of the model" },
    { "messages", "array", "messages" },
    { "system", "any", "system" },
    { "stream", "boolean", "stream" },
    { "max_tokens", "integer", "limit" },
    { "temperature", "number", "temperature" },
    { "top_p", "number", "top_p" },
    { "top_k", "number", "top_k" },
    { "stop_sequences", "array", "stop" },
    { "tools", "array", "tools" },
    { "tool_choice", "object", "choice" },
    { "thinking", "object", "effort" },
    { "output_config", "object", "effort" },
    { "output_format", "object", "format" },
    { "metadata", "object", "user" },
    { "service_tier", "text", "service_tier" },
    { "speed", "text", "service_tier" },
    { "cache_control", "skip", "how a cache is kept, not what is answered" },
    { "context_management", "skip", "what a provider may drop of a long conversation" },
    { "diagnostics", "skip", "facts about a cache" },
    { "user_profile_id", "skip", "an account of the provider" },
    { "workspace_id", "skip", "an account of the provider" },
    { "provider", "skip", "wishes of who answers: the gateway reads them" },
    { "models", "skip", "wishes of who answers: the gateway reads them" },
    { "inference_geo", "refuse" },
    { "container", "refuse" },
    { "mcp_servers", "refuse" },
})
list("thinking", "thinking", {
    { "type", "text", "effort" },
    { "budget_tokens", "integer", "budget" },
    { "display", "text", "thoughts" },
})
list("output_config", "output_config", {
    { "effort", "text", "effort" },
    { "format", "object", "format" },
    { "task_budget", "skip", "a hint of how long a task may be" },
})
list("format", "output_config.format", {
    { "type", "text", "format" },
    { "schema", "object", "format" },
})
list("metadata", "metadata", { { "user_id", "string", "user" } })
list("message", "messages[]", {
    { "role", "text", "role" },
    { "content", "any", "parts" },
    { "output_config", "skip", "the effort of the request counts" },
})
list("block", "messages[].content[]", {
    { "type", "text", "kind" },
    { "text", "string", "text" },
    { "source", "any", "image, file" },
    { "title", "string", "file" },
    { "context", "skip", "a hint about a document" },
    { "thinking", "string", "reasoning" },
    { "signature", "string", "reasoning" },
    { "data", "string", "reasoning" },
    { "id", "string", "call" },
    { "name", "text", "call" },
    { "input", "object", "call" },
    { "caller", "skip", "who calls: the model itself" },
    { "toolset_name", "skip", "where a tool comes from" },
    { "tool_use_id", "string", "result" },
    { "content", "any", "result" },
    { "is_error", "boolean", "is_error" },
    { "citations", "skip", "citations of an earlier answer, or whether they are wanted" },
    { "tool_name", "string", "text" },
    { "transformations", "skip", "how a large picture is made smaller" },
    CACHE,
})
list("source", "messages[].content[].source", {
    { "type", "text", "image, file" },
    { "media_type", "text", "image, file" },
    { "data", "string", "image, file" },
    { "url", "string", "image, file" },
    { "file_id", "refuse", "names a file that a provider keeps; send its data." },
    { "content", "any", "file" },
})
list("tool", "tools[]", {
    { "type", "text", "tools" },
    { "name", "text", "tools" },
    { "description", "string", "tools" },
    { "input_schema", "object", "tools" },
    { "strict", "boolean", "strict" },
    { "defer_loading", "skip", "the tool is known from the start" },
    { "eager_input_streaming", "skip", "how soon arguments are streamed" },
    { "input_examples", "skip", "a hint for the model" },
    { "allowed_callers", "skip", "who calls: the model itself" },
    CACHE,
})
list("choice", "tool_choice", {
    { "type", "text", "choice" },
    { "name", "text", "choice" },
    { "disable_parallel_tool_use", "boolean", "parallel" },
})

-- ---- answers ----

list("message_given", "(answer)", {
    { "content", "any", "the answer" },
    { "stop_reason", "any", "finish" },
    { "stop_sequence", "any", "finish" },
    { "stop_details", "any", "refusal" },
    { "usage", "any", "usage" },
}, true)
list("stop_details", "stop_details", { { "explanation", "any", "refusal" } }, true)
list("event", "(event)", {
    { "type", "any", "kind" },
    { "index", "any", "kind" },
    { "delta", "any", "the answer" },
    { "content_block", "any", "the answer" },
    { "message", "any", "usage" },
    { "usage", "any", "usage" },
}, true)
list("block_given", "content[]", {
    { "type", "any", "kind" },
    { "text", "any", "text" },
    { "thinking", "any", "reasoning" },
    { "signature", "any", "reasoning" },
    { "data", "any", "reasoning" },
    { "id", "any", "call" },
    { "name", "any", "call" },
    { "input", "any", "call" },
    { "citations", "any", "citation" },
}, true)
list("delta", "(event).delta", {
    { "type", "any", "kind" },
    { "text", "any", "text" },
    { "thinking", "any", "reasoning" },
    { "signature", "any", "reasoning" },
    { "partial_json", "any", "call" },
    { "citation", "any", "citation" },
}, true)
list("citation", "content[].citations[]", {
    { "type", "any", "citation" },
    { "url", "any", "citation" },
    { "title", "any", "citation" },
    { "cited_text", "any", "citation" },
    { "document_title", "any", "citation" },
}, true)
list("usage", "usage", {
    { "input_tokens", "any", "usage" },
    { "output_tokens", "any", "usage" },
    { "cache_creation_input_tokens", "any", "usage" },
    { "cache_read_input_tokens", "any", "usage" },
    { "cache_creation", "any", "usage" },
    { "output_tokens_details", "any", "usage" },
    { "server_tool_use", "any", "usage" },
    { "service_tier", "any", "service_tier" },
}, true)
list("cache_creation", "usage.cache_creation", {
    { "ephemeral_5m_input_tokens", "any", "usage" },
    { "ephemeral_1h_input_tokens", "any", "usage" },
}, true)
list("output_details", "usage.output_tokens_details", {
    { "thinking_tokens", "any", "usage" },
}, true)
list("server_tools", "usage.server_tool_use", {
    { "web_search_requests", "any", "usage" },
    { "web_fetch_requests", "any", "usage" },
}, true)

members.words = {
    limit = "max_tokens", choice = "tool_choice", stop = "stop_sequences",
    effort = "output_config.effort", format = "output_config.format", user = "metadata.user_id",
    audio = "messages", file = "messages", image = "messages", result = "tool_use_id",
    parallel = "tool_choice.disable_parallel_tool_use",
}

return members
