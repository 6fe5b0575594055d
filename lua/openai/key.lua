-- GET key: limits, use and the rest of the budget and quotas of the request's key, in OpenRouter's
-- form and with members of ours.
local cjson = require "cjson"
local caller = require "openai.caller"
local json = require "json"
local quotas = require "quotas"
local store = require "store"

local RESETS = { minute = "minutely", day = "daily", month = "monthly" }
local NOTE = "Deprecated; see quotas."

-- The quota of the key's money with the least left; nil if there is none.
local function tightest(list)
    local least
    for _, quota in ipairs(list) do
        if quota.unit == "usd" and quota.scope == "key" and quota.models == json.null
            and (not least or tonumber(quota.left) < tonumber(least.left)) then
            least = quota
        end
    end
    return least
end

-- Requests a minute of the key, for clients that look there; -1: no limit.
local function rate_limit(list)
    local requests = math.huge
    for _, quota in ipairs(list) do
        if quota.unit == "requests" and quota.period == "minute" and quota.scope == "key"
            and quota.models == json.null then
            requests = math.min(requests, quota.amount)
        end
    end
    requests = requests < math.huge and requests or -1
    return json.raw('{"requests":' .. string.format("%.0f", requests)
        .. ',"interval":"1m","note":' .. core.json_string(NOTE) .. "}")
end

-- The number of a text such as "12.500000000": its JSON number.
local function number(text)
    return json.raw((string.gsub(string.gsub(text, "0+$", ""), "%.$", "")))
end

-- Both hold; OpenRouter's clients know one limit: the one with less left.
local function put_limit(data, use, quota)
    if quota and (use.limit == cjson.null or tonumber(quota.left) < use.limit_remaining) then
        data.limit, data.limit_remaining = number(quota.amount), number(quota.left)
        data.limit_reset = RESETS[quota.period]
    end
end

return function(x)
    local who = caller.authenticate(x)
    local key, use = store.call(x, "key.get", who.key_id), store.call(x, "key.use", who.key_id)
    local user = { id = who.user_id, group = who.group }
    local list = quotas.of(x, user, { { id = who.key_id, name = cjson.decode(key).name } })
    local more = { quotas = json.list(list), rate_limit = rate_limit(list),
        -- What OpenRouter's clients require, though there is no such thing here.
        allowed_data_regions = json.list { "global" },
        free_model_daily_requests = { limit = 0, remaining = 0, used = 0 },
        organization_id = json.null, workspace_id = json.null }
    local limit = {}
    put_limit(limit, cjson.decode(use), tightest(list))
    if limit.limit then -- the store's three members give way
        use = string.gsub(use, '"limit":[^,]*,"limit_remaining":[^,]*,"limit_reset":[^,]*,', "")
        for name, value in pairs(limit) do
            more[name] = value
        end
    end
    local texts = { key, use, json.encode(more) }
    for i, text in ipairs(texts) do
        texts[i] = string.sub(text, 2, -2)
    end
    x:reply(200, '{"data":{' .. table.concat(texts, ",") .. "}}")
end
