-- The conditions of time in a rule of models.lua: hours, weekdays, zone, from, until. A moment is
-- {minute (of the local week, from Monday 00:00 on), at_ms}; nil stands for any that no rule names.
local native = require "policy.native"
local schema = require "policy.schema"

local times = {}

times.MEMBERS = { hours = true, weekdays = true, zone = true, from = true, ["until"] = true }

-- What it makes of them in a rule.
times.HOURS = { "minute_from", "minute_until", "weekdays", "zone", "zone_data" }
times.DATES = { "from_ms", "until_ms", "from", "until" }

local DAY = 24 * 60
local WEEK = 7 * DAY
local ALL_DAYS = 127
local DAY_NAMES = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" }
-- As OpenRouter's `overrides` name them (npm package @openrouter/sdk 1.3.19).
local UTC_DAYS = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
}

local function has_day(mask, day)
    return math.floor(mask / 2 ^ day) % 2 == 1
end

-- "16:30" -> minutes of the day, or nil.
local function clock(text)
    local hour, minute = string.match(text, "^(%d%d):(%d%d)$")
    hour, minute = tonumber(hour), tonumber(minute)
    if hour and minute < 60 and hour * 60 + minute <= DAY then
        return hour * 60 + minute
    end
end

local function read_hours(node)
    local text = schema.text(node, "hours", nil, 11)
    if not text then
        return 0, DAY
    end
    local first = clock(string.sub(text, 1, 5))
    local last = string.sub(text, 6, 6) == "-" and clock(string.sub(text, 7))
    if not first or not last or first == last or first == DAY or last == 0 then
        schema.fail(node, "hours", 'must be two different times such as "16:30-00:30"; midnight '
            .. 'is 00:00 at the beginning and 24:00 at the end')
    end
    return first, last
end

local function read_weekdays(node)
    if node.value.weekdays == nil then
        return ALL_DAYS
    end
    local list = schema.child(node, "weekdays")
    local mask = 0
    for i = 1, schema.list(list, "weekdays") do
        local day = schema.integer(list, i, schema.REQUIRED, 1, 7) - 1
        if has_day(mask, day) then
            schema.fail(list, i, "is given twice")
        end
        mask = mask + 2 ^ day
    end
    if mask == 0 then
        schema.fail(node, "weekdays", "must have at least one day: 1 is Monday, 7 is Sunday")
    end
    return mask
end

local function read_zone(node, rule)
    local name = schema.text(node, "zone", nil, 63)
    if name and not rule.weekdays then
        schema.fail(node, "zone", "is of hours or weekdays, and there are none")
    end
    rule.zone = rule.weekdays and (name or "UTC")
    if not name or name == "UTC" then
        return
    end
    rule.zone_data = native.zone(name)
    if not rule.zone_data then
        schema.fail(node, "zone", 'there is no time zone of this name; use one such as '
            .. '"Asia/Shanghai"')
    end
end

-- Reads the members into `rule`; returns whether there are any.
function times.read(node, rule)
    if node.value.hours ~= nil or node.value.weekdays ~= nil then
        rule.minute_from, rule.minute_until = read_hours(node)
        rule.weekdays = read_weekdays(node)
    end
    read_zone(node, rule)
    rule.from_ms, rule.from = schema.moment(node, "from")
    rule.until_ms, rule["until"] = schema.moment(node, "until")
    if rule.from_ms and rule.until_ms and rule.from_ms >= rule.until_ms then
        schema.fail(node, "until", "is not after from")
    end
    return (rule.weekdays or rule.from_ms or rule.until_ms) ~= nil
end

-- Whether the minute of the week is in the rule's hours (core/exchange/price_schedule.c).
local function is_in_hours(rule, minute)
    if not rule.weekdays then
        return true
    elseif not minute then
        return false
    end
    local day, of_day = math.floor(minute / DAY), minute % DAY
    local today, yesterday = has_day(rule.weekdays, day), has_day(rule.weekdays, (day + 6) % 7)
    if rule.minute_from < rule.minute_until then
        return today and of_day >= rule.minute_from and of_day < rule.minute_until
    end
    return (today and of_day >= rule.minute_from) or (yesterday and of_day < rule.minute_until)
end

function times.matches(rule, moment)
    if (rule.from_ms or rule.until_ms) and not moment.at_ms then
        return false
    elseif rule.from_ms and moment.at_ms < rule.from_ms then
        return false
    elseif rule.until_ms and moment.at_ms >= rule.until_ms then
        return false
    end
    return is_in_hours(rule, moment.minute)
end

