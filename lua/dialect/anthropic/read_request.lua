-- Reads a request of Anthropic's Messages. https://platform.claude.com/docs/en/api/messages
local common = require "dialect.common"
local members = require "dialect.anthropic.members"
local native = require "dialect.native"

local doc = native.document
local bytes, items, kind, read = native.bytes, native.items, native.kind, native.read

local need = common.need

-- ---- blocks ----

local BLOCK = {}

function BLOCK.text(block, place)
    if bytes(doc, need(block.text, place .. ".text")) > 0 then
        return { kind = "text", node = block.text, cache = block.cache_control }
    end
end

-- Where a picture or a document is: its members that must be there.
local SOURCES = {
    base64 = { "media_type", "data" }, url = { "url" }, text = { "data" }, content = { "content" },
}

local function read_source(block, place)
    place = place .. ".source"
    local source = read(doc, need(block.source, place), members.source, place)
    local needed = SOURCES[source.type or ""]
    if not needed then
        common.refuse(place .. ".type", "'" .. place .. ".type' cannot be carried over.")
    end
    for i = 1, #needed do
        need(source[needed[i]], place .. "." .. needed[i])
    end
    if source.media_type then
        common.media(source.media_type, place .. ".media_type")
    end
    return source
end

-- A tool that a search for tools has found; all tools are known from the start.
function BLOCK.tool_reference(block, place)
    return { kind = "text", node = need(block.tool_name, place .. ".tool_name") }
end

function BLOCK.image(block, place)
    local source = read_source(block, place)
    if source.type ~= "base64" and source.type ~= "url" then
        common.refuse(place .. ".source.type", "'" .. place .. ".source.type' must be base64 or "
            .. "url.")
    end
    return {
        kind = "image", media = source.media_type, data = source.data,
        url = source.type == "url" and source.url or nil, cache = block.cache_control,
    }
end

function BLOCK.document(block, place)
    local source = read_source(block, place)
    if source.type == "content" then
        common.refuse(place .. ".source", "'" .. place .. ".source' cannot be carried over: a "
            .. "document of blocks is known to Anthropic only.")
    end
    local part = {
        kind = "file", media = source.media_type, name = block.title, cache = block.cache_control,
    }
    if source.type == "text" then
        part.plain = source.data
    elseif source.type == "url" then
        part.url, part.media = source.url, "application/pdf"
    else
        part.data = source.data
    end
    return part
end

function BLOCK.thinking(block)
    local part = { kind = "reasoning" }
    if block.thinking and bytes(doc, block.thinking) > 0 then
        part.text = block.thinking
    end
    if block.signature and bytes(doc, block.signature) > 0 then
        part.origin, part.signature = common.unmark(block.signature, "anthropic")
    end
    return (part.text or part.signature) and part
end

function BLOCK.redacted_thinking(block, place)
    local part = { kind = "reasoning" }
    part.origin, part.signature = common.unmark(need(block.data, place .. ".data"),
        "anthropic-redacted")
    return part
end

function BLOCK.tool_use(block, place, asked)
    local id = common.read_id(need(block.id, place .. ".id"), place .. ".id")
    asked.names[id] = need(block.name, place .. ".name")
    return { kind = "call", id = id, name = block.name, object = block.input }
end

local add_content

function BLOCK.tool_result(block, place, asked)
    local id = common.read_id(need(block.tool_use_id, place .. ".tool_use_id"),
        place .. ".tool_use_id")
    return {
        kind = "result", id = id, name = asked.names[id], is_error = block.is_error,
        parts = add_content({}, block.content, place .. ".content", asked),
    }
end

