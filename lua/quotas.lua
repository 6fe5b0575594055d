-- The quotas of a customer and its keys: those of limits.lua, and those that the dashboard has set,
-- as core/exchange/quota_limits.c puts them together; with what is used of each.
local cjson = require "cjson"
local json = require "json"
local policy = require "policy"
local store = require "store"

local quotas = {}

local function or_nil(value)
    return value ~= cjson.null and value or nil
end

-- What it counts, as the name of a rule's counter.
local function name_of(set)
    local period, model = or_nil(set.period), or_nil(set.model)
    return set.scope .. "/" .. set.unit .. (period and "_per_" .. period or "")
        .. (model and "/" .. model or "")
end

-- Whether no call is of that model, because it is sold by another name now, or by none.
local function is_gone(model)
    local entry, is_sold = policy.entry(model or "")
    return model ~= nil and (entry ~= model or not is_sold)
end

-- Puts what is set into the rows of one user or key. A customer's quota replaces the rule that
-- counts the same, a key's can only be stricter.
local function put_settings(rows, by_name, settings, scope, key)
    for _, set in ipairs(settings) do
        local own = set.scope == scope and (scope == "user" or set.key_id == key.id)
        local amount = tonumber(set.count)
        local row = own and by_name[name_of(set)]
        if own and not row then
            row = {
                scope = scope, key = key, unit = set.unit, period = or_nil(set.period),
                models = or_nil(set.model) or "", name = name_of(set),
                is_gone = is_gone(or_nil(set.model)),
            }
            rows[#rows + 1] = row
        end
        if row and (not row.amount or scope == "user" or amount < row.amount) then
            row.amount, row.set_by = amount, scope == "user" and "operator" or "customer"
        end
        if row then
            row.id = set.id
        end
    end
end

local function add(rows, rules, settings, scope, key)
    local by_name = {}
    for _, rule in ipairs(rules) do
        if rule.scope == scope then
            local row = {
                scope = scope, key = key, unit = rule.unit, period = rule.period,
                models = rule.models, amount = rule.limit, set_by = "policy", name = rule.name,
            }
            rows[#rows + 1], by_name[rule.name] = row, row
        end
    end
    put_settings(rows, by_name, settings, scope, key)
end

-- Only memory counts these: there is nothing to tell of a single key.
local function is_in_memory(row)
    return row.unit == "concurrency" or row.period == "minute" and row.unit ~= "usd"
end

-- The rows of keys that are the same for all keys, once.
local function once(rows)
    local seen, kept = {}, {}
    for _, row in ipairs(rows) do
        local same = row.scope == "key" and row.set_by == "policy" and is_in_memory(row)
        local name = same and row.unit .. (row.period or "") .. "/" .. row.models
        if same then
            row.key = nil
        end
        if not same or not seen[name] then
            kept[#kept + 1] = row
        end
        if same then
            seen[name] = true
        end
    end
    return kept
end

-- A line for quota.use.
local function line_of(x, row, user)
    local subject = row.key and row.key.id or user.id
    local parts = {
        row.scope, subject, row.unit, row.period or "", string.format("%.0f", row.amount),
        is_in_memory(row) and "0" or x:quota_held(subject, row.name),
        (string.gsub(row.models, "\n", "\t")),
    }
    return table.concat(parts, "\t")
end

local function models_of(lines)
    if lines == "" then
        return json.null
    end
    local list = {}
    for name in string.gmatch(lines, "[^\n]+") do
        list[#list + 1] = name
    end
    return json.list(list)
end

local function shown(row, use)
    local key = row.key
    return {
        id = row.id or json.null,
        scope = row.scope,
        key_id = key and key.id or json.null,
        key_name = key and key.name or json.null,
        unit = row.unit,
        period = row.period or json.null,
        models = models_of(row.models),
        amount = use.amount,
        used = or_nil(use.used) or json.null,
        held = or_nil(use.held) or json.null,
        left = or_nil(use.left) or json.null,
        resets_at = or_nil(use.resets_at) or json.null,
        near = use.near and not row.is_gone,
        in_force = not row.is_gone,
        set_by = row.set_by,
    }
end

-- The list of quotas of the user {id, group} and these keys {id, name}. `short`: what each key has
-- alike is one entry without a key.
function quotas.of(x, user, keys, short)
    local rules = policy.quotas(user.group)
    local settings = cjson.decode(store.call(x, "quota.list", user.id)).data
    local rows = {}
    add(rows, rules, settings, "user")
    for _, key in ipairs(keys) do
        add(rows, rules, settings, "key", key)
    end
    if short then
        rows = once(rows)
    end
    local lines = {}
    for i, row in ipairs(rows) do
        lines[i] = line_of(x, row, user)
    end
    local text = table.concat(lines, "\n")
    local operation = short and "quota.use" or "quota.use_of_key"
    local used = cjson.decode(store.call(x, operation, user.id, text)).data
    local list = {}
    for i, use in ipairs(used) do
        list[i] = shown(rows[i], use)
    end
    return list
end

return quotas
