-- What an administrator's test call of a provider asks (lua/admin/test_call.lua): a short call of
-- one of its models, whose answer is as short as that can be asked for.
local key_pool = require "policy.key_pool"
local prepare = require "policy.prepare"
local trials = require "policy.trials"

local test_call = {}

local ANSWER_TOKENS = 64 -- some that reason refuse to answer in fewer

-- The endpoints that can be tried, the cheapest first to answer; what each asks, for string.format
-- with the model's name as a JSON text; its dialect; whether it streams.
local ASKED = {
    { "chat", "openai-chat",
        '{"model":%s,"messages":[{"role":"user","content":"Answer with one word: ok"}]}', true },
    { "completions", "completions", '{"model":%s,"prompt":"One, two,"}', true },
    { "embeddings", "embeddings", '{"model":%s,"input":"ok"}' },
    { "moderations", "moderations", '{"model":%s,"input":"ok"}' },
    { "rerank", "rerank", '{"model":%s,"query":"ok","documents":["ok","no"]}' },
}

local function asked_of(model)
    for _, asked in ipairs(ASKED) do
        if model.endpoints == nil and asked[1] == "chat"
            or model.endpoints and model.endpoints[asked[1]]
        then
            return asked
        end
    end
end

local function find_candidate(model, provider, provider_model)
    for _, list in ipairs { model.candidates, trials.each(model) } do
        for _, candidate in ipairs(list) do
            if candidate.provider == provider
                and (not provider_model or candidate.model == provider_model)
            then
                return candidate
            end
        end
    end
end

-- The model and candidate of that provider, in the order of `ids`: one that can be tried, or the
-- first one; nil: there is none.
local function find(models, ids, provider, provider_model)
    local first, first_candidate
    for _, id in ipairs(ids) do
        local model = models[id]
        local candidate = model.priced and find_candidate(model, provider, provider_model)
        if candidate and asked_of(model) then
            return model, candidate
        elseif candidate and not first then
            first, first_candidate = model, candidate
        end
    end
    return first, first_candidate
end

-- Nobody buys it: without a margin, and by no choice of a rule.
local function offered(model, candidate, key)
    local offer = { margin_ppm = 0, choice = "", sold_features = model.sold_features }
    if key > 1 then
        offer.api_key = candidate.further_keys[key - 1]
    end
    return setmetatable(offer, { __index = candidate })
end

-- `wish`: {provider; provider_model, or nil: any; key, the place of one in its pool, or nil: the
-- first; streamed}. Returns {model, provider_model, dialect, format, candidate, need}; or nil,
-- code, message, parameter.
function test_call.find(models, ids, wish)
    local provider_model, key = wish.provider_model, wish.key or 1
    local model, candidate = find(models, ids, wish.provider, provider_model)
    if not model then
        return nil, "not_found", provider_model and "No model is sold by this name of it."
            or "No model is sold of this provider.", provider_model and "model" or "provider"
    elseif not candidate.available then
        return nil, "provider_unavailable", "The provider is not set up: "
            .. tostring(candidate.unavailable_reason) .. ".", "provider"
    end
    local asked = asked_of(model)
    if not asked then
        return nil, "wrong_endpoint", "Pictures, sound and decisions cannot be tried here.", "model"
    end
    local keys = key_pool.count(candidate)
    if key > math.max(keys, 1) then
        return nil, "invalid_value", "This provider has " .. keys .. " keys.", "key"
    elseif wish.streamed and not asked[4] then
        return nil, "invalid_value", "This model's answers are not streamed.", "stream"
    end
    local offer = offered(model, candidate, key)
    return {
        model = model.id,
        provider_model = candidate.model,
        dialect = asked[2],
        format = wish.streamed and '{"stream":true,' .. string.sub(asked[3], 2) or asked[3],
        candidate = prepare.handle_of(offer),
        need = prepare.need(model, { offer }, ANSWER_TOKENS),
    }
end

return test_call
