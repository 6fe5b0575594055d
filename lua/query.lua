-- What stands behind the ? of a request, checked. Whatever is wrong ends the task with a 400 that
-- names the parameter.
local cjson = require "cjson"

local query = {}

local TEXT_BYTES_MAX = 1024

local function is_utf8(text)
    return not string.find(text, "[\128-\255]") or cjson.decode(core.json_string(text)) == text
end

-- "gpt%2d4" -> "gpt-4". Nil for a broken escape, control characters and what is no UTF-8.
function query.decode(text)
    if string.find(string.gsub(text, "%%%x%x", ""), "%", 1, true) then
        return nil
    end
    local decoded = string.gsub(text, "%%(%x%x)", function(digits)
        return string.char(tonumber(digits, 16))
    end)
    if string.find(decoded, "[%z\1-\31\127]") or not is_utf8(decoded) then
        return nil
    end
    return decoded
end

local function decode(x, text, name)
    local decoded = query.decode((string.gsub(text, "+", " ")))
    if not decoded then
        x:refuse(400, "invalid_value",
            "The query of the address is not valid: it needs UTF-8 text with %XX escapes.", name)
    end
    return decoded
end

-- The parameters by name. Unknown ones are nobody's business; none may stand there twice.
function query.read(x)
    local _, _, text = x:asked()
    local values = {}
    for pair in string.gmatch(text, "[^&]+") do
        local name, value = string.match(pair, "^([^=]*)=?(.*)$")
        name = decode(x, name)
        if values[name] then
            x:refuse(400, "invalid_value", "A parameter is given twice; send it once.", name)
        end
        values[name] = decode(x, value, name)
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

-- Milliseconds, or nil.
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
    return time_ms
end

-- One of the words of `choices`, a set; `default` when there is none.
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

-- Whole hours east of UTC, from `tz` in minutes; 0 when there is none.
function query.zone_hours(x, values)
    local text = values.tz
    if text == nil then
        return 0
    end
    local minutes = string.find(text, "^-?%d%d?%d?$") and tonumber(text)
    if not minutes or minutes % 60 ~= 0 or minutes < -720 or minutes > 840 then
        x:refuse(400, "invalid_value",
            "tz must be the minutes that your clock is ahead of UTC: whole hours, -720 to 840.",
            "tz")
    end
    return minutes / 60
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
