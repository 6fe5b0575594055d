-- Writes a request of Anthropic's Messages, of the version 2026-10-21: without temperature, top_p
-- and top_k, which it refuses.
local carried = require "dialect.carried"
local common = require "dialect.common"
local native = require "dialect.native"
local schema = require "dialect.schema"

local out = native.output
local put, put_number, put_text = native.put, native.put_number, native.put_text

-- The limit of an answer must be stated. Where nobody says one, it is the model's longest answer;
-- where that is unknown, this.
local LIMIT_DEFAULT = 8192
local BUDGET_MIN = 1024

-- ---- blocks ----

local PUT = {}

local function put_cache(part)
    put(out, part.cache and ',"cache_control":{"type":"ephemeral"}' or "", "}")
end

function PUT.text(part)
    put(out, '{"type":"text","text":', part.node)
    put_cache(part)
end

PUT.refusal = PUT.text

local IMAGES = {
    ["image/jpeg"] = true, ["image/png"] = true, ["image/gif"] = true, ["image/webp"] = true,
}

function PUT.image(part, asked)
    put(out, '{"type":"image","source":')
    if part.url then
        put(out, '{"type":"url","url":', part.url, "}")
    else
        local media = part.media == "image/jpg" and "image/jpeg" or part.media
        if not IMAGES[media] then
            common.cannot(asked, "image", "Anthropic takes JPEG, PNG, GIF and WebP.")
        end
        put(out, '{"type":"base64","media_type":"', media, '","data":', part.data, "}")
    end
    put_cache(part)
end

function PUT.file(part, asked)
    put(out, '{"type":"document","source":')
    if common.is_plain(part) then
        put(out, '{"type":"text","media_type":"text/plain","data":')
        common.put_plain(part, asked)
        put(out, "}")
    elseif part.url then
        put(out, '{"type":"url","url":', part.url, "}")
    elseif part.media == "application/pdf" then
        put(out, '{"type":"base64","media_type":"application/pdf","data":', part.data, "}")
    else
        common.cannot(asked, "file", "Anthropic takes PDF and plain text.")
    end
    put(out, part.name and ',"title":' or "", part.name or "")
    put_cache(part)
end

function PUT.audio(_, asked)
    common.cannot(asked, "audio", carried.why("audio", "anthropic"))
end

function PUT.reasoning(part)
    if part.origin == "anthropic-redacted" then
        put(out, '{"type":"redacted_thinking","data":"')
        common.put_opaque(part.signature)
        put(out, '"}')
        return
    end
    put(out, '{"type":"thinking","thinking":"')
    common.put_thought(part)
    put(out, '","signature":"')
    common.put_opaque(part.signature)
    put(out, '"}')
end

function PUT.call(part)
    put(out, '{"type":"tool_use","id":')
    put_text(out, common.plain_id(part.id))
    put(out, ',"name":')
    put_text(out, part.name)
    put(out, ',"input":')
    common.put_object(part)
    put_cache(part)
end

local put_blocks, is_said

function PUT.result(part, asked)
    put(out, '{"type":"tool_result","tool_use_id":')
    put_text(out, common.plain_id(part.id))
    if part.object then
        put(out, ',"content":')
        native.put_encoded(out, part.object)
    elseif common.says_something(part.parts, is_said) then
        put(out, ',"content":')
        put_blocks(part.parts, asked)
    end
    put(out, part.is_error and ',"is_error":true' or "")
    put_cache(part)
end

local OWN = { anthropic = true, ["anthropic-redacted"] = true }

-- Anthropic takes back its own reasoning only, and no texts of white space.
function is_said(part)
    if part.kind == "reasoning" then
        return part.signature and OWN[part.origin]
    end
    return (part.kind ~= "text" and part.kind ~= "refusal") or not common.is_blank(part.node)
end

function put_blocks(parts, asked)
    put(out, "[")
    local first = true
    for i = 1, #parts do
        if is_said(parts[i]) then
            put(out, first and "" or ",")
            PUT[parts[i].kind](parts[i], asked)
            first = false
        end
    end
    put(out, "]")
end

-- ---- messages ----

