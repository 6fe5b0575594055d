-- POST estimate, and estimate/PATH: what a call with this body would cost at most, and whether it
-- would pass now. Refused as the call would be, but for money and limits: these are told.
local caller = require "openai.caller"
local endpoints = require "policy.endpoints"
local gemini = require "gemini.address"
local kept = require "openai.kept"
local plans = require "openai.plan"

local estimate = {}

local function read(x, address)
    return x:read_request("estimate", address.model, address.streamed, address.as_array)
end

local function answer(x, address, group, key_models)
    local model, stream, output_tokens, input_tokens, wished, models = read(x, address)
    if kept.bring(x) then
        model, stream, output_tokens, input_tokens, wished, models = read(x, address)
    end
    if models then
        x:refuse(400, "invalid_value", "An estimate is of one model: ask for each of 'models'.",
            "models")
    end
    local plan = plans.make(x, plans.request(x, group, key_models, model, stream, output_tokens,
        input_tokens), address.endpoint or "chat", wished)
    local candidates = kept.candidates(x, plan)
    x:begin_estimate(plan.limits)
    local text = x:estimate(plan.need, plan.limits)
    if #candidates == 0 then
        plans.refuse_unavailable(x, plan)
    end
    x:reply(200, text)
end

-- The address of a call whose path below a mount is `path`. Ends the task if there is none.
local function address_of(x, path)
    local name = string.match(path, "^/models/(.+)$")
    if name then
        local address = gemini(x, name)
        if address.counts then
            x:refuse(404, "not_found", "countTokens is free: there is nothing to estimate.")
        end
        return address
    end
    local word = endpoints.at(path)
    if not word then
        x:refuse(404, "not_found", "There is no call at " .. path .. " to estimate. Put /estimate "
            .. "before the path of the call, as in /estimate/embeddings.")
    end
    return { endpoint = word, dialect = word ~= "chat" and word or nil }
end

-- A chat completion. `digest` and `user_id` as in caller.identify.
function estimate.chat(x, _, digest, user_id)
    local group, key_models = caller.identify(x, digest, user_id)
    answer(x, {}, group, key_models)
end

-- Any call: its path stands behind ours.
function estimate.of(x, path_text, digest, user_id)
    local group, key_models = caller.identify(x, digest, user_id)
    local address = address_of(x, "/" .. (core.unescape(path_text) or ""))
    if address.dialect then
        x:speaks(address.dialect)
    end
    answer(x, address, group, key_models)
end

return estimate
