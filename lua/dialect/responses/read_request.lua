-- Reads a request of OpenAI's Responses. https://www.openresponses.org/specification
local common = require "dialect.common"
local compact = require "dialect.responses.compact"
local echo = require "dialect.responses.echo"
local members = require "dialect.responses.members"
local native = require "dialect.native"
local openai = require "dialect.openai"

local doc = native.document
local bytes, items, kind, read, text = native.bytes, native.items, native.kind, native.read,
    native.text

local need = common.need

-- ---- parts ----

local PART = {}

function PART.input_text(part, place)
    return { kind = "text", node = need(part.text, place .. ".text"),
        cache = part.prompt_cache_breakpoint }
end

PART.output_text, PART.text = PART.input_text, PART.input_text

function PART.input_image(part, place)
    local url = need(part.image_url, place .. ".image_url")
    local media, data = common.data_url(url, place .. ".image_url")
    return {
        kind = "image", media = media, data = data, url = not data and url or nil,
        detail = part.detail, cache = part.prompt_cache_breakpoint,
    }
end

function PART.input_file(part, place)
    local media, data
    if part.file_data then
        media, data = common.data_url(part.file_data, place .. ".file_data")
        if not data then
            media, data = "application/pdf", part.file_data
        end
    else
        need(part.file_url, place .. ".file_data")
    end
    return {
        kind = "file", media = media or "application/pdf", data = data, url = part.file_url,
        name = part.filename, cache = part.prompt_cache_breakpoint,
    }
end

function PART.input_audio(part, place)
    local audio = read(doc, need(part.input_audio, place), members.audio, place .. ".input_audio")
    return {
        kind = "audio", data = need(audio.data, place .. ".input_audio.data"),
        format = need(audio.format, place .. ".input_audio.format"),
    }
end

function PART.refusal(part, place)
    return { kind = "refusal", node = need(part.refusal, place .. ".refusal") }
end

