-- Reads a request of OpenAI's chat completions.
-- https://platform.openai.com/docs/api-reference/chat/create
local common = require "dialect.common"
local members = require "dialect.chat.members"
local native = require "dialect.native"
local openai = require "dialect.openai"

local doc = native.document
local bytes, items, kind, read, text = native.bytes, native.items, native.kind, native.read,
    native.text

local where = common.where

-- ---- parts ----

local PART = {}

function PART.text(part)
    return { kind = "text", node = part.text, cache = part.prompt_cache_breakpoint }
end

function PART.image_url(part, place)
    local image = read(doc, part.image_url, members.image_url, place .. ".image_url")
    local where_url = place .. ".image_url.url"
    local media, data = common.data_url(common.need(image.url, where_url), where_url)
    return {
        kind = "image", media = media, data = data, url = not data and image.url or nil,
        detail = image.detail, cache = part.prompt_cache_breakpoint,
    }
end

function PART.input_audio(part, place)
    local audio = read(doc, part.input_audio, members.input_audio, place .. ".input_audio")
    return {
        kind = "audio", data = common.need(audio.data, place .. ".input_audio.data"),
        format = common.need(audio.format, place .. ".input_audio.format"),
    }
end

function PART.file(part, place)
    local file = read(doc, part.file, members.file, place .. ".file")
    local media, data
    if file.file_data then
        media, data = common.data_url(file.file_data, place .. ".file.file_data")
        if not data then
            media, data = "application/pdf", file.file_data
        end
    end
    if not data then
        common.refuse(place .. ".file.file_data", "'" .. place .. ".file.file_data' is missing.",
            "missing_field")
    end
    return {
        kind = "file", media = media, data = data, name = file.filename,
        cache = part.prompt_cache_breakpoint,
    }
end

function PART.refusal(part)
    return { kind = "refusal", node = part.refusal }
end

local NEEDED = {
    text = "text", image_url = "image_url", input_audio = "input_audio", file = "file",
    refusal = "refusal",
}

local function read_part(node, place)
    local part = read(doc, node, members.part, place)
    local make = part.type and PART[part.type]
    if not make then
        common.refuse(place .. ".type", "'" .. place .. ".type' must be one of text, image_url, "
            .. "input_audio, file, refusal.")
    end
    local needed = NEEDED[part.type]
    if not part[needed] then
        common.refuse(place .. "." .. needed, "'" .. place .. "." .. needed .. "' is missing.",
            "missing_field")
    end
    return make(part, place)
end

