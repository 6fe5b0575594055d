-- A tool that takes any text ("custom" in OpenAI's dialects) is a function {"input": text} for
-- other dialects. This writer stands before the client's: it holds the arguments of such a call
-- until they are whole, and gives on the text in them.
local common = require "dialect.common"
local native = require "dialect.native"

local doc = native.document

local custom = {}

local METHODS = {
    "text", "refusal", "reasoning", "signature", "citation", "image", "logprobs", "reason",
    "finish", "skipped", "call_end",
}

-- Gives on the call that was held; its arguments are whole, because something else follows.
local function flush(s, writer)
    local held = s.held
    if not held then
        return
    end
    s.held = nil
    local arguments = table.concat(held)
    local choice = s.choice
    s.choice = held.choice
    writer.custom_call(s, held.key, held.id, held.name, native.input_of(arguments) or arguments)
    s.choice = choice
end

local function make(writer)
    local wrapped = {}
    for i = 1, #METHODS do
        local method = writer[METHODS[i]]
        wrapped[METHODS[i]] = method and function(s, ...)
            flush(s, writer)
            return method(s, ...)
        end
    end
    function wrapped.call_start(s, key, id, name)
        flush(s, writer)
        if s.custom[name] then
            s.held = { key = key, id = id, name = name, choice = s.choice, bytes = 0 }
        else
            writer.call_start(s, key, id, name)
        end
    end
    function wrapped.call_arguments(s, key, node)
        local held = s.held
        if held and held.key == key then
            common.hold(held, native.content(doc, node))
        else
            writer.call_arguments(s, key, node)
        end
    end
    function wrapped.call_object(s, key, node)
        local held = s.held
        if held and held.key == key then
            common.hold(held, common.escaped(native.content(doc, node)))
        else
            writer.call_object(s, key, node)
        end
    end
    wrapped.flush = function(s)
        flush(s, writer)
    end
    return wrapped
end

local made = {} -- writer -> the one that stands before it

function custom.wrap(writer)
    made[writer] = made[writer] or make(writer)
    return made[writer]
end

return custom
