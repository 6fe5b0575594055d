-- An API that an operator maps (`map` in providers.lua), as a dialect: the operator's functions
-- write requests and read answers with the words of `api`. For the rest of the gateway the provider
-- speaks OpenAI's chat.
local carried = require "dialect.carried"
local chat_writer = require "dialect.chat.write_stream"
local common = require "dialect.common"
local mappings = require "policy.mappings"
local native = require "dialect.native"

local doc, out = native.document, native.output
local kind, put = native.kind, native.put

local mapped = {}

local ROOT = 1
local TEXT_BYTES_MAX = 64 * 1024
local MEMBERS_MAX = 256 -- different lists of names that the functions of a policy pick
local PREFIX = "map:"
local NO_PLACE = "this model's provider has no place for it."
local REASONS = { stop = true, length = true, tool_calls = true, content_filter = true }
local COUNTS = {
    input = true, cached = true, cache_write = true, output = true, reasoning = true,
}

for i = 1, #carried.ROWS do -- both files have the same words
    assert(mappings.WORDS[carried.ROWS[i][1]], carried.ROWS[i][1])
end

-- ---- the words of an operator's functions ----

local api = {}
local current -- the state of the answer that is read; nil: a request is written

local picked, picked_count = {}, 0

local function members_of(...)
    local key = table.concat({ ... }, "\0")
    if not picked[key] then
        picked_count = picked_count + 1
        if picked_count > MEMBERS_MAX then
            error("a policy picks at most " .. MEMBERS_MAX .. " different lists of members", 3)
        end
        local rows = {}
        for i = 1, select("#", ...) do
            rows[i] = { select(i, ...), "any" }
        end
        picked[key] = native.members(rows, true)
    end
    return picked[key]
end

-- The values of these members, in this order; nil where there is none.
function api.pick(value, ...)
    if value and kind(doc, value) == "object" then
        return native.pick(doc, value, members_of(...))
    end
end

function api.items(value)
    local list = {}
    if value and kind(doc, value) == "array" then
        local first, count = native.items(doc, value)
        for i = 1, count do
            list[i] = first + i - 1
        end
    end
    return list
end

function api.kind(value)
    return value and kind(doc, value)
end

function api.string(value)
    return value and native.text(doc, value, TEXT_BYTES_MAX)
end

function api.number(value)
    return value and native.integer(doc, value)
end

-- Writes texts as they are, and values as their JSON.
function api.put(...)
    if current then
        error("put is a word for requests", 2)
    end
    put(out, ...)
end

function api.quoted(text)
    return native.quoted(text)
end

function api.refuse(param, message)
    common.refuse(param, message)
end

local function answering(name)
    if not current then
        error(name .. " is a word for answers", 3)
    end
    return current
end

-- A value of the answer, or a text of Lua's as one.
local function node_of(s, value)
    if type(value) ~= "string" then
        return value and kind(doc, value) == "string" and native.bytes(doc, value) > 0 and value
    elseif value == "" then
        return nil
    end
    local escaped = common.escaped(value)
    s.kept = s.kept or {}
    s.kept[#s.kept + 1] = escaped -- while the document is open
    return native.literal(doc, escaped)
end

function api.text(value)
    local s = answering("text")
    local node = node_of(s, value)
    if node then
        s.writer.text(s, node)
    end
end

function api.reasoning(value)
    local s = answering("reasoning")
    local node = node_of(s, value)
    if node then
        s.writer.reasoning(s, node)
    end
end

-- A whole call of a tool; `arguments` is an object, or JSON in a string.
function api.call(id, name, arguments)
    local s = answering("call")
    local key = s.calls_mapped or 0
    s.calls_mapped = key + 1
    s.writer.call_start(s, key, id or "call_" .. s.id .. "_" .. key, name)
    if type(arguments) == "number" and kind(doc, arguments) == "object" then
        s.writer.call_object(s, key, arguments)
    else
        s.writer.call_arguments(s, key, node_of(s, arguments) or native.literal(doc, "{}"))
    end
end

function api.usage(counts)
    local usage = common.usage(answering("usage"))
    for name, count in pairs(counts) do
        if not COUNTS[name] then
            error("usage has no " .. tostring(name), 2)
        elseif type(count) ~= "number" or count < 0 or count ~= math.floor(count) then
            error("usage." .. name .. " must be a whole number", 2)
        end
        usage[name] = count
    end
end

function api.reason(word)
    local s = answering("reason")
    if not REASONS[word] then
        error("reason must be stop, length, tool_calls or content_filter", 2)
    end
    s.writer.reason(s, word)
end

-- The stream is over, though the connection may stay open.
function api.done()
    local s = answering("done")
    if s.streamed then
        s.writer.finish(s)
    end
end

-- ---- the modules of a dialect ----

function mapped.find(provider)
    if string.sub(provider, 1, #PREFIX) == PREFIX then
        return mappings.of[string.sub(provider, #PREFIX + 1)]
    end
end

-- Refuses what the functions do not carry.
local function check_carried(asked, carries)
    carried.check_only(asked, carries, NO_PLACE)
    for i = 1, #asked.messages do
        local parts = asked.messages[i].parts
        for j = 1, #parts do
            if parts[j].kind ~= "text" and not carries[parts[j].kind] then
                common.cannot(asked, parts[j].kind, NO_PLACE)
            end
        end
    end
end

-- Writes the body. Returns what a client's writer must know of the request.
function mapped.write_request(map, wish, read_request)
    current = nil
    if not map.request then
        put(out, ROOT)
        return { answer = { usage = true } }
    end
    local asked = read_request()
    common.check_roles(asked)
    check_carried(asked, map.carries)
    if #asked.system > 0 then -- for the functions a message like others
        table.insert(asked.messages, 1, { role = "system", parts = asked.system })
    end
    asked.model, asked.stream = wish.model, wish.streamed
    map.request(asked, api)
    asked.answer.usage = true
    return asked
end

local function read(s)
    if s.over then
        return
    end
    current = s
    s.map.answer(ROOT, api, s.memory)
    current, s.kept = nil, nil
end

mapped.reader = { event = read }

function mapped.reader.body(s)
    read(s)
    if s.streamed and not s.reasons[s.choice] then
        s.writer.reason(s, "stop") -- a whole answer has come
    end
end

-- A stream that has given no reason has broken off, so it gets no end.
mapped.writer = setmetatable({
    finish = function(s)
        if s.over or not s.reasons[s.choice] then
            return
        end
        s.over = true
        chat_writer.finish(s)
        put(out, "data: [DONE]\n\n")
    end,
}, { __index = chat_writer })

return mapped
