-- GET models and models/{id}, in Gemini's form.
local caller = require "openai.caller"
local context = require "context"
local policy = require "policy"

local models = {}

local ID_BYTES_MAX = 128
local STATUS = { model_not_found = 404, model_not_allowed = 403, model_not_priced = 503 }
local MODEL = '{"name":%s,"baseModelId":%s,"version":"1","displayName":%s,"inputTokenLimit":%s,'
    .. '"outputTokenLimit":%.0f,"supportedGenerationMethods":["generateContent","countTokens"]}'

local function text_of(x, model)
    local tokens = context.of(x, model)
    return string.format(MODEL, core.json_string("models/" .. model.id),
        core.json_string(model.id), core.json_string(model.name), context.text(tokens),
        context.max_output(model, tokens))
end

function models.list(x)
    local texts = policy.models(caller.authenticate(x))
    for i = 1, #texts do
        texts[i] = text_of(x, texts[i])
    end
    x:reply(200, '{"models":[' .. table.concat(texts, ",") .. "]}")
end

function models.get(x, path_text)
    local who = caller.authenticate(x)
    local id = core.unescape(path_text)
    if not id or #id > ID_BYTES_MAX then
        x:refuse(404, "model_not_found", "There is no model of this name.", "model")
    end
    local model, code, message = policy.model(id, who)
    if not model and not STATUS[code] then
        x:fail(message)
    elseif not model then
        x:refuse(STATUS[code], code, message, "model", nil, nil, true)
    end
    x:reply(200, text_of(x, model))
end

return models
