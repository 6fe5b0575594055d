-- models.lua: the models on sale, their cost, and the providers that answer.
local cases = require "policy.cases"
local catalog = require "policy.catalog"
local features = require "policy.features"
local hedge = require "policy.hedge"
local limits = require "policy.answer_limit"
local names = require "policy.names"
local native = require "policy.native"
local prices = require "policy.prices"
local schedule = require "policy.schedule"
local endpoints = require "policy.endpoints"
local schema = require "policy.schema"
local sorting = require "policy.sorting"
local trials = require "policy.trials"

local models = {}

local MEMBERS = {
    name = true, context = true, max_output = true, image_tokens_max = true,
    capabilities = true, candidates = true, created = true,
    owned_by = true, max_tokens_field = true, price_by = true,
    allow = true, when = true, choose = true, web_search_by = true, endpoints = true,
    sort = true, canary = true, shadow = true, shares_answers = true, searches = true,
    hedge = true,
}
local CANDIDATE_MEMBERS = {
    provider = true, model = true, max_tokens_field = true, allow_loss = true, answers_as = true,
    when = true, weight = true,
}
for name in pairs(prices.MEMBERS) do
    MEMBERS[name], CANDIDATE_MEMBERS[name] = true, true
end
for _, name in ipairs(prices.COUNTED) do
    MEMBERS[name .. "_max"] = true
end
local SEARCH_BY = { query = true, prompt = true }
local PRICE_BY = { first = true, candidate = true, cost = true }
local CAPABILITIES = {
    audio = true, files = true, json_mode = true, json_schema = true, logprobs = true,
    reasoning = true, tools = true, vision = true,
}
local TOKENS_MAX = 1e9
local ID_BYTES_MAX = 127 -- as in core/base/limits.h
local CANDIDATES_MAX = 8 -- as in core/base/limits.h
local BESIDE_MAX = 1e6
local WEIGHT_MAX = 1000000
local MODELS_MAX = 10000
local INPUTS = { { "vision", "image" }, { "audio", "audio" }, { "files", "file" } }

-- The model's name in answers; nil: as the provider says it. If a candidate uses another name for
-- the model, customers must not see it.
local function answers_as(node, id)
    if node.value.answers_as == false then
        return nil
    elseif node.value.answers_as ~= nil then
        return schema.text(node, "answers_as", nil, ID_BYTES_MAX)
    end
    return node.value.model ~= nil and node.value.model ~= id and id or nil
end

local function candidate(parent, index, model, model_prices, providers)
    local node = schema.only(schema.child(parent, index), CANDIDATE_MEMBERS)
    local provider = providers[schema.choice(node, "provider", schema.REQUIRED, providers)]
    local own = prices.read(node, model.answerless)
    endpoints.check_spoken(node, model, provider)
    local price = own and prices.inherit(own, model_prices) or model_prices
    local name = schema.text(node, "model", model.id, 127)
    return {
        provider = provider.name,
        dialect = provider.dialect,
        demo = provider.demo,
        spoken = provider.spoken,
        spoken_first = provider.spoken_first,
        on_cancel = provider.on_cancel,
        errors_shown = provider.errors_shown,
        usage_unasked = provider.usage_unasked,
        counts_tokens = provider.counts_tokens,
        keeps_responses = provider.keeps_responses,
        compacts = provider.compacts,
        raw_predict = provider.raw_predict,
        cost = provider.cost,
        sold_by_cost = model.price_by == "cost" and provider.cost ~= nil or nil,
        searches_as_one = model.web_search_by == "prompt" or nil,
        searches_always = model.searches or nil,
        base_url = provider.base_url,
        paths = provider.paths,
        query = provider.query,
        map_path = provider.map_path,
        rerank = provider.rerank,
        rate_limits = provider.rate_limits,
        key_header = provider.key_header,
        api_key = provider.api_key,
        service_account = provider.service_account,
        ca_file = provider.ca_file,
        available = provider.available,
        unavailable_reason = provider.unavailable_reason,
        model = name,
        context_key = provider.ask_context and native.context_key(provider.base_url, name) or nil,
        max_tokens_field = limits.field(node, model.max_tokens_field or provider.max_tokens_field),
        price = price,
        own_price = own ~= nil,
        rules = schedule.read(node, price or {}),
        headers = provider.headers,
        pass_headers = provider.pass_headers,
        answers_as = answers_as(node, model.id),
        place = index,
        allow_loss = schema.boolean(node, "allow_loss"),
        connect_timeout_ms = provider.connect_timeout_ms,
        first_byte_timeout_ms = provider.first_byte_timeout_ms,
        idle_timeout_ms = provider.idle_timeout_ms,
        total_timeout_ms = provider.total_timeout_ms,
        stream_timeout_ms = provider.stream_timeout_ms,
        breaker = provider.breaker,
        spend_per_day_nusd = provider.spend_per_day_nusd,
        further_keys = provider.further_keys,
        weight = schema.integer(node, "weight", 1, 0, WEIGHT_MAX),
    }
