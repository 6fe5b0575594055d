-- POST chat/completions, from the key to the last byte. Each word of `x` either does what it says,
-- or answers the client and ends this task; money is safe whatever happens here (core/exchange).
local caller = require "openai.caller"
local policy = require "policy"

local STATUS = {
    model_not_found = 404,
    model_not_allowed = 403,
    model_not_priced = 503,
}

local function make_plan(x, request)
    local plan, code, message = policy.plan(request)
    if plan then
        return plan
    end
    if not STATUS[code] then
        x:fail(message)
    end
    x:refuse(STATUS[code], code, message, "model", nil, nil, true)
end

local function count_limit(x, limit, amount)
    local name = limit.kind .. ":" .. limit.window_ms .. ":" .. limit.key
    x:limit(limit.kind, name, limit.scope, amount, limit.limit, limit.window_ms)
end

-- Tokens are counted by the estimate now; the exchange corrects it when it ends.
local function count_limits(x, plan, input_estimate)
    for _, limit in ipairs(plan.limits) do
        count_limit(x, limit, limit.kind == "tokens" and math.max(input_estimate, 1) or 1)
    end
end

-- A retry costs nothing, but it is a request like any other.
local function count_retry(x, request)
    for _, limit in ipairs(policy.limits(request)) do
        if limit.kind == "requests" then
            count_limit(x, limit, 1)
        end
    end
end

-- The worst case over all candidates that may be tried: no token is shorter than a byte, an image
-- is at most what the model's entry says (or fills the context), what nobody can foresee (a file)
-- fills it, no answer is longer than the model's longest.
local function hold(x, plan, input_bytes, images, opaque)
    local input, cached, output, margin = 0, 0, 0, 0
    for _, candidate in ipairs(plan.candidates) do
        input = math.max(input, candidate.input_pusd)
        cached = math.max(cached, candidate.cached_input_pusd)
        output = math.max(output, candidate.output_pusd)
        margin = math.max(margin, candidate.margin_ppm)
    end
    local image_tokens = plan.image_tokens_max or plan.context
    local input_tokens = math.min(plan.context, input_bytes + images * image_tokens)
    if opaque then
        input_tokens = plan.context
    end
    x:hold(input, cached, output, margin, input_tokens, plan.max_output, plan.max_tokens or 0,
        plan.output_hidden)
end

-- Tries the candidates in order until one answers. What can be mended only by the customer is not
-- tried elsewhere.
local function attempt(x, plan)
    local tries, unavailable_reason = 0, nil
    for _, candidate in ipairs(plan.candidates) do
        if not candidate.available then
            unavailable_reason = candidate.unavailable_reason
        elseif tries < plan.retry.attempts_max then
            tries = tries + 1
            local outcome = x:attempt(candidate)
            if outcome == "answered" then
                return
            end
            if not plan.retry.on[outcome] then
                break
            end
        end
    end
    if tries == 0 then
        x:refuse(503, "provider_unavailable",
            "No provider of this model is set up: " .. tostring(unavailable_reason) .. ".", "model",
            nil, nil, true)
    end
    x:refuse_attempt()
end

-- `from` is who asks, where that is known already (the dashboard's playground).
return function(x, _, from)
    from = from or caller.authenticate(x)
    local model, stream, output_tokens, _, input_bytes, images, input_estimate, opaque
        = x:read_chat()
    local request = {
        model = model,
        group = from.group,
        user_id = from.user_id,
        key_id = from.key_id,
        key_models = from.key_models,
        stream = stream,
        input_tokens = input_estimate,
        output_tokens = output_tokens,
    }
    -- Before all that may have changed since the first time: the policies, the balance.
    if not x:claim(from.account_id, "POST /chat/completions") then
        count_retry(x, request)
        x:answer_again()
    end
    local plan = make_plan(x, request)
    count_limits(x, plan, input_estimate)
    hold(x, plan, input_bytes, images, opaque)
    attempt(x, plan)
    x:relay()
end
