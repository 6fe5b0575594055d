-- GET models and models/{id}, in Gemini's form.
local caller = require "openai.caller"
local context = require "context"
local json = require "json"
local policy = require "policy"
local query = require "query"
local usual = require "openai.models"

local models = {}

local MODEL = '{"name":%s,"baseModelId":%s,"version":"1","displayName":%s,"inputTokenLimit":%s,'
    .. '"outputTokenLimit":%.0f,"supportedGenerationMethods":%s}'
local PAGE_MAX = 1000000
local CONVERSATION = { "generateContent", "countTokens" }
local EMBEDDINGS = { "embedContent", "batchEmbedContents" }

-- What Google's clients can ask of a model that is sold at these endpoints (nil: conversations).
local function methods_of(sold)
    local list = {}
    for _, name in ipairs((not sold or sold.chat) and CONVERSATION or {}) do
        list[#list + 1] = name
    end
    for _, name in ipairs(sold and sold["gemini-embeddings"] and EMBEDDINGS or {}) do
        list[#list + 1] = name
    end
    return json.encode(json.list(list))
end

local function text_of(x, model)
    local tokens = context.of(x, model)
    return string.format(MODEL, core.json_string("models/" .. model.id),
        core.json_string(model.id), core.json_string(model.name), context.text(tokens),
        context.max_output(model, tokens), methods_of(model.endpoints))
end

-- The places of the first and the last model that are asked for. The token of a page is the model
-- before it.
local function page_of(x, list)
    local values = query.read(x)
    local size = query.integer(x, values, "pageSize", 0, 0, PAGE_MAX)
    local token = query.text(x, values, "pageToken")
    local before = token and usual.place_of(list, token) or 0
    if token and before == 0 then
        x:refuse(400, "invalid_value", "This pageToken is of no page.", "pageToken")
    end
    local first = before + 1
    return first, size > 0 and math.min(first + size - 1, #list) or #list
end

function models.list(x)
    local who = caller.authenticate(x)
    local list, texts = policy.models(who), {}
    local first, last = page_of(x, list)
    for i = first, last do
        texts[#texts + 1] = text_of(x, list[i])
    end
    local more = last < #list and ',"nextPageToken":' .. core.json_string(list[last].id) or ""
    x:reply(200, '{"models":[' .. table.concat(texts, ",") .. "]" .. more .. "}")
end

function models.get(x, path_text)
    x:reply(200, text_of(x, usual.find(x, path_text)))
end

return models
