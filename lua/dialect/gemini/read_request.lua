-- Reads a request of Gemini's generateContent. https://ai.google.dev/api/generate-content
local common = require "dialect.common"
local members = require "dialect.gemini.members"
local native = require "dialect.native"
local schema = require "dialect.schema"

local doc = native.document
local bytes, items, kind, read, text = native.bytes, native.items, native.kind, native.read,
    native.text

local need = common.need

-- ---- parts ----

-- A picture, a sound or a document, by its media type.
local function media_part(media, place)
    local kind_of = string.match(common.media(media, place), "^(%a+)/")
    if kind_of == "image" then
        return { kind = "image", media = media }
    elseif kind_of == "audio" then
        local format = string.match(media, "^audio/x?%-?(%w+)$")
        return { kind = "audio", format = format == "mpeg" and "mp3" or format }
    elseif media == "application/pdf" or kind_of == "text" then
        return { kind = "file", media = media }
    end
    common.refuse(place, "'" .. place .. "' is of a type that cannot be carried over.")
end

local function read_inline(node, place)
    local inline = read(doc, node, members.inline, place)
    local part = media_part(inline.mimeType, place .. ".mimeType")
    part.data, part.name = need(inline.data, place .. ".data"), inline.displayName
    return part
end

local function read_file(node, place)
    local file = read(doc, node, members.file, place)
    local part = media_part(file.mimeType or "image/jpeg", place .. ".mimeType")
    part.url, part.name = need(file.fileUri, place .. ".fileUri"), file.displayName
    if part.kind == "audio" or native.begins(doc, part.url, "https://generativelanguage.") then
        common.refuse(place .. ".fileUri", "'" .. place .. ".fileUri' names a file that a provider "
            .. "keeps; send its data.")
    end
    return part
end

-- Calls without an id get one by their place; results take those of their name in order.
local function read_call(asked, node, place)
    local called = read(doc, node, members.called, place)
    local name = need(called.name, place .. ".name")
    local id
    if called.id then
        id = common.read_id(called.id, place .. ".id")
    else
        asked.call_count = asked.call_count + 1
        id = "call_" .. asked.call_count
        asked.unnamed[name] = asked.unnamed[name] or {}
        table.insert(asked.unnamed[name], id)
    end
    asked.names[id] = name
    return { kind = "call", id = id, name = name, object = called.args }
end

local add_part

-- Google's form of a text is {"output": text} or {"error": text}; other objects are JSON.
local function read_output(part, response)
    if not response then
        return
    end
    local names, nodes = native.pairs_of(doc, response)
    local only = #names == 1 and kind(doc, nodes[1]) == "string" and names[1]
    if only == "output" or only == "error" then
        part.parts[1] = { kind = "text", node = nodes[1] }
        part.is_error = only == "error"
    else
        part.object = response
    end
end

local function read_response(asked, node, place)
    local responded = read(doc, node, members.responded, place)
    local name = need(responded.name, place .. ".name")
    local waiting = asked.unnamed[name]
    local id = responded.id and common.read_id(responded.id, place .. ".id")
        or waiting and table.remove(waiting, 1)
    if not id then
        common.refuse(place, "'" .. place .. "' answers no call.")
    end
    local part = { kind = "result", id = id, name = name, parts = {} }
    read_output(part, responded.response)
    if responded.parts then
        local first, count = items(doc, responded.parts)
        for i = 0, count - 1 do
            add_part(asked, part.parts, first + i, place .. ".parts[" .. i .. "]")
        end
    end
    return part
end

