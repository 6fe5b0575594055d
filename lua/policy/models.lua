-- models.lua: what is sold, what it costs us, and who answers.
local shape = require "policy.shape"

local models = {}

local MEMBERS = {
    name = true, context = true, max_output = true, image_tokens_max = true, input = true,
    cached_input = true, output = true, capabilities = true, candidates = true, created = true,
    owned_by = true, max_tokens_field = true,
}
local CANDIDATE_MEMBERS = {
    provider = true, model = true, input = true, cached_input = true, output = true,
    max_tokens_field = true,
}
local CAPABILITIES = {
    audio = true, files = true, json_mode = true, json_schema = true, logprobs = true,
    reasoning = true, tools = true, vision = true,
}
local FIELDS = { max_tokens = true, max_completion_tokens = true }
local TOKENS_MAX = 1e9
local ID_BYTES_MAX = 127 -- as core/base/limits.h
local CANDIDATES_MAX = 8
local MODELS_MAX = 10000
local INPUTS = { { "vision", "image" }, { "audio", "audio" }, { "files", "file" } }

-- input, cached input and output price, or nothing when no price is given.
local function prices(node)
    local input = shape.price(node, "input")
    local cached = shape.price(node, "cached_input")
    local output = shape.price(node, "output")
    if not input and not output and not cached then
        return nil
    elseif not input then
        shape.fail(node, "input", "is missing: a price has both input and output")
    elseif not output then
        shape.fail(node, "output", "is missing: a price has both input and output")
    end
    return { input = input, cached_input = cached or input, output = output }
end

local function candidate(parent, index, model, model_prices, providers)
    local node = shape.only(shape.child(parent, index), CANDIDATE_MEMBERS)
    local provider = providers[shape.choice(node, "provider", shape.REQUIRED, providers)]
    local price = prices(node) or model_prices
    return {
        provider = provider.name,
        dialect = provider.dialect,
        on_cancel = provider.on_cancel,
        base_url = provider.base_url,
        api_key = provider.api_key,
        ca_file = provider.ca_file,
        available = provider.available,
        unavailable_reason = provider.unavailable_reason,
        model = shape.text(node, "model", model.id, 127),
        max_tokens_field = shape.choice(node, "max_tokens_field", model.max_tokens_field, FIELDS),
        input_pusd = price and price.input,
        cached_input_pusd = price and price.cached_input,
        output_pusd = price and price.output,
        connect_timeout_ms = provider.connect_timeout_ms,
        first_byte_timeout_ms = provider.first_byte_timeout_ms,
        idle_timeout_ms = provider.idle_timeout_ms,
        total_timeout_ms = provider.total_timeout_ms,
    }
end

-- The candidates that have a price. One without is never called; none with: the model is not sold.
local function candidates(node, model, model_prices, providers)
    if node.value.candidates == nil then
        shape.fail(node, "candidates", "is missing: a list such as { { provider = \"openai\" } }")
    end
    local list = shape.child(node, "candidates")
    local count = shape.list(list, "candidates")
    if count == 0 or count > CANDIDATES_MAX then
        shape.fail(node, "candidates", "must be 1 to %d candidates, not %d", CANDIDATES_MAX, count)
    end
    for i = 1, count do
        local found = candidate(list, i, model, model_prices, providers)
        model.available = model.available or found.available
        if found.input_pusd then
            table.insert(model.candidates, found)
        end
    end
end

local function input_modalities(capabilities)
    local list = { "text" }
    for _, pair in ipairs(INPUTS) do
        if capabilities[pair[1]] then
            list[#list + 1] = pair[2]
        end
    end
    return list
end

local function model_id(parent, id)
    if #id > ID_BYTES_MAX or string.find(id, "[^\33-\126]") then
        shape.fail(parent, id, "a model's name is 1 to %d letters, digits or signs without spaces",
            ID_BYTES_MAX)
    end
    return id
end

local function model(parent, id, providers)
    local node = shape.only(shape.child(parent, model_id(parent, id)), MEMBERS)
    local context = shape.integer(node, "context", shape.REQUIRED, 1, TOKENS_MAX)
    local capabilities, set = shape.choices(node, "capabilities", CAPABILITIES, "capabilities")
    local record = {
        id = id,
        name = shape.text(node, "name", id, 200),
        context = context,
        max_output = shape.integer(node, "max_output", shape.REQUIRED, 1, context),
        image_tokens_max = shape.integer(node, "image_tokens_max", nil, 1, TOKENS_MAX),
        capabilities = capabilities,
        output_hidden = set.reasoning or false,
        input_modalities = input_modalities(set),
        output_modalities = { "text" },
        created = shape.integer(node, "created", 0, 0, 2 ^ 40),
        owned_by = shape.text(node, "owned_by", "llm-gateway", 200),
        max_tokens_field = shape.choice(node, "max_tokens_field", "max_tokens", FIELDS),
        available = false,
        candidates = {},
    }
    if set.vision and not record.image_tokens_max then
        shape.fail(node, "image_tokens_max",
            'is missing: a model with "vision" needs the most tokens that one image can cost')
    end
    record.prices = prices(node)
    candidates(node, record, record.prices, providers)
    record.priced = #record.candidates > 0
    return record
end

-- The returned table -> id -> record, and the ids in alphabetical order.
function models.read(value, providers)
    local node = shape.open("models.lua", value)
    local found, ids = {}, {}
    for id in shape.each(node, "the model") do
        found[id] = model(node, id, providers)
        ids[#ids + 1] = id
    end
    if #ids > MODELS_MAX then
        error("models.lua: has more than " .. MODELS_MAX .. " models", 0)
    end
    return found, ids
end

-- Held equal to lua/annotations/policy.lua by a test.
models.MEMBERS = MEMBERS
models.CANDIDATE_MEMBERS = CANDIDATE_MEMBERS

return models