-- Adds the parts of a content: a string, or a list of blocks.
function add_content(parts, content, place, asked)
    local what = content and kind(doc, content)
    if what == "string" then
        if bytes(doc, content) > 0 then
            parts[#parts + 1] = { kind = "text", node = content }
        end
        return parts
    elseif what and what ~= "array" then
        common.refuse(place, "'" .. place .. "' must be a string or an array.")
    end
    local first, count = 0, 0
    if what then
        first, count = items(doc, content)
    end
    for i = 0, count - 1 do
        local inside = place .. "[" .. i .. "]"
        local block = read(doc, first + i, members.block, inside)
        local make = BLOCK[block.type or ""]
        if not make then
            common.refuse(inside .. ".type", "'" .. inside .. "' is a block of the type '"
                .. (block.type or "") .. "', which cannot be carried over.")
        end
        local part = make(block, inside, asked)
        if part then
            parts[#parts + 1] = part
        end
    end
    return parts
end

-- ---- messages ----

local ROLES = { user = "user", assistant = "assistant", system = "system" }

local function add_message(asked, node, i)
    local place = "messages[" .. i .. "]"
    local message = read(doc, node, members.message, place)
    local role = ROLES[message.role or ""]
    if not role then
        common.refuse(place .. ".role", "'" .. place .. ".role' must be user, assistant or system.")
    end
    asked.messages[#asked.messages + 1] = {
        role = role, parts = add_content({}, message.content, place .. ".content", asked),
    }
end

-- ---- tools ----

local function read_tool(node, i)
    local tool = read(doc, node, members.tool, "tools[#]", i)
    if tool.type and tool.type ~= "custom" then
        local place = "tools[" .. i .. "].type"
        common.refuse(place, "'" .. place .. "' is '" .. tool.type .. "', a tool that only "
            .. "Anthropic has.")
    end
    return {
        kind = "function", name = need(tool.name, "tools[" .. i .. "].name"),
        description = tool.description, schema = tool.input_schema, strict = tool.strict,
        cache = tool.cache_control,
    }
end

local MODES = { auto = "auto", any = "any", none = "none", tool = "tool" }

local function read_choice(asked, node)
    local choice = read(doc, node, members.choice, "tool_choice")
    local mode = MODES[choice.type or ""]
    if not mode then
        common.refuse("tool_choice.type", "'tool_choice.type' must be auto, any, tool or none.")
    end
    if choice.disable_parallel_tool_use ~= nil then
        asked.parallel = not choice.disable_parallel_tool_use
    end
    if mode == "tool" then
        need(choice.name, "tool_choice.name")
    end
    asked.choice = { mode = mode, name = choice.name }
end

-- ---- the rest ----

local THINKING = { disabled = "off", enabled = "on", adaptive = "on", between_tools = "on" }

local function read_thinking(asked, node)
    local thinking = read(doc, node, members.thinking, "thinking")
    asked.thinking = THINKING[thinking.type or ""]
    if not asked.thinking then
        common.refuse("thinking.type", "'thinking.type' must be adaptive, enabled, disabled or "
            .. "between_tools.")
    elseif asked.thinking == "off" then
        return
    end
    asked.budget = thinking.type == "enabled" and thinking.budget_tokens or nil
    asked.thoughts = thinking.display ~= "omitted"
end

local function read_format(asked, node)
    local format = read(doc, node, members.format, "output_config.format")
    if format.type ~= "json_schema" or not format.schema then
        common.refuse("output_config.format", "'output_config.format' must be a json_schema.")
    end
    asked.format = { kind = "schema", schema = format.schema, strict = true }
end

local function read_output_config(asked, node)
    local config = read(doc, node, members.output_config, "output_config")
    asked.effort = config.effort
    if config.format then
        read_format(asked, config.format)
    end
end

local TIERS = { auto = "auto", standard_only = "default" }

local function read_settings(asked, body)
    if body.thinking then
        read_thinking(asked, body.thinking)
    end
    if body.output_format then
        read_format(asked, body.output_format)
    end
    if body.output_config then
        read_output_config(asked, body.output_config)
    end
    if body.metadata then
        asked.user = read(doc, body.metadata, members.metadata, "metadata").user_id
    end
    if body.service_tier then
        asked.service_tier = TIERS[body.service_tier]
            or common.refuse("service_tier", "'service_tier' must be auto or standard_only.")
    end
    if body.speed and body.speed ~= "standard" then
        common.refuse("speed", "'speed' cannot be carried over: only Anthropic has it.")
    end
end

local function read_stop(node)
    local stop = {}
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        if kind(doc, first + i) ~= "string" then
            common.refuse("stop_sequences", "'stop_sequences' must be an array of strings.")
        end
        stop[i + 1] = first + i
    end
    return stop
end

local function read_lists(asked, body)
    local first, count = items(doc, need(body.messages, "messages"))
    for i = 0, count - 1 do
        add_message(asked, first + i, i)
    end
    if body.tools then
        asked.tools = {}
        first, count = items(doc, body.tools)
        for i = 0, count - 1 do
            asked.tools[i + 1] = read_tool(first + i, i)
        end
    end
end

return function()
    local body = read(doc, 1, members.request)
    local asked = {
        members = members.words, dialect = "anthropic",
        messages = {}, names = {}, limit = body.max_tokens, temperature = body.temperature,
        top_p = body.top_p, top_k = body.top_k, stop = body.stop_sequences
            and read_stop(body.stop_sequences),
        answer = {},
    }
    asked.system = add_content({}, body.system, "system", asked)
    if body.tool_choice then
        read_choice(asked, body.tool_choice)
    end
    read_settings(asked, body)
    read_lists(asked, body)
    return asked
end
