-- Writes a request of OpenAI's Responses. Nothing is kept by the provider: each request has the
-- whole conversation, and reasoning comes back encrypted.
local carried = require "dialect.carried"
local common = require "dialect.common"
local native = require "dialect.native"
local openai = require "dialect.openai"
local schema = require "dialect.schema"

local doc, out = native.document, native.output
local bytes, put, put_encoded, put_number, put_text = native.bytes, native.put, native.put_encoded,
    native.put_number, native.put_text

-- The least that the API takes.
local LIMIT_MIN = 16
local ID_BYTES_MAX = 64

-- ---- parts ----

local PUT = {}

function PUT.text(part)
    put(out, '{"type":"input_text","text":', part.node, "}")
end

function PUT.image(part)
    put(out, '{"type":"input_image","detail":', native.quoted(part.detail or "auto"),
        ',"image_url":')
    if part.data then
        put(out, '"data:', part.media, ";base64,", -part.data, '"}')
    else
        put(out, part.url, "}")
    end
end

function PUT.file(part)
    if part.plain then
        put(out, '{"type":"input_text","text":', part.plain, "}")
        return
    end
    put(out, '{"type":"input_file"')
    if part.data then
        put(out, ',"filename":', part.name or '"document.pdf"', ',"file_data":"data:', part.media,
            ";base64,", -part.data, '"}')
    else
        put(out, ',"file_url":', part.url, "}")
    end
end

function PUT.audio(_, asked)
    common.cannot(asked, "audio", carried.why("audio", "openai-responses"))
end

local function put_parts(parts, asked)
    put(out, "[")
    for i = 1, #parts do
        put(out, i > 1 and "," or "")
        PUT[parts[i].kind](parts[i], asked)
    end
    put(out, "]")
end

-- ---- items ----

local separator = ""

local function begin_item()
    put(out, separator)
    separator = ","
end

-- A message of the parts that were gathered.
local function put_message(role, parts, asked)
    if #parts == 0 then
        return
    end
    begin_item()
    put(out, '{"type":"message","role":"', role, '","content":')
    if role == "user" then
        put_parts(parts, asked)
    else
        openai.put_joined(parts)
    end
    put(out, "}")
end

local function put_call(part)
    begin_item()
    put(out, '{"type":"function_call","call_id":')
    put_text(out, common.short_id(part.id, ID_BYTES_MAX))
    put(out, ',"name":')
    put_text(out, part.name)
    put(out, ',"arguments":')
    if part.object then
        put_encoded(out, part.object)
    elseif part.custom then
        native.put_input(out, part.custom)
    else
        put(out, part.arguments or '"{}"')
    end
    put(out, "}")
end

local function put_result(part, asked)
    begin_item()
    put(out, '{"type":"function_call_output","call_id":')
    put_text(out, common.short_id(part.id, ID_BYTES_MAX))
    put(out, ',"output":')
    if part.object then
        put_encoded(out, part.object)
    elseif #part.parts == 1 and part.parts[1].kind == "text" then
        put(out, part.parts[1].node)
    elseif #part.parts == 0 then
        put(out, '""')
    else
        put_parts(part.parts, asked)
    end
    put(out, "}")
end

-- Its own reasoning only: of another model it cannot be read.
local function put_reasoning(part)
    if not part.signature or part.origin ~= "openai-responses" then
        return
    end
    begin_item()
    put(out, '{"type":"reasoning","summary":[')
    if part.text then
        put(out, '{"type":"summary_text","text":"')
        common.put_thought(part)
        put(out, '"}')
    end
    put(out, '],"encrypted_content":"')
    common.put_opaque(part.signature)
    put(out, '"}')
end

local ITEMS = { call = put_call, result = put_result, reasoning = put_reasoning }

