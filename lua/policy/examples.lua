-- examples.lua: what the operator expects a call to cost. Run at each load; a failed example
-- refuses the load.
local native = require "policy.native"
local schema = require "policy.schema"

local examples = {}

local MEMBERS = {
    model = true, group = true, stream = true, input = true, cached_input = true, output = true,
    price = true, fails = true,
}
local CODES = {
    model_not_found = true, model_not_allowed = true, model_not_priced = true, policy_error = true,
}
local TOKENS_MAX = 1e12

local function describe(example)
    local cached = ""
    if example.cached_input > 0 then
        cached = string.format(" + %.14g cached input", example.cached_input)
    end
    return string.format("%s, %.14g input%s + %.14g output tokens%s", example.model, example.input,
        cached, example.output, example.group and ' of group "' .. example.group .. '"' or "")
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
        input = schema.integer(node, "input", 0, 0, TOKENS_MAX),
        cached_input = schema.integer(node, "cached_input", 0, 0, TOKENS_MAX),
        output = schema.integer(node, "output", 0, 0, TOKENS_MAX),
        price = schema.amount(node, "price"),
        fails = schema.choice(node, "fails", nil, CODES),
    }
    if (example.price == nil) == (example.fails == nil) then
        schema.fail(parent, index, "must have either a price or fails, the code of an error")
    end
    return example
end

local function check_price(node, index, example, plan)
    local candidate = plan.candidates[1]
    local nusd, why = native.charge(candidate.sold_input_pusd, candidate.sold_cached_input_pusd,
        candidate.sold_output_pusd, example.input, example.cached_input, example.output,
        candidate.margin_ppm)
    if not nusd then
        schema.fail(node, index, "%s: the charge %s", describe(example), why)
    elseif nusd ~= example.price then
        schema.fail(node, index, "%s: expected $%s, computed $%s (buy %s/%s/%s from %s, margin %s)",
            describe(example), native.format_amount(example.price), native.format_amount(nusd),
            native.format_price(candidate.sold_input_pusd),
            native.format_price(candidate.sold_cached_input_pusd),
            native.format_price(candidate.sold_output_pusd), candidate.provider,
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
            input_tokens = example.input + example.cached_input,
            output_tokens = example.output,
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
