-- What the policy says to a request: the same for a call and for an estimate of its cost.
local caller = require "openai.caller"
local endpoints = require "policy.endpoints"
local policy = require "policy"
local wishes = require "openai.wishes"

local plans = {}

local STATUS = {
    model_not_found = 404,
    model_not_allowed = 403,
    model_not_priced = 503,
    no_provider_left = 404,
}
local PARAM = { no_provider_left = "provider" } -- the others are about the model

-- The request as policies see it. One table for all: it is filled and used without a yield between.
local request = {}

-- Members that only rules need are not filled in if there are none. Returns that table.
function plans.request(x, group, key_models, model, stream, output_tokens, input_tokens)
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
    return request
end

-- Ends the task unless the model is sold at this endpoint.
local function check_endpoint(x, plan, model, endpoint)
    local served = plan.endpoints
    if served == nil and endpoint == "chat" or served and served[endpoint] then
        return
    end
    local paths = endpoints.paths(served, policy.mounts.openai[1], model)
    x:refuse(404, "wrong_endpoint", "This model is not sold here. It answers at "
        .. table.concat(paths, ", ") .. ".", "model", nil, nil, true)
end

-- The plan of asked.model, of which `asked` has the entry's name then.
local function plan_of(x, asked, endpoint, wish, param)
    local name = asked.model
    local plan, code, message = policy.prepare(asked, wish, x)
    if asked.model ~= name then
        x:means(asked.model)
    end
    if plan then
        check_endpoint(x, plan, asked.model, endpoint)
        return plan
    end
    if not STATUS[code] then
        x:fail(message)
    end
    x:refuse(STATUS[code], code, message, PARAM[code] or param, nil, nil, true)
end

-- The plan of several models: the first one's, with `parts`, {model, plan} of each, `names`, the
-- models, and the limits of all.
local function plan_of_all(x, asked, endpoint, wish, names)
    local parts, models = {}, {}
    for i, name in ipairs(names) do
        asked.model = name
        local plan = plan_of(x, asked, endpoint, wish, "models")
        parts[i], models[i] = { model = asked.model, plan = plan }, asked.model
    end
    local limits = policy.limits_of_all(asked, models)
    asked.model = models[1]
    x:means(asked.model)
    local several = { parts = parts, names = models, limits = limits }
    return setmetatable(several, { __index = parts[1].plan })
end

-- Ends the task if the policy refuses the request, or does not sell the model at this endpoint.
-- `wished`, `models`: the texts of the request's members `provider` and `models`, or nil.
function plans.make(x, asked, endpoint, wished, models)
    local wish = wished and wished ~= "" and wishes.read(x, wished) or nil
    local names = models and wishes.models(x, models, asked.model)
    if names and #names > 1 then
        return plan_of_all(x, asked, endpoint, wish, names)
    end
    return plan_of(x, asked, endpoint, wish, "model")
end

-- Ends the task: no provider is set up that could be tried.
function plans.refuse_unavailable(x, plan)
    local why = core.providers_shown and ": " .. tostring(plan.unavailable_reason) or ""
    x:refuse(503, "provider_unavailable", "No provider of this model is set up" .. why .. ".",
        "model", nil, nil, true)
end

return plans
