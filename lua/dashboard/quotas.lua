-- Quotas of the signed-in user: all that are in force, and those that it sets for its keys.
local body = require "dashboard.body"
local cjson = require "cjson"
local json = require "json"
local keys = require "dashboard.keys"
local limits = require "dashboard.limits"
local quotas = require "quotas"
local session = require "dashboard.session"
local store = require "store"

local own = {}

local UNITS = { requests = true, tokens = true, usd = true, concurrency = true }
local PERIODS = { minute = true, day = true, month = true }

local function choose(x, members, name, choices, what)
    local word = body.text(x, members, name)
    if word and not choices[word] then
        x:refuse(400, "invalid_value", name .. " must be " .. what .. ".", name)
    end
    return word
end

-- Reads a quota's {unit, period, model, amount}; amount in nano-USD for usd.
function own.read(x, members, user)
    body.require(x, members, "unit")
    local unit = choose(x, members, "unit", UNITS, "requests, tokens, usd or concurrency")
    local period = choose(x, members, "period", PERIODS, "minute, day or month")
    if unit ~= "concurrency" then
        body.require(x, members, "period")
    elseif period then
        x:refuse(400, "invalid_value", "What runs at the same time has no period: leave it out.",
            "period")
    end
    local model = body.text(x, members, "model")
    if model then
        model = keys.check_model(x, model, user, "model")
    end
    body.require(x, members, "amount")
    local amount
    if unit == "usd" then
        amount = body.amount(x, members, "amount", 0, limits.BUDGET_USD_MAX)
    else
        amount = body.count(x, members, "amount", limits.QUOTA_COUNT_MAX)
    end
    return unit, period or "", model, amount
end

function own.list(x)
    local user = session.user(x)
    local list = cjson.decode(store.call(x, "key.list", user.id)).data
    x:reply(200, json.encode { data = json.list(quotas.of(x, user, list, true)) })
end

-- Sets a quota of a key; one that counts the same is replaced.
function own.create(x)
    local user = session.user(x)
    local members = body.read_change(x,
        { key_id = true, unit = true, period = true, model = true, amount = true })
    body.require(x, members, "key_id")
    local key_id = body.text(x, members, "key_id")
    if not store.is_id(key_id) then
        x:refuse(404, "not_found", "You have no such key.", "key_id")
    end
    x:reply(201, store.call(x, "quota.set", user.id, key_id, own.read(x, members, user)))
end

function own.delete(x, id)
    local user = session.user(x)
    if not store.is_id(id) or not store.find(x, "quota.delete", user.id, id) then
        x:refuse(404, "not_found", "You have set no such quota.")
    end
    x:reply(204)
end

return own
