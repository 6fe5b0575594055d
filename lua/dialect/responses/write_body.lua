-- Writes a whole answer of OpenAI's Responses.
local collector = require "dialect.collector"
local common = require "dialect.common"
local native = require "dialect.native"
local response = require "dialect.responses.response"
local stream = require "dialect.responses.write_stream"

local doc = native.document
local content = native.content

local function opaque(part)
    return type(part) == "string" and part or content(doc, part)
end

local function thought(part)
    local pieces = { part.text and opaque(part.text) or "" }
    for i = 1, part.more and #part.more or 0 do
        pieces[i + 1] = opaque(part.more[i])
    end
    return table.concat(pieces)
end

local ITEM = {}

function ITEM.reasoning(s, part, n)
    return '{"type":"reasoning","id":"rs_' .. s.id .. "_" .. n .. '","summary":['
        .. (part.text and '{"type":"summary_text","text":"' .. thought(part) .. '"}' or "") .. "]"
        .. ',"encrypted_content":"' .. (part.signature and common.mark(part.origin)
            .. opaque(part.signature) or common.UNSIGNED) .. '"}'
end

function ITEM.call(s, part, n)
    local named = ',"call_id":' .. native.quoted(part.id) .. "," .. stream.named(s, part.name)
    if part.input then
        return '{"type":"custom_tool_call","id":"ctc_' .. s.id .. "_" .. n .. '"' .. named
            .. ',"input":"' .. part.input .. '"}'
    end
    local arguments = part.object and native.quoted(content(doc, part.object))
        or '"' .. (part.arguments and content(doc, part.arguments) or "{}") .. '"'
    return '{"type":"function_call","id":"fc_' .. s.id .. "_" .. n .. '"' .. named
        .. ',"arguments":' .. arguments .. ',"status":"completed"}'
end

-- Texts, with the citations behind them, and refusals that follow each other are one message.
local function message(s, parts, first, n)
    local contents, last = {}, first
    for i = first, #parts do
        local part = parts[i]
        if part.kind == "text" then
            local cited = {}
            while parts[i + #cited + 1] and parts[i + #cited + 1].kind == "citation" do
                cited[#cited + 1] = stream.cited(parts[i + #cited + 1]) or ""
            end
            local shown = {}
            for j = 1, #cited do
                shown[#shown + 1] = cited[j] ~= "" and cited[j] or nil
            end
            local list = #contents == 0 and collector.tokens(s, 0) or "[]"
            contents[#contents + 1] = '{"type":"output_text","text":"' .. content(doc, part.node)
                .. '","annotations":[' .. table.concat(shown, ",") .. '],"logprobs":' .. list .. "}"
        elseif part.kind == "refusal" then
            s.refused = true
            contents[#contents + 1] = '{"type":"refusal","refusal":"' .. content(doc, part.node)
                .. '"}'
        elseif part.kind ~= "citation" and part.kind ~= "image" then
            break
        end
        last = i
    end
    return #contents > 0 and '{"type":"message","id":"msg_' .. s.id .. "_" .. n
        .. '","status":"completed","role":"assistant","content":[' .. table.concat(contents, ",")
        .. "]}", last
end

return function(s)
    local parts = s.choices[0] or {}
    local items = {}
    local i = 1
    while i <= #parts do
        local make = ITEM[parts[i].kind]
        if make then
            items[#items + 1] = make(s, parts[i], #items)
        else
            local item, last = message(s, parts, i, #items)
            items[#items + 1] = item or nil
            i = last
        end
        i = i + 1
    end
    local status, why = response.ending(s)
    response.put(s, table.concat(items, ","), status, why)
end
