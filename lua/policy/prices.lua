-- Prices by unit (core/base/unit.h): reading them from an entry, and what is priced apart.
local native = require "policy.native"
local schema = require "policy.schema"

local prices = {}

-- In the order of C: each {name, fallback (the unit whose price counts where there is none; nil:
-- none), single (priced one by one, not by the million), prompt (a part of the prompt)}.
local UNITS = native.units()
local USUAL = { input = true, cached_input = true, output = true }

-- OpenRouter's names in the `pricing` of /v1/models (npm package @openrouter/sdk 1.3.19, which says
-- what each is the price of: `image_output` is for a generated picture, not for a token of it). A
-- unit that has none there has a name that means nothing there, mostly ours.
local OPENROUTER = {
    input = "prompt", cached_input = "input_cache_read", output = "completion",
    cache_write = "input_cache_write", cache_write_long = "input_cache_write_1h",
    audio_input = "audio", image_input = "image_token", reasoning = "internal_reasoning",
    audio_output = "audio_output", image_output = "image_output_token", web_search = "web_search",
    request = "request", cached_audio_input = "input_audio_cache", image = "image_output",
}

-- The members of an entry that are prices.
prices.MEMBERS = {}
for _, unit in ipairs(UNITS) do
    prices.MEMBERS[unit.name] = true
end
prices.UNITS = UNITS
-- The names of what is counted one by one in a call: all single units but the call itself.
prices.COUNTED = {}
for _, unit in ipairs(UNITS) do
    if unit.single and unit.name ~= "request" then
        table.insert(prices.COUNTED, unit.name)
    end
end
prices.USUAL = USUAL -- the units that have columns and members of their own everywhere

-- `answerless`: the model generates no text, so there is no price of it.
local function fail_incomplete(node, found, answerless)
    if not next(found) then
        return
    elseif answerless then
        found.input, found.output = found.input or 0, found.output or 0
    elseif not found.input then
        schema.fail(node, "input", "is missing: a price has both input and output")
    elseif not found.output then
        schema.fail(node, "output", "is missing: a price has both input and output")
    end
end

local BY_NAME = {}
for _, unit in ipairs(UNITS) do
    BY_NAME[unit.name] = unit
end

-- The price of the unit in pico-USD, or nil.
function prices.read_one(node, name)
    return BY_NAME[name].single and schema.single_price(node, name) or schema.price(node, name)
end

-- {unit = pico-USD} of what has a price, or nothing if no price is given.
function prices.read(node, answerless)
    local found = {}
    for name in pairs(BY_NAME) do
        found[name] = prices.read_one(node, name)
    end
    fail_incomplete(node, found, answerless)
    if not found.input then
        return nil
    end
    found.follows = not found.cached_input -- input, whatever its price
    found.cached_input = found.cached_input or found.input
    return found
end

local function price_of(found, unit)
    while unit do
        if found[unit.name] then
            return found[unit.name]
        end
        unit = BY_NAME[unit.fallback]
    end
    return 0
end

function prices.of_name(name)
    return BY_NAME[name]
end

-- The name of the unit whose price of the list this one follows; nil: none.
function prices.fallback(unit, list)
    repeat
        unit = BY_NAME[unit.fallback]
    until not unit or list[unit.name]
    return unit and unit.name
end

-- The prices of an entry that does not state what it costs for one, from those around it.
function prices.inherit(found, outer)
    for _, unit in ipairs(UNITS) do
        if unit.single and not found[unit.name] then
            found[unit.name] = outer and outer[unit.name]
        end
    end
    return found
end

-- A copy with a price for each unit that one of `lists` has: all candidates of a model have the
-- same units, so what is bought apart is sold apart.
function prices.complete(found, lists)
    local all = {}
    for _, list in ipairs(lists) do
        for name in pairs(list) do
            all[name] = true
        end
    end
    local complete = {}
    for _, unit in ipairs(UNITS) do
        if all[unit.name] then
            complete[unit.name] = price_of(found, unit)
        end
    end
    return complete
end

