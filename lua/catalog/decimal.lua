-- Decimal texts. A price is read from its text and its point is moved: never floating point.
local decimal = {}

local BYTES_MAX = 64
local PLACES_MAX = 60

local function with_point(digits, point)
    if point <= 0 then
        return "0." .. string.rep("0", -point) .. digits
    elseif point >= #digits then
        return digits .. string.rep("0", point - #digits)
    end
    return string.sub(digits, 1, point) .. "." .. string.sub(digits, point + 1)
end

-- Without zeros that say nothing.
local function tidy(text)
    text = string.gsub(text, "^0+(%d)", "%1")
    if string.find(text, ".", 1, true) then
        text = string.gsub(text, "0+$", "")
        text = string.gsub(text, "%.$", "")
    end
    return text
end

-- "1.5e-07" with its point moved by 6 places is "0.15". nil: it is no number of 0 or more.
function decimal.shift(text, places)
    if type(text) ~= "string" or #text > BYTES_MAX then
        return nil
    end
    local mantissa, exponent = string.match(text, "^([%d.]+)[eE]([+-]?%d%d?%d?)$")
    local whole, fraction = string.match(mantissa or text, "^(%d+)%.?(%d*)$")
    if not whole then
        return nil
    end
    local digits = whole .. fraction
    if not string.find(digits, "[^0]") then
        return "0"
    end
    local point = #whole + (tonumber(exponent) or 0) + places
    if point < -PLACES_MAX or point > PLACES_MAX then
        return nil
    end
    return tidy(with_point(digits, point))
end

-- Whether the text is a number that is 0.
function decimal.is_zero(text)
    return decimal.shift(text, 0) == "0"
end

-- A count such as "128000" or "128000.0", or nil.
function decimal.integer(text)
    local plain = decimal.shift(text, 0)
    return plain and #plain <= 12 and not string.find(plain, ".", 1, true) and tonumber(plain)
        or nil
end

return decimal
