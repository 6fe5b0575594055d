-- The query of a request, checked. A fault ends the task with a 400 that names the parameter.
--
-- C splits, decodes and bounds it (core/script/api_text.c).
local query = {}

local TEXT_BYTES_MAX = 1024 -- as in core/base/limits.h: no value is longer

-- The parameters by name. Unknown ones are ignored; duplicates are refused.
function query.read(x)
    local _, _, text = x:asked()
    local values, code, message, name = core.read_query(text)
    if not values then
        x:refuse(400, code, message, name)
    end
    return values
end

function query.integer(x, values, name, default, least, most)
    local text = values[name]
    if text == nil then
        return default
    end
    local number = string.find(text, "^%d%d?%d?%d?%d?%d?%d?%d?%d?$") and tonumber(text)
    if not number or number < least or number > most then
        x:refuse(400, "invalid_value",
            string.format("%s must be a whole number from %d to %d.", name, least, most), name)
    end
    return number
end

-- A time for the store: milliseconds, or a date, which begins at midnight of the requested zone.
-- nil if absent.
function query.time(x, values, name)
    local text = values[name]
    if text == nil then
        return nil
    end
    local time_ms = core.parse_time(text)
    if not time_ms then
        x:refuse(400, "invalid_value",
            name .. " must be a date or a time such as 2026-11-22T21:34:00Z.", name)
    end
    return #text == #"2026-11-22" and text or time_ms
end

-- One word of the set `choices`; `default` if absent.
function query.choice(x, values, name, default, choices)
    local text = values[name]
    if text == nil then
        return default
    elseif not choices[text] then
        local words = {}
        for word in pairs(choices) do
            words[#words + 1] = word
        end
        table.sort(words)
        x:refuse(400, "invalid_value",
            name .. " must be one of: " .. table.concat(words, ", ") .. ".", name)
    end
    return text
end

-- The viewer's zone for the store, which knows the zones; nil for UTC.
function query.zone(x, values)
    return query.text(x, values, "tz")
end

function query.text(x, values, name)
    local text = values[name]
    if text ~= nil and (text == "" or #text > TEXT_BYTES_MAX) then
        x:refuse(400, "invalid_value",
            string.format("%s must have 1 to %d bytes.", name, TEXT_BYTES_MAX), name)
    end
    return text
end

return query
