-- How amounts of money are written, and how Stripe counts them in its API: in the smallest unit,
-- which for most currencies is a hundredth. Source: docs.stripe.com/currencies, read 2026-12-01:
-- "zero-decimal", "three-decimal" (the last digit must be 0), and the special cases ISK and UGX,
-- which have no decimals but are counted in hundredths.
local currencies = {}

local function set(text)
    local found = {}
    for code in string.gmatch(text, "%a+") do
        found[code] = true
    end
    return found
end

local NONE = set "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
local THREE = set "bhd jod kwd omr tnd"
local WHOLE = set "isk ugx"

-- Digits behind the point, as the API counts them.
function currencies.decimals(code)
    return NONE[code] and 0 or THREE[code] and 3 or 2
end

-- An amount must be a multiple of this many smallest units.
local function step(code)
    return THREE[code] and 10 or WHOLE[code] and 100 or 1
end

-- The most smallest units that are taken: the API itself takes eight digits.
currencies.MOST = 99999999

-- "12.50" -> 1250; or nil and why.
function currencies.parse(code, text)
    local whole, rest = string.match(text, "^(%d+)%.?(%d*)$")
    if not whole or #text > 16 or (string.find(text, ".", 1, true) and rest == "") then
        return nil, 'is no amount such as "10" or "12.50"'
    end
    local decimals = currencies.decimals(code)
    rest = string.gsub(rest, "0+$", "")
    if #rest > decimals then
        return nil, decimals == 0 and "has no decimals" or "has at most " .. decimals .. " decimals"
    end
    local minor = tonumber(whole .. rest .. string.rep("0", decimals - #rest))
    if minor % step(code) ~= 0 then
        return nil, "must be a multiple of " .. currencies.text(code, step(code))
    elseif minor == 0 or minor > currencies.MOST then
        return nil, "must be above 0 and at most " .. currencies.text(code, currencies.MOST)
    end
    return minor
end

-- 1250 -> "12.50"
function currencies.text(code, minor)
    local decimals = currencies.decimals(code)
    local digits = string.format("%0" .. decimals + 1 .. ".0f", minor)
    if decimals == 0 then
        return digits
    end
    return string.sub(digits, 1, -decimals - 1) .. "." .. string.sub(digits, -decimals)
end

return currencies
