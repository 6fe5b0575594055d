-- What a newer price file changes: models that are new or gone, and prices by unit and condition.
local cjson = require "cjson"
local native = require "policy.native"

local diff = {}

local UNITS = native.units()
local CONDITIONS = {
    "prompt_above", "service_tier", "speed", "region", "search_context", "size", "quality",
    "resolution", "hours", "weekdays",
}

local function condition_text(conditions)
    local parts = {}
    for _, name in ipairs(CONDITIONS) do
        local value = conditions[name]
        if type(value) == "table" then
            value = table.concat(value, "/")
        end
        if value ~= nil then
            parts[#parts + 1] = string.gsub(name, "_", " ") .. " " .. tostring(value)
        end
    end
    return table.concat(parts, ", ")
end

local function parsed(unit, text)
    local pusd
    if unit.single then
        pusd = native.single_price(text)
    else
        pusd = native.price(text)
    end
    return pusd
end

-- {[unit and condition] = {unit, when, pusd}} of a list of prices; `read`: prices are texts.
local function add_prices(list, when, is_text, out)
    for _, unit in ipairs(UNITS) do
        local value = list[unit.name]
        if value ~= nil then
            out[unit.name .. "\n" .. when] = {
                unit = unit.name, when = when, pusd = is_text and parsed(unit, value) or value,
            }
        end
    end
end

-- All prices of an entry of catalog.lua.
local function old_prices(entry)
    local found = {}
    add_prices(entry, "", true, found)
    for _, rule in ipairs(entry.when or {}) do
        add_prices(rule, condition_text(rule), true, found)
    end
    return found
end

-- The same of an entry that was just read.
local function new_prices(entry)
    local found = {}
    add_prices(entry.prices, "", false, found)
    for _, rule in ipairs(entry.rules) do
        add_prices(rule.prices, condition_text(rule.conditions), false, found)
    end
    return found
end

local function sorted_keys(...)
    local set, keys = {}, {}
    for i = 1, select("#", ...) do
        for key in pairs((select(i, ...))) do
            if not set[key] then
                set[key] = true
                keys[#keys + 1] = key
            end
        end
    end
    table.sort(keys)
    return keys
end

local function price_text(price)
    return price and native.format_price(price.unit, price.pusd) or nil
end

local function percent(before, after)
    if not before or not after or before.pusd == 0 then
        return nil
    end
    return string.format("%+.2f%%", (after.pusd - before.pusd) / before.pusd * 100)
end

local function add_changed(name, old, new, out)
    local before, after = old_prices(old), new_prices(new)
    for _, key in ipairs(sorted_keys(before, after)) do
        local one, other = before[key], after[key]
        if not one or not other or one.pusd ~= other.pusd then
            out[#out + 1] = {
                change = "price", model = name, unit = (one or other).unit,
                when = (one or other).when, old = price_text(one), new = price_text(other),
                percent = percent(one, other),
            }
        end
    end
end

-- The changes by the name of the model.
function diff.changes(old, entries)
    local list = {}
    for _, name in ipairs(sorted_keys(old, entries)) do
        if not entries[name] then
            list[#list + 1] = { change = "gone", model = name }
        elseif not old[name] then
            list[#list + 1] = { change = "new", model = name }
        else
            add_changed(name, old[name], entries[name], list)
        end
    end
    return list
end

-- ---- money ----

local function amount(nusd)
    return (nusd < 0 and "-" or "") .. native.format_amount(math.abs(nusd))
end

-- What is paid more (or less) for each model, the largest loss first. `money`: {model, old, new} in
-- nano-USD, as texts.
local function differences(money)
    local list = {}
    for _, each in ipairs(money or {}) do
        local more = tonumber(each.new) - tonumber(each.old)
        if more ~= 0 then
            list[#list + 1] = { model = each.model, nusd = more, old = tonumber(each.old),
                new = tonumber(each.new) }
        end
    end
    table.sort(list, function(a, b)
        return a.nusd > b.nusd or (a.nusd == b.nusd and a.model < b.model)
    end)
    return list
end

local function money_json(list)
    local out = {}
    for i, each in ipairs(list) do
        out[i] = { model = each.model, old = amount(each.old), new = amount(each.new),
            difference = amount(each.nusd) }
    end
    return out
end

local function add_money(context, out)
    out[#out + 1] = ""
    if context.money_error then
        out[#out + 1] = "money: " .. context.money_error
        return
    end
    local list = differences(context.money)
    if #list == 0 then
        out[#out + 1] = "the calls of the last 30 days would have cost you the same"
        return
    end
    out[#out + 1] = "what the calls of the last 30 days would have cost you more (-: less), in USD:"
    for _, each in ipairs(list) do
        out[#out + 1] = string.format("  %s: %s (%s -> %s)", each.model, amount(each.nusd),
            amount(each.old), amount(each.new))
    end
end

local function line_of(change)
    if change.change ~= "price" then
        return change.model .. ": is " .. change.change
    end
    return string.format("%s: %s%s %s -> %s%s", change.model, change.unit,
        change.when ~= "" and " (" .. change.when .. ")" or "", change.old or "none",
        change.new or "none", change.percent and " (" .. change.percent .. ")" or "")
end

local function array(list)
    return #list > 0 and cjson.encode(list) or "[]"
end

-- The changes as text or JSON; and "changed" if there are any.
function diff.run(old, entries, context, source)
    local changes = diff.changes(old.models, entries)
    local changed = #changes > 0 and "changed" or ""
    if context.json then
        return '{"source":' .. cjson.encode(source) .. ',"changes":' .. array(changes)
            .. ',"money":' .. (context.money_error and "null"
                or array(money_json(differences(context.money))))
            .. ',"money_error":' .. (context.money_error and cjson.encode(context.money_error)
                or "null") .. "}\n", changed
    end
    local lines = {}
    for i, change in ipairs(changes) do
        lines[i] = line_of(change)
    end
    if #changes == 0 then
        return "nothing changes\n", changed
    end
    add_money(context, lines)
    return table.concat(lines, "\n") .. "\n", changed
end

return diff
