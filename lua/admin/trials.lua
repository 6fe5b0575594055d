-- The operator's view of trials: which models have a canary or a shadow, and how these do.
local json = require "json"
local policy = require "policy"
local query = require "query"
local store = require "store"

local trials = {}

local MODELS_MAX = 500 -- in a list

local function row_of(trial)
    if not trial then
        return json.null
    end
    return {
        provider = trial.provider,
        provider_model = trial.model,
        available = trial.available,
        share = trial.share,
        by = trial.by,
        groups = trial.groups and json.list(trial.groups) or json.null,
        spend_per_day = trial.spend_per_day or json.null,
    }
end

-- All models with a trial, in alphabetical order.
function trials.list(x)
    local rows = json.list {}
    for i, found in ipairs(policy.trials(MODELS_MAX)) do
        rows[i] = {
            model = found.model, canary = row_of(found.canary), shadow = row_of(found.shadow),
        }
    end
    x:reply(200, json.encode { data = rows })
end

-- The candidates of one model side by side.
function trials.compare(x)
    local values = query.read(x)
    local model = query.text(x, values, "model")
    if not model then
        x:refuse(400, "missing_field", "model is missing: the public name of one.", "model")
    end
    local from = query.time(x, values, "from")
    local to = query.time(x, values, "to")
    local zone = query.zone(x, values)
    x:reply(200, store.call(x, "trial.compare", model, from, to, zone))
end

return trials
