-- Reads answers of Anthropic's Messages: whole or as events.
-- https://platform.claude.com/docs/en/build-with-claude/streaming
local common = require "dialect.common"
local members = require "dialect.anthropic.members"
local native = require "dialect.native"
local values = require "dialect.values"

local doc = native.document
local bytes, items, kind, pick, text =
    native.bytes, native.items, native.kind, native.pick, native.text
local is_text, is_object, number = values.is_text, values.is_object, values.number

local reader = {}

local REASONS = {
    end_turn = "stop", max_tokens = "length", stop_sequence = "stop_sequence",
    tool_use = "tool_calls", pause_turn = "pause", refusal = "refusal",
    model_context_window_exceeded = "length",
}

local function word(node)
    return node and text(doc, node, 64) or ""
end

-- ---- use ----

-- A stream reports it at its start and at its end; what the end leaves out stays.
local function read_usage(s, node)
    local usage = common.usage(s)
    local input, output, written, cached, creation, details, tools, tier =
        pick(doc, node, members.usage)
    usage.plain = number(input) or usage.plain
    usage.cache_write = number(written) or usage.cache_write
    usage.cached = number(cached) or usage.cached
    usage.output = number(output) or usage.output
    usage.input = (usage.plain or 0) + (usage.cache_write or 0) + (usage.cached or 0)
    if is_object(creation) then
        local short, long = pick(doc, creation, members.cache_creation)
        usage.cache_write_5m, usage.cache_write_1h = number(short), number(long)
    end
    if is_object(details) then
        usage.reasoning = number((pick(doc, details, members.output_details)))
    end
    if is_object(tools) then
        local searches, fetches = pick(doc, tools, members.server_tools)
        usage.web_searches, usage.web_fetches = number(searches), number(fetches)
    end
    s.service_tier = tier and text(doc, tier, 32) or s.service_tier
end

-- ---- blocks ----

local function read_citation(s, node)
    local _, url, title, cited, document = pick(doc, node, members.citation)
    s.writer.citation(s, {
        kind = "citation", url = url, title = title or document, cited = cited,
    })
end

local function start_call(s, key, id, name)
    s.writer.call_start(s, key, id and text(doc, id, 256) or "call_" .. s.id .. "_" .. key,
        name and text(doc, name, 256) or "")
end

-- A whole block; of a stream one that may be empty still.
local function read_block(s, node, key)
    local what, said, thinking, signature, data, id, name, input, citations =
        pick(doc, node, members.block_given)
    what = word(what)
    if what == "text" then
        if is_text(said) then
            s.writer.text(s, said)
        end
        if citations and kind(doc, citations) == "array" then
            local first, count = items(doc, citations)
            for i = first, first + count - 1 do
                read_citation(s, i)
            end
        end
    elseif what == "thinking" then
        if is_text(thinking) then
            s.writer.reasoning(s, thinking)
        end
        if is_text(signature) then
            s.writer.signature(s, signature, "anthropic")
        end
    elseif what == "redacted_thinking" and is_text(data) then
        s.writer.signature(s, data, "anthropic-redacted")
    elseif what == "tool_use" then
        start_call(s, key, id, name)
        if is_object(input) and bytes(doc, input) > 2 then
            s.writer.call_object(s, key, input)
        end
    end
end

local function read_delta(s, delta, key)
    local what, said, thinking, signature, partial, citation = pick(doc, delta, members.delta)
    what = word(what)
    if what == "text_delta" and is_text(said) then
        s.writer.text(s, said)
    elseif what == "input_json_delta" and is_text(partial) then
        s.writer.call_arguments(s, key, partial)
    elseif what == "thinking_delta" and is_text(thinking) then
        s.writer.reasoning(s, thinking)
    elseif what == "signature_delta" and is_text(signature) then
        s.writer.signature(s, signature, "anthropic")
    elseif what == "citations_delta" and is_object(citation) then
        read_citation(s, citation)
    end
end

-- What a message says beside its content, at its end or as a whole.
local function read_end(s, node)
    local _, reason, sequence, details = pick(doc, node, members.message_given)
    if is_object(details) then -- in the provider's words, why the model refused
        local explanation = pick(doc, details, members.stop_details)
        if is_text(explanation) then
            s.writer.refusal(s, explanation)
        end
    end
    if reason then
        s.stop_sequence = sequence and text(doc, sequence, 256)
        s.writer.reason(s, REASONS[word(reason)] or "stop")
    end
end

-- ---- events and bodies ----

function reader.event(s)
    local what, index, delta, block, message, usage = pick(doc, 1, members.event)
    what = word(what)
    if what == "content_block_delta" then
        if is_object(delta) then
            read_delta(s, delta, number(index) or 0)
        end
    elseif what == "content_block_start" then
        if is_object(block) then
            read_block(s, block, number(index) or 0)
        end
    elseif what == "content_block_stop" then
        s.writer.call_end(s, number(index) or 0)
    elseif what == "message_start" and is_object(message) then
        local _, _, _, _, given = pick(doc, message, members.message_given)
        if is_object(given) then
            read_usage(s, given)
        end
    elseif what == "message_delta" then
        if is_object(delta) then
            read_end(s, delta)
        end
        if is_object(usage) then
            read_usage(s, usage)
        end
    end
end

function reader.body(s)
    local content, _, _, _, usage = pick(doc, 1, members.message_given)
    if content and kind(doc, content) == "array" then
        local first, count = items(doc, content)
        for i = 0, count - 1 do
            read_block(s, first + i, i)
            s.writer.call_end(s, i)
        end
    end
    read_end(s, 1)
    if is_object(usage) then
        read_usage(s, usage)
    end
end

return reader
