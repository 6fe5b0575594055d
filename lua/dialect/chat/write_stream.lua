-- Writes a stream of OpenAI's chat completions. C adds `data: [DONE]` and the cost.
local common = require "dialect.common"
local native = require "dialect.native"
local openai = require "dialect.openai"
local usage_text = require "dialect.chat.usage"

local out = native.output
local put, put_encoded, put_text = native.put, native.put_encoded, native.put_text

local writer = {}

local DELTA_END = '},"finish_reason":null}]}\n\n'

-- Begins a chunk with a delta of the present choice.
local function begin_delta(s)
    local heads = s.heads
    if not heads then
        s.head = 'data: {"id":"chatcmpl-' .. s.id .. '","object":"chat.completion.chunk","created":'
            .. string.format("%.0f", s.created) .. ',"model":' .. native.quoted(s.model)
        heads = {}
        s.heads = heads
    end
    local head = heads[s.choice]
    if not head then
        head = string.format('%s,"choices":[{"index":%d,"delta":{', s.head, s.choice)
        heads[s.choice] = head
        put(out, head, '"role":"assistant","content":""', DELTA_END)
    end
    return head
end

function writer.text(s, node)
    put(out, begin_delta(s), '"content":', node, DELTA_END)
end

function writer.refusal(s, node)
    put(out, begin_delta(s), '"refusal":', node, DELTA_END)
end

-- A provider that signs its reasoning wants text and signature back together.
function writer.reasoning(s, node)
    local head = begin_delta(s)
    if s.provider == "anthropic" then
        put(out, head, '"reasoning_content":', node, ',"reasoning_details":[{"type":',
            '"reasoning.text","text":', node, "}]", DELTA_END)
        return
    end
    put(out, head, '"reasoning_content":', node, DELTA_END)
end

-- A signature of Gemini's stands before the call that it signs, and goes behind its id.
function writer.signature(s, node, origin)
    if origin == "gemini" then
        s.signed = common.mark(origin) .. native.content(native.document, node)
        return
    end
    put(out, begin_delta(s), '"reasoning_details":[{"type":"',
        s.provider == "anthropic" and 'reasoning.text","signature":"'
            or 'reasoning.encrypted","data":"',
        common.mark(origin), -node, '"}]', DELTA_END)
end

-- A call without arguments has empty ones: clients decode them as JSON.
local function end_call(s)
    local unargued = s.unargued
    if unargued then
        s.unargued = nil
        put(out, unargued, ',"function":{"arguments":"{}"}}]', DELTA_END)
    end
end

-- Begins a call: up to its kind.
local function begin_call(s, key, id)
    end_call(s)
    local head = begin_delta(s)
    local places = s.places
    if not places then
        places = {}
        s.places = places
    end
    local count = s.calls_made[s.choice] or 0
    s.calls_made[s.choice] = count + 1
    places[key] = string.format('"tool_calls":[{"index":%d', count)
    put(out, head, places[key], ',"id":"', common.escaped(id))
    if s.signed then
        put(out, "~", s.signed)
        s.signed = nil
    end
end

function writer.call_start(s, key, id, name)
    begin_call(s, key, id)
    put(out, '","type":"function","function":{"name":')
    put_text(out, name)
    put(out, ',"arguments":""}}]', DELTA_END)
    s.unargued = begin_delta(s) .. s.places[key]
end

function writer.custom_call(s, key, id, name, input)
    begin_call(s, key, id)
    put(out, '","type":"custom","custom":{"name":')
    put_text(out, name)
    put(out, ',"input":"', input, '"}}]', DELTA_END)
end

-- The place of a call that has begun.
local function place_of(s, key)
    local place = s.places and s.places[key]
    return place or error("arguments of a call that has not begun", 0)
end

function writer.call_arguments(s, key, node)
    s.unargued = nil
    put(out, begin_delta(s), place_of(s, key), ',"function":{"arguments":', node, "}}]", DELTA_END)
end

function writer.call_object(s, key, node)
    s.unargued = nil
    put(out, begin_delta(s), place_of(s, key), ',"function":{"arguments":')
    put_encoded(out, node)
    put(out, "}}]", DELTA_END)
end

function writer.citation(s, citation)
    if not citation.url then
        return
    end
    put(out, begin_delta(s), '"annotations":[{"type":"url_citation","url_citation":{"url":',
        citation.url, ',"title":', citation.title or '""',
        string.format(',"start_index":%.0f,"end_index":%.0f}}]', citation.start or 0,
            citation.stop or 0), DELTA_END)
end

-- `list`: a node, or a text in the same form.
function writer.logprobs(s, list)
    begin_delta(s)
    put(out, s.head, string.format(',"choices":[{"index":%d,"delta":{},"logprobs":{"content":',
        s.choice), list, ',"refusal":null},"finish_reason":null}]}\n\n')
end

-- A picture in OpenRouter's form.
function writer.image(s, media, data)
    put(out, begin_delta(s), '"images":[{"type":"image_url","image_url":{"url":"data:', -media,
        ";base64,", -data, '"}}]', DELTA_END)
end

function writer.reason(s, reason)
    begin_delta(s)
    s.reasons[s.choice] = reason
end

local REASONS = {
    stop = "stop", stop_sequence = "stop", length = "length", tool_calls = "tool_calls",
    content_filter = "content_filter", refusal = "content_filter", pause = "stop",
}

-- The word for a reason.
function writer.word(s, choice)
    local reason = common.reason(s, choice)
    if reason == "stop" and s.calls_made[choice] then
        reason = "tool_calls"
    end
    return REASONS[reason]
end

function writer.finish(s)
    end_call(s)
    s.choice = 0
    begin_delta(s)
    for choice in pairs(s.heads) do
        put(out, s.head, string.format(',"choices":[{"index":%d,"delta":{},"finish_reason":"%s"}]',
            choice, writer.word(s, choice)), "}\n\n")
    end
    if not s.asked.usage then
        return
    end
    put(out, s.head, ',"choices":[],"usage":', usage_text(common.usage(s)))
    local tier = openai.tier(s)
    put(out, tier and ',"service_tier":"' .. tier .. '"' or "", "}\n\n")
end

return writer