-- The units of a complete list that have a price of their own, as a set; the others have that of
-- their fallback. What has no fallback has its own.
function prices.stated(own, complete)
    local stated = {}
    for _, unit in ipairs(UNITS) do
        local follows = own.follows and unit.name == "cached_input"
        stated[unit.name] = (own[unit.name] and not follows)
            or (complete[unit.name] and not unit.fallback) or nil
        stated[unit.name] = stated[unit.name] and 1
    end
    return stated
end

-- The units that all lists have, as a set.
function prices.in_all(lists)
    local found = {}
    for _, unit in ipairs(UNITS) do
        found[unit.name] = #lists > 0 or nil
        for _, list in ipairs(lists) do
            found[unit.name] = found[unit.name] and list[unit.name] and true
        end
    end
    return found
end

-- The dearest price of each unit, over several lists.
function prices.dearest(lists)
    local most = {}
    for _, list in ipairs(lists) do
        for name, pusd in pairs(list) do
            most[name] = math.max(most[name] or 0, pusd)
        end
    end
    return most
end

function prices.is_equal(one, other)
    for _, unit in ipairs(UNITS) do
        if one[unit.name] ~= other[unit.name] then
            return false
        end
    end
    return true
end

-- The lowest margin that is left when `buy` is paid and `sell` asked, in parts per million of the
-- cost; and the unit that is sold at a loss, if any. Sums of a million, rounded up to the nano-USD.
function prices.margin_left(buy, sell, margin_ppm)
    local lowest, loss
    if prices.is_equal(buy, sell) then
        return margin_ppm
    end
    for _, unit in ipairs(UNITS) do
        local counts = { [unit.name] = 1e6 }
        local cost = buy[unit.name] and native.charge(buy, counts, 0)
        local sale = sell[unit.name] and native.charge(sell, counts, margin_ppm)
        if cost and sale and cost > 0 then
            local ppm = math.floor((sale - cost) / cost * 1e6 + 0.5)
            loss = sale < cost and ppm < (lowest or 0) and unit.name or loss
            lowest = math.min(lowest or ppm, ppm)
        end
    end
    return lowest or margin_ppm, loss
end

-- {unit = text} of a price list: USD per million tokens, or for one.
function prices.texts(list, format)
    local texts = {}
    for _, unit in ipairs(UNITS) do
        if list[unit.name] then
            texts[unit.name] = format(unit.name, list[unit.name])
        end
    end
    return texts
end

-- Prices as members of a JSON object: '"prompt":"0.000003","web_search":"0.012"'. `style` has
-- name(unit name) and text(unit name, pusd). `skip`: units to leave out.
local function members(list, style, skip)
    local parts = {}
    for _, unit in ipairs(UNITS) do
        if list[unit.name] and not (skip and skip[unit.name]) then
            parts[#parts + 1] = '"' .. style.name(unit.name) .. '":"'
                .. style.text(unit.name, list[unit.name]) .. '"'
        end
    end
    return table.concat(parts, ",")
end

-- As /v1/models says it: OpenRouter's names, the price of one.
function prices.openrouter_style(margin_ppm)
    return {
        name = function(unit) return OPENROUTER[unit] or unit end,
        text = function(_, pusd) return native.token_price(pusd, margin_ppm) end,
    }
end

-- As the dashboard says it: the price of a million tokens, or of one.
function prices.dashboard_style(margin_ppm)
    return {
        name = function(unit) return unit end,
        text = function(unit, pusd) return native.sell_price(unit, pusd, margin_ppm) end,
    }
end

function prices.members(list, style)
    return members(list, style)
end

-- The units beside the usual three, each with a comma before it.
function prices.extra_members(list, style)
    local found = members(list, style, USUAL)
    return found == "" and "" or "," .. found
end

-- Tokens of the prompt in all, of counts by unit.
function prices.prompt_of(counts)
    local sum = 0
    for _, unit in ipairs(UNITS) do
        sum = sum + (unit.prompt and counts[unit.name] or 0)
    end
    return sum
end

return prices
