-- The use of an answer, as Anthropic's Messages report it: what was cached stands beside the input,
-- not in it.
local TIERS = { standard = "standard", default = "standard", priority = "priority" }

-- `whole`: of a message; a message_delta has fewer members. Returns the object as JSON.
return function(s, usage, whole)
    local cached, written = usage.cached or 0, usage.cache_write or 0
    local text = string.format('{"input_tokens":%.0f,"cache_creation_input_tokens":%.0f,'
        .. '"cache_read_input_tokens":%.0f,"output_tokens":%.0f',
        math.max((usage.input or 0) - cached - written, 0), written, cached, usage.output or 0)
    if usage.reasoning then
        text = text .. string.format(',"output_tokens_details":{"thinking_tokens":%.0f}',
            usage.reasoning)
    end
    if usage.web_searches then
        text = text .. string.format(',"server_tool_use":{"web_search_requests":%.0f,'
            .. '"web_fetch_requests":%.0f}', usage.web_searches, usage.web_fetches or 0)
    end
    local tier = whole and TIERS[s.service_tier or ""]
    return text .. (tier and ',"service_tier":"' .. tier .. '"' or "") .. "}"
end
