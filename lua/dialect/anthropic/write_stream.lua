-- Writes a stream of Anthropic's Messages. Each event is named, blocks follow each other: clients
-- end at a delta of a block that has not begun, or has ended.
local common = require "dialect.common"
local native = require "dialect.native"
local usage_text = require "dialect.anthropic.usage"

local doc, out = native.document, native.output
local content, put, put_encoded, put_text = native.content, native.put, native.put_encoded,
    native.put_text

local writer = {}

local function start(s)
    s.started = true
    s.blocks = 0
    put(out, 'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_', s.id,
        '","type":"message","role":"assistant","model":')
    put_text(out, s.model)
    put(out, ',"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,',
        '"output_tokens":0}}}\n\n')
end

local function close(s)
    if s.block then
        if s.block == "thinking" and not s.signed then
            put(out, s.delta_head, '"signature_delta","signature":"', common.UNSIGNED,
                '"}}\n\n')
        end
        s.signed = nil
        put(out, string.format('event: content_block_stop\ndata: {"type":"content_block_stop",'
            .. '"index":%d}\n\n', s.blocks - 1))
        s.block = nil
    end
end

-- Opens a block, unless it is open. `name` tells blocks apart. Returns the head of its deltas.
local function open(s, name, block)
    if s.block == name then
        return s.delta_head
    end
    if not s.started then
        start(s)
    end
    close(s)
    s.block = name
    put(out, string.format('event: content_block_start\ndata: {"type":"content_block_start",'
        .. '"index":%d,"content_block":', s.blocks), block, "}\n\n")
    s.delta_head = string.format('event: content_block_delta\ndata: {"type":'
        .. '"content_block_delta","index":%d,"delta":{"type":', s.blocks)
    s.blocks = s.blocks + 1
    return s.delta_head
end

local TEXT = '{"type":"text","text":""}'
local THINKING = '{"type":"thinking","thinking":"","signature":""}'

-- Only the first of several answers is shown: Anthropic's clients know one.
function writer.text(s, node)
    if s.choice == 0 then
        put(out, open(s, "text", TEXT), '"text_delta","text":', node, "}}\n\n")
    end
end

writer.refusal = function(s, node)
    writer.text(s, node)
    s.refused = true
end

function writer.reasoning(s, node)
    if s.choice == 0 then
        put(out, open(s, "thinking", THINKING), '"thinking_delta","thinking":', node, "}}\n\n")
    end
end

function writer.signature(s, node, origin)
    if s.choice == 0 then
        put(out, open(s, "thinking", THINKING), '"signature_delta","signature":"',
            common.mark(origin), -node, '"}}\n\n')
        s.signed = true
        close(s)
    end
end

function writer.call_start(s, key, id, name)
    if s.choice ~= 0 then
        return
    end
    s.calls_made[0] = true
    open(s, key, '{"type":"tool_use","id":"' .. common.plain_id(id) .. '","name":'
        .. native.quoted(name) .. ',"input":{}}')
end

function writer.call_arguments(s, key, node)
    if s.choice ~= 0 then
        return
    elseif s.block ~= key then
        error("arguments of a call that has ended", 0)
    end
    put(out, s.delta_head, '"input_json_delta","partial_json":', node, "}}\n\n")
end

function writer.call_object(s, _, node)
    if s.choice == 0 then
        put(out, s.delta_head, '"input_json_delta","partial_json":')
        put_encoded(out, node)
        put(out, "}}\n\n")
    end
end

-- Returns a citation of a web page as Anthropic writes it, or nil.
function writer.cited(citation)
    if not citation.url then
        return nil
    end
    return '{"type":"web_search_result_location","url":' .. '"' .. content(doc, citation.url)
        .. '","title":"' .. (citation.title and content(doc, citation.title) or "")
        .. '","cited_text":"' .. (citation.cited and content(doc, citation.cited) or "")
        .. '","encrypted_index":""}'
end

function writer.citation(s, citation)
    local cited = s.choice == 0 and writer.cited(citation)
    if cited then
        put(out, open(s, "text", TEXT), '"citations_delta","citation":', cited, "}}\n\n")
    end
end

function writer.logprobs() end

function writer.reason(s, reason)
    if s.choice == 0 then
        s.reasons[0] = reason
    end
end

local REASONS = {
    stop = "end_turn", stop_sequence = "stop_sequence", length = "max_tokens",
    tool_calls = "tool_use", content_filter = "refusal", refusal = "refusal", pause = "pause_turn",
}

-- The stop reason and the sequence, as members.
function writer.ending(s)
    local reason = s.refused and "refusal" or common.reason(s, 0)
    if reason == "stop" and s.calls_made[0] then
        reason = "tool_calls"
    end
    return '"stop_reason":"' .. REASONS[reason] .. '","stop_sequence":'
        .. (reason == "stop_sequence" and s.stop_sequence and native.quoted(s.stop_sequence)
            or "null")
end

function writer.finish(s)
    if not s.started then
        start(s)
    end
    close(s)
    put(out, 'event: message_delta\ndata: {"type":"message_delta","delta":{', writer.ending(s),
        '},"usage":', usage_text(s, common.usage(s)), "}\n\n",
        'event: message_stop\ndata: {"type":"message_stop"}\n\n')
end

return writer