end

-- Sets what we pay and the prices that the margin is added to. A model has one price, that of its
-- first candidate, whichever answers; with price_by = "candidate" it is that of the candidate that
-- answers.
local function set_prices(model)
    local lists = {}
    for i, found in ipairs(model.candidates) do
        lists[i] = found.price
    end
    model.sold_by_all = prices.in_all(lists)
    trials.set_prices(model, lists)
    for i, found in ipairs(model.candidates) do
        local sold = lists[model.price_by == "candidate" and i or 1]
        found.buy, found.sold = prices.complete(lists[i], lists), prices.complete(sold, lists)
        found.buy_stated = prices.stated(lists[i], found.buy)
        found.sold_stated = prices.stated(sold, found.sold)
        found.price = nil
    end
end

-- Sets the rules of both prices. The model's rules are about its own prices, so a candidate with
-- prices of its own has its own rules, or none.
local function set_rules(model)
    for _, found in ipairs(model.candidates) do
        found.buy_rules = found.rules or (not found.own_price and model.rules) or nil
        local seller = model.price_by == "candidate" and found or model.candidates[1]
        found.sold_rules = seller.buy_rules
        found.rules, found.own_price = nil, nil
        found.buy_stated = found.buy_rules and found.buy_stated
        found.sold_stated = found.sold_rules and found.sold_stated
        model.sold_under_rules = model.sold_under_rules or found.sold_rules ~= nil
    end
    trials.set_rules(model)
    local first = model.candidates[1]
    model.rules, model.stated = first and first.sold_rules, first and first.sold_stated
end

-- What the function may return: the names that rules are about.
local function set_choices(node, model)
    model.choose = schema.callable(node, "choose")
    local choices = schedule.names(model.rules, "choice")
    for _, list in ipairs { model.candidates, trials.each(model) } do
        for _, found in ipairs(list) do
            for name in pairs(schedule.names(found.buy_rules, "choice")) do
                choices[name] = true
            end
        end
    end
    if next(choices) and not model.choose then
        schema.fail(node, "choose", "is missing: a rule is about a choice, so a function must make "
            .. "it")
    elseif model.choose and not next(choices) then
        schema.fail(node, "choose", "has nothing to choose: no rule in when has a choice")
    end
    model.choices = choices
end

-- The most of each unit that stands beside prompt and answer: what a hold must cover.
local function set_beside(node, model)
    local sold = model.candidates[1] and model.candidates[1].sold or {}
    model.beside = { request = sold.request and 1 }
    if model.searches and #model.candidates > 0 and not sold.web_search then
        schema.fail(node, "searches", "is true: give a price of web_search, too")
    end
    for _, name in ipairs(prices.COUNTED) do
        local once = name == "web_search" and model.web_search_by == "prompt"
        local most = schema.integer(node, name .. "_max", nil, 1, once and 1 or BESIDE_MAX)
            or (once and sold[name] and 1) or nil
        if sold[name] and not most then
            schema.fail(node, name .. "_max", "is missing: a price of %s needs the most that one "
                .. "call may use", name)
        end
        model.beside[name] = most
    end
end

-- With price_by = "cost" some provider must say what it charges.
local function check_cost(node, model)
    local states = model.price_by ~= "cost" or #model.candidates == 0
    for _, found in ipairs(model.candidates) do
        states = states or found.sold_by_cost
    end
    if not states then
        schema.fail(node, "price_by", 'is "cost", but no provider of its candidates states one: '
            .. "give it the member cost in providers.lua")
    end
end

-- The candidates that have a price. Others are never called; if none has one, the model is not
-- sold.
local function candidates(node, model, model_prices, providers)
    if node.value.candidates == nil then
        schema.fail(node, "candidates", "is missing: a list such as { { provider = \"openai\" } }")
    end
    local list = schema.child(node, "candidates")
    local count = schema.list(list, "candidates")
    if count == 0 or count > CANDIDATES_MAX then
        schema.fail(node, "candidates", "must be 1 to %d candidates, not %d", CANDIDATES_MAX, count)
    end
    for i = 1, count do
        local found = candidate(list, i, model, model_prices, providers)
        model.available = model.available or found.available
        if found.price then
            table.insert(model.candidates, found)
        end
    end
    trials.read(node, model, function(parent, key)
        return candidate(parent, key, model, model_prices, providers)
    end)
    set_prices(model)
    set_rules(model)
    check_cost(node, model)
    set_beside(node, model)
    set_choices(node, model)
    model.sold_features = features.with_prices(model.sold_features, model.sold_by_all)
        .. schedule.features(model.candidates)
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
        schema.fail(parent, id, "a model's name is 1 to %d letters, digits or signs without spaces",
            ID_BYTES_MAX)
    end
    return id
