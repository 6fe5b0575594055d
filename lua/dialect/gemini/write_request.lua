-- Writes a request of Gemini's generateContent.
local carried = require "dialect.carried"
local common = require "dialect.common"
local native = require "dialect.native"

local doc, out = native.document, native.output
local bytes, put, put_number, put_text =
    native.bytes, native.put, native.put_number, native.put_text

-- ---- parts ----

local PUT = {}

function PUT.text(part)
    put(out, '{"text":', part.node, "}")
end

PUT.refusal = PUT.text

local function put_inline(media, data)
    put(out, '{"inlineData":{"mimeType":')
    put_text(out, media)
    put(out, ',"data":', data, "}}")
end

-- Google's servers read their own addresses with the rights of the account, which all customers
-- share.
local function check_address(asked, word, url)
    local address = native.text(doc, url, 8000) or ""
    local host = string.match(string.lower(address), "^https?://([^/?#]+)") or ""
    if host == "" or string.find(host, "[^%w.:-]") or string.find(host, "googleapis", 1, true) then
        common.refuse(asked.members[word], "This model's provider reads files at public addresses "
            .. "only; send the file's data.")
    end
end

local function put_file(media, url)
    put(out, '{"fileData":{"mimeType":"', media, '","fileUri":', url, "}}")
end

local ENDINGS = { png = "png", gif = "gif", webp = "webp", heic = "heic", heif = "heif" }

-- Gemini wants the type of a picture behind an address; its ending tells.
local function media_of(url)
    local address = native.text(doc, url, 2000) or ""
    local ending = string.match(string.lower(string.sub(address, -8)), "%.(%w+)$")
    return "image/" .. (ENDINGS[ending or ""] or "jpeg")
end

function PUT.image(part, asked)
    if part.url then
        check_address(asked, "image", part.url)
        put_file(media_of(part.url), part.url)
    else
        put_inline(part.media, part.data)
    end
end

function PUT.audio(part)
    put_inline("audio/" .. part.format, part.data)
end

function PUT.file(part, asked)
    if part.plain then
        put(out, '{"text":', part.plain, "}")
    elseif part.url then
        check_address(asked, "file", part.url)
        put_file(part.media, part.url)
    else
        put_inline(part.media, part.data)
    end
end

-- Google's own word in place of a signature, for a call that another model made.
local UNSIGNED = '"' .. native.GOOGLE_UNSIGNED .. '"'

local function put_signature(signature)
    put(out, ',"thoughtSignature":')
    if not signature then
        put(out, UNSIGNED)
        return
    end
    put(out, '"')
    common.put_opaque(signature)
    put(out, '"')
end

-- `unsigned`: the first call of a step must have a signature.
local function put_call(part, signature, unsigned)
    put(out, '{"functionCall":{"id":')
    put_text(out, part.id)
    put(out, ',"name":')
    put_text(out, part.name)
    put(out, ',"args":')
    common.put_object(part)
    put(out, "}")
    if signature or unsigned then
        put_signature(signature)
    end
    put(out, "}")
end

-- The texts of a result as one, and its pictures beside it.
local function put_result(part, asked)
    if not part.name then
        common.refuse(asked.members.result, "The result of the tool call '" .. part.id
            .. "' has no call before it.")
    end
    put(out, '{"functionResponse":{"id":')
    put_text(out, part.id)
    put(out, ',"name":')
    put_text(out, part.name)
    put(out, ',"response":')
    if part.object then
        put(out, part.object)
    else
        local first = true
        put(out, part.is_error and '{"error":"' or '{"output":"')
        for i = 1, #part.parts do
            if part.parts[i].kind == "text" then
                put(out, first and "" or "\\n\\n", -part.parts[i].node)
                first = false
            end
        end
        put(out, '"}')
    end
    local opened = false
    for i = 1, #part.parts do
        local inner = part.parts[i]
        if inner.kind ~= "text" then
            put(out, opened and "," or ',"parts":[')
            PUT[inner.kind](inner, asked)
            opened = true
        end
    end
    put(out, opened and "]" or "", "}}")
end

-- ---- contents ----

local function is_said(part)
    if part.kind == "reasoning" then
        return part.signature and part.origin == "gemini"
    end
    return part.kind ~= "text" or bytes(doc, part.node) > 0
end

-- A signature stands with the call behind it, or with an empty text.
local function put_parts(parts, asked)
    local signature, called, first = nil, false, true
    put(out, "[")
    for i = 1, #parts do
        local part = parts[i]
        local following = parts[i + 1]
        if part.kind == "reasoning" and is_said(part) and following
            and following.kind == "call" then
            signature = part.signature
        elseif is_said(part) then
            put(out, first and "" or ",")
            first = false
            if part.kind == "call" then
                put_call(part, signature, not called)
                signature, called = nil, true
            elseif part.kind == "reasoning" then
                put(out, '{"text":""')
                put_signature(part.signature)
                put(out, "}")
            elseif part.kind == "result" then
                put_result(part, asked)
            else
                PUT[part.kind](part, asked)
            end
        end
    end
    put(out, "]")
end

local ROLES = { user = "user", assistant = "model" }

-- Puts the contents; returns all system parts.
local function put_contents(asked)
    local merged, system = common.merge(asked)
    local first = true
    put(out, '"contents":[')
    for i = 1, #merged do
        if common.says_something(merged[i].parts, is_said) then
            put(out, first and "" or ",", '{"role":"', ROLES[merged[i].role], '","parts":')
            put_parts(merged[i].parts, asked)
            put(out, "}")
            first = false
        end
    end
    put(out, "]")
    if common.says_something(system, is_said) then
        put(out, ',"systemInstruction":{"parts":')
        put_parts(system, asked)
        put(out, "}")
    end
