-- examples.lua: what the operator expects a call to cost. Run at each load; a failed example
-- refuses the load.
local native = require "policy.native"
local prices = require "policy.prices"
local schedule = require "policy.schedule"
local schema = require "policy.schema"

local examples = {}

local MEMBERS = {
    model = true, group = true, stream = true, price = true, fails = true, at = true,
}
for _, word in ipairs(schedule.WORDS) do
    MEMBERS[word] = word ~= "choice" or nil -- the model's function makes it
end
for name in pairs(prices.MEMBERS) do
    MEMBERS[name] = true
end
local CODES = {
    model_not_found = true, model_not_allowed = true, model_not_priced = true, policy_error = true,
}
local TOKENS_MAX = 1e12

local function add_count(parts, counts, name, noun)
    local always = name == "input" or name == "output"
    if always or counts[name] > 0 then
        local title = string.gsub(name, "_", " ")
        parts[#parts + 1] = string.format("%.14g %s%s", counts[name], title, noun)
    end
end

-- "gpt-4o, 1000 input + 500 output tokens + 2 web search"
local function describe(example)
    local parts = {}
    for _, unit in ipairs(prices.UNITS) do
        if not unit.single and unit.name ~= "output" then
            add_count(parts, example.counts, unit.name, "")
        end
    end
    add_count(parts, example.counts, "output", " tokens")
    for _, unit in ipairs(prices.UNITS) do
        if unit.single then
            add_count(parts, example.counts, unit.name, "")
        end
    end
    return example.model .. ", " .. table.concat(parts, " + ")
        .. (example.group and ' of group "' .. example.group .. '"' or "")
end

local function read_example(parent, index)
    local node = schema.only(schema.child(parent, index), MEMBERS)
    local stream = node.value.stream
    if stream ~= nil and type(stream) ~= "boolean" then
        schema.fail(node, "stream", "must be true or false, not %s", schema.kind_of(stream))
    end
    local example = {
        model = schema.text(node, "model", schema.REQUIRED, 128),
        group = schema.text(node, "group", nil, 100),
        stream = stream or false,
        counts = {},
        words = {},
        price = schema.amount(node, "price"),
        fails = schema.choice(node, "fails", nil, CODES),
    }
    for _, unit in ipairs(prices.UNITS) do
        example.counts[unit.name] = schema.integer(node, unit.name, 0, 0, TOKENS_MAX)
    end
    for _, word in ipairs(schedule.WORDS) do
        example.words[word] = word ~= "choice" and schema.text(node, word, "", 23) or ""
    end
    example.at_ms = schema.moment(node, "at")
    if (example.price == nil) == (example.fails == nil) then
        schema.fail(parent, index, "must have either a price or fails, the code of an error")
    end
    return example
end

-- An example that counts what the model has no price for is a mistake.
local function check_units(node, index, example, candidate)
    for _, unit in ipairs(prices.UNITS) do
        if example.counts[unit.name] > 0 and not candidate.sold[unit.name] then
            schema.fail(node, index, '%s: the model has no price for "%s"', describe(example),
                unit.name)
        end
    end
end

local function check_price(node, index, example, plan)
    local candidate = plan.candidates[1]
    local facts = {
        prompt_tokens = prices.prompt_of(example.counts),
        at_ms = example.at_ms,
        minute = example.at_ms and candidate.sold_rules
            and native.week_minute(candidate.sold_rules.zone, example.at_ms),
    }
    for word, text in pairs(example.words) do
        facts[word] = text
    end
    facts.choice = candidate.choice
    local sold = schedule.apply(candidate.sold_rules, facts, candidate.sold, candidate.sold_stated)
    check_units(node, index, example, candidate)
    local nusd, why = native.charge(sold, example.counts, candidate.margin_ppm)
    if not nusd then
        schema.fail(node, index, "%s: the charge %s", describe(example), why)
    elseif nusd ~= example.price then
        schema.fail(node, index, "%s: expected $%s, computed $%s (buy %s/%s/%s from %s, margin %s)",
            describe(example), native.format_amount(example.price), native.format_amount(nusd),
            native.format_price("input", sold.input),
            native.format_price("cached_input", sold.cached_input),
            native.format_price("output", sold.output), candidate.provider,
            string.format("%.6g%%", candidate.margin_ppm / 1e4))
    end
end

-- Runs all examples with plan(request).
function examples.run(value, plan)
    local node = schema.open("examples.lua", value)
    for i = 1, schema.list(node, "examples") do
        local example = read_example(node, i)
        local found, code, why = plan {
            model = example.model,
            group = example.group,
            user_id = "example",
            key_id = "example",
            stream = example.stream,
            input_tokens = prices.prompt_of(example.counts),
            output_tokens = example.counts.output,
        }
        if not found and code ~= example.fails then
            schema.fail(node, i, "%s: %s: %s", describe(example), code, why)
        elseif found and example.fails then
            schema.fail(node, i, "%s: expected %s, but the call is allowed", describe(example),
                example.fails)
        elseif found then
            check_price(node, i, example, found)
        end
    end
end

-- A test compares this with lua/annotations/policy.lua.
examples.MEMBERS = MEMBERS

return examples