end

-- A candidate whose server is not asked for its context, or nil.
local function unasked(list, providers)
    for _, each in ipairs(type(list) == "table" and list or { {} }) do
        local provider = type(each) == "table" and providers[each.provider]
        if not (provider and provider.ask_context) then
            return provider and 'and "' .. provider.name .. '" is none' or ""
        end
    end
end

-- nil: the servers say it.
local function stated_context(node, providers)
    local context = schema.integer(node, "context", nil, 1, TOKENS_MAX)
    local why = not context and unasked(node.value.candidates, providers)
    if why then
        schema.fail(node, "context", "is missing: only servers that are asked (ask_context in "
            .. "providers.lua) say it themselves%s", why ~= "" and ", " .. why or "")
    end
    return context
end

-- A price of generated tokens needs the most that an answer has.
local function check_output(node, model)
    for _, each in ipairs(model.max_output == 0 and model.candidates or {}) do
        for _, unit in ipairs { "output", "audio_output", "image_output" } do
            if (each.sold[unit] or 0) > 0 or (each.buy[unit] or 0) > 0 then
                schema.fail(node, "max_output", "is missing: a price of %s needs the most tokens "
                    .. "that one answer, or one picture, may have", unit)
            end
        end
    end
end

local function model(parent, id, providers)
    local node = schema.only(schema.child(parent, model_id(parent, id)), MEMBERS)
    local context = stated_context(node, providers)
    local capabilities, set = schema.choices(node, "capabilities", CAPABILITIES, "capabilities")
    local served = endpoints.read(node)
    local answerless = not endpoints.generates(served)
    local record = {
        id = id,
        endpoints = served,
        answerless = answerless,
        name = schema.text(node, "name", id, 200),
        context = context,
        max_output = schema.integer(node, "max_output",
            endpoints.longest(served, context) or schema.REQUIRED, 1,
            not endpoints.is_media(served) and context or TOKENS_MAX),
        image_tokens_max = schema.integer(node, "image_tokens_max", nil, 1, TOKENS_MAX),
        capabilities = capabilities,
        output_hidden = set.reasoning or false,
        sold_features = features.read(node, "allow"),
        takes_audio = set.audio or false,
        takes_files = set.files or false,
        input_modalities = endpoints.add_inputs(served, input_modalities(set)),
        output_modalities = endpoints.modalities(served),
        created = schema.integer(node, "created", 0, 0, 2 ^ 40),
        owned_by = schema.text(node, "owned_by", nil, 200),
        max_tokens_field = limits.field(node),
        available = false,
        sort = sorting.read(node, nil),
        hedge = hedge.read(node),
        price_by = schema.choice(node, "price_by", "first", PRICE_BY),
        web_search_by = schema.choice(node, "web_search_by", "query", SEARCH_BY),
        shares_answers = schema.boolean(node, "shares_answers"),
        searches = schema.boolean(node, "searches"),
        candidates = {},
    }
    if record.shares_answers and record.price_by == "cost" then
        schema.fail(node, "shares_answers", 'cannot go with price_by = "cost": an answer that is '
            .. 'shared costs nothing')
    end
    if set.vision and not record.image_tokens_max then
        schema.fail(node, "image_tokens_max",
            'is missing: a model with "vision" needs the most tokens that one image can cost')
    end
    record.prices = prices.read(node, record.answerless)
    record.rules = schedule.read(node, record.prices or {})
    candidates(node, record, record.prices, providers)
    check_output(node, record)
    record.priced = #record.candidates > 0
    return record
end

-- What takes something out is gone from the entry: a name that there is not must not go with it.
local function keep_unknown(entry)
    for name in pairs(catalog.sale(entry).overrides) do
        if not MEMBERS[name] then
            entry[name] = false
        end
    end
end

-- A mistake in what sell() made is in models.lua or in the catalogue: the message names both.
local function sold_model(node, id, providers)
    local name = catalog.origin(node.value[id])
    if not name then
        return model(node, id, providers)
    end
    keep_unknown(node.value[id])
    local done, record = pcall(model, node, id, providers)
    if not done then
        error(tostring(record) .. " (sold from " .. catalog.place(name) .. ")", 0)
    end
    record.catalog = catalog.sale(node.value[id])
    return record
end

