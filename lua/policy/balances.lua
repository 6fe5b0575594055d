-- What is left of our account with a provider, or what it has billed: the member `balance` of an
-- entry of providers.lua. The gateway asks every few minutes (core/exchange/balance_watcher.h); the
-- functions here read the answer.
local cjson = require "cjson"
local native = require "policy.native"
local schema = require "policy.schema"

local balances = {}

local MEMBERS = {
    below = true, url = true, path = true, api_key = true, kind = true, read = true,
}
balances.MEMBERS = MEMBERS -- a test compares this with lua/annotations/policy.lua

-- As in core/exchange/balances.h.
local KINDS = { left = 0, billed = 1 }
local URL_BYTES_MAX, KEY_BYTES_MAX = 400, 500
local MONEY_DECIMALS = 9

local function openai_costs(answer)
    local sum = 0
    for _, bucket in ipairs(answer.data) do
        for _, result in ipairs(bucket.results) do
            sum = sum + tonumber(result.amount.value)
        end
    end
    return sum
end

local function deepseek_balance(answer)
    for _, info in ipairs(answer.balance_infos) do
        if info.currency == "USD" then
            return info.total_balance
        end
    end
    return nil, "it has no balance in USD"
end

-- provider -> where it says what, and who reads it; a path is below the entry's base_url.
local KNOWN = {
    -- openrouter.ai/docs, "Get remaining credits", and @openrouter/sdk 1.3.19; a management key.
    openrouter = {
        path = "/credits",
        read = function(answer) return answer.data.total_credits - answer.data.total_usage end,
    },
    -- api-docs.deepseek.com, "Get user balance".
    deepseek = { path = "/user/balance", read = deepseek_balance },
    -- openai 6.49.0 for Node, admin.organization.usage.costs; an admin key.
    openai = {
        path = "/organization/costs?bucket_width=1d&limit=7&start_time={day}",
        kind = "billed",
        read = openai_costs,
    },
}

local function address(node, base_url, known)
    local url = schema.text(node, "url", nil, URL_BYTES_MAX)
    if url then
        if not string.find(url, "^https?://[^/?#@%s]+[^%s#]*$") then
            schema.fail(node, "url", "must be a whole address, such as "
                .. '"https://api.example.com/balance"')
        end
        return url
    end
    local path = schema.text(node, "path", nil, URL_BYTES_MAX)
    if path and not string.find(path, "^/[^%s#]*$") then
        schema.fail(node, "path", 'must begin with "/": it is put behind base_url')
    end
    path = path or known and known.path
    if not path then
        schema.fail(node, "path", "is missing: where the provider says it, behind base_url")
    end
    return base_url .. path
end

local function key_line(node)
    local key = schema.text(node, "api_key", nil, KEY_BYTES_MAX)
    if key and string.find(key, "[^\33-\126]") then
        schema.fail(node, "api_key", "holds a character that cannot stand in a header")
    end
    return key and "Authorization: Bearer " .. key or ""
end

-- Returns {url, key, kind, below_nusd, read}, or nil. `name`: the known provider of the entry.
function balances.read(parent, name, base_url)
    local value = parent.value.balance
    if value == nil then
        return nil
    end
    local known = KNOWN[name]
    local node = { file = parent.file, parent = parent, key = "balance", value = value }
    if type(value) ~= "table" then -- only the alarm
        node.value = { below = value }
        schema.amount(parent, "balance")
    end
    schema.only(node, MEMBERS)
    local kind = schema.choice(node, "kind", known and known.kind or "left", KINDS)
    local read = schema.callable(node, "read") or known and known.read
    if not read then
        schema.fail(node, "read", "is missing: a function that reads the figure in an answer "
            .. "(openrouter, deepseek and openai need none, as `provider`)")
    elseif kind == "left" and node.value.below == nil then
        schema.fail(node, "below", "is missing: less than so many USD raises an alarm")
    end
    return {
        url = address(node, base_url, known),
        key = key_line(node),
        kind = KINDS[kind],
        below_nusd = schema.amount(node, "below") or 0,
        read = read,
    }
end

-- An amount in USD, a number or a text, maybe below zero -> nano-USD, or nil and why.
local function nusd_of(value)
    local text = value
    if type(value) == "number" then
        text = string.format("%." .. MONEY_DECIMALS .. "f", value)
    end
    if type(text) ~= "string" then
        return nil, "its `read` must return an amount in USD, not " .. type(value)
    end
    local sign, digits = string.match(text, "^(%-?)(.*)$")
    local nusd, why = native.amount(digits)
    if not nusd then
        return nil, why
    end
    return sign == "-" and -nusd or nusd
end

-- The figure in an answer, in nano-USD; or nil and why.
function balances.figure(balance, text)
    local good, answer = pcall(cjson.decode, text)
    if not good or type(answer) ~= "table" then
        return nil, "its answer is no JSON"
    end
    local ran, value, why = pcall(balance.read, answer)
    if not ran then
        return nil, "`read` cannot read its answer: " .. tostring(value)
    elseif value == nil then
        return nil, tostring(why or "its answer has no balance")
    end
    return nusd_of(value)
end

return balances
