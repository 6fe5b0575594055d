-- Writes a whole answer of OpenAI's chat completions.
local collector = require "dialect.collector"
local common = require "dialect.common"
local native = require "dialect.native"
local openai = require "dialect.openai"
local stream = require "dialect.chat.write_stream"
local usage_text = require "dialect.chat.usage"

local out = native.output
local put, put_encoded, put_text = native.put, native.put_encoded, native.put_text

local function put_joined(name, parts, kind, member, between)
    local first = true
    for i = 1, #parts do
        local node = parts[i].kind == kind and parts[i][member]
        if node then
            put(out, first and ',"' .. name .. '":"' or between, -node)
            first = false
        end
    end
    put(out, first and "" or '"')
    return not first
end

local function put_details(s, parts)
    local first = true
    for i = 1, #parts do
        local part = parts[i]
        if part.kind == "reasoning" and part.signature and part.origin ~= "gemini" then
            put(out, first and ',"reasoning_details":[' or ",")
            first = false
            if s.provider == "anthropic" and part.text then
                put(out, '{"type":"reasoning.text","text":"')
                common.put_thought(part)
                put(out, '","signature":"')
            else
                put(out, '{"type":"reasoning.encrypted","data":"')
            end
            put(out, common.mark(part.origin))
            common.put_opaque(part.signature)
            put(out, '"}')
        end
    end
    put(out, first and "" or "]")
end

local function put_call(call, signed)
    put(out, '{"id":"', common.escaped(call.id))
    if signed then
        put(out, "~", common.mark(signed.origin))
        common.put_opaque(signed.signature)
    end
    if call.input then
        put(out, '","type":"custom","custom":{"name":')
        put_text(out, call.name)
        put(out, ',"input":"', call.input, '"}}')
        return
    end
    put(out, '","type":"function","function":{"name":')
    put_text(out, call.name)
    put(out, ',"arguments":')
    if call.object then
        put_encoded(out, call.object)
    else
        put(out, call.arguments or '"{}"')
    end
    put(out, "}}")
end

local function put_calls(parts)
    local first, signed = true, nil
    for i = 1, #parts do
        local part = parts[i]
        if part.kind == "reasoning" and part.origin == "gemini" then
            signed = part.signature and part
        elseif part.kind == "call" then
            put(out, first and ',"tool_calls":[' or ",")
            put_call(part, signed)
            first, signed = false, nil
        end
    end
    put(out, first and "" or "]")
end

local function put_citations(parts)
    local first = true
    for i = 1, #parts do
        local part = parts[i]
        if part.kind == "citation" and part.url then
            put(out, first and ',"annotations":[' or ",", '{"type":"url_citation",',
                '"url_citation":{"url":', part.url, ',"title":', part.title or '""',
                string.format(',"start_index":%.0f,"end_index":%.0f}}', part.start or 0,
                    part.stop or 0))
            first = false
        end
    end
    put(out, first and "" or "]")
end

local function put_images(parts)
    local first = true
    for i = 1, #parts do
        local part = parts[i]
        if part.kind == "image" then
            put(out, first and ',"images":[' or ",", '{"type":"image_url","image_url":{"url":',
                '"data:', -part.media, ";base64,", -part.data, '"}}')
            first = false
        end
    end
    put(out, first and "" or "]")
end

local function put_choice(s, choice)
    local parts = s.choices[choice] or {}
    put(out, choice > 0 and "," or "", string.format('{"index":%d,"message":{"role":"assistant"',
        choice))
    if not put_joined("content", parts, "text", "node", "") then
        put(out, ',"content":null')
    end
    if not put_joined("refusal", parts, "refusal", "node", "") then
        put(out, ',"refusal":null')
    end
    put_joined("reasoning_content", parts, "reasoning", "text", "\\n\\n")
    put_details(s, parts)
    put_calls(parts)
    put_citations(parts)
    put_images(parts)
    local list = collector.tokens(s, choice)
    put(out, '},"logprobs":', list and '{"content":' or "null", list or "",
        list and ',"refusal":null}' or "", ',"finish_reason":"', stream.word(s, choice), '"}')
end

return function(s)
    put(out, '{"id":"chatcmpl-', s.id, '","object":"chat.completion","created":',
        string.format("%.0f", s.created), ',"model":')
    put_text(out, s.model)
    put(out, ',"choices":[')
    for choice = 0, math.max(s.choice_count, 1) - 1 do
        put_choice(s, choice)
    end
    put(out, '],"usage":', usage_text(common.usage(s)))
    local tier = openai.tier(s)
    put(out, tier and ',"service_tier":"' .. tier .. '"' or "", "}")
end
