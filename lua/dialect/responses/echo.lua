-- What a response says of its request. The specification wants all of these members; texts that
-- only repeat what the client has sent, and are long, are left out of it.
local native = require "dialect.native"

local doc = native.document
local bytes, content = native.bytes, native.content

local echo = {}

local TEXT_BYTES_MAX = 4096
local TOOLS_BYTES_MAX = 16384

local function raw(node, otherwise)
    if not node or bytes(doc, node) > TEXT_BYTES_MAX then
        return otherwise
    end
    return native.kind(doc, node) == "string" and '"' .. content(doc, node) .. '"'
        or content(doc, node)
end

local function integer(number, otherwise)
    return number and string.format("%.0f", number) or otherwise
end

local function tools_of(body)
    if not body.tools or bytes(doc, body.tools) > TOOLS_BYTES_MAX then
        return "[]"
    end
    return content(doc, body.tools)
end

local function reasoning_of(asked)
    return asked.effort and '{"effort":' .. native.quoted(asked.effort) .. ',"summary":null}'
        or "null"
end

-- Returns the members as text, each behind a comma.
function echo.make(body, asked)
    return ',"instructions":' .. raw(body.instructions, "null")
        .. ',"max_output_tokens":' .. integer(body.max_output_tokens, "null")
        .. ',"max_tool_calls":null,"previous_response_id":null,"background":false,"store":false'
        .. ',"truncation":"disabled","parallel_tool_calls":'
        .. (asked.parallel == false and "false" or "true")
        .. ',"temperature":' .. raw(body.temperature, "1") .. ',"top_p":' .. raw(body.top_p, "1")
        .. ',"presence_penalty":' .. raw(body.presence_penalty, "0")
        .. ',"frequency_penalty":' .. raw(body.frequency_penalty, "0")
        .. ',"top_logprobs":' .. integer(body.top_logprobs, "0")
        .. ',"reasoning":' .. reasoning_of(asked)
        .. ',"text":' .. (asked.format and raw(body.text, nil)
            or '{"format":{"type":"text"}}')
        .. ',"tool_choice":' .. raw(body.tool_choice, '"auto"')
        .. ',"tools":' .. tools_of(body)
        .. ',"metadata":' .. raw(body.metadata, "{}")
        .. ',"safety_identifier":' .. raw(body.safety_identifier, "null")
        .. ',"prompt_cache_key":' .. raw(body.prompt_cache_key, "null")
        .. ',"user":' .. raw(body.user, "null")
end

return echo
