-- Writes a request of OpenAI's chat completions, and of the many servers that speak like it.
local carried = require "dialect.carried"
local common = require "dialect.common"
local native = require "dialect.native"
local openai = require "dialect.openai"
local schema = require "dialect.schema"

local out = native.output
local put, put_encoded, put_number, put_text = native.put, native.put_encoded, native.put_number,
    native.put_text

-- Of a call; of OpenAI's own API.
local ID_BYTES_MAX = 40

-- ---- parts ----

local function put_media(part)
    put(out, "data:", part.media, ";base64,", -part.data)
end

local PUT = {}

function PUT.text(part)
    put(out, '{"type":"text","text":', part.node, "}")
end

function PUT.image(part)
    put(out, '{"type":"image_url","image_url":{"url":')
    if part.data then
        put(out, '"')
        put_media(part)
        put(out, '"')
    else
        put(out, part.url)
    end
    if part.detail then
        put(out, ',"detail":')
        put_text(out, part.detail)
    end
    put(out, "}}")
end

function PUT.audio(part)
    put(out, '{"type":"input_audio","input_audio":{"data":', part.data, ',"format":')
    put_text(out, part.format)
    put(out, "}}")
end

function PUT.file(part, asked)
    if not part.data then
        common.cannot(asked, "file", "chat completions take no file by its address; send its data.")
    end
    put(out, '{"type":"file","file":{"filename":', part.name or '"document.pdf"', ',"file_data":"')
    put_media(part)
    put(out, '"}}')
end

local function put_parts(parts, asked)
    put(out, "[")
    for i = 1, #parts do
        put(out, i > 1 and "," or "")
        local part = parts[i]
        if part.kind == "file" and common.is_plain(part) then
            put(out, '{"type":"text","text":')
            common.put_plain(part, asked)
            put(out, "}")
        else
            PUT[part.kind](part, asked)
        end
    end
    put(out, "]")
end

-- ---- messages ----

local separator = ""

local function begin_message(role)
    put(out, separator, '{"role":"', role, '"')
    separator = ","
end

local function put_system(parts)
    if #parts == 0 then
        return
    end
    begin_message("system")
    put(out, ',"content":')
    openai.put_joined(parts)
    put(out, "}")
end

