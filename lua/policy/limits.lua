-- limits.lua: a list of rules. Each counts per key, user, group or over all, and names the group
-- and the models that it is for. Of the rules that count the same for a request, the last in the
-- list is in force. Limits of a minute slide, and are forgotten at a restart; those of money, and
-- those of a day or month of UTC, are quotas (core/store/quotas.h), which are not.
local native = require "policy.native"
local schema = require "policy.schema"

local limits = {}

local MEMBERS = {
    scope = true, group = true, models = true, requests_per_minute = true, requests_per_day = true,
    requests_per_month = true, tokens_per_minute = true, tokens_per_day = true,
    tokens_per_month = true, concurrency = true, usd_per_minute = true, usd_per_day = true,
    usd_per_month = true, output_tokens_max = true, abandoned_per_minute = true,
}
local SCOPES = { key = "key_id", user = "user_id", group = "group", all = false }
local MINUTE_MS = 60 * 1000

-- In the order of the checks: cheap and short first. `period`: of a quota.
local KINDS = {
    { member = "concurrency", kind = "concurrency" },
    { member = "requests_per_minute", kind = "requests", window_ms = MINUTE_MS },
    { member = "abandoned_per_minute", kind = "abandoned", window_ms = MINUTE_MS,
        least = 1 },
    { member = "tokens_per_minute", kind = "tokens", window_ms = MINUTE_MS },
    { member = "requests_per_day", kind = "requests", period = "day" },
    { member = "requests_per_month", kind = "requests", period = "month" },
    { member = "tokens_per_day", kind = "tokens", period = "day" },
    { member = "tokens_per_month", kind = "tokens", period = "month" },
    { member = "usd_per_minute", kind = "usd", period = "minute" },
    { member = "usd_per_day", kind = "usd", period = "day" },
    { member = "usd_per_month", kind = "usd", period = "month" },
}
local COUNT_MAX = 1e15
-- Words of members: a wrong one such as "usd_per_week" is told what there is.
local OTHER_PERIODS = { second = true, hour = true, week = true, quarter = true, year = true }
local UNITS = { requests = true, tokens = true, usd = true }

-- What the rule counts apart from others of its scope: "" or its models; and these, in lines.
local function models_of(node, models)
    local names, set = schema.choices(node, "models", models, "models")
    if #names == 0 then
        return nil, "", ""
    end
    table.sort(names)
    return set, "/" .. table.concat(names, "+"), table.concat(names, "\n")
end

-- Says which periods there are, where a member looks like a quota of another one.
local function check_members(node)
    for name in pairs(node.value) do
        local unit, period = string.match(tostring(name), "^(%a+)_per_(%a+)$")
        if UNITS[unit] and OTHER_PERIODS[period] then
            schema.fail(node, name, "there is no such period: give %s_per_minute, %s_per_day or "
                .. "%s_per_month; days and months are those of UTC", unit, unit, unit)
        elseif unit == "concurrency" then
            schema.fail(node, name, "what runs at the same time has no period: give concurrency")
        end
    end
end

local function read_rule(parent, index, models)
    local node = schema.child(parent, index)
    check_members(node)
    schema.only(node, MEMBERS)
    local set, suffix, lines = models_of(node, models)
    local found = {
        group = schema.text(node, "group", nil, 100),
        models = set,
        output_tokens_max = schema.integer(node, "output_tokens_max", nil, 1, COUNT_MAX),
        counters = {},
    }
    local scope = schema.choice(node, "scope", schema.REQUIRED, SCOPES)
    for place, kind in ipairs(KINDS) do
        local limit
        if kind.kind == "usd" then
            limit = schema.amount(node, kind.member)
        else
            limit = schema.integer(node, kind.member, nil, kind.least or 0, COUNT_MAX)
        end
        if limit then
            table.insert(found.counters, {
                place = place,
                scope = scope,
                subject = SCOPES[scope],
                kind = kind.kind,
                window_ms = kind.window_ms or 0,
                period = kind.period or "window",
                limit = limit,
                prefix = scope .. "/" .. kind.member .. suffix,
                models = lines,
            })
        end
    end
    if #found.counters == 0 and not found.output_tokens_max then
        schema.fail(parent, index, "limits nothing: give at least one of %s, output_tokens_max",
            "concurrency, requests_per_minute, tokens_per_minute, usd_per_day")
    end
    return found
