-- Writes a whole answer of Gemini's generateContent.
local common = require "dialect.common"
local native = require "dialect.native"
local stream = require "dialect.gemini.write_stream"
local usage_text = require "dialect.gemini.usage"

local doc, out = native.document, native.output
local put, put_text = native.put, native.put_text

-- What signs a part, as a member of it.
local function signed_by(part)
    if not part then
        return ""
    end
    local opaque = part.signature
    return ',"thoughtSignature":"' .. native.base64(common.mark(part.origin)
        .. (type(opaque) == "string" and opaque or native.content(doc, opaque))) .. '"'
end

local function put_part(part, signed)
    if part.kind == "call" then
        stream.put_call(part, signed)
    else
        put(out, '{"text":', part.node, signed, "}")
    end
end

local function put_thought(part)
    put(out, '{"text":"')
    common.put_thought(part)
    put(out, '","thought":true}')
end

local function put_parts(parts)
    local separator, signed = "", nil
    for i = 1, #parts do
        local part = parts[i]
        if part.kind == "reasoning" then
            if part.text then
                put(out, separator)
                put_thought(part)
                separator = ","
            end
            if signed and part.signature then
                put(out, separator, '{"text":""', signed_by(signed), "}")
                separator = ","
            end
            signed = part.signature and part or signed
        elseif part.kind ~= "citation" then
            put(out, separator)
            put_part(part, signed_by(signed))
            separator, signed = ",", nil
        end
    end
    if signed then
        put(out, separator, '{"text":""', signed_by(signed), "}")
    end
end

local function put_citations(parts)
    local first = true
    for i = 1, #parts do
        local cited = parts[i].kind == "citation" and stream.cited(parts[i])
        if cited then
            put(out, first and ',"citationMetadata":{"citations":[' or ",", cited)
            first = false
        end
    end
    put(out, first and "" or "]}")
end

local function put_candidate(s, choice)
    local parts = s.choices[choice] or {}
    put(out, choice > 0 and "," or "", string.format('{"index":%d,"content":{"role":"model",'
        .. '"parts":[', choice))
    put_parts(parts)
    put(out, ']},"finishReason":"', stream.word(s, choice), '"')
    put_citations(parts)
    local list = s.logprobs and s.logprobs[choice]
    if list then
        put(out, ',"logprobsResult":', stream.logprobs_text(list))
    end
    put(out, "}")
end

return function(s)
    put(out, '{"candidates":[')
    for choice = 0, math.max(s.choice_count, 1) - 1 do
        put_candidate(s, choice)
    end
    put(out, '],"usageMetadata":', usage_text(common.usage(s)), ',"modelVersion":')
    put_text(out, s.model)
    put(out, ',"responseId":"', s.id, '"}')
end
