-- Reads answers of OpenAI's chat completions and of the many servers that speak like it: whole or
-- as chunks. https://platform.openai.com/docs/api-reference/chat/streaming
local common = require "dialect.common"
local members = require "dialect.chat.members"
local native = require "dialect.native"
local values = require "dialect.values"

local doc = native.document
local bytes, items, kind, pick, text =
    native.bytes, native.items, native.kind, native.pick, native.text
local is_text, number = values.is_text, values.number

local reader = {}

local REASONS = {
    stop = "stop", length = "length", tool_calls = "tool_calls", function_call = "tool_calls",
    content_filter = "content_filter", max_tokens = "length",
}

-- ---- use ----

local function read_usage(s, node)
    local usage = common.usage(s)
    local prompt, completion, details, more, hits = pick(doc, node, members.usage)
    usage.input, usage.output = number(prompt), number(completion)
    usage.cached = number(hits)
    if details and kind(doc, details) == "object" then
        local cached, written, audio, image = pick(doc, details, members.prompt_details)
        usage.cached = number(cached) or usage.cached
        usage.cache_write, usage.audio_input = number(written), number(audio)
        usage.image_input = number(image)
    end
    if more and kind(doc, more) == "object" then
        local reasoning, audio, accepted, rejected = pick(doc, more, members.completion_details)
        usage.reasoning, usage.audio_output = number(reasoning), number(audio)
        usage.accepted, usage.rejected = number(accepted), number(rejected)
    end
end

-- ---- what a choice says ----

-- Reasoning as a text, and what else a client must send back of it (OpenRouter's form).
local function read_reasoning(s, thought, details)
    local writer = s.writer
    local told = is_text(thought)
    if told then
        writer.reasoning(s, thought)
    end
    if not details or kind(doc, details) ~= "array" then
        return
    end
    local first, count = items(doc, details)
    for i = first, first + count - 1 do
        local shown, summary, signature, data = pick(doc, i, members.detail_given)
        shown = shown or summary
        if not told and is_text(shown) then
            writer.reasoning(s, shown)
        end
        signature = signature or data
        if is_text(signature) then
            writer.signature(s, signature, "openai-chat")
        end
    end
end

-- A content in pieces, as Mistral's models that reason send it.
local function read_pieces(s, content)
    local writer = s.writer
    local first, count = items(doc, content)
    for i = first, first + count - 1 do
        local _, said, thinking = pick(doc, i, members.piece)
        if is_text(said) then
            writer.text(s, said)
        elseif thinking and kind(doc, thinking) == "array" then
            local inner, inner_count = items(doc, thinking)
            for j = inner, inner + inner_count - 1 do
                local _, thought = pick(doc, j, members.piece)
                if is_text(thought) then
                    writer.reasoning(s, thought)
                end
            end
        end
    end
end

-- ---- tool calls ----

-- Calls are told apart by index; some servers send every call with index 0 and an id of its own.
local function find_call(s, place, id)
    local open = s.open_calls
    if not open then
        open = { count = 0 }
        s.open_calls = open
    end
    local slot = s.choice * 1000 + place
    local known = open[slot]
    if known and (not id or id == known.id) then
        return known
    end
    known = { key = open.count, id = id, fresh = true }
    open.count = open.count + 1
    open[slot] = known
    return known
end

local function read_call(s, node, place)
    local index, id_node, called, custom = pick(doc, node, members.call_given)
    called = called or custom
    if not called or kind(doc, called) ~= "object" then
        return
    end
    local id = is_text(id_node) and text(doc, id_node, 256) or nil
    local call = find_call(s, number(index) or place, id)
    local name, arguments, input = pick(doc, called, members.called_given)
    arguments = arguments or input
    if call.fresh then
        call.fresh = nil
        s.writer.call_start(s, call.key, id or "call_" .. s.id .. "_" .. call.key,
            name and text(doc, name, 256) or "")
    end
    if is_text(arguments) then
        s.writer.call_arguments(s, call.key, arguments)
    elseif arguments and kind(doc, arguments) == "object" then -- Ollama's older form
        s.writer.call_object(s, call.key, arguments)
    end
end

local function read_calls(s, calls)
    local first, count = items(doc, calls)
    for i = 0, count - 1 do
        read_call(s, first + i, i)
    end
end

-- ---- citations ----

local function read_annotations(s, annotations)
    local first, count = items(doc, annotations)
    for i = first, first + count - 1 do
        local cited = pick(doc, i, members.annotation)
        if cited and kind(doc, cited) == "object" then
            local url, title, start, stop = pick(doc, cited, members.url_citation)
            s.writer.citation(s, {
                kind = "citation", url = url, title = title, start = number(start),
                stop = number(stop),
            })
        end
    end
end

-- ---- chunks and bodies ----

local function read_delta(s, delta)
    local content, thought, thought_too, details, refusal, calls, annotations =
        pick(doc, delta, members.delta)
    thought = thought or thought_too
    if thought or details then
        read_reasoning(s, thought, details)
    end
    if content then
        local what = kind(doc, content)
        if what == "array" then
            read_pieces(s, content)
        elseif what == "string" and bytes(doc, content) > 0 then
            s.writer.text(s, content)
        end
    end
    if is_text(refusal) then
        s.writer.refusal(s, refusal)
    end
    if calls and kind(doc, calls) == "array" then
        read_calls(s, calls)
    end
    if annotations and kind(doc, annotations) == "array" then
        read_annotations(s, annotations)
    end
end

local function read_choice(s, node)
    local index, delta, message, finish, logprobs = pick(doc, node, members.choice_given)
    s.choice = number(index) or 0
    delta = delta or message
    if logprobs and s.asked.logprobs and kind(doc, logprobs) == "object" then
        local list = pick(doc, logprobs, members.logprobs)
        if list and kind(doc, list) == "array" then
            s.writer.logprobs(s, list)
        end
    end
    if delta and kind(doc, delta) == "object" then
        read_delta(s, delta)
    end
    if finish then
        s.writer.reason(s, REASONS[text(doc, finish, 64) or ""] or "stop")
    end
end

local function read_completion(s)
    local choices, usage, tier = pick(doc, 1, members.chunk)
    if choices and kind(doc, choices) == "array" then
        local first, count = items(doc, choices)
        for i = first, first + count - 1 do
            read_choice(s, i)
        end
    end
    if usage and kind(doc, usage) == "object" then
        read_usage(s, usage)
    end
    if tier then
        s.service_tier = text(doc, tier, 32)
    end
end

reader.event = read_completion
reader.body = read_completion

return reader
