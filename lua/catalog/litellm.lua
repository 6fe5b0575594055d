-- Reads a model of LiteLLM's price file (PyPI package litellm, 1.110.2). All numbers are texts.
local decimal = require "catalog.decimal"
local members = require "catalog.members"
local native = require "policy.native"
local reading = require "catalog.reading"
local sizes = require "catalog.sizes"

local litellm = {}

local UNIT = reading.UNIT
local refuse, price, put = reading.refuse, reading.price, reading.put

-- No models: the description of the file, and rules about names.
local NO_MODELS = { sample_spec = true, fallback_generalizations = true }
-- Names that stand in front of a model's own name, by provider.
local TIER_ALIASES = { openai = { priority = "fast" } }
-- Providers that bill the step of a prompt from its first token on: at the step, not above it.
local STEP_IS_INSIDE = { xai = 1 }
local CAPABILITIES = {
    { "supports_audio_input", "audio" }, { "supports_pdf_input", "files" },
    { "supports_response_schema", "json_mode" }, { "supports_response_schema", "json_schema" },
    { "supports_reasoning", "reasoning" }, { "supports_function_calling", "tools" },
    { "supports_vision", "vision" },
}
local SIZES = { low = true, medium = true, high = true }
-- Models that search whether they are asked to or not: their price of a search must be sold.
local SEARCHING = { "search%-preview", "search%-api", "deep%-research", "^perplexity/" }

-- ---- tables ----

local readers = {}

function readers.search_context_cost_per_query(read, value, member)
    for size in pairs(value) do
        if not SIZES[string.match(size, "^search_context_size_(%a+)$") or ""] then
            refuse(read, member .. "." .. size, "is not known")
        end
    end
    for _, size in ipairs { "low", "medium", "high" } do
        local text = value["search_context_size_" .. size]
        read.searches[size] = text and price(read, "web_search", member, text)
    end
end

-- Google bills a prompt that was searched for, and each query since Gemini 3; the file names the
-- exception. Other providers bill what they count.
local BY_PROMPT = { gemini = true, ["vertex_ai-language-models"] = true }

function readers.web_search_billing_unit(read, value, member)
    if value ~= "per_query" and value ~= "per_prompt" then
        refuse(read, member, "is not known: " .. tostring(value))
    end
end

local function search_by(source)
    local by = source.web_search_billing_unit
        or (BY_PROMPT[source.litellm_provider] and "per_prompt")
    return by == "per_prompt" and "prompt" or nil
end

function readers.provider_specific_entry(read, value, member)
    for name, text in pairs(value) do
        local key = members.FACTORS[name]
        local nusd = key and native.amount(decimal.shift(text, 0) or "")
        if key and not (nusd and nusd % 1000 == 0 and nusd > 0) then
            refuse(read, member .. "." .. name, "is no factor with at most 6 decimals")
        elseif key then
            read.factors[key] = read.factors[key] or {}
            read.factors[key][name] = nusd / 1000
        elseif not members.NEUTRAL_ENTRY[name] then
            refuse(read, member .. "." .. name, "is not known")
        end
    end
end

local function is_plain(meaning)
    return meaning and meaning.kind == "price" and meaning.tier == "" and meaning.above == 0
end

