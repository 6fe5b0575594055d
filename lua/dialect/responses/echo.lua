-- What a response says of its request. The specification wants all of these members; texts that
-- only repeat what the client has sent, and are long, are left out of it.
local members = require "dialect.responses.members"
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

-- An object as the client wrote it, with `defaults` for the members that it left out.
local function whole(node, defaults)
    local has, first = {}, true
    for _, name in ipairs((native.pairs_of(doc, node))) do
        has[name], first = true, false
    end
    local parts = { string.sub(content(doc, node), 1, -2) }
    for _, default in ipairs(defaults) do
        if not has[default[1]] then
            parts[#parts + 1] = (first and '"' or ',"') .. default[1] .. '":' .. default[2]
            first = false
        end
    end
    return table.concat(parts) .. "}"
end

local FUNCTION = { { "description", "null" }, { "parameters", "null" }, { "strict", "false" } }

local function tools_of(body)
    if not body.tools or bytes(doc, body.tools) > TOOLS_BYTES_MAX then
        return "[]"
    end
    local tools, first, count = {}, native.items(doc, body.tools)
    for node = first, first + count - 1 do
        local kind = native.read(doc, node, members.tool, "tools[]").type
        tools[#tools + 1] = kind == "function" and whole(node, FUNCTION) or content(doc, node)
    end
    return "[" .. table.concat(tools, ",") .. "]"
end

-- A schema is never repeated: since version 2.4 the specification only has null there.
local function format_of(node)
    local format = native.read(doc, node, members.format, "text.format")
    if format.type ~= "json_schema" then
        return raw(node, '{"type":"text"}')
    end
    return '{"type":"json_schema","name":' .. native.quoted(format.name or "")
        .. ',"description":' .. raw(format.description, "null")
        .. ',"schema":null,"strict":' .. tostring(format.strict or false) .. "}"
end

local function text_of(node)
    local text = node and native.read(doc, node, members.text, "text") or {}
    return '{"format":' .. (text.format and format_of(text.format) or '{"type":"text"}')
        .. (text.verbosity and ',"verbosity":' .. native.quoted(text.verbosity) or "") .. "}"
end

local function quoted(id)
    return id and native.quoted(id) or "null"
end

-- Only a call in a conversation has this member.
local function conversation_of(id)
    return id and ',"conversation":{"id":' .. quoted(id) .. "}" or ""
end

local function reasoning_of(asked)
    return asked.effort and '{"effort":' .. native.quoted(asked.effort) .. ',"summary":null}'
        or "null"
end

-- Returns the members as text, each behind a comma.
function echo.make(body, asked, wish)
    return ',"instructions":' .. raw(body.instructions, "null")
        .. ',"max_output_tokens":' .. integer(body.max_output_tokens, "null")
        .. ',"max_tool_calls":null,"previous_response_id":' .. quoted(wish.continues_response)
        .. conversation_of(wish.continues_conversation)
        .. ',"background":false,"store":' .. tostring(wish.stored or false)
        .. ',"truncation":"disabled","parallel_tool_calls":'
        .. (asked.parallel == false and "false" or "true")
        .. ',"temperature":' .. raw(body.temperature, "1") .. ',"top_p":' .. raw(body.top_p, "1")
        .. ',"presence_penalty":' .. raw(body.presence_penalty, "0")
        .. ',"frequency_penalty":' .. raw(body.frequency_penalty, "0")
        .. ',"top_logprobs":' .. integer(body.top_logprobs, "0")
        .. ',"reasoning":' .. reasoning_of(asked)
        .. ',"text":' .. text_of(body.text)
        .. ',"tool_choice":' .. raw(body.tool_choice, '"auto"')
        .. ',"tools":' .. tools_of(body)
        .. ',"metadata":' .. raw(body.metadata, "{}")
        .. ',"safety_identifier":' .. raw(body.safety_identifier, "null")
        .. ',"prompt_cache_key":' .. raw(body.prompt_cache_key, "null")
        .. ',"user":' .. raw(body.user, "null")
end

return echo
