-- A call to a model, in any dialect, from the key to the last byte. Each method of `x` either does
-- its work, or answers the client and ends this task; money is safe whatever happens here
-- (core/exchange).
local caller = require "openai.caller"
local kept = require "openai.kept"
local plans = require "openai.plan"
local policy = require "policy"
local trials = require "openai.trials"

local call = {}

local IN_BODY = {} -- the address says nothing

local ATTEMPTS_MAX = 8 -- LIMIT_ATTEMPTS of core/base/limits.h, of all models

-- The place of the next candidate, after a wait where all that may be asked pauses for its rate
-- limit.
local function choose(x, plan, candidates, waits)
    local wait_ms = waits and plan.queue_wait_ms or nil
    local place = x:choose(candidates, plan.sort, wait_ms)
    while not place and wait_ms and x:wait_for_limit(plan.queue_calls) do
        place = x:choose(candidates, plan.sort, wait_ms)
    end
    return place
end

-- Tries the candidates of a model until one answers, at most `left` times. A fault that only the
-- customer can mend is not tried again, unless a canary says so: another may see none. `last`: no
-- other model follows, so a rate limit may be waited for. Returns
-- whether there is an answer (nil: there may be one elsewhere), and how many attempts are left.
local function try(x, plan, candidates, left, last)
    local canary_count, hedge = plan.canary_count or 0, plan.hedge
    if hedge then
        x:hedges(candidates, hedge.quantile_ppm, hedge.extra_ppm)
    end
    for _ = 1, math.min(plan.attempts_max, left) do
        local place = choose(x, plan, candidates, last)
        if not place then
            return nil, left
        end
        local failure, unknown = x:attempt(candidates[place], plan.repeats, plan.shares)
        left = left - 1
        if not failure then
            return true
        end
        local goes_on = plan.retry_on[failure] or place <= canary_count and failure == "refused"
        if not goes_on and failure == "refused" and not last then
            return nil, left -- the next model may have room for it, or take what this one does not
        end
        if not goes_on or unknown and not plan.retry_unknown then
            return false
        end
    end
    return nil, left
end

-- Tries one model after the other.
local function try_all(x, parts)
    local left = ATTEMPTS_MAX
    for i, part in ipairs(parts) do
        if #part.plan.candidates > 0 and left > 0 then
            x:turn_to(part.model, part.plan.need)
            local answered
            answered, left = try(x, part.plan, part.plan.candidates, left, i == #parts)
            if answered ~= nil then
                return answered
            end
        end
    end
    if left == ATTEMPTS_MAX and #parts[1].plan.candidates == 0 then
        plans.refuse_unavailable(x, parts[1].plan)
    end
end

local function attempt(x, plan, candidates)
    if #candidates == 0 and not plan.parts then
        plans.refuse_unavailable(x, plan)
    end
    local answered
    if plan.parts then
        answered = try_all(x, plan.parts)
    else
        answered = try(x, plan, candidates, ATTEMPTS_MAX, true)
    end
    if not answered then
        x:refuse_attempt()
    end
end

local function hold(x, plan)
    if not plan.parts then
        x:hold(plan.need)
        return
    elseif x:names_kept() then
        x:refuse(400, "invalid_value", "'models' cannot go with what is kept of earlier calls: one "
            .. "model answers. Leave it out.", "models")
    end
    local needs = {}
    for i, part in ipairs(plan.parts) do
        needs[i] = part.plan.need
    end
    x:hold(unpack(needs))
end

-- Answers the call at `endpoint`. `address` is what the request's address says, in a dialect that
-- has the model there: {model, streamed, as_array}. `digest` and `user_id` as in caller.identify.
-- `purpose`: "call" if absent, or "compact".
function call.answer(x, endpoint, address, digest, user_id, purpose)
    local group, key_models = caller.identify(x, digest, user_id)
    local model, stream, output_tokens, input_tokens, wished, models =
        x:read_request(purpose or "call", address.model, address.streamed, address.as_array)
    -- Comes first: policies and balance may have changed since the first request.
    local fresh = x:claim("POST " .. endpoint)
    if fresh and kept.bring(x) then
        model, stream, output_tokens, input_tokens, wished, models =
            x:read_request(purpose or "call", address.model, address.streamed, address.as_array)
    end
    local request = plans.request(x, group, key_models, model, stream, output_tokens, input_tokens)
    if not fresh then
        x:limits(policy.limits(request), true) -- costs nothing, but counts as a request
        x:answer_again()
    end
    local plan, shadow = plans.make(x, request, address.endpoint or "chat", wished, models), nil
    if plan.trials and not plan.parts then
        model = request.model
        plan = trials.plan(x, plan, model, group, wished)
        shadow = trials.shadow(x, plan, model, group, wished)
    end
    local candidates = kept.candidates(x, plan)
    x:limits(plan.limits, false, plan.names)
    hold(x, plan)
    attempt(x, plan, candidates)
    x:relay()
    if shadow then
        trials.follow(x, shadow)
    end
end

-- A handler of an endpoint with a dialect of its own. Its path is the name, too, if none is given.
function call.of(name, path)
    local address = { endpoint = name }
    path = path or "/" .. name
    return function(x, _, digest, user_id)
        x:speaks(name)
        call.answer(x, path, address, digest, user_id)
    end
end

-- A handler of the endpoint.
function call.at(endpoint)
    return function(x, _, digest, user_id)
        call.answer(x, endpoint, IN_BODY, digest, user_id)
    end
end

-- A handler of the endpoint that makes a summary of a conversation.
function call.compact_at(endpoint)
    return function(x)
        call.answer(x, endpoint, IN_BODY, nil, nil, "compact")
    end
end

return call
