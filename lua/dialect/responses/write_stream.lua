-- Writes a stream of OpenAI's Responses. Items follow each other; what an item has when it is done
-- is said again, and so are all items at the end: so the stream keeps its texts.
local common = require "dialect.common"
local native = require "dialect.native"
local response = require "dialect.responses.response"

local doc, out = native.document, native.output
local content, put = native.content, native.put

local writer = {}

-- ---- texts that are said again ----

local PIECES_MAX = 64
local KEPT_BYTES_MAX = 4 * 1024 * 1024

local function keep(s, piece)
    local pieces = s.pieces
    s.kept_bytes = (s.kept_bytes or 0) + #piece
    if s.kept_bytes > KEPT_BYTES_MAX then
        error("the answer is too long to be said again", 0)
    end
    if #pieces >= PIECES_MAX then
        local whole = table.concat(pieces)
        for i = #pieces, 1, -1 do
            pieces[i] = nil
        end
        s.chunks[#s.chunks + 1] = whole
    end
    pieces[#pieces + 1] = piece
end

local function begin_text(s)
    s.pieces, s.chunks = {}, {}
end

local function kept(s)
    return table.concat(s.chunks) .. table.concat(s.pieces)
end

-- ---- events ----

-- Begins an event: up to its own members.
local function event(s, name, ...)
    s.sequence = s.sequence + 1
    put(out, "event: ", name, '\ndata: {"type":"', name, '","sequence_number":',
        string.format("%.0f", s.sequence), ...)
end

local function start(s)
    s.sequence, s.item_count, s.items = -1, 0, {}
    for _, name in ipairs { "response.created", "response.in_progress" } do
        event(s, name, ',"response":')
        response.put(s, "")
        put(out, "}\n\n")
    end
end

writer.event, writer.start = event, start -- for compact.lua

-- The place of the open item, as members.
local function place(s)
    return ',"item_id":"' .. s.item_id .. '","output_index":' .. (s.item_count - 1)
end

local function done(s, item)
    s.items[#s.items + 1] = item
    event(s, "response.output_item.done", ',"output_index":', tostring(s.item_count - 1),
        ',"item":', item, "}\n\n")
    s.item = nil
end

local CLOSE = {}

-- The item that is open ends.
local function close(s)
    if s.item then
        CLOSE[s.item](s)
    end
end

-- Opens an item unless it is open. Returns true when it was not.
local function open(s, kind, prefix)
    if s.item == kind then
        return false
    end
    if not s.items then
        start(s)
    end
    close(s)
    s.item = kind
    s.item_id = prefix .. s.id .. "_" .. s.item_count
    s.item_count = s.item_count + 1
    return true
end

local function added(s, item)
    event(s, "response.output_item.added", ',"output_index":', tostring(s.item_count - 1),
        ',"item":', item, "}\n\n")
end

-- ---- messages ----

local function part_text(s, text)
    if s.part == "refusal" then
        return '{"type":"refusal","refusal":"' .. text .. '"}'
    end
    return '{"type":"output_text","text":"' .. text .. '","annotations":['
        .. table.concat(s.annotations, ",") .. '],"logprobs":[' .. table.concat(s.tokens, ",")
        .. "]}"
end

local function close_part(s)
    if not s.part then
        return
    end
    local text = kept(s)
    local whole = part_text(s, text)
    local at = place(s) .. ',"content_index":' .. #s.parts
    if s.part == "refusal" then
        event(s, "response.refusal.done", at, ',"refusal":"', text, '"}\n\n')
    else
        event(s, "response.output_text.done", at, ',"text":"', text, '","logprobs":[',
            table.concat(s.tokens, ","), "]}\n\n")
    end
    event(s, "response.content_part.done", at, ',"part":', whole, "}\n\n")
    s.parts[#s.parts + 1] = whole
    s.part = nil
end

CLOSE.message = function(s)
    close_part(s)
    done(s, '{"type":"message","id":"' .. s.item_id .. '","status":"completed","role":'
        .. '"assistant","content":[' .. table.concat(s.parts, ",") .. "]}")
end

local function open_part(s, name)
    if open(s, "message", "msg_") then
        s.parts = {}
        added(s, '{"type":"message","id":"' .. s.item_id .. '","status":"in_progress","role":'
            .. '"assistant","content":[]}')
    end
    if s.part == name then
        return
    end
    close_part(s)
    s.part = name
    s.annotations, s.tokens = {}, {}
    begin_text(s)
    local at = place(s) .. ',"content_index":' .. #s.parts
    event(s, "response.content_part.added", at, ',"part":', part_text(s, ""), "}\n\n")
    s.delta_head = at .. (name == "output_text" and ',"logprobs":[' or "")
end

function writer.text(s, node)
    if s.choice ~= 0 then
        return
    end
    open_part(s, "output_text")
    keep(s, content(doc, node))
    event(s, "response.output_text.delta", s.delta_head, s.delta_tokens or "", '],"delta":', node,
        "}\n\n")
    s.delta_tokens = nil
end

-- Deltas of the open text that were written without this.
function writer.skipped(s, text, count)
    keep(s, text)
    s.sequence = s.sequence + count
end

function writer.refusal(s, node)
    if s.choice ~= 0 then
        return
    end
    s.refused = true
    open_part(s, "refusal")
    keep(s, content(doc, node))
    event(s, "response.refusal.delta", s.delta_head, ',"delta":', node, "}\n\n")
end

-- A citation as an annotation, or nil.
function writer.cited(citation)
    if not citation.url then
        return nil
    end
    return '{"type":"url_citation","url":"' .. content(doc, citation.url) .. '","title":"'
        .. (citation.title and content(doc, citation.title) or "") .. '",'
        .. string.format('"start_index":%.0f,"end_index":%.0f}', citation.start or 0,
            citation.stop or 0)
end

function writer.citation(s, citation)
    local cited = s.choice == 0 and writer.cited(citation)
    if not cited then
        return
    end
    open_part(s, "output_text")
    event(s, "response.output_text.annotation.added", place(s), ',"content_index":',
        tostring(#s.parts), ',"annotation_index":', tostring(#s.annotations), ',"annotation":',
        cited, "}\n\n")
    s.annotations[#s.annotations + 1] = cited
end

-- They go with the text behind them.
function writer.logprobs(s, list)
    if s.choice ~= 0 then
        return
    end
    open_part(s, "output_text")
    local text = string.sub(type(list) == "string" and list or content(doc, list), 2, -2)
    s.delta_tokens = text
    s.tokens[#s.tokens + 1] = text
end

-- ---- reasoning ----

CLOSE.reasoning = function(s)
    local summary = ""
    if s.thinking then
        local text = kept(s)
        summary = '{"type":"summary_text","text":"' .. text .. '"}'
        local at = place(s) .. ',"summary_index":0'
        event(s, "response.reasoning_summary_text.done", at, ',"text":"', text, '"}\n\n')
        event(s, "response.reasoning_summary_part.done", at, ',"part":', summary, "}\n\n")
    end
    done(s, '{"type":"reasoning","id":"' .. s.item_id .. '","summary":[' .. summary .. "]"
        .. ',"encrypted_content":"' .. (s.encrypted or common.UNSIGNED) .. '"}')
    s.thinking, s.encrypted = nil, nil
end

local function open_reasoning(s)
    if open(s, "reasoning", "rs_") then
        added(s, '{"type":"reasoning","id":"' .. s.item_id .. '","summary":[]}')
    end
end

function writer.reasoning(s, node)
    if s.choice ~= 0 then
        return
    end
    open_reasoning(s)
    if not s.thinking then
        s.thinking = true
        begin_text(s)
        event(s, "response.reasoning_summary_part.added", place(s), ',"summary_index":0,"part":',
            '{"type":"summary_text","text":""}}\n\n')
    end
    keep(s, type(node) == "string" and string.sub(node, 2, -2) or content(doc, node))
    event(s, "response.reasoning_summary_text.delta", place(s), ',"summary_index":0,"delta":', node,
        "}\n\n")
end

function writer.signature(s, node, origin)
    if s.choice == 0 then
        open_reasoning(s)
        s.encrypted = common.mark(origin) .. content(doc, node)
        close(s)
    end
end

-- ---- calls ----

-- The name of a tool, in its namespace.
function writer.named(s, name)
    local namespace = s.asked.namespaces[name]
    if not namespace then
        return '"name":' .. native.quoted(name)
    end
    return '"name":' .. native.quoted(namespace[2]) .. ',"namespace":'
        .. native.quoted(namespace[1])
end

local function call_item(s, status, arguments)
    return '{"type":"function_call","id":"' .. s.item_id .. '","call_id":' .. s.call_id .. ","
        .. s.call_name .. ',"arguments":"' .. arguments .. '","status":"' .. status .. '"}'
end

CLOSE.call = function(s)
    local arguments = kept(s)
    if arguments == "" then -- clients decode them as JSON
        arguments = "{}"
        event(s, "response.function_call_arguments.delta", place(s), ',"delta":"{}"}\n\n')
    end
    event(s, "response.function_call_arguments.done", place(s), ",", s.call_name,
        ',"arguments":"', arguments, '"}\n\n')
    done(s, call_item(s, "completed", arguments))
    s.call_key = nil
end

function writer.call_start(s, key, id, name)
    if s.choice ~= 0 then
        return
    end
    if s.items then
        close(s)
    end
    s.calls_made[0] = true
    s.call_key, s.call_id, s.call_name = key, native.quoted(id), writer.named(s, name)
    open(s, "call", "fc_")
    begin_text(s)
    added(s, call_item(s, "in_progress", ""))
end

local function put_arguments(s, key, delta, piece)
    if s.call_key ~= key then
        error("arguments of a call that has ended", 0)
    end
    keep(s, piece)
    event(s, "response.function_call_arguments.delta", place(s), ',"delta":', delta, "}\n\n")
end

function writer.call_arguments(s, key, node)
    if s.choice == 0 then
        put_arguments(s, key, node, content(doc, node))
    end
end

function writer.call_object(s, key, node)
    if s.choice == 0 then
        local arguments = native.quoted(content(doc, node))
        put_arguments(s, key, arguments, string.sub(arguments, 2, -2))
    end
end

function writer.custom_call(s, _, id, name, input)
    if s.choice ~= 0 then
        return
    end
    if s.items then
        close(s)
    end
    s.calls_made[0] = true
    open(s, "custom", "ctc_")
    local head = '{"type":"custom_tool_call","id":"' .. s.item_id .. '","call_id":'
        .. native.quoted(id) .. "," .. writer.named(s, name) .. ',"input":"'
    added(s, head .. '"}')
    event(s, "response.custom_tool_call_input.delta", place(s), ',"delta":"', input, '"}\n\n')
    event(s, "response.custom_tool_call_input.done", place(s), ',"input":"', input, '"}\n\n')
    done(s, head .. input .. '"}')
end

-- ---- the end ----

function writer.reason(s, reason)
    if s.choice == 0 then
        s.reasons[0] = reason
    end
end

-- Puts the last event: the response with its items, as JSON.
function writer.conclude(s, items)
    local status, why = response.ending(s)
    event(s, "response." .. status, ',"response":')
    response.put(s, items, status, why)
    put(out, "}\n\n")
end

function writer.finish(s)
    if not s.items then
        start(s)
    end
    close(s)
    writer.conclude(s, table.concat(s.items, ","))
end

return writer
