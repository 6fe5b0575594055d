-- POST chat/completions, from the key to the last byte. Each method of `x` either does its work, or
-- answers the client and ends this task; money is safe whatever happens here (core/exchange).
local plans = require "openai.plan"
local policy = require "policy"

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
        plans.refuse_unavailable(x, plan)
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
    local request = plans.request(x, group, key_models, model, stream, output_tokens, input_tokens)
    if not fresh then
        x:limits(policy.limits(request), true) -- costs nothing, but counts as a request
        x:answer_again()
    end
    local plan = plans.make(x, request)
    x:limits(plan.limits)
    x:hold(plan.need)
    attempt(x, plan)
    x:relay()
end
