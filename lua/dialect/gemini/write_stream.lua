-- Writes a stream of Gemini's generateContent. Each event is a whole answer with the next part; a
-- call comes when its arguments are whole. What another dialect signs goes with the next part.
local common = require "dialect.common"
local native = require "dialect.native"
local usage_text = require "dialect.gemini.usage"

local doc, out = native.document, native.output
local content, items, pick, put, put_decoded, put_text = native.content, native.items, native.pick,
    native.put, native.put_decoded, native.put_text
local chat_members = require "dialect.chat.members"

local writer = {}

local function head_of(s)
    local heads = s.heads
    if not heads then
        heads = {}
        s.heads = heads
        s.tail = ',"modelVersion":' .. native.quoted(s.model) .. ',"responseId":"' .. s.id .. '"'
    end
    local head = heads[s.choice]
    if not head then
        head = string.format('data: {"candidates":[{"index":%d,"content":{"role":"model",'
            .. '"parts":[', s.choice)
        heads[s.choice] = head
    end
    return head
end

-- The member thoughtSignature of what was signed, once.
local function signature(s)
    local signed = s.signed
    if not signed then
        return ""
    end
    s.signed = nil
    return ',"thoughtSignature":"' .. native.base64(signed) .. '"'
end

-- Writes the arguments of a call; what is no JSON object is shown as the model wrote it.
function writer.put_arguments(call)
    if call.object then
        put(out, call.object)
        return
    end
    local arguments = call.arguments or table.concat(call)
    if arguments == "" then
        put(out, "{}")
    elseif not put_decoded(out, arguments) then
        put(out, '{"arguments":"', type(arguments) == "number" and -arguments or arguments, '"}')
    end
end

function writer.put_call(call, signed)
    put(out, '{"functionCall":{"id":')
    put_text(out, call.id)
    put(out, ',"name":')
    put_text(out, call.name)
    put(out, ',"args":')
    writer.put_arguments(call)
    put(out, "}", signed, "}")
end

-- Writes the call whose arguments were awaited.
local function flush(s)
    local call = s.held_call
    if not call then
        return
    end
    s.held_call = nil
    local choice = s.choice
    s.choice = call.choice
    put(out, head_of(s))
    writer.put_call(call, call.signed)
    put(out, "]}}]", s.tail, "}\n\n")
    s.choice = choice
end

function writer.text(s, node)
    flush(s)
    put(out, head_of(s), '{"text":', node, signature(s), "}]}}]", s.tail, "}\n\n")
end

writer.refusal = writer.text

function writer.reasoning(s, node)
    flush(s)
    put(out, head_of(s), '{"text":', node, ',"thought":true}]}}]', s.tail, "}\n\n")
end

-- A second signature before a part: the first one goes with an empty text.
local function flush_signature(s)
    if s.signed then
        put(out, head_of(s), '{"text":""', signature(s), "}]}}]", s.tail, "}\n\n")
    end
end

function writer.signature(s, node, origin)
    flush(s)
    flush_signature(s)
    s.signed = common.mark(origin) .. content(doc, node)
end

function writer.call_start(s, key, id, name)
    flush(s)
    s.calls_made[s.choice] = true
    s.held_call = {
        key = key, id = id, name = name, choice = s.choice, signed = signature(s), bytes = 0,
    }
end

function writer.call_arguments(s, key, node)
    local call = s.held_call
    if not call or call.key ~= key then
        error("arguments of a call that has ended", 0)
    end
    common.hold(call, content(doc, node))
end

function writer.call_object(s, key, node)
    local call = s.held_call
    if call and call.key == key then
        call.object = node
        flush(s)
    end
end

-- A citation as Gemini writes it, or nil.
function writer.cited(citation)
    if not citation.url then
        return nil
    end
    return '{"uri":"' .. content(doc, citation.url) .. '"'
        .. (citation.title and ',"title":"' .. content(doc, citation.title) .. '"' or "")
        .. (citation.start and string.format(',"startIndex":%.0f', citation.start) or "")
        .. (citation.stop and string.format(',"endIndex":%.0f', citation.stop) or "") .. "}"
end

function writer.citation(s, citation)
    local cited = writer.cited(citation)
    if cited then
        flush(s)
        put(out, head_of(s), ']},"citationMetadata":{"citations":[', cited, "]}}]", s.tail,
            "}\n\n")
    end
end

-- ---- logprobs ----

local function one_logprob(node)
    local token, logprob = pick(doc, node, chat_members.logprob)
    return '{"token":"' .. (token and content(doc, token) or "") .. '","logProbability":'
        .. (logprob and content(doc, logprob) or "0") .. "}"
end

-- Of a list of tokens, as OpenAI has it.
local function add_logprobs(chosen, tops, list)
    local first, count = items(doc, list)
    for i = 0, count - 1 do
        chosen[#chosen + 1] = one_logprob(first + i)
        local _, _, others = pick(doc, first + i, chat_members.logprob)
        local top = {}
        local from, more = items(doc, others or list)
        for j = 0, others and more - 1 or -1 do
            top[j + 1] = one_logprob(from + j)
        end
        tops[#tops + 1] = '{"candidates":[' .. table.concat(top, ",") .. "]}"
    end
end

function writer.logprobs_text(lists)
    local chosen, tops = {}, {}
    for i = 1, #lists do
        add_logprobs(chosen, tops, lists[i])
    end
    return '{"chosenCandidates":[' .. table.concat(chosen, ",") .. '],"topCandidates":['
        .. table.concat(tops, ",") .. "]}"
end

function writer.logprobs(s, list)
    flush(s)
    put(out, head_of(s), ']},"logprobsResult":', writer.logprobs_text { list }, "}]", s.tail,
        "}\n\n")
end

-- ---- the end ----

local REASONS = {
    stop = "STOP", stop_sequence = "STOP", tool_calls = "STOP", length = "MAX_TOKENS",
    content_filter = "SAFETY", refusal = "SAFETY", pause = "STOP",
}

function writer.reason(s, reason)
    if s.held_call and s.held_call.choice == s.choice then -- else another answer's goes on
        flush(s)
    end
    head_of(s)
    s.reasons[s.choice] = reason
end

function writer.word(s, choice)
    return REASONS[common.reason(s, choice)]
end

function writer.finish(s)
    flush(s)
    s.choice = 0
    head_of(s)
    flush_signature(s)
    local last = 0
    for choice in pairs(s.heads) do
        last = math.max(last, choice)
    end
    put(out, 'data: {"candidates":[')
    for choice = 0, last do
        put(out, choice > 0 and "," or "", string.format('{"index":%d,"content":{"role":"model",'
            .. '"parts":[]},"finishReason":"%s"}', choice, writer.word(s, choice)))
    end
    put(out, '],"usageMetadata":', usage_text(common.usage(s)), s.tail, "}\n\n")
end

return writer
