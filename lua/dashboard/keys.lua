-- API keys of the signed-in user.
local body = require "dashboard.body"
local cjson = require "cjson"
local json = require "json"
local limits = require "dashboard.limits"
local policy = require "policy"
local session = require "dashboard.session"
local store = require "store"

local keys = {}

local PERIODS = { day = true, week = true, month = true }
-- The members that can be changed, with the bits of key.change (core/store/call.h).
local CHANGES = {
    name = 1, disabled = 2, budget = 4, budget_period = 4, expires_at = 8, models = 16,
}

local NAME_BYTES_MAX = limits.NAME_BYTES_MAX
local MODELS_MAX = limits.KEY_MODELS_MAX
local MODELS_BYTES_MAX = 1023
local GRACE_S_MAX = 7 * 24 * 3600
local BUDGET_USD_MAX = limits.BUDGET_USD_MAX

local function read_name(x, members)
    local name = body.label(x, members, "name", NAME_BYTES_MAX)
    if name == "" then
        x:refuse(400, "invalid_value", "name must not be empty.", "name")
    end
    return name
end

-- Ends the task unless the user may ask the model. `param`: the member that names it.
-- Returns the name of its entry: by that calls are counted, whatever name of it they say.
function keys.check_model(x, id, user, param)
    local inquiry = { group = user.group, user_id = user.id, key_id = "" }
    local model, code, message = policy.model(id, inquiry)
    if model or code == "model_not_priced" then
        return (policy.entry(id))
    elseif code == "policy_error" then
        x:fail(message)
    end
    x:refuse(400, "invalid_value", param .. " must be "
        .. (param == "models" and "names of models that you may use" or "a model that you may use")
        .. "; GET /v1/models lists them.", param)
end

-- The names, one per line, for the store; nil allows all.
local function read_models(x, members, user)
    local list = body.texts(x, members, "models", MODELS_MAX)
    if not list then
        return nil
    end
    local entries, seen = {}, {}
    for _, id in ipairs(list) do
        local entry = keys.check_model(x, id, user, "models")
        if not seen[entry] then
            entries[#entries + 1], seen[entry] = entry, true
        end
    end
    local lines = table.concat(entries, "\n")
    if #lines > MODELS_BYTES_MAX then
        x:refuse(400, "invalid_value", "The names in models are too long together.", "models")
    end
    return lines
end

-- nil: the budget is for ever.
local function read_period(x, members, budget_nusd)
    local period = body.text(x, members, "budget_period")
    if period and not PERIODS[period] then
        x:refuse(400, "invalid_value", "budget_period must be day, week or month.",
            "budget_period")
    elseif period and not budget_nusd then
        x:refuse(400, "missing_field", "budget is missing: what there is in each period.",
            "budget")
    end
    return period
end

function keys.list(x)
    local user = session.user(x)
    x:reply(200, store.call(x, "key.list", user.id))
end

function keys.create(x)
    local user = session.user(x)
    local members = body.read(x)
    body.require(x, members, "name")
    local name = read_name(x, members)
    local expires_ms = body.future(x, members, "expires_at")
    local budget_nusd = body.amount(x, members, "budget", 0, BUDGET_USD_MAX)
    local period = read_period(x, members, budget_nusd)
    local models = read_models(x, members, user)
    local key, digest, prefix, last4 = x:new_key()
    local data = store.call(x, "key.create", user.id, digest, prefix, last4, name, expires_ms,
        budget_nusd, period, models)
    x:reply(201, json.encode { key = key, data = json.raw(data) })
end

local function refuse(x)
    x:refuse(404, "not_found", "You have no such key.")
end

-- The bits of the members that key.change sets.
local function sets_of(given)
    local sets = 0
    for name, bit in pairs(CHANGES) do
        if given[name] and name ~= "budget_period" then
            sets = sets + bit
        end
    end
    if given.budget_period and not given.budget then
        sets = sets + CHANGES.budget
    end
    return sets
end

-- The new budget: members that are absent keep their value.
local function read_budget(x, members, given, present)
    local budget_nusd = body.amount(x, members, "budget", 0, BUDGET_USD_MAX)
    if not given.budget and present.budget ~= cjson.null then
        budget_nusd = core.read_amount(core.json_string(present.budget))
    end
    local period = read_period(x, members, budget_nusd)
    if not given.budget_period and budget_nusd and present.budget_period ~= cjson.null then
        period = present.budget_period
    end
    return budget_nusd, period
end

-- Changes the given members; null removes a limit.
function keys.update(x, id)
    local user = session.user(x)
    local members, given = body.read_change(x, CHANGES)
    local name = read_name(x, members)
    if given.name and not name then
        x:refuse(400, "invalid_value", "name must not be empty.", "name")
    end
    local disabled = body.boolean(x, members, "disabled")
    local expires_ms = body.future(x, members, "expires_at")
    local models = read_models(x, members, user)
    local found = store.is_id(id) and store.find(x, "key.own", user.id, id)
    if not found then
        refuse(x)
    end
    local budget_nusd, period = read_budget(x, members, given, cjson.decode(found))
    local sets = sets_of(given)
    if given.disabled and disabled == nil then
        sets = sets - CHANGES.disabled
    end
    x:reply(200, store.call(x, "key.change", user.id, id, sets, name, disabled and 1 or 0,
        budget_nusd, period, expires_ms, models))
end

-- A new secret for the key; the old one works for so many seconds. Who says which secret is meant
-- (`last4`) does not replace one that was made meanwhile.
function keys.rotate(x, id)
    local user = session.user(x)
    local members = body.read_change(x, { grace_seconds = true, last4 = true })
    body.require(x, members, "grace_seconds")
    local grace_s = body.count(x, members, "grace_seconds", GRACE_S_MAX)
    local replaced = body.text(x, members, "last4")
    local key, digest, prefix, last4 = x:new_key()
    local data = store.is_id(id) and store.find_act(x, user.id, "key.rotate", user.id, id, digest,
        prefix, last4, grace_s * 1000, replaced)
    if not data then
        refuse(x)
    end
    x:reply(201, json.encode { key = key, data = json.raw(data) })
end

function keys.secrets(x, id)
    local user = session.user(x)
    local found = store.is_id(id) and store.find(x, "key.secrets", user.id, id)
    if not found then
        refuse(x)
    end
    x:reply(200, found)
end

-- Those that were replaced work no longer.
function keys.end_secrets(x, id)
    local user = session.user(x)
    local found = store.is_id(id) and store.find_act(x, user.id, "key.retire", user.id, id)
    if not found then
        refuse(x)
    end
    x:reply(200, found)
end

function keys.delete(x, id)
    local user = session.user(x)
    if not store.is_id(id) or not store.find(x, "key.delete", user.id, id) then
        refuse(x)
    end
    x:reply(204)
end

return keys