-- Adds the parts of a content: a string, or a list of parts. An empty string says nothing.
local function add_content(parts, content, place)
    if not content then
        return parts
    end
    local what = kind(doc, content)
    if what == "string" then
        if bytes(doc, content) > 0 then
            parts[#parts + 1] = { kind = "text", node = content }
        end
        return parts
    elseif what ~= "array" then
        common.refuse(place, "'" .. place .. "' must be a string or an array.")
    end
    local first, count = items(doc, content)
    for i = 0, count - 1 do
        parts[#parts + 1] = read_part(first + i, place .. "[" .. i .. "]")
    end
    return parts
end

-- ---- the assistant's own ----

-- OpenRouter's form: what a client sends back of the reasoning of an earlier answer.
local function add_details(parts, details, place)
    local first, count = items(doc, details)
    for i = 0, count - 1 do
        local detail = read(doc, first + i, members.detail, place .. "[#]", i)
        local opaque = detail.signature or detail.data
        local last = parts[#parts]
        local shown = detail.text or detail.summary
        if shown then
            last = common.add_thought(parts, shown)
        end
        if opaque then
            if not last or last.kind ~= "reasoning" or last.signature then
                last = { kind = "reasoning" }
                parts[#parts + 1] = last
            end
            last.origin, last.signature = common.unmark(opaque, "openai-chat")
        end
    end
end

-- The text of reasoning stands in a member of its own, unless the details have it.
local function add_shown(parts, shown)
    for i = 1, #parts do
        if parts[i].text then
            return
        end
    end
    if shown and parts[1] then
        parts[1].text = shown
    elseif shown then
        parts[1] = { kind = "reasoning", text = shown }
    end
end

local function add_call(asked, parts, node, place)
    local call = read(doc, node, members.call, place)
    local is_custom = call.type == "custom"
    local what = is_custom and call.custom or call["function"]
    if not call.id or not what then
        common.refuse(place, "'" .. place .. "' needs an id and a function.", "missing_field")
    end
    local called = read(doc, what, is_custom and members.called_custom or members.called,
        place .. (is_custom and ".custom" or ".function"))
    if not called.name then
        common.refuse(place .. ".name", "'" .. place .. "' needs a name.", "missing_field")
    end
    local id, signed = common.read_id(call.id, place .. ".id")
    parts[#parts + 1] = signed
    parts[#parts + 1] = {
        kind = "call", id = id, name = called.name, arguments = called.arguments,
        custom = called.input,
    }
    asked.names[id] = called.name
end

local function read_assistant(asked, message, place)
    local parts = {}
    if message.reasoning_details then
        add_details(parts, message.reasoning_details, place .. ".reasoning_details")
    end
    add_shown(parts, message.reasoning_content or message.reasoning)
    add_content(parts, message.content, place .. ".content")
    if message.refusal then
        parts[#parts + 1] = { kind = "refusal", node = message.refusal }
    end
    if message.tool_calls then
        local first, count = items(doc, message.tool_calls)
        for i = 0, count - 1 do
            add_call(asked, parts, first + i, place .. ".tool_calls[" .. i .. "]")
        end
    end
    return parts
end

-- ---- messages ----

local function read_result(asked, message, place)
    if not message.tool_call_id then
        common.refuse(place .. ".tool_call_id", "'" .. place .. ".tool_call_id' is missing.",
            "missing_field")
    end
    local id = common.read_id(message.tool_call_id, place .. ".tool_call_id")
    return { {
        kind = "result", id = id, name = asked.names[id],
        parts = add_content({}, message.content, place .. ".content"),
    } }
end

local function add_message(asked, node, i)
    local place = "messages[" .. i .. "]"
    local message = read(doc, node, members.message, place)
    local role = message.role
    local messages = asked.messages
    if role == "system" or role == "developer" then
        local parts = add_content({}, message.content, place .. ".content")
        if #messages > 0 then
            messages[#messages + 1] = { role = "system", parts = parts }
            return
        end
        for j = 1, #parts do
            asked.system[#asked.system + 1] = parts[j]
        end
    elseif role == "user" then
        local parts = add_content({}, message.content, place .. ".content")
        messages[#messages + 1] = { role = "user", parts = parts }
    elseif role == "assistant" then
        messages[#messages + 1] = {
            role = "assistant", parts = read_assistant(asked, message, place),
        }
    elseif role == "tool" then
        messages[#messages + 1] = { role = "user", parts = read_result(asked, message, place) }
    else
        common.refuse(place .. ".role", "'" .. place .. ".role' must be one of system, developer, "
            .. "user, assistant, tool.")
    end
end

-- ---- tools ----

local function read_grammar(node, i)
    local place = "tools[" .. i .. "].custom.format"
    local format = read(doc, node, members.tool_format, place)
    return format.grammar
        and read(doc, format.grammar, members.grammar, place .. ".grammar").definition
end

local function read_tool(asked, node, i)
    local tool = read(doc, node, members.tool, "tools[#]", i)
    if tool.type == "custom" and tool.custom then
        local custom = read(doc, tool.custom, members.tool_custom, "tools[#].custom", i)
        if not custom.name then
            common.refuse(where("tools[#].custom.name", i),
                "'" .. where("tools[#].custom.name", i) .. "' is missing.", "missing_field")
        end
        asked.custom[custom.name] = true
        return {
            kind = "custom", name = custom.name, description = custom.description,
            grammar = custom.format and read_grammar(custom.format, i),
        }
    elseif tool.type ~= "function" or not tool["function"] then
        common.refuse(where("tools[#].type", i),
            "'" .. where("tools[#]", i) .. "' must be a function or a custom tool.")
    end
    local called = read(doc, tool["function"], members.tool_function, "tools[#].function", i)
    if not called.name then
        common.refuse(where("tools[#].function.name", i),
            "'" .. where("tools[#].function.name", i) .. "' is missing.", "missing_field")
    end
    return {
        kind = "function", name = called.name, description = called.description,
        schema = called.parameters, strict = called.strict,
    }
end

local function name_of(choice)
    local named = choice["function"] or choice.custom
    local name = named and read(doc, named, members.named, "tool_choice").name
    if not name then
        common.refuse("tool_choice", "'tool_choice' needs the name of a tool.")
    end
    return name
end

local function read_allowed(node)
    local allowed = read(doc, node, members.allowed, "tool_choice.allowed_tools")
    local names = {}
    local first, count = items(doc, common.need(allowed.tools, "tool_choice.allowed_tools.tools"))
    for i = 0, count - 1 do
        names[i + 1] = name_of(read(doc, first + i, members.choice,
            "tool_choice.allowed_tools.tools[#]", i))
    end
    return { mode = allowed.mode == "required" and "any" or "auto", names = names }
end

local function read_choice(node)
    local mode = openai.read_mode(node)
    if mode then
        return mode
    end
    local choice = read(doc, node, members.choice, "tool_choice")
    if choice.allowed_tools then
        return read_allowed(choice.allowed_tools)
    end
    return { mode = "tool", name = name_of(choice) }
end

-- ---- the rest ----

local function read_format(node)
    local format = read(doc, node, members.response_format, "response_format")
    if format.type == "text" then
        return nil
    elseif format.type == "json_object" then
        return { kind = "json" }
    elseif format.type ~= "json_schema" or not format.json_schema then
        common.refuse("response_format.type",
            "'response_format.type' must be text, json_object or json_schema.")
    end
    local schema = read(doc, format.json_schema, members.json_schema,
        "response_format.json_schema")
    if not schema.schema then
        common.refuse("response_format.json_schema.schema",
            "'response_format.json_schema.schema' is missing.", "missing_field")
    end
    return {
        kind = "schema", name = schema.name, description = schema.description,
        schema = schema.schema, strict = schema.strict,
    }
end

local function read_stop(node)
    if kind(doc, node) == "string" then
        return { node }
    end
    local stop = {}
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        if kind(doc, first + i) ~= "string" then
            common.refuse("stop", "'stop' must be a string or an array of strings.")
        end
        stop[i + 1] = first + i
    end
    return stop
end

-- The kinds of output beside text.
local function read_modalities(node)
    local kinds = {}
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        local name = text(doc, first + i, 32)
        if name ~= "text" then
            kinds[#kinds + 1] = name
        end
    end
    return kinds
end

local function read_lists(asked, body)
    local first, count = items(doc, body.messages)
    for i = 0, count - 1 do
        add_message(asked, first + i, i)
    end
    if body.tools then
        asked.tools = {}
        first, count = items(doc, body.tools)
        for i = 0, count - 1 do
            asked.tools[i + 1] = read_tool(asked, first + i, i)
        end
    end
end

return function()
    local body = read(doc, 1, members.request)
    if not body.messages then
        common.refuse("messages", "'messages' is missing.", "missing_field")
    end
    local options = body.stream_options
        and read(doc, body.stream_options, members.stream_options, "stream_options") or {}
    local asked = {
        members = members.words, dialect = "openai-chat",
        system = {}, messages = {}, names = {}, custom = {},
        limit = body.max_completion_tokens or body.max_tokens,
        temperature = body.temperature, top_p = body.top_p, seed = body.seed,
        presence_penalty = body.presence_penalty, frequency_penalty = body.frequency_penalty,
        logit_bias = body.logit_bias, logprobs = body.logprobs, top_logprobs = body.top_logprobs,
        n = body.n, parallel = body.parallel_tool_calls, effort = body.reasoning_effort,
        user = body.safety_identifier or body.user, metadata = body.metadata,
        service_tier = body.service_tier, cache_key = body.prompt_cache_key,
        verbosity = body.verbosity,
        modalities = body.modalities and read_modalities(body.modalities),
        choice = body.tool_choice and read_choice(body.tool_choice),
        format = body.response_format and read_format(body.response_format),
        stop = body.stop and read_stop(body.stop),
        answer = { usage = options.include_usage, logprobs = body.logprobs },
    }
    read_lists(asked, body)
    return asked
end
