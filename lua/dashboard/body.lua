-- The JSON body of a request, read strictly: each word gives a checked value or ends the task with
-- a 400 that names the member. Null is as good as absent.
local cjson = require "cjson"

local body = {}

local EXPONENT_MAX = 30

local function refuse(x, code, message, name)
    x:refuse(400, code, message, name)
end

local function invalid(x, name, what)
    refuse(x, "invalid_value", name .. " must be " .. what .. ".", name)
end

-- A form of another site can send text/plain and form types without being asked, but not JSON.
function body.check_type(x)
    local kind = x:asked_header("content-type") or ""
    kind = string.lower(string.match(kind, "^%s*([^;%s]*)"))
    if kind ~= "application/json" then
        refuse(x, "invalid_value", "Send the body as JSON, with Content-Type: application/json.")
    end
end

local function decode_string(raw)
    local done, text = pcall(cjson.decode, raw)
    return done and text or nil
end

-- Two spellings of a name are one name: {"a":1,"\u0061":2} has a duplicate.
local function decode_names(x, members)
    local decoded = {}
    for name, raw in pairs(members) do
        if string.find(name, "\\", 1, true) then
            name = decode_string('"' .. name .. '"') or name
        end
        if decoded[name] then
            refuse(x, "invalid_json", "A member of the body occurs twice; send it once.")
        end
        decoded[name] = raw
    end
    return decoded
end

-- The members of the body: name -> its value's raw text. Unknown ones do not matter.
function body.read(x)
    local text = x:body()
    if text ~= "" then
        body.check_type(x)
    end
    local valid, why = core.check_json(text)
    if not valid then
        refuse(x, "invalid_json", "The body is not valid JSON: " .. why)
    end
    local members
    members, why = core.json_members(text)
    if not members then
        refuse(x, "invalid_json", why)
    end
    members = decode_names(x, members)
    for name, raw in pairs(members) do
        if raw == "null" then
            members[name] = nil
        end
    end
    return members
end

-- Ends the task when the member is not there.
function body.require(x, members, name)
    if members[name] == nil then
        refuse(x, "missing_field", name .. " is missing.", name)
    end
end

-- The text, or nil when it is absent.
function body.text(x, members, name)
    local raw = members[name]
    if raw == nil then
        return nil
    elseif string.sub(raw, 1, 1) ~= '"' then
        invalid(x, name, "a string")
    end
    local text = decode_string(raw)
    if not text then
        invalid(x, name, "a string of whole characters (it holds half of a surrogate pair)")
    end
    return text
end

-- A text for people to read, of at most so many bytes and without control characters.
function body.label(x, members, name, bytes_max)
    local text = body.text(x, members, name)
    if text == nil then
        return nil
    elseif #text > bytes_max then
        invalid(x, name, "at most " .. bytes_max .. " bytes long")
    elseif string.find(text, "[%z\1-\31\127]") then
        invalid(x, name, "without line breaks and other control characters")
    end
    return text
end

-- "1.5e-7" -> "0.00000015", exactly; what has no exponent stays as it is.
local function without_exponent(raw)
    local whole, fraction, exponent = string.match(raw, "^(%d+)%.?(%d*)[eE]([+-]?%d+)$")
    exponent = tonumber(exponent)
    if not exponent or math.abs(exponent) > EXPONENT_MAX then
        return raw
    end
    local digits = whole .. fraction
    local point = #whole + exponent
    if point <= 0 then
        digits, point = string.rep("0", 1 - point) .. digits, 1
    elseif point > #digits then
        digits = digits .. string.rep("0", point - #digits)
    end
    local decimals = string.gsub(string.sub(digits, point + 1), "0+$", "")
    return string.sub(digits, 1, point) .. (decimals ~= "" and "." .. decimals or "")
end

-- An amount in nano-USD above 0 and at most most_usd, given as a string or a number; or nil.
function body.amount(x, members, name, least_nusd, most_usd)
    local raw = members[name]
    if raw == nil then
        return nil
    end
    local first = string.sub(raw, 1, 1)
    local text
    if first == '"' then
        text = decode_string(raw) or ""
    elseif string.find(first, "[%d-]") then
        text = without_exponent(raw)
    else
        invalid(x, name, 'an amount in USD such as "12.50"')
    end
    local nusd = core.parse_money(text)
    if not nusd or nusd < least_nusd or nusd > most_usd * 1e9 then
        refuse(x, "invalid_amount", string.format('%s must be an amount in USD such as "12.50", '
            .. "%s, at most %d, with at most 9 decimals.", name,
            least_nusd > 0 and "above 0" or "0 or more", most_usd), name)
    end
    return nusd
end

-- A time in milliseconds, or nil.
function body.time(x, members, name)
    local text = body.text(x, members, name)
    if text == nil then
        return nil
    end
    local time_ms = not string.find(text, "%z") and core.parse_time(text)
    if not time_ms then
        invalid(x, name, "a time such as 2026-11-22T21:34:00Z")
    end
    return time_ms
end

-- true, false, or nil when it is absent.
function body.boolean(x, members, name)
    local raw = members[name]
    if raw ~= nil and raw ~= "true" and raw ~= "false" then
        invalid(x, name, "true or false")
    end
    return raw and raw == "true"
end

-- A list of 1 to count_max strings, or nil.
function body.texts(x, members, name, count_max)
    local raw = members[name]
    if raw == nil then
        return nil
    end
    local what = "a list of 1 to " .. count_max .. " strings"
    if string.sub(raw, 1, 1) ~= "[" then
        invalid(x, name, what)
    end
    local done, list = pcall(cjson.decode, raw)
    if not done or #list < 1 or #list > count_max then
        invalid(x, name, what)
    end
    for i = 1, #list do
        if type(list[i]) ~= "string" then
            invalid(x, name, what)
        end
    end
    return list
end

return body