-- The returned table -> id -> record, the ids in alphabetical order, and other names (names.lua).
function models.read(value, providers)
    local node = schema.open("models.lua", value)
    local found, ids, others = {}, {}, {}
    for id in schema.each(node, "the model") do
        if type(value[id]) == "string" then
            others[model_id(node, id)] = value[id]
        elseif names.is_pattern(id) then
            schema.fail(node, id, 'a name with a star stands for an entry: give its name, such as '
                .. '["gpt-4o-*"] = "gpt-4o"')
        else
            found[id] = sold_model(node, id, providers)
            ids[#ids + 1] = id
        end
    end
    if #ids > MODELS_MAX then
        error("models.lua: has more than " .. MODELS_MAX .. " models", 0)
    end
    return found, ids, names.read(node, others, found)
end

-- The lowest margin that a candidate leaves at these sell prices, in parts per million of the cost;
-- and the unit that is sold at a loss, if any.
function models.margin_left(found, margin_ppm)
    return prices.margin_left(found.buy, found.sold, margin_ppm)
end

-- "-8.33%", for people.
function models.format_margin(ppm)
    return string.format("%.8g%%", ppm / 1e4)
end

-- Where a candidate stands in an entry: the list, or the canary.
local function list_of(entry, each)
    return schema.child(entry, each.place == "candidate" and "canary" or "candidates")
end

local function refuse_loss(value, id, each, loss, margin_ppm, left, condition)
    local entry = schema.child(schema.open("models.lua", value), id)
    schema.fail(list_of(entry, each), each.place,
        "%s: the model's published price of %s%s, with a margin of %s, is below what %s "
        .. "asks (%s). Raise the price or the margin, give the model "
        .. 'price_by = "candidate", or allow it here with allow_loss = true',
        id, loss, condition, models.format_margin(margin_ppm), each.provider,
        models.format_margin(left))
end

-- The first candidate of a model is sold at what it costs and the margin, under all conditions.
local function is_sold_as_bought(each)
    return each.buy_rules == each.sold_rules and prices.is_equal(each.buy, each.sold)
end

-- Hours of two zones move against each other when clocks are set in one of them.
local function check_zones(node, each)
    local bought, sold = schedule.zone(each.buy_rules), schedule.zone(each.sold_rules)
    if bought and sold and bought ~= sold then
        schema.fail(node, each.place, 'has hours in the zone "%s", but the published price in '
            .. '"%s", so losses cannot be looked for: give all in one zone, or allow them with '
            .. "allow_loss = true", bought, sold)
    end
end

-- As models.margin_left, under these facts.
local function margin_under(facts, each, margin_ppm)
    return prices.margin_left(
        schedule.apply(each.buy_rules, facts, each.buy, each.buy_stated),
        schedule.apply(each.sold_rules, facts, each.sold, each.sold_stated), margin_ppm)
end

-- What is left at the plain prices and where each rule begins, of what is paid and of what is
-- asked: a list of {when (the condition; nil: the plain prices), ppm, loss}.
function models.margins(each, margin_ppm)
    local left, loss = models.margin_left(each, margin_ppm)
    local list, known = { { ppm = left, loss = loss } }, {}
    local equal = is_sold_as_bought(each)
    for _, facts in ipairs(cases.each(each.buy_rules, each.sold_rules)) do
        if not known[facts.text] then -- the rules of both are often the same
            known[facts.text] = true
            if not equal then
                left, loss = margin_under(facts, each, margin_ppm)
            end
            list[#list + 1] = { when = facts.text, ppm = left, loss = loss }
        end
    end
    return list
end

-- Under each combination of conditions, what is paid and what is asked may part.
local function check_loss(value, id, each, margin_ppm)
    if is_sold_as_bought(each) then
        return
    end
    local entry = schema.child(schema.open("models.lua", value), id)
    local node = list_of(entry, each)
    check_zones(node, each)
    local found = cases.all(each.buy_rules, each.sold_rules)
    if not found then
        schema.fail(node, each.place, "has too many combinations of conditions to look for losses "
            .. "in all: give it fewer rules, or allow them with allow_loss = true")
    end
    for _, facts in ipairs(found) do
        local left, loss = margin_under(facts, each, margin_ppm)
        if loss then
            refuse_loss(value, id, each, loss, margin_ppm, left,
                facts.text ~= "" and " (" .. facts.text .. ")" or "")
        end
    end
end

-- Refuses a candidate that would be called at a loss, unless its entry says allow_loss.
-- `lowest_margin(id)` is the smallest one that a customer of the model may have.
function models.check_losses(value, found, lowest_margin)
    for id, record in pairs(found) do
        local function check_all(list)
            for _, each in ipairs(list) do
                if not each.allow_loss then
                    check_loss(value, id, each, lowest_margin(id))
                end
            end
        end
        check_all(record.candidates)
        check_all { record.canary and record.canary.candidate }
    end
end

-- A test compares this with lua/annotations/policy.lua.
models.MEMBERS = MEMBERS
models.CANDIDATE_MEMBERS = CANDIDATE_MEMBERS
models.CANARY_MEMBERS = trials.CANARY_MEMBERS
models.SHADOW_MEMBERS = trials.SHADOW_MEMBERS
models.RULE_MEMBERS = schedule.MEMBERS

return models