local function add_content(parts, content, place)
    local what = content and kind(doc, content)
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
        local inside = place .. "[" .. i .. "]"
        local part = read(doc, first + i, members.part, inside)
        local make = PART[part.type or ""]
        if not make then
            common.refuse(inside .. ".type", "'" .. inside .. "' is a part of the type '"
                .. (part.type or "") .. "', which cannot be carried over.")
        end
        parts[#parts + 1] = make(part, inside)
    end
    return parts
end

-- ---- items ----

-- The parts of the last message, if it is of this role: items of one answer are one message.
local function parts_of(asked, role)
    local last = asked.messages[#asked.messages]
    if not last or last.role ~= role then
        last = { role = role, parts = {} }
        asked.messages[#asked.messages + 1] = last
    end
    return last.parts
end

local ITEM = {}

local ROLES = { user = "user", assistant = "assistant", system = "system", developer = "system" }

function ITEM.message(asked, item, place)
    local role = ROLES[item.role or ""]
    if not role then
        common.refuse(place .. ".role", "'" .. place .. ".role' must be user, assistant, system or "
            .. "developer.")
    end
    local parts = role == "system" and #asked.messages == 0 and asked.system
        or parts_of(asked, role)
    add_content(parts, item.content, place .. ".content")
end

-- Adds the texts of reasoning, an empty line between them.
local function add_texts(part, node, place)
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        local shown = read(doc, first + i, members.thought, place .. "[#]", i).text
        if shown and not part.text then
            part.text = shown
        elseif shown then
            part.more = part.more or {}
            part.more[#part.more + 1] = "\\n\\n"
            part.more[#part.more + 1] = shown
        end
    end
end

function ITEM.reasoning(asked, item, place)
    local part = { kind = "reasoning" }
    if item.summary then
        add_texts(part, item.summary, place .. ".summary")
    end
    if not part.text and item.content then
        add_texts(part, item.content, place .. ".content")
    end
    if item.encrypted_content then
        part.origin, part.signature = common.unmark(item.encrypted_content, "openai-responses")
    end
    local parts = parts_of(asked, "assistant")
    parts[#parts + 1] = part
end

-- A tool in a namespace has a longer name elsewhere.
local function full_name(item)
    return item.namespace and item.namespace .. "__" .. item.name or item.name
end

function ITEM.function_call(asked, item, place)
    local id = common.read_id(need(item.call_id, place .. ".call_id"), place .. ".call_id")
    need(item.name, place .. ".name")
    local name = full_name(item)
    asked.names[id] = name
    local parts = parts_of(asked, "assistant")
    parts[#parts + 1] = {
        kind = "call", id = id, name = name, arguments = item.arguments, custom = item.input,
    }
end

ITEM.custom_tool_call = ITEM.function_call

function ITEM.function_call_output(asked, item, place)
    local id = common.read_id(need(item.call_id, place .. ".call_id"), place .. ".call_id")
    local parts = parts_of(asked, "user")
    parts[#parts + 1] = {
        kind = "result", id = id, name = asked.names[id],
        parts = add_content({}, need(item.output, place .. ".output"), place .. ".output"),
    }
end

ITEM.custom_tool_call_output = ITEM.function_call_output

-- What the server searched in an earlier answer says nothing to another one.
function ITEM.web_search_call() end

-- A summary of ours reads as if the user had said it; others are encrypted by their provider.
function ITEM.compaction(asked, item, place)
    local sealed = need(item.encrypted_content, place .. ".encrypted_content")
    if not compact.unseal(parts_of(asked, "user"), sealed) then
        common.refuse(place .. ".encrypted_content", "'" .. place .. "' is a summary that another "
            .. "provider has encrypted: this model's provider cannot read it. Send the "
            .. "conversation itself.")
    end
end

function ITEM.compaction_trigger(asked)
    asked.compacts = true
end

local function add_item(asked, node, i)
    local place = "input[" .. i .. "]"
    local item = read(doc, node, members.item, place)
    local make = ITEM[item.type or "message"]
    if not make then
        common.refuse(place .. ".type", "'" .. place .. "' is an item of the type '"
            .. item.type .. "', which cannot be carried over.")
    end
    if asked.compacts then
        common.refuse(place .. ".type", "'" .. place .. "' stands behind a compaction_trigger, "
            .. "which must be the last item.")
    end
    make(asked, item, place)
    if item.role == "user" and make == ITEM.message then
        compact.note(asked, item.content)
    end
end

-- ---- tools ----

-- Tools of the server that a model can do without: it is not offered them.
local LEFT_OUT = { web_search = true, web_search_preview = true }

local add_tool

local function add_namespace(asked, tool, place)
    need(tool.name, place .. ".name")
    local first, count = items(doc, need(tool.tools, place .. ".tools"))
    for i = 0, count - 1 do
        add_tool(asked, first + i, place .. ".tools[" .. i .. "]", tool.name)
    end
end

function add_tool(asked, node, place, namespace)
    local tool = read(doc, node, members.tool, place)
    if tool.type == "namespace" and not namespace then
        add_namespace(asked, tool, place)
        return
    elseif LEFT_OUT[tool.type or ""] then
        return
    elseif tool.type ~= "function" and tool.type ~= "custom" then
        common.refuse(place .. ".type", "'" .. place .. ".type' is '" .. (tool.type or "")
            .. "', a tool that this model's provider does not have.")
    end
    local name = need(tool.name, place .. ".name")
    if namespace then
        local full = namespace .. "__" .. name
        asked.answer.namespaces[full] = { namespace, name }
        name = full
    end
    if tool.type == "custom" then
        asked.custom[name] = true
    end
    asked.tools[#asked.tools + 1] = {
        kind = tool.type, name = name, description = tool.description, schema = tool.parameters,
        strict = tool.strict,
        grammar = tool.format and read(doc, tool.format, members.grammar,
            place .. ".format").definition,
    }
end

local function read_choice(node)
    local mode = openai.read_mode(node)
    if mode then
        return mode
    end
    local choice = read(doc, node, members.choice, "tool_choice")
    if choice.type ~= "allowed_tools" then
        return { mode = "tool", name = full_name { name = need(choice.name, "tool_choice.name"),
            namespace = choice.namespace } }
    end
    local names = {}
    local first, count = items(doc, need(choice.tools, "tool_choice.tools"))
    for i = 0, count - 1 do
        local allowed = read(doc, first + i, members.choice, "tool_choice.tools[#]", i)
        names[#names + 1] = full_name { name = need(allowed.name, "tool_choice.tools"),
            namespace = allowed.namespace }
    end
    return { mode = openai.MODES[choice.mode or "auto"] or "auto", names = names }
end

-- ---- the rest ----

local function read_format(node)
    local format = read(doc, node, members.format, "text.format")
    if not format.type or format.type == "text" then
        return nil
    elseif format.type == "json_object" then
        return { kind = "json" }
    elseif format.type ~= "json_schema" then
        common.refuse("text.format.type",
            "'text.format.type' must be text, json_object or json_schema.")
    end
    return {
        kind = "schema", name = format.name, description = format.description,
        schema = need(format.schema, "text.format.schema"), strict = format.strict,
    }
end

local function read_include(asked, node)
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        if text(doc, first + i, 128) == "message.output_text.logprobs" then
            asked.logprobs, asked.answer.logprobs = true, true
        end
    end
end

local function read_settings(asked, body)
    if body.text then
        local config = read(doc, body.text, members.text, "text")
        asked.verbosity = config.verbosity
        asked.format = config.format and read_format(config.format)
    end
    if body.reasoning then
        local config = read(doc, body.reasoning, members.reasoning_config, "reasoning")
        asked.effort = config.effort
        asked.thoughts = (config.summary or config.generate_summary) ~= nil
    end
    if body.include then
        read_include(asked, body.include)
    end
    if body.background then
        common.cannot(asked, "background", "this model's provider answers at once.")
    end
end

local function read_lists(asked, body)
    if body.instructions and bytes(doc, body.instructions) > 0 then
        asked.system[1] = { kind = "text", node = body.instructions }
    end
    local input = need(body.input, "input")
    if kind(doc, input) == "string" then
        asked.messages[1] = { role = "user", parts = { { kind = "text", node = input } } }
        compact.note(asked, input)
    end
    local first, count = items(doc, input)
    for i = 0, count - 1 do
        add_item(asked, first + i, i)
    end
    if body.tools then
        asked.tools = {}
        first, count = items(doc, body.tools)
        for i = 0, count - 1 do
            add_tool(asked, first + i, "tools[" .. i .. "]")
        end
    end
end

return function(wish)
    local body = read(doc, 1, members.request)
    local asked = {
        members = members.words, dialect = "openai-responses",
        system = {}, messages = {}, names = {}, custom = {}, answer = { namespaces = {} },
        limit = body.max_output_tokens, temperature = body.temperature, top_p = body.top_p,
        presence_penalty = body.presence_penalty, frequency_penalty = body.frequency_penalty,
        top_logprobs = body.top_logprobs ~= 0 and body.top_logprobs or nil,
        parallel = body.parallel_tool_calls,
        user = body.safety_identifier or body.user, metadata = body.metadata,
        service_tier = body.service_tier, cache_key = body.prompt_cache_key,
        choice = body.tool_choice and read_choice(body.tool_choice),
    }
    read_settings(asked, body)
    read_lists(asked, body)
    asked.answer.echo = echo.make(body, asked, wish)
    if asked.compacts or wish.compacts then
        compact.ask(asked, wish)
    end
    return asked
end
