-- The use of an answer, as OpenAI's chat completions report it.
local function member(name, count)
    return count and ',"' .. name .. '":' .. string.format("%.0f", count) or ""
end

local function object(name, inside)
    return inside ~= "" and ',"' .. name .. '":{' .. string.sub(inside, 2) .. "}" or ""
end

-- Returns the object as JSON.
return function(usage)
    local input, output = usage.input or 0, usage.output or 0
    return string.format('{"prompt_tokens":%.0f,"completion_tokens":%.0f,"total_tokens":%.0f',
        input, output, input + output)
        .. object("prompt_tokens_details", member("cached_tokens", usage.cached)
            .. member("cache_write_tokens", usage.cache_write)
            .. member("audio_tokens", usage.audio_input)
            .. member("image_tokens", usage.image_input))
        .. object("completion_tokens_details", member("reasoning_tokens", usage.reasoning)
            .. member("audio_tokens", usage.audio_output)
            .. member("accepted_prediction_tokens", usage.accepted)
            .. member("rejected_prediction_tokens", usage.rejected))
        .. object("server_tool_use", member("web_search_requests", usage.web_searches)
            .. member("web_fetch_requests", usage.web_fetches)) .. "}"
end
