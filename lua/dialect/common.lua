-- What all dialects have in common: refusals, the opaque texts that carry reasoning from one
-- dialect through another, counts of use, and the parts of a message.
--
-- The canonical form (docs/DIALECTS.md names what each dialect does with it):
--
-- A request: { system = parts, messages = { { role = "system" | "user" | "assistant", parts } },
--   tools, choice, parallel, format, limit, stop, effort, budget, thoughts, ... }.
-- A part: { kind = "text", node }, "image", "file", "audio", "reasoning", "call", "result" or
--   "refusal". A node is a value of the client's body (core/script/json_document.h), never decoded.
-- An answer: a reader calls the writer of the client's dialect: text, reasoning, signature,
--   call_start, call_arguments, call_object, call_end, refusal, citation, finish.
local native = require "dialect.native"

local doc, out = native.document, native.output
local begins, put, split, text = native.begins, native.put, native.split, native.text

local HELD_BYTES_MAX = 1024 * 1024

local common = {}

-- ---- refusals ----

-- The client's request cannot be carried over; C makes a 400 of it.
function common.refuse(param, message, code)
    error({ code = code or "invalid_value", param = param, message = message }, 0)
end

-- Puts numbers into a place: where("messages[#].content[#]", 1, 2).
function common.where(pattern, ...)
    local numbers, count = { ... }, 0
    return (string.gsub(pattern, "#", function()
        count = count + 1
        return tostring(numbers[count])
    end))
end

-- Refuses an object without this member.
function common.need(value, place)
    if value == nil then
        common.refuse(place, "'" .. place .. "' is missing.", "missing_field")
    end
    return value
end

-- Refuses a word of the canonical form by the name that the client's dialect has for it.
function common.cannot(asked, word, why)
    local param = asked.members[word] or word
    common.refuse(param, "'" .. param .. "' cannot be carried over: " .. why)
end

