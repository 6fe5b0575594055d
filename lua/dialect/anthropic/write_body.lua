-- Writes a whole answer of Anthropic's Messages.
local common = require "dialect.common"
local native = require "dialect.native"
local stream = require "dialect.anthropic.write_stream"
local usage_text = require "dialect.anthropic.usage"

local out = native.output
local put, put_decoded, put_text = native.put, native.put_decoded, native.put_text

local function put_call(call)
    put(out, '{"type":"tool_use","id":"', common.plain_id(call.id), '","name":')
    put_text(out, call.name)
    put(out, ',"input":')
    if call.object then
        put(out, call.object)
    elseif not call.arguments then
        put(out, "{}")
    elseif not put_decoded(out, call.arguments) then
        -- The model wrote no JSON object: the tool sees what it wrote.
        put(out, '{"arguments":', call.arguments, "}")
    end
    put(out, "}")
end

-- The citations behind a text.
local function put_citations(parts, from)
    local first = true
    for i = from, #parts do
        if parts[i].kind ~= "citation" then
            break
        end
        local cited = stream.cited(parts[i])
        if cited then
            put(out, first and ',"citations":[' or ",", cited)
            first = false
        end
    end
    put(out, first and "" or "]")
end

local function put_part(parts, i)
    local part = parts[i]
    if part.kind == "call" then
        put_call(part)
    elseif part.kind == "reasoning" then
        put(out, '{"type":"thinking","thinking":"')
        common.put_thought(part)
        put(out, '","signature":"')
        if part.signature then
            put(out, common.mark(part.origin))
            common.put_opaque(part.signature)
        else
            put(out, common.UNSIGNED)
        end
        put(out, '"}')
    else
        put(out, '{"type":"text","text":', part.node)
        put_citations(parts, i + 1)
        put(out, "}")
    end
end

return function(s)
    local parts = s.choices[0] or {}
    put(out, '{"id":"msg_', s.id, '","type":"message","role":"assistant","model":')
    put_text(out, s.model)
    put(out, ',"content":[')
    local first = true
    for i = 1, #parts do
        if parts[i].kind ~= "citation" and parts[i].kind ~= "image" then
            put(out, first and "" or ",")
            put_part(parts, i)
            first = false
        end
        s.refused = s.refused or parts[i].kind == "refusal"
    end
    put(out, "],", stream.ending(s), ',"usage":', usage_text(s, common.usage(s), true), "}")
end
