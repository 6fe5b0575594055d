-- What a call costs with these policies: `llm-gateway price`. A question and its answer are a line
-- of JSON each, so that a program can ask for many.
local cjson = require "cjson"
local native = require "policy.native"
local policy = require "policy"
local prices = require "policy.prices"

local price = {}

local MEMBERS = {
    model = true, usage = true, group = true, provider = true, at = true,
}
-- What decides the price of a call (core/store/usage_facts.h).
local WORDS = {
    "service_tier", "speed", "region", "choice", "search_context", "size", "quality", "resolution",
}
for _, name in ipairs(WORDS) do
    MEMBERS[name] = true
end
local QUANTITY_MAX = 1e12 -- as in core/base/money.h

local UNIT = {}
for _, unit in ipairs(prices.UNITS) do
    UNIT[unit.name] = unit
end

-- Ends the question: what is wrong with which member.
local function refuse(member, why, ...)
    error({ member = member, message = member .. " " .. string.format(why, ...) })
end

local function text(question, member)
    local value = question[member]
    if value ~= nil and type(value) ~= "string" then
        refuse(member, "must be a text")
    end
    return value
end

local function check_members(question)
    for name in pairs(question) do
        if not MEMBERS[name] then
            local near = native.nearest(tostring(name), MEMBERS)
            refuse(tostring(name), "is not known%s",
                near and '; did you mean "' .. near .. '"?' or "")
        end
    end
end

-- {unit = quantity} of the question.
local function counts_of(question)
    if type(question.usage) ~= "table" then
        refuse("usage", 'must be an object such as {"input":1000,"output":200}')
    end
    local counts = {}
    for name, quantity in pairs(question.usage) do
        if not UNIT[name] then
            local near = native.nearest(tostring(name), UNIT)
            refuse("usage." .. tostring(name), "is no unit%s",
                near and '; did you mean "' .. near .. '"?' or "; docs/POLICIES.md lists them")
        elseif type(quantity) ~= "number" or quantity ~= math.floor(quantity) or quantity < 0
            or quantity > QUANTITY_MAX then
            refuse("usage." .. name, "must be a whole number from 0 to %.0f", QUANTITY_MAX)
        end
        counts[name] = quantity
    end
    return counts
end

-- A unit without a price of its own counts where its price is (core/exchange/charge.c). What has no
-- price at all costs nothing, and is named.
local function fold(counts, sold)
    local unpriced = {}
    if sold.request then
        counts.request = 1
    end
    for i = #prices.UNITS, 1, -1 do
        local unit = prices.UNITS[i]
        local quantity = counts[unit.name] or 0
        if quantity > 0 and not sold[unit.name] then
            counts[unit.name] = nil
            if unit.fallback then
                counts[unit.fallback] = (counts[unit.fallback] or 0) + quantity
            else
                unpriced[#unpriced + 1] = unit.name
            end
        end
    end
    return unpriced
end

local function find_candidate(candidates, name)
    for _, candidate in ipairs(candidates) do
        if not name or candidate.provider == name then
            return candidate
        end
    end
    refuse("provider", "is none of this model's: %s", string.sub(name, 1, 100))
end

local function plan_of(question, counts)
    local id = text(question, "model")
    if not id then
        refuse("model", "is missing")
    end
    local plan, code, why = policy.plan {
        model = id, group = text(question, "group"), user_id = "price", key_id = "price",
        stream = false, input_tokens = prices.prompt_of(counts), output_tokens = counts.output or 0,
    }
    if not plan then
        error { member = "model", message = code .. ": " .. why }
    end
    return plan
end

local function lines_of(counts, buy, sold, margin_ppm)
    local lines = {}
    for _, unit in ipairs(prices.UNITS) do
        if (counts[unit.name] or 0) > 0 then
            lines[#lines + 1] = {
                unit = unit.name, quantity = counts[unit.name],
                buy = native.format_price(unit.name, buy[unit.name]),
                sell = native.sell_price(unit.name, sold[unit.name], margin_ppm),
            }
        end
    end
    return lines
end

local function facts_of(question, candidate)
    local facts = { at_ms = native.now_ms() }
    local at = text(question, "at")
    if at then
        facts.at_ms = native.time(at)
        if not facts.at_ms then
            refuse("at", 'must be a date such as "2026-12-01" or a time such as '
                .. '"2026-12-01T16:00:00Z"')
        end
    end
    for _, name in ipairs(WORDS) do
        facts[name] = text(question, name)
    end
    facts.choice = facts.choice or candidate.choice
    return facts
end

-- The candidate's form in C is made once.
local function price_call(candidate, counts, facts)
    candidate.handle = candidate.handle or native.candidate(candidate)
    return native.price_call(candidate.handle, counts, facts)
end

local function answer(question)
    check_members(question)
    local counts = counts_of(question)
    local plan = plan_of(question, counts)
    local candidate = find_candidate(plan.candidates, text(question, "provider"))
    local unpriced = fold(counts, candidate.sold)
    local buy, sold, cost, charge = price_call(candidate, counts, facts_of(question, candidate))
    if not buy then
        refuse(sold, "is not sold: no rule of the model names it")
    elseif not cost or not charge then
        refuse("usage", "costs more than can be charged")
    end
    return {
        model = plan.model, provider = candidate.provider,
        lines = lines_of(counts, buy, sold, candidate.margin_ppm),
        cost = native.format_amount(cost), charge = native.format_amount(charge),
        unpriced = #unpriced > 0 and unpriced or nil,
    }
end

-- A line of JSON for a line of JSON. A question that is wrong is answered with its `error`.
function price.line(json)
    local read, question = pcall(cjson.decode, json)
    if not read or type(question) ~= "table" then
        return cjson.encode { error = { message = "is no JSON object" } }
    end
    local done, found = pcall(answer, question)
    if not done then
        found = { error = type(found) == "table" and found or { message = tostring(found) } }
    end
    return cjson.encode(found)
end

local LEFT = { [1] = true } -- columns of text; the others are numbers

local function table_text(rows)
    local widths, lines = {}, {}
    for _, row in ipairs(rows) do
        for column, cell in ipairs(row) do
            widths[column] = math.max(widths[column] or 0, #cell)
        end
    end
    for i, row in ipairs(rows) do
        local parts = {}
        for column, cell in ipairs(row) do
            local space = string.rep(" ", widths[column] - #cell)
            parts[column] = LEFT[column] and cell .. space or space .. cell
        end
        lines[i] = table.concat(parts, "  ")
    end
    return table.concat(lines, "\n") .. "\n"
end

-- The same for people. Raises what is wrong as a text.
function price.text(json)
    local found = cjson.decode(price.line(json))
    if found.error then
        error(found.error.message, 0)
    end
    local rows = { { "unit", "quantity", "buy", "sell" } }
    for _, line in ipairs(found.lines) do
        rows[#rows + 1] = { line.unit, string.format("%.0f", line.quantity), line.buy, line.sell }
    end
    local notes = ""
    if found.unpriced then
        notes = "without a price, so charged nothing: "
            .. table.concat(found.unpriced, ", ") .. "\n"
    end
    return found.model .. " of " .. found.provider
        .. ", prices in USD per million tokens or for one:\n\n" .. table_text(rows) .. notes
        .. "\ncost $" .. found.cost .. ", charge $" .. found.charge .. "\n"
end

return price
