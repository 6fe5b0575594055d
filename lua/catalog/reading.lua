-- What a reader of a price file has learnt of one model (the input of lua/catalog/rules.lua), and
-- what all readers have in common. `problem`: the first thing that forbids to sell the model.
local decimal = require "catalog.decimal"
local native = require "policy.native"

local reading = {}

local UNIT = {}
for _, unit in ipairs(native.units()) do
    UNIT[unit.name] = unit
end
reading.UNIT = UNIT

-- Whether models of the modes that the gateway serves answer with text.
local ANSWERS = {
    chat = true, completion = true, embedding = false, moderation = false, rerank = false,
    decisions = false,
}

function reading.new()
    return {
        prices = {}, factors = {}, searches = {}, resolutions = {}, windows = {}, off_peak = {},
        aliases = {}, step_is_inside = 0, sizes = {},
    }
end

-- The price in pico-USD, or nil and why. `places`: how far the point of a price of tokens moves.
local function pico(name, text, places)
    local single = UNIT[name].single
    local shifted = decimal.shift(text, single and 0 or places)
    if not shifted then
        return nil, "is no price"
    elseif #(string.match(shifted, "%.(%d+)$") or "") > (single and 12 or 6) then
        return nil, "is no whole number of pico-USD"
    end
    local pusd, why
    if single then
        pusd, why = native.single_price(shifted)
    else
        pusd, why = native.price(shifted)
    end
    return pusd, why
end

function reading.refuse(read, member, why)
    read.problem = read.problem or member .. " " .. why
end

-- `text` is the price of one; with `places` = 0 that of a million tokens.
function reading.price(read, unit, member, text, places)
    local pusd, why = pico(unit, text, places or 6)
    if not pusd then
        reading.refuse(read, member, "(" .. string.sub(tostring(text), 1, 40) .. ") " .. why)
    end
    return pusd
end

-- Notes a price; of two for the same thing the dearer one.
function reading.put(read, meaning, member, text, places)
    local pusd = reading.price(read, meaning.unit, member, text, places)
    if not pusd then
        return
    elseif meaning.resolution then
        local by_name = read.resolutions[meaning.unit] or {}
        by_name[meaning.resolution] = pusd
        read.resolutions[meaning.unit] = by_name
        return
    end
    local by_tier = read.prices[meaning.unit] or {}
    local steps = by_tier[meaning.tier] or {}
    steps[meaning.above] = math.max(steps[meaning.above] or 0, pusd)
    by_tier[meaning.tier], read.prices[meaning.unit] = steps, by_tier
end

-- A write to the cache that costs nothing, though the prompt costs something, has no price in the
-- source: it is charged as input.
local function drop_free_writes(read)
    for _, name in ipairs { "cache_write", "cache_write_long" } do
        local list = read.prices[name]
        if list and list[""] and list[""][0] == 0 then
            read.prices[name] = nil
        end
    end
end

-- Where reasoning or pictures of a prompt cost what their whole does, they have no price of their
-- own: so they follow it under all conditions.
local function drop_equal(read)
    for _, name in ipairs { "reasoning", "image_input" } do
        local list, whole = read.prices[name], read.prices[UNIT[name].fallback]
        local only = list and next(list, next(list)) == nil and list[""]
        if only and next(only, next(only)) == nil and whole and whole[""]
            and only[0] == whole[""][0] then
            read.prices[name] = nil
        end
    end
end

-- A unit that has a price under a condition only has that of its fallback otherwise.
local function check_plain(read)
    for name, by_tier in pairs(read.prices) do
        by_tier[""] = by_tier[""] or {}
        local whole = by_tier[""][0] and name or UNIT[name].fallback
        if not (read.prices[whole] and read.prices[whole][""] and read.prices[whole][""][0]) then
            reading.refuse(read, name, "has a price under conditions, but no plain one")
        end
    end
end

-- `answers`: it generates text, so that has a price, too.
local function check_sold(read, answers)
    local input, output = read.prices.input, read.prices.output
    if not input or (answers and not output) then
        reading.refuse(read, "it", "has no price of input and output")
    elseif input[""][0] == 0 or (answers and output[""][0] == 0) then
        reading.refuse(read, "it", "costs nothing in the source, which may also mean that nobody "
            .. "knows: give it prices in models.lua")
    end
end

local function is_priced(read, name)
    local list = read.prices[name]
    return list ~= nil and (list[""][0] or 0) > 0
end

-- Sound that is read is billed by tokens or by the second. Beside prices of tokens a second's price
-- is what it costs about.
local function check_transcription(read)
    local by_tokens = is_priced(read, "input") or is_priced(read, "output")
        or is_priced(read, "audio_input")
    if by_tokens or not is_priced(read, "second") then
        read.prices.second = nil
        check_sold(read, true)
        return
    end
    for name in pairs(read.prices) do
        read.prices[name] = name == "second" and read.prices[name] or nil
    end
end

-- What is made, and may be sold by several units.
local MADE = { "image", "image_output", "second", "character", "audio_output", "output" }

local function check_made(read)
    for _, name in ipairs(MADE) do
        if is_priced(read, name) then
            return
        end
    end
    reading.refuse(read, "it", "has no price of what it makes, or costs nothing in the source")
end

local function check(read, mode)
    if mode == "audio_transcription" then
        check_transcription(read)
    elseif mode == "image_generation" or mode == "image_edit" or mode == "audio_speech" then
        check_made(read)
    elseif ANSWERS[mode] ~= nil then
        check_sold(read, ANSWERS[mode])
    end
end

-- Brings the prices into order, when all members are read. `mode`: what the model is for.
function reading.finish(read, mode)
    drop_free_writes(read)
    drop_equal(read)
    check_plain(read)
    if not read.problem then
        check(read, mode)
    end
    return read
end

return reading