local function put_items(message, asked)
    local role = message.role == "system" and "developer" or message.role
    local gathered = {}
    for i = 1, #message.parts do
        local part = message.parts[i]
        local put_item = ITEMS[part.kind]
        if put_item then
            put_message(role, gathered, asked)
            gathered = {}
            put_item(part, asked)
        elseif part.kind ~= "text" or bytes(doc, part.node) > 0 then
            gathered[#gathered + 1] = part
        end
    end
    put_message(role, gathered, asked)
end

local function put_input(asked)
    if #asked.messages == 0 then -- there must be an item
        asked.messages[1], asked.system = { role = "system", parts = asked.system }, {}
    end
    if #asked.system > 0 then
        put(out, ',"instructions":')
        openai.put_joined(asked.system)
    end
    separator = ""
    put(out, ',"input":[')
    for i = 1, #asked.messages do
        put_items(asked.messages[i], asked)
    end
    put(out, "]")
end

-- ---- tools ----

local function put_tool(tool)
    put(out, '{"type":"function","name":')
    put_text(out, tool.name)
    common.put_description(tool)
    put(out, ',"parameters":')
    if tool.kind == "custom" then
        put(out, common.CUSTOM_SCHEMA)
    else
        schema.put(tool)
    end
    -- Here a schema is strict unless it says no; elsewhere it is the other way round.
    put(out, ',"strict":', tool.strict and "true" or "false", "}")
end

local MODES = { none = "none", auto = "auto", any = "required" }

local function put_named(name)
    put(out, '{"type":"function","name":')
    put_text(out, name)
    put(out, "}")
end

local function put_choice(choice)
    put(out, ',"tool_choice":')
    if choice.names then
        put(out, '{"type":"allowed_tools","mode":"', MODES[choice.mode], '","tools":[')
        for i = 1, #choice.names do
            put(out, i > 1 and "," or "")
            put_named(choice.names[i])
        end
        put(out, "]}")
    elseif choice.mode == "tool" then
        put_named(choice.name)
    else
        put(out, '"', MODES[choice.mode], '"')
    end
end

-- ---- the rest ----

local function put_text_config(asked)
    local format = asked.format
    if not format and not asked.verbosity then
        return
    end
    put(out, ',"text":{')
    if format and format.kind == "json" then
        put(out, '"format":{"type":"json_object"}')
    elseif format then
        put(out, '"format":{"type":"json_schema","name":')
        put_text(out, format.name or "answer")
        put(out, format.description and ',"description":' or "", format.description or "",
            ',"schema":')
        schema.put(format)
        put(out, ',"strict":', format.strict and "true" or "false", "}")
    end
    if asked.verbosity then
        put(out, format and "," or "", '"verbosity":')
        put_text(out, asked.verbosity)
    end
    put(out, "}")
end

-- Whether the model is asked to reason; then its reasoning comes back encrypted.
local function put_effort(asked)
    local effort = common.effort_of(asked)
    if not effort and asked.thinking ~= "on" then
        return false
    end
    put(out, ',"reasoning":{')
    if effort then
        put(out, '"effort":')
        put_text(out, effort)
    end
    if effort ~= "none" then
        put(out, effort and "," or "", '"summary":"auto"')
    end
    put(out, "}")
    return effort ~= "none"
end

local function put_include(asked, reasons)
    put(out, ',"store":false')
    if not reasons and not asked.logprobs then
        return
    end
    put(out, ',"include":[', reasons and '"reasoning.encrypted_content"' or "",
        reasons and asked.logprobs and "," or "",
        asked.logprobs and '"message.output_text.logprobs"' or "", "]")
end

local function put_settings(asked, wish)
    local limit, most = asked.limit, wish.output_tokens_max
    if most > 0 then
        limit = limit and math.min(limit, most) or most
    end
    if limit then
        put(out, ',"max_output_tokens":')
        put_number(out, math.max(limit, LIMIT_MIN))
    end
    put(out, asked.temperature and ',"temperature":' or "", asked.temperature or "",
        asked.top_p and ',"top_p":' or "", asked.top_p or "",
        asked.user and ',"user":' or "", asked.user or "",
        asked.metadata and ',"metadata":' or "", asked.metadata or "",
        asked.cache_key and ',"prompt_cache_key":' or "", asked.cache_key or "")
    if asked.top_logprobs then
        put(out, ',"top_logprobs":')
        put_number(out, asked.top_logprobs)
    end
    if asked.service_tier then
        put(out, ',"service_tier":')
        put_text(out, asked.service_tier)
    end
end

return function(asked, wish)
    carried.check(asked, "openai-responses")
    put(out, '{"model":')
    put_text(out, wish.model)
    put_input(asked)
    openai.put_tools(asked, put_tool, put_choice)
    if wish.counts then -- members that say nothing of the input would be refused
        put_text_config(asked)
        put_effort(asked)
        put(out, "}")
        return
    end
    put_settings(asked, wish)
    put_text_config(asked)
    put_include(asked, put_effort(asked))
    put(out, wish.streamed and ',"stream":true}' or "}")
end