end

-- ---- tools ----

local MODES = { auto = "AUTO", any = "ANY", none = "NONE", tool = "ANY" }

local function put_tool(tool)
    put(out, '{"name":')
    put_text(out, tool.name)
    common.put_description(tool)
    if tool.kind == "custom" then
        put(out, ',"parametersJsonSchema":', common.CUSTOM_SCHEMA)
    elseif tool.schema then
        put(out, ',"parametersJsonSchema":', tool.schema)
    elseif tool.google then
        put(out, ',"parameters":', tool.google)
    end
    put(out, "}")
end

local function put_choice(choice)
    put(out, ',"toolConfig":{"functionCallingConfig":{"mode":"', MODES[choice.mode], '"')
    local names = choice.mode == "tool" and { choice.name } or choice.mode == "any" and choice.names
    if names then
        put(out, ',"allowedFunctionNames":[')
        for i = 1, #names do
            put(out, i > 1 and "," or "", native.quoted(names[i]))
        end
        put(out, "]")
    end
    put(out, "}}")
end

local function put_tools(asked)
    if not asked.tools or #asked.tools == 0 then
        return
    end
    local first = true
    put(out, ',"tools":[{"functionDeclarations":[')
    for i = 1, #asked.tools do
        if common.is_allowed(asked, asked.tools[i].name) then
            put(out, first and "" or ",")
            put_tool(asked.tools[i])
            first = false
        end
    end
    put(out, "]}]")
    if asked.choice then
        put_choice(asked.choice)
    end
end

-- ---- the rest ----

local separator = ""

local function begin_member(name)
    put(out, separator, '"', name, '":')
    separator = ","
end

local function put_count(name, number)
    if number then
        begin_member(name)
        put_number(out, number)
    end
end

local NUMBERS = {
    { "temperature", "temperature" }, { "top_p", "topP" }, { "top_k", "topK" }, { "seed", "seed" },
    { "presence_penalty", "presencePenalty" }, { "frequency_penalty", "frequencyPenalty" },
}

local LEVELS = { minimal = "MINIMAL", low = "LOW", medium = "MEDIUM", high = "HIGH", xhigh = "HIGH",
    max = "HIGH" }
local BUDGETS = { none = 0, minimal = 512, low = 1024, medium = 8192, high = 24576, xhigh = 24576,
    max = 24576 }

-- Models of the second generation take a budget, later ones a level.
local function put_thinking(asked, wish)
    local effort, budget = asked.effort, asked.budget
    if asked.thinking == "off" then
        effort = "none"
    end
    if not effort and not budget and asked.thinking ~= "on" then
        return
    end
    local old = string.find(string.sub(wish.model, 1, 64), "gemini-2", 1, true)
    begin_member("thinkingConfig")
    put(out, '{"includeThoughts":', asked.thoughts == false and "false"
        or effort == "none" and "false" or "true")
    if effort and not BUDGETS[effort] then
        common.cannot(asked, "effort", "no such effort is known.")
    elseif budget and not effort then
        put(out, ',"thinkingBudget":')
        put_number(out, budget)
    elseif effort and (old or effort == "none") then
        put(out, ',"thinkingBudget":')
        put_number(out, BUDGETS[effort])
    elseif effort then
        put(out, ',"thinkingLevel":"', LEVELS[effort], '"')
    end
    put(out, "}")
end

local function put_format(format)
    begin_member("responseMimeType")
    put(out, '"application/json"')
    if format.kind == "schema" then
        begin_member(format.schema and "responseJsonSchema" or "responseSchema")
        put(out, format.schema or format.google)
    end
end

local function put_generation(asked, wish)
    local limit, most = asked.limit, wish.output_tokens_max
    if most > 0 then
        limit = limit and math.min(limit, most) or most
    end
    separator = ""
    put(out, ',"generationConfig":{')
    for i = 1, #NUMBERS do
        local node = asked[NUMBERS[i][1]]
        if node then
            begin_member(NUMBERS[i][2])
            put(out, node)
        end
    end
    put_count("maxOutputTokens", limit)
    put_count("candidateCount", asked.n ~= 1 and asked.n or nil)
    if asked.logprobs then
        begin_member("responseLogprobs")
        put(out, "true")
        put_count("logprobs", asked.top_logprobs)
    end
    if asked.stop and #asked.stop > 0 then
        begin_member("stopSequences")
        put(out, "[")
        for i = 1, #asked.stop do
            put(out, i > 1 and "," or "", asked.stop[i])
        end
        put(out, "]")
    end
    if asked.format then
        put_format(asked.format)
    end
    put_thinking(asked, wish)
    put(out, "}")
end

local TIERS = { default = "standard", flex = "flex", priority = "priority" }

local function put_tier(asked)
    if not asked.service_tier or asked.service_tier == "auto" then
        return
    elseif not TIERS[asked.service_tier] then
        common.cannot(asked, "service_tier", "Gemini has default, flex and priority.")
    end
    put(out, ',"serviceTier":"', TIERS[asked.service_tier], '"')
end

-- A count of tokens is of a whole request, which names its model; Google's cloud has the members of
-- the request beside each other.
local function put_count_begin(wish)
    if not wish.on_cloud then
        put(out, '{"generateContentRequest":{"model":')
        put_text(out, "models/" .. wish.model)
        put(out, ",")
    else
        put(out, "{")
    end
end

return function(asked, wish)
    carried.check(asked, "gemini")
    if wish.counts then
        put_count_begin(wish)
    else
        put(out, "{")
    end
    put_contents(asked)
    put_tools(asked)
    put_generation(asked, wish)
    put_tier(asked)
    put(out, wish.counts and not wish.on_cloud and "}}" or "}")
end