-- The signature that stands with a part belongs before it; one of ours is base64 once more.
local function add_signature(parts, node)
    local marked = native.from_base64(doc, node) or ""
    local origin, opaque
    if string.sub(marked, 1, #common.MARK) == common.MARK then
        origin, opaque = string.match(string.sub(marked, 1, 64), "^([%w-]+)%.()", #common.MARK + 1)
    end
    local last = parts[#parts]
    if not last or last.kind ~= "reasoning" or last.signature then
        last = { kind = "reasoning" }
        parts[#parts + 1] = last
    end
    if origin then
        last.origin, last.signature = origin, string.sub(marked, opaque)
    else
        last.origin, last.signature = "gemini", node
    end
end

function add_part(asked, parts, node, place)
    local part = read(doc, node, members.part, place)
    if part.thoughtSignature then
        add_signature(parts, part.thoughtSignature)
    end
    if part.text then
        if bytes(doc, part.text) == 0 then
            return
        elseif part.thought then
            common.add_thought(parts, part.text)
        else
            parts[#parts + 1] = { kind = "text", node = part.text }
        end
    elseif part.functionCall then
        parts[#parts + 1] = read_call(asked, part.functionCall, place .. ".functionCall")
    elseif part.functionResponse then
        parts[#parts + 1] = read_response(asked, part.functionResponse,
            place .. ".functionResponse")
    elseif part.inlineData then
        parts[#parts + 1] = read_inline(part.inlineData, place .. ".inlineData")
    elseif part.fileData then
        parts[#parts + 1] = read_file(part.fileData, place .. ".fileData")
    end
end

local function read_parts(asked, node, place)
    local parts = {}
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        add_part(asked, parts, first + i, place .. ".parts[" .. i .. "]")
    end
    return parts
end

local ROLES = { user = "user", model = "assistant", ["function"] = "user" }

local function add_content(asked, node, i)
    local place = "contents[" .. i .. "]"
    local content = read(doc, node, members.content, place)
    local role = ROLES[content.role or "user"]
    if not role then
        common.refuse(place .. ".role", "'" .. place .. ".role' must be user or model.")
    end
    asked.messages[#asked.messages + 1] = {
        role = role, parts = content.parts and read_parts(asked, content.parts, place) or {},
    }
end

-- ---- tools ----

local function put_schema(owner, json_schema, google)
    if schema.is_google(json_schema) then
        json_schema, google = nil, json_schema
    end
    owner.schema, owner.google = json_schema, google
end

local function read_tools(asked, node)
    asked.tools = {}
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        local tool = read(doc, first + i, members.tool, "tools[#]", i)
        local declared, declared_count = items(doc, tool.functionDeclarations or first + i)
        for j = 0, declared_count - 1 do
            local declaration = read(doc, declared + j, members.declaration,
                "tools[#].functionDeclarations[#]", i, j)
            asked.tools[#asked.tools + 1] = {
                kind = "function",
                name = need(declaration.name, common.where("tools[#].functionDeclarations[#].name",
                    i, j)),
                description = declaration.description,
            }
            put_schema(asked.tools[#asked.tools], declaration.parametersJsonSchema,
                declaration.parameters)
        end
    end
end

local MODES = { AUTO = "auto", ANY = "any", NONE = "none", VALIDATED = "auto" }

local function read_choice(node)
    local config = read(doc, node, members.tool_config, "toolConfig")
    if not config.functionCallingConfig then
        return nil
    end
    local place = "toolConfig.functionCallingConfig"
    local calling = read(doc, config.functionCallingConfig, members.calling, place)
    local mode = MODES[calling.mode or "AUTO"]
    if not mode then
        common.refuse(place .. ".mode", "'" .. place .. ".mode' must be AUTO, ANY, NONE or "
            .. "VALIDATED.")
    end
    local names = {}
    if calling.allowedFunctionNames then
        local first, count = items(doc, calling.allowedFunctionNames)
        for i = 0, count - 1 do
            names[i + 1] = need(text(doc, first + i, 256), place .. ".allowedFunctionNames")
        end
    end
    if mode == "any" and #names == 1 then
        return { mode = "tool", name = names[1] }
    end
    return { mode = mode, names = #names > 0 and names or nil }
end

-- ---- the rest ----

local LEVELS = { MINIMAL = "minimal", LOW = "low", MEDIUM = "medium", HIGH = "high",
    XHIGH = "xhigh" }

local UNSPECIFIED = "THINKING_LEVEL_UNSPECIFIED"

local function read_thinking(asked, node)
    local thinking = read(doc, node, members.thinking, "generationConfig.thinkingConfig")
    asked.thoughts = thinking.includeThoughts or false
    local level = string.upper(thinking.thinkingLevel or UNSPECIFIED)
    asked.effort = LEVELS[level]
    if not asked.effort and level ~= UNSPECIFIED then
        common.cannot(asked, "effort", "no such level is known.")
    end
    local budget = thinking.thinkingBudget
    if budget and budget < 0 then -- as the model likes
        asked.thinking = "on"
    else
        asked.budget = budget
    end
end

local function read_strings(node, place)
    local strings = {}
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        if kind(doc, first + i) ~= "string" then
            common.refuse(place, "'" .. place .. "' must be an array of strings.")
        end
        strings[i + 1] = first + i
    end
    return strings
end

local function read_modalities(node)
    local kinds = {}
    local first, count = items(doc, node)
    for i = 0, count - 1 do
        local name = string.lower(text(doc, first + i, 32) or "")
        if name ~= "text" then
            kinds[#kinds + 1] = name
        end
    end
    return kinds
end

local function read_generation(asked, node)
    local config = read(doc, node, members.generation, "generationConfig")
    asked.temperature, asked.top_p, asked.top_k = config.temperature, config.topP, config.topK
    asked.n, asked.limit, asked.seed = config.candidateCount, config.maxOutputTokens, config.seed
    asked.presence_penalty = config.presencePenalty
    asked.frequency_penalty = config.frequencyPenalty
    asked.logprobs, asked.top_logprobs = config.responseLogprobs, config.logprobs
    asked.answer.logprobs = config.responseLogprobs
    if config.stopSequences then
        asked.stop = read_strings(config.stopSequences, "generationConfig.stopSequences")
    end
    if config.responseModalities then
        asked.modalities = read_modalities(config.responseModalities)
    end
    if config.responseSchema or config.responseJsonSchema then
        asked.format = { kind = "schema" }
        put_schema(asked.format, config.responseJsonSchema, config.responseSchema)
    elseif config.responseMimeType == "application/json" then
        asked.format = { kind = "json" }
    elseif config.responseMimeType and config.responseMimeType ~= "text/plain" then
        common.cannot(asked, "format", "it must be text/plain or application/json.")
    end
    if config.thinkingConfig then
        read_thinking(asked, config.thinkingConfig)
    end
end

local TIERS = { flex = "flex", standard = "default", priority = "priority" }

return function()
    local body = read(doc, 1, members.request)
    local asked = {
        members = members.words, dialect = "gemini", system = {}, messages = {}, names = {},
        unnamed = {}, call_count = 0, answer = {},
    }
    if body.systemInstruction then
        local system = read(doc, body.systemInstruction, members.content, "systemInstruction")
        asked.system = system.parts and read_parts(asked, system.parts, "systemInstruction") or {}
    end
    local contents = need(body.contents, "contents")
    if kind(doc, contents) == "object" then
        add_content(asked, contents, 0)
    end
    local first, count = items(doc, contents)
    for i = 0, count - 1 do
        add_content(asked, first + i, i)
    end
    if body.tools then
        read_tools(asked, body.tools)
    end
    asked.choice = body.toolConfig and read_choice(body.toolConfig)
    if body.generationConfig then
        read_generation(asked, body.generationConfig)
    end
    if body.serviceTier then
        asked.service_tier = TIERS[string.lower(body.serviceTier)]
            or common.refuse("serviceTier", "'serviceTier' must be standard, flex or priority.")
    end
    return asked
end
