-- Reads answers of OpenAI's Responses: whole or as events.
local common = require "dialect.common"
local members = require "dialect.responses.members"
local native = require "dialect.native"
local values = require "dialect.values"

local doc = native.document
local items, pick, text = native.items, native.pick, native.text
local is_text, is_object, is_array, number =
    values.is_text, values.is_object, values.is_array, values.number

local reader = {}

local function word(node)
    return node and text(doc, node, 128) or ""
end

-- ---- use and end ----

local function read_usage(s, node)
    local usage = common.usage(s)
    local input, output, input_details, output_details = pick(doc, node, members.usage)
    usage.input, usage.output = number(input), number(output)
    if is_object(input_details) then
        local cached, written = pick(doc, input_details, members.input_details)
        usage.cached, usage.cache_write = number(cached), number(written)
    end
    if is_object(output_details) then
        usage.reasoning = number((pick(doc, output_details, members.output_details)))
    end
end

local REASONS = { max_output_tokens = "length", content_filter = "content_filter" }

local function read_end(s, node)
    local _, status, incomplete, usage, tier = pick(doc, node, members.response)
    local reason = "stop"
    if word(status) == "incomplete" then
        local why = is_object(incomplete) and pick(doc, incomplete, members.incomplete)
        reason = REASONS[word(why)] or "length"
    end
    s.writer.reason(s, reason)
    if is_object(usage) then
        read_usage(s, usage)
    end
    s.service_tier = tier and text(doc, tier, 32)
end

-- ---- parts ----

local function read_annotation(s, node)
    local url, title, start, stop = pick(doc, node, members.annotation)
    if url then
        s.writer.citation(s, {
            kind = "citation", url = url, title = title, start = number(start), stop = number(stop),
        })
    end
end

local function read_text(s, said, logprobs)
    if is_array(logprobs) and s.asked.logprobs and select(2, items(doc, logprobs)) > 0 then
        s.writer.logprobs(s, logprobs)
    end
    if is_text(said) then
        s.writer.text(s, said)
    end
end

local function start_call(s, key, id, name)
    s.writer.call_start(s, key, is_text(id) and text(doc, id, 256) or "call_" .. s.id .. "_" .. key,
        name and text(doc, name, 256) or "")
end

-- ---- whole items ----

local function read_content(s, content)
    local first, count = items(doc, content)
    for i = first, first + count - 1 do
        local _, said, refusal, annotations, logprobs = pick(doc, i, members.part_given)
        read_text(s, said, logprobs)
        if is_text(refusal) then
            s.writer.refusal(s, refusal)
        end
        if is_array(annotations) then
            local from, more = items(doc, annotations)
            for j = from, from + more - 1 do
                read_annotation(s, j)
            end
        end
    end
end

local BETWEEN = '"\\n\\n"'

local function read_thoughts(s, list)
    local first, count = items(doc, list)
    for i = 0, count - 1 do
        local _, shown = pick(doc, first + i, members.part_given)
        if is_text(shown) then
            if i > 0 then
                s.writer.reasoning(s, BETWEEN)
            end
            s.writer.reasoning(s, shown)
        end
    end
    return count
end

local function read_item(s, node, key)
    local what, content, summary, encrypted, id, name, arguments =
        pick(doc, node, members.item_given)
    what = word(what)
    if what == "message" and is_array(content) then
        read_content(s, content)
    elseif what == "reasoning" then
        local count = is_array(summary) and read_thoughts(s, summary) or 0
        if count == 0 and is_array(content) then
            read_thoughts(s, content)
        end
        if is_text(encrypted) then
            s.writer.signature(s, encrypted, "openai-responses")
        end
    elseif what == "function_call" then
        start_call(s, key, id, name)
        if is_text(arguments) then
            s.writer.call_arguments(s, key, arguments)
        end
        s.writer.call_end(s, key)
    end
end

-- Reads the items of which nothing has come in events.
local function read_output(s, response)
    local output = pick(doc, response, members.response)
    if not is_array(output) then
        return
    end
    local first, count = items(doc, output)
    for i = 0, count - 1 do
        if not (s.came and s.came[i]) then
            read_item(s, first + i, i)
        end
    end
end

-- ---- events ----

local EVENT = {}

EVENT["response.output_text.delta"] = function(s, delta, _, _, logprobs)
    read_text(s, delta, logprobs)
end

EVENT["response.function_call_arguments.delta"] = function(s, delta, key)
    if is_text(delta) then
        s.argued = s.argued or {}
        s.argued[key] = true
        s.writer.call_arguments(s, key, delta)
    end
end

EVENT["response.reasoning_summary_text.delta"] = function(s, delta)
    if is_text(delta) then
        s.writer.reasoning(s, delta)
    end
end

EVENT["response.reasoning_text.delta"] = EVENT["response.reasoning_summary_text.delta"]
EVENT["response.reasoning.delta"] = EVENT["response.reasoning_summary_text.delta"]

EVENT["response.refusal.delta"] = function(s, delta)
    if is_text(delta) then
        s.writer.refusal(s, delta)
    end
end

EVENT["response.output_item.added"] = function(s, _, key, item)
    if is_object(item) then
        local what, _, _, _, id, name = pick(doc, item, members.item_given)
        if word(what) == "function_call" then
            start_call(s, key, id, name)
            s.came[key] = true
        end
    end
end

EVENT["response.output_item.done"] = function(s, _, key, item)
    if not is_object(item) then
        return
    end
    local what, _, _, encrypted, _, _, arguments = pick(doc, item, members.item_given)
    what = word(what)
    if not s.came[key] then -- it comes whole
        read_item(s, item, key)
        s.came[key] = true
    elseif what == "reasoning" and is_text(encrypted) then
        s.writer.signature(s, encrypted, "openai-responses")
    elseif what == "function_call" and is_text(arguments) and not (s.argued and s.argued[key]) then
        s.writer.call_arguments(s, key, arguments)
    end
    if what == "function_call" then
        s.writer.call_end(s, key)
    end
end

function reader.event(s)
    local what, delta, key, item, response, logprobs, annotation, place =
        pick(doc, 1, members.event)
    what = word(what)
    s.came = s.came or {} -- places of items of which something has come
    local take = EVENT[what]
    if take then
        local place_of_item = number(key) or 0
        take(s, delta, place_of_item, item, logprobs)
        if is_text(delta) then
            s.came[place_of_item] = true
        end
    elseif what == "response.reasoning_summary_part.added" then
        if (number(place) or 0) > 0 then
            s.writer.reasoning(s, BETWEEN)
        end
    elseif what == "response.output_text.annotation.added" and is_object(annotation) then
        read_annotation(s, annotation)
    elseif what == "response.completed" or what == "response.incomplete" then
        if is_object(response) then
            read_output(s, response)
            read_end(s, response)
        end
    end
end

function reader.body(s)
    read_output(s, 1)
    read_end(s, 1)
end

return reader