end

-- The returned list -> {rules, named groups, named models, memo}.
function limits.read(value, models)
    local node = schema.open("limits.lua", value)
    local found = { rules = {}, groups = {}, models = {}, memo = {} }
    for i = 1, schema.list(node, "rules") do
        local rule = read_rule(node, i, models)
        found.rules[i] = rule
        if rule.group then
            found.groups[rule.group] = true
        end
        for id in pairs(rule.models or {}) do
            found.models[id] = true
        end
    end
    return found
end

local function is_before(a, b)
    if a.place ~= b.place then
        return a.place < b.place
    end
    return a.prefix < b.prefix
end

local function in_order(by_prefix)
    local counters = {}
    for _, counter in pairs(by_prefix) do
        counters[#counters + 1] = counter
    end
    table.sort(counters, is_before)
    return counters
end

-- The counters for the group and the model: later rules replace earlier ones.
local function select_counters(table_of_limits, group, model)
    local by_prefix, output_tokens_max = {}, nil
    for _, rule in ipairs(table_of_limits.rules) do
        if (not rule.group or rule.group == group) and (not rule.models or rule.models[model]) then
            for _, counter in ipairs(rule.counters) do
                by_prefix[counter.prefix] = counter
            end
            output_tokens_max = rule.output_tokens_max or output_tokens_max
        end
    end
    local counters = in_order(by_prefix)
    return {
        counters = counters,
        output_tokens_max = output_tokens_max,
        handle = native.limits(counters),
    }
end

-- What is in force for a request: {counters, output_tokens_max, handle}, the same table each time.
-- All groups and models that no rule names share one entry, so the memo stays small.
function limits.find(table_of_limits, request)
    local group = table_of_limits.groups[request.group or ""] and request.group or ""
    local model = table_of_limits.models[request.model] and request.model or ""
    local memo = table_of_limits.memo[group]
    if not memo then
        memo = {}
        table_of_limits.memo[group] = memo
    end
    local found = memo[model]
    if not found then
        found = select_counters(table_of_limits, group, model)
        memo[model] = found
    end
    return found
end

-- What is in force for a request that may be answered by any of the models: the strictest of each.
function limits.of_all(table_of_limits, request, models)
    local by_prefix = {}
    for _, model in ipairs(models) do
        request.model = model
        for _, counter in ipairs(limits.find(table_of_limits, request).counters) do
            local known = by_prefix[counter.prefix]
            if not known or counter.limit < known.limit then
                by_prefix[counter.prefix] = counter
            end
        end
    end
    return native.limits(in_order(by_prefix))
end

-- The limits of a request, each with the text that it is counted under, and the longest answer.
function limits.of(table_of_limits, request)
    local found = limits.find(table_of_limits, request)
    local list = {}
    for i, counter in ipairs(found.counters) do
        local subject = counter.subject and (request[counter.subject] or "") or ""
        list[i] = {
            scope = counter.scope,
            key = counter.prefix .. ":" .. subject,
            kind = counter.kind,
            limit = counter.limit,
            window_ms = counter.window_ms,
            period = counter.period,
        }
    end
    return list, found.output_tokens_max
end

-- What customers may know of the limits of their group: those of a customer and of a key, each
-- with the name of what it counts.
function limits.told(table_of_limits, group)
    local by_prefix = {}
    for _, rule in ipairs(table_of_limits.rules) do
        for _, counter in ipairs(rule.counters) do
            local own = counter.scope == "key" or counter.scope == "user"
            if own and counter.kind ~= "abandoned" and (not rule.group or rule.group == group) then
                by_prefix[counter.prefix] = counter
            end
        end
    end
    local counters = in_order(by_prefix)
    for i, counter in ipairs(counters) do
        local window = counter.window_ms > 0 and "minute" or nil
        counters[i] = {
            scope = counter.scope,
            unit = counter.kind,
            period = counter.period ~= "window" and counter.period or window,
            limit = counter.limit,
            models = counter.models,
            name = counter.prefix,
        }
    end
    return counters
end

-- A test compares this with lua/annotations/policy.lua.
limits.MEMBERS = MEMBERS

return limits
