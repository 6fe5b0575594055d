-- Which calls take part in a trial of their model (lua/policy/trials.lua).
local trials = {}

-- A call of a group that takes part, by chance or by its account.
local function takes_part(x, trial, name, model, group)
    return (not trial.groups or trial.groups[group] == true)
        and x:draws(name, model, trial.share_ppm, trial.by_account)
end

-- The plan of the call: the canary's, or its own. A client that wishes who answers, or that names
-- what a provider keeps, takes part in no trial.
function trials.plan(x, plan, model, group, wished)
    local canary = plan.trials.canary
    if not canary or wished or x:names_kept() then
        return plan
    elseif not takes_part(x, canary, "canary", model, group) then
        x:leads(0)
        return plan
    end
    x:leads(canary.count)
    return canary.plan
end

-- The shadow of the call, or nil. Calls of the canary have none: the two are compared with the
-- model's own candidates.
function trials.shadow(x, plan, model, group, wished)
    local shadow = plan.trials and plan.trials.shadow
    if shadow and not wished and not x:names_kept()
        and takes_part(x, shadow, "shadow", model, group)
    then
        x:shadows()
        return shadow
    end
end

-- Sends it, behind the call.
function trials.follow(x, shadow)
    while not x:shadow(shadow.handle, shadow.spend_nusd) do
        -- the provider's connection was not done with the call
    end
end

return trials
