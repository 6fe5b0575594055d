-- API keys of the user who is signed in.
local body = require "dashboard.body"
local json = require "json"
local limits = require "dashboard.limits"
local policy = require "policy"
local session = require "dashboard.session"
local store = require "store"

local keys = {}

local NAME_BYTES_MAX = limits.NAME_BYTES_MAX
local MODELS_MAX = limits.KEY_MODELS_MAX
local MODELS_BYTES_MAX = 1023
local BUDGET_USD_MAX = limits.BUDGET_USD_MAX

local function read_name(x, members)
    local name = body.label(x, members, "name", NAME_BYTES_MAX)
    if name == "" then
        x:refuse(400, "invalid_value", "name must not be empty.", "name")
    end
    return name
end

local function read_expiry(x, members)
    local expires_ms = body.time(x, members, "expires_at")
    if expires_ms and expires_ms <= core.now_ms() then
        x:refuse(400, "invalid_value", "expires_at must lie in the future.", "expires_at")
    end
    return expires_ms
end

local function check_model(x, id, user)
    local inquiry = { group = user.group, user_id = user.id, key_id = "" }
    local model, code, message = policy.model(id, inquiry)
    if model or code == "model_not_priced" then
        return
    elseif code == "policy_error" then
        x:fail(message)
    end
    x:refuse(400, "invalid_value",
        "models must be names of models that you may use; GET /v1/models lists them.", "models")
end

-- The names, one a line, as the store takes them; nil allows all.
local function read_models(x, members, user)
    local list = body.texts(x, members, "models", MODELS_MAX)
    if not list then
        return nil
    end
    for _, id in ipairs(list) do
        check_model(x, id, user)
    end
    local lines = table.concat(list, "\n")
    if #lines > MODELS_BYTES_MAX then
        x:refuse(400, "invalid_value", "The names in models are too long together.", "models")
    end
    return lines
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
    local expires_ms = read_expiry(x, members)
    local budget_nusd = body.amount(x, members, "budget", 0, BUDGET_USD_MAX)
    local models = read_models(x, members, user)
    local key, digest, prefix, last4 = x:new_key()
    local data = store.call(x, "key.create", user.id, digest, prefix, last4, name, expires_ms,
        budget_nusd, models)
    x:reply(201, json.encode { key = key, data = json.raw(data) })
end

local function refuse(x)
    x:refuse(404, "not_found", "You have no such key.")
end

function keys.is_id(id)
    return #id <= 64 and not string.find(id, "[^%w_]")
end

-- Switches it off or on, or gives it another name.
function keys.update(x, id)
    local user = session.user(x)
    local members = body.read(x)
    local name = read_name(x, members)
    local disabled = body.boolean(x, members, "disabled")
    local switch = disabled ~= nil and (disabled and 1 or 0) or nil
    local key = keys.is_id(id) and store.find(x, "key.update", user.id, id, name, switch, nil)
    if not key then
        refuse(x)
    end
    x:reply(200, key)
end

function keys.delete(x, id)
    local user = session.user(x)
    if not keys.is_id(id) or not store.find(x, "key.delete", user.id, id) then
        refuse(x)
    end
    x:reply(204)
end

return keys