-- A tool's message has only text: what else there is follows in a message of the user.
local function put_result(part, rest)
    local texts = {}
    for i = 1, #part.parts do
        local inner = part.parts[i]
        if inner.kind == "text" then
            texts[#texts + 1] = inner
        else
            rest[#rest + 1] = inner
        end
    end
    begin_message("tool")
    put(out, ',"tool_call_id":')
    put_text(out, common.short_id(part.id, ID_BYTES_MAX))
    put(out, ',"content":')
    if part.object then
        put_encoded(out, part.object)
    elseif #texts > 0 or #part.parts == 0 then
        openai.put_joined(texts)
    else
        put(out, '"The result is in the next message."')
    end
    put(out, "}")
end

local function put_user(parts, asked)
    local rest = {}
    for i = 1, #parts do
        local part = parts[i]
        if part.kind == "result" then
            put_result(part, rest)
        else
            rest[#rest + 1] = part
        end
    end
    if #rest == 0 then
        return
    end
    begin_message("user")
    put(out, ',"content":')
    if #rest == 1 and rest[1].kind == "text" then
        put(out, rest[1].node)
    else
        put_parts(rest, asked)
    end
    put(out, "}")
end

local function put_call(call, first)
    put(out, first and "" or ",", '{"id":')
    put_text(out, common.short_id(call.id, ID_BYTES_MAX))
    put(out, ',"type":"function","function":{"name":')
    put_text(out, call.name)
    put(out, ',"arguments":')
    if call.object then
        put_encoded(out, call.object)
    elseif call.custom then
        native.put_input(out, call.custom)
    else
        put(out, call.arguments or '"{}"')
    end
    put(out, "}}")
end

local function put_calls(parts)
    local first = true
    for i = 1, #parts do
        if parts[i].kind == "call" then
            put(out, first and ',"tool_calls":[' or "")
            put_call(parts[i], first)
            first = false
        end
    end
    put(out, first and "" or "]")
end

local function of_kind(parts, kind)
    local some = {}
    for i = 1, #parts do
        if parts[i].kind == kind then
            some[#some + 1] = parts[i]
        end
    end
    return some
end

local function is_own(part)
    return part.signature and part.origin == "openai-chat"
end

local function is_written(part)
    return part.kind ~= "reasoning" or part.text or is_own(part)
end

-- Reasoning that can be read; models that think between tools want it back.
local function put_reasoning(parts)
    local first = true
    for i = 1, #parts do
        if parts[i].kind == "reasoning" and parts[i].text then
            put(out, first and ',"reasoning_content":"' or "\\n\\n")
            common.put_thought(parts[i])
            first = false
        end
    end
    put(out, first and "" or '"')
    first = true
    for i = 1, #parts do
        local part = parts[i]
        if part.kind == "reasoning" and is_own(part) then
            put(out, first and ',"reasoning_details":[' or ",", '{"type":"reasoning.encrypted",',
                '"data":"')
            common.put_opaque(part.signature)
            put(out, '"}')
            first = false
        end
    end
    put(out, first and "" or "]")
end

-- A message without calls must have a content, even if only reasoning is left of it.
local function put_assistant(parts)
    local texts, refusals = of_kind(parts, "text"), of_kind(parts, "refusal")
    if not common.says_something(parts, is_written) then
        return
    end
    begin_message("assistant")
    put(out, ',"content":')
    if #texts > 0 then
        openai.put_joined(texts)
    else
        put(out, (#refusals > 0 or #of_kind(parts, "call") > 0) and "null" or '""')
    end
    if #refusals > 0 then
        put(out, ',"refusal":')
        openai.put_joined(refusals)
    end
    put_reasoning(parts)
    put_calls(parts)
    put(out, "}")
end

local function put_messages(asked)
    separator = ""
    put(out, ',"messages":[')
    put_system(asked.system)
    for i = 1, #asked.messages do
        local message = asked.messages[i]
        if message.role == "system" then
            put_system(message.parts)
        elseif message.role == "assistant" then
            put_assistant(message.parts)
        else
            put_user(message.parts, asked)
        end
    end
    put(out, "]")
end

-- ---- tools ----

local function put_tool(tool)
    put(out, '{"type":"function","function":{"name":')
    put_text(out, tool.name)
    common.put_description(tool)
    if tool.kind == "custom" then
        put(out, ',"parameters":', common.CUSTOM_SCHEMA)
    elseif tool.schema or tool.google then
        put(out, ',"parameters":')
        schema.put(tool)
    end
    if tool.strict ~= nil then
        put(out, ',"strict":', tool.strict and "true" or "false")
    end
    put(out, "}}")
end

local MODES = { none = "none", auto = "auto", any = "required" }

local function put_named(name)
    put(out, '{"type":"function","function":{"name":')
    put_text(out, name)
    put(out, "}}")
end

local function put_choice(choice)
    put(out, ',"tool_choice":')
    if choice.names then
        put(out, '{"type":"allowed_tools","allowed_tools":{"mode":"', MODES[choice.mode],
            '","tools":[')
        for i = 1, #choice.names do
            put(out, i > 1 and "," or "")
            put_named(choice.names[i])
        end
        put(out, "]}}")
    elseif choice.mode == "tool" then
        put_named(choice.name)
    else
        put(out, '"', MODES[choice.mode], '"')
    end
end

-- ---- the rest ----

local function put_limit(asked, wish)
    local limit, most = asked.limit, wish.output_tokens_max
    if most > 0 then
        limit = limit and math.min(limit, most) or most
    end
    if not limit then
        return
    end
    local field = wish.max_tokens_field or "max_completion_tokens"
    local both = field == "both" or field == "any"
    if both or field == "max_tokens" then
        put(out, ',"max_tokens":')
        put_number(out, limit)
    end
    if both or field == "max_completion_tokens" then
        put(out, ',"max_completion_tokens":')
        put_number(out, limit)
    end
end

local function put_format(format)
    if format.kind == "json" then
        put(out, ',"response_format":{"type":"json_object"}')
        return
    end
    put(out, ',"response_format":{"type":"json_schema","json_schema":{"name":')
    put_text(out, format.name or "answer")
    put(out, format.description and ',"description":' or "", format.description or "",
        ',"schema":')
    schema.put(format)
    if format.strict ~= nil then
        put(out, ',"strict":', format.strict and "true" or "false")
    end
    put(out, "}}")
end

local NUMBERS = {
    "temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "logit_bias",
}

-- Members that other dialects have as well, and servers in this form know.
local function put_settings(asked)
    for i = 1, #NUMBERS do
        local name = NUMBERS[i]
        if asked[name] then
            put(out, ',"', name, '":', asked[name])
        end
    end
    put(out, asked.user and ',"user":' or "", asked.user or "")
    put(out, asked.cache_key and ',"prompt_cache_key":' or "", asked.cache_key or "")
    if asked.n and asked.n ~= 1 then
        put(out, ',"n":')
        put_number(out, asked.n)
    end
    if asked.logprobs then
        put(out, ',"logprobs":true')
    end
    if asked.top_logprobs then
        put(out, ',"top_logprobs":')
        put_number(out, asked.top_logprobs)
    end
    if asked.verbosity then
        put(out, ',"verbosity":')
        put_text(out, asked.verbosity)
    end
    if asked.service_tier then
        put(out, ',"service_tier":')
        put_text(out, asked.service_tier)
    end
end

local function put_effort(asked)
    local effort = common.effort_of(asked)
    if effort then
        put(out, ',"reasoning_effort":')
        put_text(out, effort)
    end
end

local function put_stop(stop)
    put(out, ',"stop":[')
    for i = 1, #stop do
        put(out, i > 1 and "," or "", stop[i])
    end
    put(out, "]")
end

return function(asked, wish)
    carried.check(asked, "openai-chat")
    put(out, '{"model":')
    put_text(out, wish.model)
    put_messages(asked)
    openai.put_tools(asked, put_tool, put_choice)
    put_limit(asked, wish)
    put_settings(asked)
    put_effort(asked)
    if asked.format then
        put_format(asked.format)
    end
    if asked.stop and #asked.stop > 0 then
        put_stop(asked.stop)
    end
    if wish.streamed then
        put(out, ',"stream":true',
            wish.usage_unasked and "" or ',"stream_options":{"include_usage":true}')
    end
    put(out, "}")
end
