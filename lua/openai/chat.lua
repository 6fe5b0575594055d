-- POST chat/completions, from the key to the last byte. Each method of `x` either does its work, or
-- answers the client and ends this task; money is safe whatever happens here (core/exchange).
local caller = require "openai.caller"
local policy = require "policy"

local STATUS = {
    model_not_found = 404,
    model_not_allowed = 403,
    model_not_priced = 503,
}

-- The request as policies see it. One table for all: it is filled and used without a yield between.
local request = {}

-- Members that only rules need are not filled in if there are none.
local function fill_request(x, group, key_models, model, stream, output_tokens, input_tokens)
    request.group = group
    request.key_models = caller.models(key_models)
    request.model = model
    if policy.has_rules then
        local _
        request.key_id, _, request.user_id = x:caller()
        request.stream = stream
        request.output_tokens = output_tokens
        request.input_tokens = input_tokens
    end
end

local function make_plan(x)
    local plan, code, message = policy.prepare(request)
    if plan then
        return plan
    end
    if not STATUS[code] then
        x:fail(message)
    end
    x:refuse(STATUS[code], code, message, "model", nil, nil, true)
end

-- Tries the candidates in order until one answers. A fault that only the customer can mend is not
-- tried again.
local function attempt(x, plan)
    local candidates = plan.candidates
    for i = 1, #candidates do
        local failure = x:attempt(candidates[i])
        if not failure then
            return
        elseif not plan.retry_on[failure] then
            break
        end
    end
    if #candidates == 0 then
        local why = core.providers_shown and ": " .. tostring(plan.unavailable_reason) or ""
        x:refuse(503, "provider_unavailable", "No provider of this model is set up" .. why .. ".",
            "model", nil, nil, true)
    end
    x:refuse_attempt()
end

-- `digest` names a key of the signed-in user (the dashboard's playground).
return function(x, _, digest, user_id)
    local group, key_models
    if digest then
        group, key_models = x:authenticate_as(digest, user_id)
    else
        group, key_models = x:authenticate()
    end
    local model, stream, output_tokens, input_tokens = x:read_chat()
    -- Comes first: policies and balance may have changed since the first request.
    local fresh = x:claim("POST /chat/completions")
    fill_request(x, group, key_models, model, stream, output_tokens, input_tokens)
    if not fresh then
        x:limits(policy.limits(request), true) -- costs nothing, but counts as a request
        x:answer_again()
    end
    local plan = make_plan(x)
    x:limits(plan.limits)
    x:hold(plan.need)
    attempt(x, plan)
    x:relay()
end
