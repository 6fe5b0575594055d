-- Calls of tools one after the other. A provider may write the arguments of several calls by turns,
-- or a text between them, for each piece says whose it is; a client of another dialect ends at
-- that. This writer stands before the client's: the open call goes on as it comes, and what comes
-- before its arguments are whole waits until the provider gives its reason to end. Not longer: what
-- is written behind a provider's counts is charged as text that they do not have.
local common = require "dialect.common"
local native = require "dialect.native"

local doc = native.document
local content = native.content

local in_turn = {}

-- Longer arguments are not looked at: they count as whole when something follows.
local LOOKED_AT_BYTES_MAX = 1024 * 1024

local function is_whole(turn)
    return turn.whole or turn.bytes > LOOKED_AT_BYTES_MAX
        or native.holds_object(table.concat(turn))
end

-- Whether what comes now has to wait. `key`: of the call that it belongs to.
local function waits(s, key)
    local turn = s.turn
    if not turn or turn.key == key then
        return false
    elseif not turn.waiting and is_whole(turn) then
        s.turn = nil
        return false
    end
    turn.waiting = turn.waiting or { bytes = 0 }
    return true
end

-- ---- what waits ----

-- Values of an event, beyond it: {content} of a node.
local function keep(waiting, value)
    if type(value) ~= "number" then
        return value
    end
    local text = content(doc, value)
    waiting.bytes = waiting.bytes + #text
    if waiting.bytes > LOOKED_AT_BYTES_MAX then
        error("too much between the arguments of a call", 0)
    end
    return { text }
end

local function node_of(value)
    return type(value) == "table" and value[1] and native.literal(doc, value[1]) or value
end

-- Adds what waits.
local function add(s, method, ...)
    local waiting = s.turn.waiting
    local entry = { method = method, choice = s.choice }
    for i = 1, select("#", ...) do
        entry[i] = keep(waiting, (select(i, ...)))
    end
    waiting[#waiting + 1] = entry
    return entry
end

local function add_call(s, key, id, name)
    local waiting = s.turn.waiting
    local entry = { method = "call_start", choice = s.choice, key, id, name, pieces = {} }
    waiting[#waiting + 1] = entry
    waiting.calls = waiting.calls or {}
    waiting.calls[key] = entry
end

local function add_arguments(s, key, piece)
    local waiting = s.turn.waiting
    local call = waiting.calls and waiting.calls[key]
    if not call then
        error("arguments of a call that has ended", 0)
    end
    call.pieces[#call.pieces + 1] = keep(waiting, piece)
end

local function add_citation(s, citation)
    local entry = add(s, "citation")
    local kept = {}
    for name, value in pairs(citation) do
        local is_node = name ~= "start" and name ~= "stop"
        kept[name] = is_node and keep(s.turn.waiting, value) or value
    end
    entry.citation = kept
end

local function give(s, writer, entry)
    s.choice = entry.choice
    if entry.pieces then
        local key = entry[1]
        writer.call_start(s, key, entry[2], entry[3])
        for i = 1, #entry.pieces do
            writer.call_arguments(s, key, node_of(entry.pieces[i]))
        end
    elseif entry.citation then
        local citation = {}
        for name, value in pairs(entry.citation) do
            citation[name] = node_of(value)
        end
        writer.citation(s, citation)
    else
        writer[entry.method](s, node_of(entry[1]), node_of(entry[2]))
    end
end

-- Gives on what waited, each call whole and at its place: of the choice that has ended. Of other
-- choices calls may go on, so `others` gets what is theirs.
local function give_all(s, writer, others)
    local turn, choice = s.turn, s.choice
    local waiting = turn and turn.waiting or {}
    s.turn = nil
    for i = 1, #waiting do
        if waiting[i].choice == turn.choice then
            give(s, writer, waiting[i])
        end
    end
    for i = 1, #waiting do
        if waiting[i].choice ~= turn.choice then
            give(s, others, waiting[i])
        end
    end
    s.choice = choice
end

-- ---- the writer ----

local SIMPLE = { "text", "refusal", "reasoning", "signature", "image" }

local function simple(writer, name)
    local method = writer[name]
    return method and function(s, ...)
        if waits(s) then
            add(s, name, ...)
        else
            method(s, ...)
        end
    end
end

local function add_call_methods(wrapped, writer)
    function wrapped.call_start(s, key, id, name)
        if waits(s) then
            add_call(s, key, id, name)
            return
        end
        s.turn = { key = key, bytes = 0, choice = s.choice }
        writer.call_start(s, key, id, name)
    end
    function wrapped.call_arguments(s, key, node)
        if waits(s, key) then
            add_arguments(s, key, node)
            return
        end
        local turn = s.turn
        if turn and turn.bytes <= LOOKED_AT_BYTES_MAX then
            turn[#turn + 1] = content(doc, node)
            turn.bytes = turn.bytes + #turn[#turn]
        end
        writer.call_arguments(s, key, node)
    end
    function wrapped.call_object(s, key, node)
        if waits(s, key) then
            add_arguments(s, key, native.literal(doc, common.escaped(content(doc, node))))
            return
        end
        wrapped.call_end(s, key)
        writer.call_object(s, key, node)
    end
    -- The provider says that the arguments of a call are whole.
    function wrapped.call_end(s, key)
        if s.turn and s.turn.key == key then
            s.turn.whole = true
        end
    end
end

local function make(writer)
    local wrapped = {}
    for i = 1, #SIMPLE do
        wrapped[SIMPLE[i]] = simple(writer, SIMPLE[i])
    end
    add_call_methods(wrapped, writer)
    function wrapped.citation(s, citation)
        if waits(s) then
            add_citation(s, citation)
        else
            writer.citation(s, citation)
        end
    end
    function wrapped.logprobs(s, list)
        if not waits(s) then
            writer.logprobs(s, list)
        end
    end
    function wrapped.reason(s, reason)
        if s.turn and s.turn.choice == s.choice then
            give_all(s, writer, wrapped)
        end
        writer.reason(s, reason)
    end
    function wrapped.finish(s)
        give_all(s, writer, writer)
        writer.finish(s)
    end
    return setmetatable(wrapped, { __index = writer })
end

local made = {} -- writer -> the one that stands before it

function in_turn.wrap(writer)
    made[writer] = made[writer] or make(writer)
    return made[writer]
end

return in_turn
