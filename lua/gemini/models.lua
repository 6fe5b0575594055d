-- GET models and models/{id}, in Gemini's form.
local caller = require "openai.caller"
local context = require "context"
local json = require "json"
local policy = require "policy"
local usual = require "openai.models"

local models = {}

local MODEL = '{"name":%s,"baseModelId":%s,"version":"1","displayName":%s,"inputTokenLimit":%s,'
    .. '"outputTokenLimit":%.0f,"supportedGenerationMethods":%s}'
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

function models.list(x)
    local texts = policy.models(caller.authenticate(x))
    for i = 1, #texts do
        texts[i] = text_of(x, texts[i])
    end
    x:reply(200, '{"models":[' .. table.concat(texts, ",") .. "]}")
end

function models.get(x, path_text)
    x:reply(200, text_of(x, usual.find(x, path_text)))
end

return models
