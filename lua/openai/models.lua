-- GET models and models/{id}: what the key may use, in OpenAI's members and OpenRouter's.
local caller = require "openai.caller"
local json = require "json"
local policy = require "policy"
local query = require "query"

local models = {}

local ID_BYTES_MAX = 128
local STATUS = { model_not_found = 404, model_not_allowed = 403, model_not_priced = 503 }

local function shown(model)
    local inputs, outputs = model.input_modalities, model.output_modalities
    return {
        id = model.id,
        object = "model",
        created = model.created,
        owned_by = model.owned_by,
        name = model.name,
        context_length = model.context,
        architecture = {
            modality = table.concat(inputs, "+") .. "->" .. table.concat(outputs, "+"),
            input_modalities = json.list(inputs),
            output_modalities = json.list(outputs),
        },
        pricing = {
            prompt = model.pricing.prompt,
            completion = model.pricing.completion,
            input_cache_read = model.pricing.cached,
        },
        top_provider = {
            context_length = model.context,
            max_completion_tokens = model.max_output,
        },
    }
end

function models.list(x)
    local found = policy.models(caller.authenticate(x))
    for i, model in ipairs(found) do
        found[i] = shown(model)
    end
    x:reply(200, json.encode { object = "list", data = json.list(found) })
end

function models.get(x, path_text)
    local who = caller.authenticate(x)
    local id = query.decode(path_text)
    if not id or #id > ID_BYTES_MAX then
        x:refuse(404, "model_not_found", "There is no model of this name.", "model")
    end
    local model, code, message = policy.model(id, who)
    if not model and not STATUS[code] then
        x:fail(message)
    elseif not model then
        x:refuse(STATUS[code], code, message, "model", nil, nil, true)
    end
    x:reply(200, json.encode(shown(model)))
end

return models
