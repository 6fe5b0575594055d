-- What all files together come to, once each is read.
local key_pool = require "policy.key_pool"
local survey = require "policy.survey"
local trials = require "policy.trials"

local whole = {}

-- Counts for each provider the models that have it as a candidate.
function whole.count_models(found)
    for _, provider in pairs(found.providers) do
        provider.models = 0
    end
    for _, model in pairs(found.models) do
        local seen = {}
        for _, list in ipairs { model.candidates, trials.each(model) } do
            for _, candidate in ipairs(list) do
                if not seen[candidate.provider] then
                    seen[candidate.provider] = true
                    local provider = found.providers[candidate.provider]
                    provider.models = provider.models + 1
                end
            end
        end
    end
end

-- All groups in the files; routes.lua lists those that only a rule knows.
function whole.groups(found)
    local groups = {}
    for _, named in ipairs {
        found.margins.groups, found.routes.access.groups, found.limits.groups, found.routes.groups,
    } do
        for name in pairs(named) do
            groups[name] = true
        end
    end
    for _, model in pairs(found.models) do
        for _, trial in pairs { model.canary or {}, model.shadow or {} } do
            for name in pairs(trial.groups or {}) do
                groups[name] = true
            end
        end
    end
    return groups
end

-- What alerts of providers may be of: kind and subject in turn, as raised_alerts.c and
-- balance_watcher.c of core/exchange name them.
function whole.alert_subjects(found)
    local list = {}
    local function add(kind, subject)
        list[#list + 1] = kind
        list[#list + 1] = subject
    end
    for _, model in pairs(found.models) do
        for _, candidates in ipairs { model.candidates, trials.each(model) } do
            for _, candidate in ipairs(candidates) do
                add("breaker_open", candidate.provider .. "/" .. candidate.model)
            end
        end
    end
    for name, provider in pairs(found.providers) do
        add("account_refused", name)
        for _, ending in ipairs(key_pool.endings(provider)) do
            add("account_refused", name .. " (key ..." .. ending .. ")")
        end
        add("balance_low", name)
        add("bill_above", name)
    end
    return list
end

-- Whether any rule is a function.
function whole.has_rules(found)
    local any = found.margins.rule or found.routes.access.rule or found.routes.order
        or type(found.routes.sort) == "function"
    for _, model in pairs(found.models) do
        any = any or model.choose or type(model.sort) == "function"
    end
    return any and true or false
end

-- provider -> the handle of one that keeps responses, and the first of them by name.
function whole.keepers(found)
    local keepers, first = {}, nil
    for name, provider in pairs(found.providers) do
        if provider.keeps_responses and provider.available then
            keepers[name] = survey.server_of(provider)
            first = (first and first < name) and first or name
        end
    end
    return keepers, first
end

return whole
