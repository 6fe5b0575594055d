-- Reads the JSON body of a request strictly: each function returns a checked value, or ends the
-- task with a 400 that names the member. Null counts as absent. C reads and bounds the client's
-- bytes (core/script/api_text.c) before anything here looks at them.
local body = {}

local TEXT_BYTES_MAX = 1024
local LISTED_BYTES_MAX = 256 -- for one text of a list
local TIME_BYTES_MAX = 64

local function refuse(x, code, message, name, metadata)
    x:refuse(400, code, message, name, metadata)
end

local function invalid(x, name, what)
    refuse(x, "invalid_value", name .. " must be " .. what .. ".", name)
end

function body.has_type(x, wanted)
    local kind = x:asked_header("content-type") or ""
    return string.lower(string.match(kind, "^%s*([^;%s]*)")) == wanted
end

-- A form of another site can send text/plain and form types without a preflight, but not JSON.
function body.check_type(x)
    if not body.has_type(x, "application/json") then
        refuse(x, "invalid_value", "Send the body as JSON, with Content-Type: application/json.")
    end
end

-- Returns the members of the body (name -> raw text of the value) without those that are null, and
-- then all members. Unknown ones do not matter.
function body.read(x)
    local text = x:body()
    if text ~= "" then
        body.check_type(x)
    end
    local given, code, message, name = core.read_members(text)
    if not given then
        refuse(x, code, message, name)
    end
    local members = {}
    for member, raw in pairs(given) do
        if raw ~= "null" then
            members[member] = raw
        end
    end
    return members, given
end

-- For a body that changes something: refuses a member outside of `known`, a set of names. A change
-- that is silently ignored is a trap.
function body.read_change(x, known)
    local members, given = body.read(x)
    local names = {}
    for name in pairs(given) do
        if not known[name] then
            names[#names + 1] = name
        end
    end
    if #names > 0 then
        table.sort(names)
        refuse(x, "invalid_value", names[1] .. " cannot be changed.", names[1])
    end
    return members, given
end

-- Ends the task if the member is absent.
function body.require(x, members, name)
    if members[name] == nil then
        refuse(x, "missing_field", name .. " is missing.", name)
    end
end

-- The text, or nil if it is absent; at most `bytes_max` bytes.
function body.text(x, members, name, bytes_max)
    bytes_max = bytes_max or TEXT_BYTES_MAX
    local raw = members[name]
    if raw == nil then
        return nil
    end
    local text, why = core.read_string(raw, bytes_max)
    if text then
        return text
    elseif why == "type" then
        invalid(x, name, "a string")
    elseif why == "half" then
        invalid(x, name, "a string of whole characters (it holds half of a surrogate pair)")
    end
    invalid(x, name, "at most " .. bytes_max .. " bytes long")
end

-- A text for people, at most `bytes_max` bytes and without control characters.
function body.label(x, members, name, bytes_max)
    local text = body.text(x, members, name, bytes_max)
    if text ~= nil and string.find(text, "[%z\1-\31\127]") then
        invalid(x, name, "without line breaks and other control characters")
    end
    return text
end

-- An amount in nano-USD, from least_nusd to most_usd, given as a string or a number; or nil.
function body.amount(x, members, name, least_nusd, most_usd)
    local raw = members[name]
    if raw == nil then
        return nil
    elseif not string.find(string.sub(raw, 1, 1), '["%d-]') then
        invalid(x, name, 'an amount in USD such as "12.50"')
    end
    local nusd = core.read_amount(raw)
    if not nusd or nusd < least_nusd or nusd > most_usd * 1e9 then
        refuse(x, "invalid_amount", string.format('%s must be an amount in USD such as "12.50", '
            .. "%s, at most %d, with at most 9 decimals.", name,
            least_nusd > 0 and "above 0" or "0 or more", most_usd), name,
            string.format('{"above_zero":%s,"most":"%d"}', tostring(least_nusd > 0), most_usd))
    end
    return nusd
end

-- A whole number from 0 to `most`, or nil.
function body.count(x, members, name, most)
    local raw = members[name]
    if raw == nil then
        return nil
    end
    local count = string.find(raw, "^%d+$") and #raw <= 16 and tonumber(raw)
    if not count or count > most then
        invalid(x, name, "a whole number from 0 to " .. string.format("%.0f", most))
    end
    return count
end

-- A time in milliseconds, or nil.
function body.time(x, members, name)
    local text = body.text(x, members, name, TIME_BYTES_MAX)
    if text == nil then
        return nil
    end
    local time_ms = not string.find(text, "%z") and core.parse_time(text)
    if not time_ms then
        invalid(x, name, "a time such as 2026-11-22T21:34:00Z")
    end
    return time_ms
end

-- The same, of a time that is still to come.
function body.future(x, members, name)
    local time_ms = body.time(x, members, name)
    if time_ms and time_ms <= core.now_ms() then
        refuse(x, "invalid_value", name .. " must lie in the future.", name)
    end
    return time_ms
end

-- true, false, or nil if it is absent.
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
    local list = core.read_strings(raw, count_max, LISTED_BYTES_MAX)
    if not list or #list < 1 then
        invalid(x, name, "a list of 1 to " .. count_max .. " strings of at most "
            .. LISTED_BYTES_MAX .. " bytes")
    end
    return list
end

return body