-- Holds a piece of a call's arguments until they are whole; `held.bytes` begins with 0.
function common.hold(held, piece)
    held.bytes = held.bytes + #piece
    if held.bytes > HELD_BYTES_MAX then
        error("the arguments of a call are too long", 0)
    end
    held[#held + 1] = piece
end

-- A text of white space only, which says nothing. Nobody writes longer ones.
local BLANK_BYTES_MAX = 256

function common.is_blank(node)
    local length = native.bytes(doc, node)
    return length == 0 or length <= BLANK_BYTES_MAX
        and not string.find(text(doc, node, BLANK_BYTES_MAX) or "x", "%S")
end

-- Whether one of the parts is written at all.
function common.says_something(parts, is_said)
    for i = 1, #parts do
        if is_said(parts[i]) then
            return true
        end
    end
    return false
end

-- The arguments of a call, in dialects where they are an object. A model may have written none, or
-- have been cut in the middle; clients send that back, with what their tool said to it.
function common.put_object(part)
    if part.object then
        put(out, part.object)
    elseif part.custom then
        put(out, '{"input":', part.custom, "}")
    elseif not part.arguments then
        put(out, "{}")
    elseif not native.put_decoded(out, part.arguments) then
        put(out, '{"arguments":', part.arguments, "}")
    end
end

-- A tool that takes any text, in dialects whose tools take JSON.
common.CUSTOM_SCHEMA = '{"type":"object","properties":{"input":{"type":"string"}},'
    .. '"required":["input"],"additionalProperties":false}'

-- The member `description` of a tool. Where a tool of any text has a grammar, the model is told.
function common.put_description(tool)
    if not tool.grammar then
        put(out, tool.description and ',"description":' or "", tool.description or "")
        return
    end
    put(out, ',"description":"')
    if tool.description then
        put(out, -tool.description, "\\n\\n")
    end
    put(out, "The input must match this grammar:\\n", -tool.grammar, '"')
end

-- ---- reasoning of another dialect ----

-- Adds a text of reasoning; one that follows another without a signature goes on with it.
function common.add_thought(parts, node)
    local last = parts[#parts]
    if last and last.kind == "reasoning" and not last.signature then
        if not last.text then
            last.text = node
            return last
        end
        last.more = last.more or {}
        last.more[#last.more + 1] = node
        return last
    end
    last = { kind = "reasoning", text = node }
    parts[#parts + 1] = last
    return last
end

-- Writes the text of reasoning, without quotes.
function common.put_thought(part)
    if part.text then
        common.put_opaque(part.text)
    end
    for i = 1, part.more and #part.more or 0 do
        common.put_opaque(part.more[i])
    end
end

-- A signature or an encrypted text is good only where it comes from. In another dialect it travels
-- as "gw1.ORIGIN.TEXT", in a place that clients send back as it is; what has no such mark is the
-- dialect's own.
local MARK = native.MARK
common.MARK = MARK

function common.mark(origin)
    return MARK .. origin .. "."
end

-- What stands in place of a signature where the provider has none: an empty one would look like the
-- client's provider's own.
common.UNSIGNED = MARK .. "none."

-- Writes an opaque text without quotes: a node, or what stood between quotes.
function common.put_opaque(signature)
    put(out, type(signature) == "string" and signature or -signature)
end

-- Returns the origin and the node of the opaque text.
function common.unmark(node, own)
    if not begins(doc, node, MARK) then
        return own, node
    end
    local _, rest = split(doc, node, ".")
    local origin, opaque = split(doc, rest, ".")
    return origin or own, opaque or node
end

-- ---- ids of tool calls ----

-- An id is at most so long, without the signature behind it.
local ID_BYTES_MAX = 256

-- Returns the id and, when a signature of another dialect is behind it ("call_1~gw1.gemini.…"), the
-- part that carries it.
function common.read_id(node, param)
    local id, rest = split(doc, node, "~")
    if id and begins(doc, rest, MARK) then
        local origin, opaque = common.unmark(rest)
        return id, { kind = "reasoning", origin = origin, signature = opaque }
    end
    id = text(doc, node, ID_BYTES_MAX)
    if not id then
        common.refuse(param, "'" .. param .. "' must be a string of at most 256 bytes.")
    end
    return id
end

-- A text of ours as the content of a JSON string, without its quotes.
function common.escaped(word)
    return string.sub(native.quoted(word), 2, -2)
end

-- Ids as Anthropic takes them.
function common.plain_id(id)
    return (string.gsub(id, "[^%w_-]", "_"))
end

-- Ids as OpenAI takes them, at most so long; the end of a longer one becomes a number.
function common.short_id(id, bytes_max)
    if #id <= bytes_max then
        return id
    end
    local sum = 0
    for i = 1, #id do
        sum = (sum * 31 + string.byte(id, i)) % 2147483647
    end
    return string.sub(id, 1, bytes_max - 12) .. "_" .. string.format("%.0f", sum)
end

-- ---- pictures and files ----

-- A media type as it may be written between quotes.
function common.media(media, place)
    if not string.find(media or "", "^[%w.+-]+/[%w.+-]+$") then
        common.refuse(place, "'" .. place .. "' must be a media type.")
    end
    return media
end

-- Returns the media type and the node of the base64 of a data: URL; nil: it is another address.
function common.data_url(node, place)
    if not begins(doc, node, "data:") then
        return nil
    end
    local head, data = split(doc, node, ",")
    local media = head and (string.match(head, "^data:([%w.+-]+/[%w.+-]+)[;,]")
        or string.match(head, "^data:();") and "")
    if not media or not string.find(head, ";base64", 1, true) then
        common.refuse(place, "'" .. place .. "' must have its data in base64: "
            .. "data:TYPE;base64,DATA.")
    end
    return media ~= "" and media or "text/plain", data
end

-- Whether a file is a plain text, as such or in base64.
function common.is_plain(part)
    return part.plain or part.data and string.find(part.media, "^text/") ~= nil
end

-- Writes the text of such a file.
function common.put_plain(part, asked)
    if part.plain then
        put(out, part.plain)
        return
    end
    local plain = native.text_of_base64(doc, part.data)
    if not plain then
        common.cannot(asked, "file", "a text must be UTF-8, and at most 3 MB.")
    end
    native.put_text(out, plain)
end

-- ---- messages and tools ----

local MEDIA = { text = true, image = true, file = true, audio = true }
local ALLOWED = {
    system = { text = true },
    user = { text = true, image = true, file = true, audio = true, result = true },
    assistant = { text = true, refusal = true, reasoning = true, call = true },
}

local function check_parts(asked, parts, allowed, role)
    for i = 1, #parts do
        local part = parts[i]
        if not allowed[part.kind] then
            local param = asked.members.audio
            common.refuse(param, "'" .. param .. "': a part of the kind '" .. part.kind
                .. "' cannot stand in a message of the role '" .. role .. "'.")
        elseif part.kind == "result" then
            check_parts(asked, part.parts, MEDIA, "tool")
        end
    end
end

-- Refuses parts that a message of their role cannot have; so writers need not look.
function common.check_roles(asked)
    check_parts(asked, asked.system, ALLOWED.system, "system")
    for i = 1, #asked.messages do
        local message = asked.messages[i]
        check_parts(asked, message.parts, ALLOWED[message.role], message.role)
    end
end

-- Refuses a choice that forces a call, where there is no tool to call.
function common.check_choice(asked)
    local choice, tools = asked.choice, asked.tools or {}
    if not choice then
        return
    end
    for i = 1, #tools do
        if common.is_allowed(asked, tools[i].name) then
            return
        end
    end
    if choice.mode == "any" or choice.mode == "tool" then
        common.cannot(asked, "choice", "a tool must be called, but there are none.")
    elseif choice.names then -- none of them is among the tools
        asked.choice = { mode = "none" }
    end
end

-- One message after the other of the same role is one; a system message in between belongs to
-- `system`. Returns the messages and all system parts.
function common.merge(asked)
    local merged, system = {}, {}
    for i = 1, #asked.system do
        system[i] = asked.system[i]
    end
    for i = 1, #asked.messages do
        local message = asked.messages[i]
        local last = merged[#merged]
        local into = message.role == "system" and system
            or last and last.role == message.role and last.parts
        if not into then
            into = {}
            merged[#merged + 1] = { role = message.role, parts = into }
        end
        for j = 1, #message.parts do
            into[#into + 1] = message.parts[j]
        end
    end
    if #merged == 0 then -- a conversation needs a message
        return { { role = "user", parts = system } }, {}
    end
    return merged, system
end

-- Whether a tool is among those that the choice allows.
function common.is_allowed(asked, name)
    local names = asked.choice and asked.choice.names
    if not names then
        return true
    end
    for i = 1, #names do
        if names[i] == name then
            return true
        end
    end
    return false
end

-- How much to reason, as a word.
function common.effort_of(asked)
    local budget = asked.budget
    if asked.thinking == "off" or (budget == 0 and not asked.effort) then
        return "none"
    elseif asked.effort or not budget or budget < 0 then
        return asked.effort
    end
    return budget <= 2048 and "low" or budget <= 8192 and "medium" or "high"
end

-- ---- use ----

-- Counts that a dialect does not report are nil. `input` has all tokens of the prompt, cached ones
-- and cache writes too; `output` has the reasoning.
function common.usage(s)
    local usage = s.usage
    if not usage then
        usage = {}
        s.usage = usage
    end
    return usage
end

-- The reason of an answer whose provider gave none.
function common.reason(s, choice)
    return s.reasons[choice] or (s.calls_made[choice] and "tool_calls") or "stop"
end

return common
