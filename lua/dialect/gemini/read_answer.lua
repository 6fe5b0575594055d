-- Reads answers of Gemini's generateContent: whole, or a part of it in each event.
local common = require "dialect.common"
local members = require "dialect.gemini.members"
local native = require "dialect.native"
local values = require "dialect.values"

local doc = native.document
local items, pick, text = native.items, native.pick, native.text
local is_text, is_object, is_array, number =
    values.is_text, values.is_object, values.is_array, values.number

local reader = {}

local REASONS = {
    STOP = "stop", MAX_TOKENS = "length", SAFETY = "content_filter", RECITATION = "content_filter",
    LANGUAGE = "content_filter", BLOCKLIST = "content_filter",
    PROHIBITED_CONTENT = "content_filter", SPII = "content_filter",
    IMAGE_SAFETY = "content_filter", MODEL_ARMOR = "content_filter",
    IMAGE_PROHIBITED_CONTENT = "content_filter", IMAGE_RECITATION = "content_filter",
}

-- ---- use ----

-- How many of the tokens are of a kind.
local function of_modality(details, name)
    if not is_array(details) then
        return nil
    end
    local first, count = items(doc, details)
    for i = first, first + count - 1 do
        local modality, tokens = pick(doc, i, members.modality)
        if modality and text(doc, modality, 32) == name then
            return number(tokens)
        end
    end
end

-- Each event has the counts so far: only those of the end are read.
local function read_usage(s, node)
    local usage = common.usage(s)
    local prompt, said, thought, cached, tools, prompt_details, said_details =
        pick(doc, node, members.usage)
    usage.input = (number(prompt) or 0) + (number(tools) or 0)
    usage.cached = number(cached)
    usage.reasoning = number(thought)
    usage.output = (number(said) or 0) + (usage.reasoning or 0)
    usage.audio_input = of_modality(prompt_details, "AUDIO")
    usage.image_input = of_modality(prompt_details, "IMAGE")
    usage.audio_output = of_modality(said_details, "AUDIO")
end

-- ---- parts ----

local function read_call(s, node)
    local id, name, arguments = pick(doc, node, members.called_given)
    local key = s.call_count or 0
    s.call_count = key + 1
    s.writer.call_start(s, key, is_text(id) and text(doc, id, 256)
        or "call_" .. s.id .. "_" .. key, name and text(doc, name, 256) or "")
    if is_object(arguments) then
        s.writer.call_object(s, key, arguments)
    end
    s.writer.call_end(s, key)
end

local function read_part(s, node)
    local writer = s.writer
    local said, thought, signature, called, inline = pick(doc, node, members.part_given)
    if is_text(signature) and called then
        writer.signature(s, signature, "gemini")
    end
    if is_text(said) then
        if thought and native.content(doc, thought) == "true" then
            writer.reasoning(s, said)
        else
            writer.text(s, said)
        end
    elseif is_object(called) then
        read_call(s, called)
    elseif is_object(inline) and writer.image then
        writer.image(s, pick(doc, inline, members.inline_given))
    end
    if is_text(signature) and not called then
        writer.signature(s, signature, "gemini")
    end
end

local function read_citations(s, node)
    local citations = pick(doc, node, members.citations)
    if not is_array(citations) then
        return
    end
    local first, count = items(doc, citations)
    for i = first, first + count - 1 do
        local url, title, start, stop = pick(doc, i, members.citation)
        s.writer.citation(s, {
            kind = "citation", url = url, title = title, start = number(start), stop = number(stop),
        })
    end
end

-- ---- logprobs ----

local function one_logprob(node)
    local token, logprob = pick(doc, node, members.logprob)
    return '"token":' .. (is_text(token) and '"' .. native.content(doc, token) .. '"' or '""')
        .. ',"logprob":' .. (logprob and native.content(doc, logprob) or "0") .. ',"bytes":[]'
end

-- In OpenAI's form.
local function read_logprobs(s, node)
    local chosen, tops = pick(doc, node, members.logprobs)
    if not is_array(chosen) then
        return
    end
    local first, count = items(doc, chosen)
    local top_first, top_count = items(doc, tops or node)
    local tokens = {}
    for i = 0, count - 1 do
        local others = {}
        local top = i < top_count and pick(doc, top_first + i, members.top)
        if is_array(top) then
            local from, more = items(doc, top)
            for j = from, from + more - 1 do
                others[#others + 1] = "{" .. one_logprob(j) .. "}"
            end
        end
        tokens[i + 1] = "{" .. one_logprob(first + i) .. ',"top_logprobs":['
            .. table.concat(others, ",") .. "]}"
    end
    s.writer.logprobs(s, "[" .. table.concat(tokens, ",") .. "]")
end

-- ---- candidates ----

local function read_candidate(s, node)
    local index, content, finish, citations, logprobs = pick(doc, node, members.candidate)
    s.choice = number(index) or 0
    if is_object(logprobs) and s.asked.logprobs then
        read_logprobs(s, logprobs)
    end
    local parts = is_object(content) and pick(doc, content, members.content_given)
    if is_array(parts) then
        local first, count = items(doc, parts)
        for i = first, first + count - 1 do
            read_part(s, i)
        end
    end
    if is_object(citations) then
        read_citations(s, citations)
    end
    if finish then
        s.ended = true
        s.writer.reason(s, REASONS[text(doc, finish, 64) or ""] or "stop")
    end
end

function reader.event(s)
    local candidates, usage, feedback = pick(doc, 1, members.answer)
    if is_array(candidates) then
        local first, count = items(doc, candidates)
        for i = first, first + count - 1 do
            read_candidate(s, i)
        end
    end
    if is_object(feedback) and pick(doc, feedback, members.feedback) then
        s.choice, s.ended = 0, true
        s.writer.reason(s, "content_filter")
    end
    if s.ended and is_object(usage) then
        read_usage(s, usage)
    end
end

reader.body = reader.event

return reader