-- Whether the turn that goes on with results of tools has lost its thoughts: with a budget of
-- tokens for them Anthropic wants them back.
local function is_thoughtless(messages)
    local results, turn = messages[#messages], messages[#messages - 1]
    if not turn or turn.role ~= "assistant" or not results.parts[1]
        or results.parts[1].kind ~= "result" then
        return false
    end
    for i = 1, #turn.parts do
        if is_said(turn.parts[i]) then
            return turn.parts[i].kind ~= "reasoning"
        end
    end
    return false
end

-- Returns whether manual thinking must be off.
local function put_messages(asked)
    local messages, system = common.merge(asked)
    if common.says_something(system, is_said) then
        put(out, ',"system":')
        put_blocks(system, asked)
    end
    put(out, ',"messages":[')
    local first = true
    for i = 1, #messages do
        local message = messages[i]
        if common.says_something(message.parts, is_said) then
            put(out, first and "" or ",", '{"role":"', message.role, '","content":')
            put_blocks(message.parts, asked)
            put(out, "}")
            first = false
        end
    end
    put(out, "]")
    return is_thoughtless(messages)
end

-- ---- tools ----

local function put_tool(tool)
    put(out, '{"name":')
    put_text(out, tool.name)
    common.put_description(tool)
    put(out, ',"input_schema":')
    if tool.kind == "custom" then
        put(out, common.CUSTOM_SCHEMA)
    else
        schema.put(tool)
    end
    put(out, tool.strict and ',"strict":true' or "")
    put_cache(tool)
end

local function put_choice(asked)
    local choice = asked.choice or { mode = "auto" }
    if not asked.choice and asked.parallel ~= false then
        return
    end
    put(out, ',"tool_choice":{"type":"', choice.mode, '"')
    if choice.mode == "tool" then
        put(out, ',"name":')
        put_text(out, choice.name)
    end
    put(out, asked.parallel == false and choice.mode ~= "none"
        and ',"disable_parallel_tool_use":true' or "", "}")
end

local function put_tools(asked)
    if not asked.tools or #asked.tools == 0 then
        return
    end
    put(out, ',"tools":[')
    local first = true
    for i = 1, #asked.tools do
        if common.is_allowed(asked, asked.tools[i].name) then
            put(out, first and "" or ",")
            put_tool(asked.tools[i])
            first = false
        end
    end
    put(out, "]")
    put_choice(asked)
end

-- ---- the rest ----

local EFFORTS = {
    minimal = "low", low = "low", medium = "medium", high = "high", xhigh = "xhigh", max = "max",
}

-- Whether thoughts are asked for that Anthropic would refuse: where a tool must be called, or by a
-- budget in a turn that has lost its own.
local function is_refused(asked, manual, thoughtless)
    local mode = asked.choice and asked.choice.mode
    local forced = mode == "any" or mode == "tool"
    return (manual and thoughtless)
        or (forced and (manual or asked.effort or asked.thinking == "on"))
end

local function put_thinking(asked, limit, thoughtless)
    local budget = asked.budget
    local manual = budget and budget > 0
    if asked.effort == "none" or asked.thinking == "off" or budget == 0 then
        put(out, ',"thinking":{"type":"disabled"}')
        return nil
    elseif is_refused(asked, manual, thoughtless) then
        put(out, ',"thinking":{"type":"disabled"}')
    elseif manual then
        budget = math.max(math.min(budget, limit - 1), BUDGET_MIN)
        if budget < limit then
            put(out, ',"thinking":{"type":"enabled","budget_tokens":')
            put_number(out, budget)
            put(out, "}")
        end
        return nil
    elseif asked.effort or asked.thinking == "on" then
        put(out, ',"thinking":{"type":"adaptive"',
            asked.thoughts == false and "" or ',"display":"summarized"', "}")
    end
    if asked.effort and not EFFORTS[asked.effort] then
        common.cannot(asked, "effort", "no such effort is known.")
    end
    return EFFORTS[asked.effort or ""]
end

local function put_output(asked, effort)
    local format = asked.format
    if not effort and not format then
        return
    end
    put(out, ',"output_config":{', effort and '"effort":"' .. effort .. '"' or "",
        effort and format and "," or "")
    if format then
        put(out, '"format":{"type":"json_schema","schema":')
        schema.put(format)
        put(out, "}")
    end
    put(out, "}")
end

local function put_stop(asked)
    if not asked.stop or #asked.stop == 0 then
        return
    end
    put(out, ',"stop_sequences":[')
    for i = 1, #asked.stop do
        put(out, i > 1 and "," or "", asked.stop[i])
    end
    put(out, "]")
end

local TIERS = { auto = "auto", default = "standard_only" }

local function put_tier(asked)
    if not asked.service_tier then
        return
    end
    local tier = TIERS[asked.service_tier]
    if not tier then
        common.cannot(asked, "service_tier", "Anthropic has auto and default only.")
    end
    put(out, ',"service_tier":"', tier, '"')
end

return function(asked, wish)
    carried.check(asked, "anthropic")
    local most = wish.output_tokens_max
    local limit = asked.limit or most > 0 and most or (wish.output_tokens_most or 0) > 0
        and wish.output_tokens_most or LIMIT_DEFAULT
    if most > 0 then
        limit = math.min(limit, most)
    end
    put(out, '{"model":')
    put_text(out, wish.model)
    if not wish.counts then
        put(out, ',"max_tokens":')
        put_number(out, limit)
    end
    local thoughtless = put_messages(asked)
    put_tools(asked)
    put_output(asked, put_thinking(asked, limit, thoughtless))
    if wish.counts then -- members that say nothing of the input would be refused
        put(out, "}")
        return
    end
    put_stop(asked)
    put_tier(asked)
    put(out, asked.user and ',"metadata":{"user_id":' or "", asked.user or "",
        asked.user and "}" or "")
    put(out, wish.streamed and ',"stream":true}' or "}")
end
