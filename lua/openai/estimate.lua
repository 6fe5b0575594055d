-- POST estimate: what a call with this body would cost at most, and whether it would pass now.
-- Refused as the call would be, but for money and limits: these are told.
local caller = require "openai.caller"
local kept = require "openai.kept"
local plans = require "openai.plan"

-- `digest` and `user_id` as in caller.identify.
return function(x, _, digest, user_id)
    local group, key_models = caller.identify(x, digest, user_id)
    local model, stream, output_tokens, input_tokens = x:read_request("estimate")
    if kept.bring(x) then
        model, stream, output_tokens, input_tokens = x:read_request("estimate")
    end
    local plan = plans.make(x, plans.request(x, group, key_models, model, stream, output_tokens,
        input_tokens), "chat")
    local candidates = kept.candidates(x, plan)
    local answer = x:estimate(plan.need, plan.limits)
    if #candidates == 0 then
        plans.refuse_unavailable(x, plan)
    end
    x:reply(200, answer)
end
