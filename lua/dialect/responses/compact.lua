-- A compaction over a provider that has none: the model is asked for a summary of the conversation,
-- and gets that in place of the conversation the next time. The summary is no secret of ours, so it
-- travels as it is behind the mark of opaque texts.
local common = require "dialect.common"
local native = require "dialect.native"
local response = require "dialect.responses.response"
local stream = require "dialect.responses.write_stream"

local doc, out = native.document, native.output
local content, put = native.content, native.put

local compact = {}

local ORIGIN = native.SUMMARY_ORIGIN
local SUMMARY_BYTES_MAX = 1024 * 1024
-- The messages of the user that an answer repeats: the last ones, as OpenAI's does.
local REPEATED_BYTES_MAX = 256 * 1024

-- As it stands in JSON.
local QUESTION = "The conversation above is about to be removed, and only your summary of it will "
    .. "be left to go on from. Write that summary now, for whoever takes over the work: what the "
    .. "user wants and how, what was done and decided and why, what was found out (names, paths, "
    .. "numbers, commands and errors as they are), the present state, and what is to be done "
    .. "next. Leave out what no longer matters. Call no tools, and write nothing but the summary."
local BEGINNING = native.SUMMARY_BEGINNING

-- Adds a summary of ours to what the user says. Returns false if it is another's.
function compact.unseal(parts, node)
    local origin, summary = common.unmark(node)
    if origin ~= ORIGIN then
        return false
    end
    parts[#parts + 1] = { kind = "text", node = native.literal(doc, BEGINNING) }
    parts[#parts + 1] = { kind = "text", node = summary }
    return true
end

-- ---- the request ----

-- Notes a message of the user.
function compact.note(asked, node)
    asked.said = asked.said or {}
    asked.said[#asked.said + 1] = node
end

-- The last messages of the user, as items without what is of the answer.
local function repeated(asked)
    local texts, bytes = {}, 0
    for i = asked.said and #asked.said or 0, 1, -1 do
        local node = asked.said[i]
        bytes = bytes + native.bytes(doc, node)
        if bytes > REPEATED_BYTES_MAX then
            break
        end
        table.insert(texts, 1, native.kind(doc, node) == "string"
            and '[{"type":"input_text","text":"' .. content(doc, node) .. '"}]'
            or content(doc, node))
    end
    return texts
end

-- Makes the request one for a summary. Its tools stay, because providers want those of earlier
-- calls and have cached them, but none may be called.
function compact.ask(asked, wish)
    asked.messages[#asked.messages + 1] = {
        role = "user", parts = { { kind = "text", node = native.literal(doc, QUESTION) } },
    }
    asked.choice = asked.tools and #asked.tools > 0 and { mode = "none" } or nil
    asked.parallel, asked.format, asked.verbosity = nil, nil, nil
    asked.logprobs, asked.top_logprobs = nil, nil
    asked.answer.compacts = true
    asked.answer.repeated = wish.compacts and repeated(asked) or nil
end

-- ---- the answer: a writer that keeps the text, and then writes it as one item ----

local writer = {}

local function nothing() end

for _, name in ipairs {
    "refusal", "reasoning", "signature", "call_start", "call_arguments", "call_object",
    "call_end", "custom_call", "citation", "image", "logprobs",
} do
    writer[name] = nothing
end

local function keep(s, text)
    s.summary = s.summary or {}
    s.summary_bytes = (s.summary_bytes or 0) + #text
    if s.summary_bytes > SUMMARY_BYTES_MAX then
        error("the summary is too long", 0)
    end
    s.summary[#s.summary + 1] = text
end

local function item(s, sealed)
    return '{"type":"compaction","id":"cmp_' .. s.id .. '","encrypted_content":"' .. sealed .. '"}'
end

local function seal(s)
    if not s.summary then
        error("the model has written no summary", 0)
    end
    return common.mark(ORIGIN) .. table.concat(s.summary)
end

-- Tells that the summary is being written.
local function begin(s)
    s.begun = true
    stream.start(s)
    stream.event(s, "response.output_item.added", ',"output_index":0,"item":', item(s, ""),
        "}\n\n")
    stream.event(s, "response.compaction.compacting", ',"output_index":0,"item_id":"cmp_', s.id,
        '"}\n\n')
end

function writer.text(s, node)
    if s.choice ~= 0 then
        return
    elseif s.streamed and not s.begun then
        begin(s)
    end
    keep(s, content(doc, node))
end

function writer.skipped(s, text)
    keep(s, text)
end

function writer.reason(s, reason)
    if s.choice == 0 then
        s.reasons[0] = reason
    end
end

function writer.finish(s)
    local whole = item(s, seal(s))
    stream.event(s, "response.output_item.done", ',"output_index":0,"item":', whole, "}\n\n")
    stream.conclude(s, whole)
end

compact.writer = writer

-- Writes a whole answer: a response, or what POST responses/compact gives.
function compact.body(s)
    local whole = item(s, seal(s))
    if not s.asked.repeated then
        response.put(s, whole, response.ending(s))
        return
    end
    put(out, '{"id":"resp_', s.id, '","object":"response.compaction","created_at":',
        string.format("%.0f", s.created), ',"output":[')
    for i = 1, #s.asked.repeated do
        put(out, '{"type":"message","id":"msg_', s.id, "_", tostring(i - 1),
            '","status":"completed","role":"user","content":', s.asked.repeated[i], "},")
    end
    put(out, whole, '],"usage":', response.usage_text(common.usage(s)), "}")
end

return compact
