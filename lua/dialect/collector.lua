-- A writer that only collects: the parts of a plain answer, by choice, for the writer of the body.
local common = require "dialect.common"
local native = require "dialect.native"

local doc = native.document

local collector = {}

local function parts_of(s)
    local parts = s.choices[s.choice]
    if not parts then
        parts = {}
        s.choices[s.choice] = parts
        s.choice_count = math.max(s.choice_count, s.choice + 1)
    end
    return parts
end

local function add(s, part)
    local parts = parts_of(s)
    parts[#parts + 1] = part
    return part
end

function collector.text(s, node)
    add(s, { kind = "text", node = node })
end

function collector.refusal(s, node)
    add(s, { kind = "refusal", node = node })
end

-- Of a text of ours only what stands between its quotes.
function collector.reasoning(s, node)
    common.add_thought(parts_of(s), type(node) == "string" and string.sub(node, 2, -2) or node)
end

-- The signature of the reasoning before it, or of nothing that can be read.
function collector.signature(s, node, origin)
    local parts = parts_of(s)
    local last = parts[#parts]
    if last and last.kind == "reasoning" and not last.signature then
        last.signature, last.origin = node, origin
    else
        add(s, { kind = "reasoning", signature = node, origin = origin })
    end
end

function collector.call_start(s, key, id, name)
    s.calls_made[s.choice] = true
    s.calls[key] = add(s, { kind = "call", id = id, name = name })
end

local function call_of(s, key)
    return s.calls[key] or error("arguments of a call that has not begun", 0)
end

function collector.call_arguments(s, key, node)
    call_of(s, key).arguments = node
end

function collector.call_object(s, key, node)
    call_of(s, key).object = node
end

function collector.call_end() end

-- A call of a tool that takes any text; `input` stands between quotes.
function collector.custom_call(s, _, id, name, input)
    s.calls_made[s.choice] = true
    add(s, { kind = "call", id = id, name = name, input = input })
end

function collector.citation(s, citation)
    add(s, citation)
end

function collector.image(s, media, data)
    add(s, { kind = "image", media = media, data = data })
end

-- Some providers have a list for each part of a text.
function collector.logprobs(s, list)
    s.logprobs = s.logprobs or {}
    s.logprobs[s.choice] = s.logprobs[s.choice] or {}
    table.insert(s.logprobs[s.choice], list)
end

-- Returns the lists of a choice as one, as JSON, or nil.
function collector.tokens(s, choice)
    local lists = s.logprobs and s.logprobs[choice]
    if not lists then
        return nil
    end
    local tokens = {}
    for i = 1, #lists do
        local list = type(lists[i]) == "string" and lists[i] or native.content(doc, lists[i])
        local inside = string.sub(list, 2, -2)
        if string.find(inside, "%S") then
            tokens[#tokens + 1] = inside
        end
    end
    return "[" .. table.concat(tokens, ",") .. "]"
end

function collector.reason(s, reason)
    parts_of(s)
    s.reasons[s.choice] = reason
end

function collector.new(s)
    s.choices, s.choice_count, s.calls = {}, 0, {}
    return collector
end

return collector