-- Steps of the prompt, each with all prices; what a step does not state costs what its whole does.
function readers.tiered_pricing(read, value, member)
    local steps = {}
    for _, tier in ipairs(value) do
        local start = type(tier.range) == "table" and decimal.integer(tier.range[1])
        if not start then
            return refuse(read, member, "has a step without a range")
        end
        steps[#steps + 1] = { start = start, prices = {} }
        for name, text in pairs(tier) do
            local meaning = name ~= "range" and members.meaning(name, text)
            if is_plain(meaning) then
                steps[#steps].prices[meaning.unit] = price(read, meaning.unit, name, text)
            elseif name ~= "range" then
                refuse(read, member .. "." .. name, "is not known")
            end
        end
    end
    read.steps = steps
end

local function take_steps(read)
    local units = {}
    for _, step in ipairs(read.steps) do
        for name in pairs(step.prices) do
            units[name] = true
        end
    end
    for name in pairs(units) do
        read.prices[name] = { [""] = {} }
        for _, step in ipairs(read.steps) do
            local unit, pusd = UNIT[name], nil
            while unit and not pusd do
                pusd, unit = step.prices[unit.name], UNIT[unit.fallback]
            end
            read.prices[name][""][step.start] = pusd
        end
    end
end

local function hours_of(text)
    local first, last = string.match(text, "^(%d%d:%d%d)%-(%d%d:%d%d)$")
    if not first then
        return nil
    end
    return first ~= last and first .. "-" .. (last == "00:00" and "24:00" or last) or ""
end

local function add_window(read, window, member)
    local list = type(window.hours_utc) == "table" and window.hours_utc or { window.hours_utc }
    local weekdays
    for _, day in ipairs(window.weekdays or {}) do
        weekdays = weekdays or {}
        weekdays[#weekdays + 1] = decimal.integer(day)
    end
    for _, text in ipairs(list) do
        local hours = hours_of(text)
        if not hours or (weekdays and hours > string.sub(hours, 7)) then
            refuse(read, member, "has hours that are not known: " .. tostring(text))
        end
        table.insert(read.windows, { hours = hours ~= "" and hours or nil, weekdays = weekdays })
    end
end

function readers.off_peak_pricing(read, value, member)
    for name, text in pairs(value) do
        local meaning = members.meaning(name, text)
        if name == "windows" then
            for _, window in ipairs(text) do
                add_window(read, window, member)
            end
        elseif is_plain(meaning) then
            read.off_peak[meaning.unit] = price(read, meaning.unit, member, text)
        else
            refuse(read, member .. "." .. name, "is not known")
        end
    end
end

-- ---- the whole ----

-- Of a model that makes pictures and is not billed by tokens this is the price of one that is made
-- (as litellm/cost_calculator.py of the package reads it); else of one in the prompt.
local MADE = { image_generation = true, image_edit = true }

local function meaning_of(read, name, value)
    if name == "input_cost_per_image" and read.makes_pictures then
        name = "output_cost_per_image"
    end
    return members.meaning(name, value)
end

local function read_member(read, name, value)
    local meaning = meaning_of(read, name, value)
    local zero = type(value) == "string" and decimal.is_zero(value)
    if meaning.kind == "unknown" then
        refuse(read, name, "is not known: it may be a price")
        read.unknown = name
    elseif meaning.kind == "blocking" and not zero then
        refuse(read, name, "is not sold: " .. meaning.why)
    elseif meaning.kind == "price" then
        put(read, meaning, name, value)
    elseif meaning.kind == "table" and readers[name] then
        if type(value) == "table" or name == "web_search_billing_unit" then
            readers[name](read, value, name)
        else
            refuse(read, name, "is no table")
        end
    end
end

local function take_searches(read)
    local costs = read.searches
    local most = math.max(costs.low or 0, costs.medium or 0, costs.high or 0)
    if most == 0 then
        read.searches = {}
        return
    end
    for _, size in ipairs { "low", "medium", "high" } do
        costs[size] = costs[size] or most
    end
    read.prices.web_search = { [""] = { [0] = costs.medium } }
end

local function take_resolutions(read)
    for unit, by_name in pairs(read.resolutions) do
        local most = 0
        for _, pusd in pairs(by_name) do
            most = math.max(most, pusd)
        end
        read.prices[unit] = read.prices[unit] or { [""] = { [0] = most } }
    end
end

-- A picture whose size has a price of its own; without any other it costs the most of these.
local function take_sizes(read, list)
    local most = 0
    for _, each in ipairs(list) do
        each.pusd = price(read, "image", each.member, each.text) or 0
        most = math.max(most, each.pusd)
    end
    read.sizes = list
    read.prices.image = read.prices.image or { [""] = { [0] = most } }
end

local function check_windows(read)
    if #read.windows == 0 then
        return
    end
    for _, by_tier in pairs(read.prices) do
        if next(by_tier, next(by_tier)) or next(by_tier[""] or {}, 0) then
            refuse(read, "off_peak_pricing", "together with other conditions is not sold")
        end
    end
    if next(read.factors) then
        refuse(read, "off_peak_pricing", "together with factors is not sold")
    end
end

local function capabilities(source)
    local list = {}
    for _, pair in ipairs(CAPABILITIES) do
        if source[pair[1]] == true then
            list[#list + 1] = pair[2]
        end
    end
    return list
end

local function searches_always(name)
    for _, pattern in ipairs(SEARCHING) do
        if string.find(name, pattern) then
            return true
        end
    end
end

-- The name that the provider uses: without the provider in front.
local function own_name(name, provider)
    local prefix = provider .. "/"
    return string.sub(name, 1, #prefix) == prefix and string.sub(name, #prefix + 1) or name
end

-- Where the gateway serves what may also be had elsewhere only (sessions of a connection).
local PATHS = {
    chat = "/v1/chat/completions", audio_transcription = "/v1/audio/transcriptions",
    image_generation = "/v1/images/generations", image_edit = "/v1/images/edits",
}

local function is_served(source, path)
    if type(source.supported_endpoints) ~= "table" then
        return true
    end
    for _, each in ipairs(source.supported_endpoints) do
        if each == path then
            return true
        end
    end
    return false
end

-- The mode, as the gateway would have to serve it.
local function mode_of(source)
    local mode = type(source.mode) == "string" and source.mode or "none"
    local path = PATHS[mode]
    return path and not is_served(source, path) and mode .. " by other endpoints" or mode
end

-- The file names another part of LiteLLM's code for the same provider.
local SAME = { ["text-completion-openai"] = "openai" }

local function provider_of(source)
    return SAME[source.litellm_provider] or source.litellm_provider
end

local function facts(name, source)
    local longest, context =
        decimal.integer(source.max_output_tokens), decimal.integer(source.max_input_tokens)
    longest = longest ~= 0 and longest or nil -- of what generates nothing
    return {
        name = name,
        provider = provider_of(source),
        model = own_name(name, source.litellm_provider),
        mode = mode_of(source),
        context = context and math.max(context, longest or 0),
        max_output = longest,
        capabilities = capabilities(source),
        searches = searches_always(name),
        retires = source.deprecation_date,
    }
end

-- Whether the value is a file of LiteLLM: models by name, each with a provider.
function litellm.fits(root)
    for name, source in pairs(root) do
        if type(source) == "table" and not NO_MODELS[name] and source.litellm_provider then
            return true
        end
    end
    return false
end

-- An alias is the model that it names, under another name.
local function resolve(root, source)
    local target = source.alias_of and root[source.alias_of]
    return type(target) == "table" and target or source
end

local sized = {} -- source -> its prices by size and quality, while a file is read

-- Calls take(name, source) for each model; the source of an alias is that of its target.
function litellm.each(root, take)
    local parts, made
    parts, made, sized = sizes.collect(root)
    for name, source in pairs(root) do
        if type(source) == "table" and not NO_MODELS[name] and not parts[name] then
            take(name, resolve(root, source))
        end
    end
    for name, source in pairs(made) do
        take(name, source)
    end
    sized = {}
end

function litellm.provider(_, source)
    return provider_of(source)
end

-- What the source says: facts, prices and conditions; `problem`: why the model cannot be sold.
function litellm.read(name, source)
    local read = reading.new()
    read.aliases = TIER_ALIASES[source.litellm_provider] or {}
    read.step_is_inside = STEP_IS_INSIDE[source.litellm_provider] or 0
    if sizes.is_strange(name, source) then
        refuse(read, "its name", "is a size that is not understood")
    end
    read.makes_pictures = MADE[source.mode] and not sizes.by_tokens(source)
    local keys = {}
    for key in pairs(source) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    for _, key in ipairs(keys) do
        read_member(read, key, source[key])
    end
    read.facts = facts(name, source)
    if read.steps then
        take_steps(read)
    end
    take_searches(read)
    read.facts.web_search_by = read.prices.web_search and search_by(source)
    take_resolutions(read)
    if sized[source] and not sizes.by_tokens(source) then
        take_sizes(read, sized[source])
    end
    check_windows(read)
    return reading.finish(read, read.facts.mode)
end

return litellm