-- The minutes of the week at which the rule's hours begin or end.
local function add_ends(rule, out)
    for day = 0, rule.weekdays and 6 or -1 do
        out[#out + 1] = day * DAY + rule.minute_from
        out[#out + 1] = (day * DAY + rule.minute_until) % WEEK
    end
end

-- Whether both can hold at one time; and whether the first is no wider. Between two ends nothing
-- changes, so the ends tell all.
function times.compare(one, other)
    local ends, together, stricter = { 0 }, false, true
    add_ends(one, ends)
    add_ends(other, ends)
    for _, minute in ipairs(ends) do
        local a, b = is_in_hours(one, minute), is_in_hours(other, minute)
        together = together or (a and b)
        stricter = stricter and (b or not a)
    end
    local one_from, one_until = one.from_ms or 0, one.until_ms or math.huge
    local from, till = other.from_ms or 0, other.until_ms or math.huge
    together = together and one_from < till and from < one_until
    return together, stricter and one_from >= from and one_until <= till
end

-- The moments at which the rule begins or ends to hold, and those just before its dates.
function times.ends(rule)
    local minutes, moments = {}, {}
    add_ends(rule, minutes)
    for i, minute in ipairs(minutes) do
        moments[i] = { minute = minute }
    end
    for _, name in ipairs { "from_ms", "until_ms" } do
        if rule[name] then
            moments[#moments + 1] = { at_ms = rule[name] }
            moments[#moments + 1] = { at_ms = rule[name] - 1 }
        end
    end
    return moments
end

-- A moment at which the rule holds.
function times.moment(rule)
    local moment = { at_ms = rule.from_ms or (rule.until_ms and rule.until_ms - 1) }
    for day = 0, rule.weekdays and 6 or -1 do
        if has_day(rule.weekdays, day) then
            moment.minute = day * DAY + rule.minute_from
            break
        end
    end
    return moment
end

local function hours_text(rule)
    if rule.minute_from == 0 and rule.minute_until == DAY then
        return nil
    end
    return string.format("%02d:%02d-%02d:%02d", math.floor(rule.minute_from / 60),
        rule.minute_from % 60, math.floor(rule.minute_until / 60), rule.minute_until % 60)
end

local function days_of(rule, names)
    local list = {}
    for day = 0, rule.weekdays and rule.weekdays ~= ALL_DAYS and 6 or -1 do
        if has_day(rule.weekdays, day) then
            list[#list + 1] = names and names[day + 1] or day + 1
        end
    end
    return list
end

-- Adds texts for people: "16:30-00:30 Asia/Shanghai", "Sat Sun", "until 2026-12-31".
function times.add_texts(rule, out)
    if rule.weekdays then
        local days = table.concat(days_of(rule, DAY_NAMES), " ")
        local parts = { days ~= "" and days or nil }
        parts[#parts + 1] = hours_text(rule)
        parts[#parts + 1] = rule.zone
        out[#out + 1] = table.concat(parts, " ")
    end
    out[#out + 1] = rule.from and "from " .. rule.from
    out[#out + 1] = rule["until"] and "until " .. rule["until"]
end

-- Adds members of a JSON object: '"hours":"16:30-00:30"', '"weekdays":[6,7]'.
function times.add_members(rule, out)
    if rule.weekdays then
        local hours, days = hours_text(rule), days_of(rule)
        out[#out + 1] = hours and '"hours":"' .. hours .. '"'
        out[#out + 1] = #days > 0 and '"weekdays":[' .. table.concat(days, ",") .. "]" or nil
        out[#out + 1] = '"zone":"' .. rule.zone .. '"'
    end
    out[#out + 1] = rule.from and '"from":"' .. rule.from .. '"'
    out[#out + 1] = rule["until"] and '"until":"' .. rule["until"] .. '"'
end

-- Whether OpenRouter's form can say these times: UTC, no dates; days only of hours within a day.
function times.is_openrouter(rule)
    if rule.from_ms or rule.until_ms then
        return false
    elseif not rule.weekdays then
        return true
    end
    local wraps = rule.minute_until < rule.minute_from
    return rule.zone == "UTC" and (rule.weekdays == ALL_DAYS or not wraps)
end

-- Adds the members of an override in that form.
function times.add_override(rule, out)
    if not rule.weekdays then
        return
    end
    if hours_text(rule) then
        local function number(minute)
            return math.floor(minute % DAY / 60) * 100 + minute % 60
        end
        out[#out + 1] = string.format('"utc_start":%d,"utc_end":%d', number(rule.minute_from),
            number(rule.minute_until))
    end
    local days = days_of(rule, UTC_DAYS)
    out[#out + 1] = #days > 0 and '"utc_days":["' .. table.concat(days, '","') .. '"]' or nil
end

return times
