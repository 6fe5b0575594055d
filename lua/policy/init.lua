-- The operator's policies for trusted code. Loaded once per VM; at request time:
--
--   policy.plan(request) -> plan, or nil, code, message
--     request: {model, group, user_id, key_id, key_models (a set {["gpt-4o"] = true} or nil),
--     stream, input_tokens, output_tokens (asked for, or nil)}; group, user_id, key_id are texts.
--     code: model_not_found, model_not_allowed, model_not_priced: the message is for the customer;
--     policy_error: a rule failed; its message (file, line, why) is for logs and administrators.
--     plan: {model, context (nil: not stated), max_output, image_tokens_max (nil: takes no
--     images), output_hidden (it reasons: generates what no stream shows), max_tokens (the
--     longest answer that limits.lua allows, or nil), candidates, retry = {attempts_max,
--     on = {connect = true, ["5xx"] = true, ...}, unknown, repeats}, limits = {{scope, key (what to
--     count under), kind = "requests"|"tokens"|"concurrency"|"usd", limit (nano-USD for usd),
--     window_ms (0 for concurrency)}}}
--     candidate: {provider, dialect, base_url, api_key (nil: none), ca_file, available,
--     unavailable_reason, model, max_tokens_field, buy (what we pay: {input, output, ...} in
--     pico-USD of one; a unit without a price of its own is absent), sold (what the margin is put
--     on: the published price; the same units), place, allow_loss, on_cancel,
--     margin_ppm, connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms, total_timeout_ms}.
--     At least one;
--     unavailable ones are included. Candidates and retry are shared between requests: never
--     change them. The plan and its limits are the caller's.
--     These functions put the entry's name into request.model if it is another name of it.
--   policy.prepare(request, wish, x) -> the same plan in the form that an exchange takes, or nil,
--     code (also no_provider_left), message. `wish` (nil: none) is what openai.wishes reads; `x` is
--     the exchange, of which a `sort` that is a function gets figures. The plan:
--     {limits, need (for x:hold), candidates (handles of those that may be tried; may be none, then
--     unavailable_reason says why), keepers (nil: no candidate keeps responses; else of[provider] =
--     {own, mixed} and others, lists of handles), retry_on, retry_unknown, repeats and shares (for
--     x:attempt),
--     queue_wait_ms, queue_calls (for x:wait_for_limit; nil: no call waits),
--     attempts_max, hedge (nil, or {quantile_ppm, extra_ppm} for x:hedges),
--     sort (a number of core/exchange/route.h), trials (nil, or {canary = {plan,
--     count, share_ppm, groups, by_account}, shadow = {handle, share_ppm, groups, by_account,
--     spend_nusd}}; lua/policy/trials.lua), canary_count (nil: no candidate is the canary's)}.
--     Shared between requests: never change it.
--   policy.offer(request) -> by what a call that was made (at request.created_ms, which now() then
--     says) is charged, for `replay`: the handles of
--     all candidates in the order of models.lua, whether they are available or not; the features
--     that the model sells; and whether all requests of this model and group get the same. Or nil,
--     code, message.
--   policy.limits_of_all(request, models) -> the strictest limits of those models; it changes
--     request.model
--   policy.quotas(group) -> what limits.lua allows a customer of the group and each of its keys
--   policy.limits(request) -> only the limits of a prepared plan, also for a model that is gone
--   policy.keepers[provider]: the handle of a provider that keeps responses and is available, for
--     x:ask; policy.first_keeper: the name of the first of them, or nil
--   policy.has_rules: whether any rule is a function; if not, a request needs only its model,
--     group and key_models
--   policy.models(request) -> list of the models with a price that {group, user_id, key_id,
--     key_models} may use: {id, name, created, owned_by, context (both nil: not stated),
--     context_key (for x:learned_context, of the first candidate that is available; nil: its
--     server is not asked), max_output, capabilities,
--     input_modalities, output_modalities, available, pricing = {prompt, completion, cached, extra}
--     (texts, USD per token, sell prices; `extra` has the other units and conditions, as members
--     of a JSON object), prices = {input, cached_input, output, extra} (the same of a million
--     tokens)}. The list is the caller's; its items are shared.
--   policy.model(id, request) -> one of these, or nil, code, message
--   policy.entry(name) -> the name of the entry that it is, or is another name of; is there one?
--   policy.asked_servers: the servers that are asked for context lengths, for C
--   policy.service_accounts: those whose access tokens are fetched at once, for C
--   policy.probes() -> what each provider is asked by `llm-gateway doctor`, for C
--   policy.balances, policy.read_balance(provider, answer): which are watched, for C
--   policy.payments: what customers can pay, as policy.payments.read gives it
--   policy.wishes: which wishes are granted, as a set; "shown": where customers see who answers
--   policy.mounts = {openai = {"/v1", "/api/v1"}, dashboard = "/api"}
--   policy.status([first, count]) -> list of the candidates of all models (of `count` models from
--     the `first` on: more than about 2,000 do not fit into a turn), for administrators: {model,
--     name, place, provider, upstream_model, context, context_key, available, unavailable_reason,
--     margin ("20%", at the plain prices), margins (where there are rules: a list of {when (the
--     condition; nil: the plain prices), margin, loss (a unit that is sold at a loss, or nil)}, the
--     lowest first), loss (a unit that is sold at a loss somewhere), sold_by_cost,
--     buy = {input, cached_input, output, ...}, sell = {...}, when = {"service tier flex: x 0.5"}
--     (what we pay under conditions)} (texts by unit, USD per million tokens or for one; a model
--     without a price has none of these; margin_error: its rule failed)
--   policy.model_count() -> how many models there are
--   policy.trials(most) -> list by name of the models with a trial, {model, canary, shadow}; each
--     of these, or nil: {provider, model, available, share ("5%"), by, groups (or nil),
--     spend_per_day}
--   policy.alert_subjects() -> kinds and subjects, in turn, of what alerts may be of, for C
--   policy.test_call({provider, provider_model, key, streamed}) -> what a test call of it asks:
--     {model, provider_model, dialect, format (of the body, for string.format with the model as a
--     JSON text), candidate, need (handles)}; or nil, code, message, parameter. provider_model nil:
--     the first one that can be tried
--   policy.groups() -> list of the groups that the files name; policy.has_group(name)
--   policy.providers() -> list by name of {name, dialect, base_url, available, unavailable_reason,
--     models (how many may be asked of it), spend_per_day_nusd (0: no cap), key_is_written (into
--     providers.lua itself)}, for administrators. Never their keys.
--
-- All *_pusd, *_ppm, *_ms and limits are whole numbers. The methods of strings (s:find) are those
-- of policies in the whole VM: trusted code calls string.find(s, ...).
local balances = require "policy.balances"
local catalog = require "policy.catalog"
local examples = require "policy.examples"
local hedge = require "policy.hedge"
local limits = require "policy.limits"
local margins = require "policy.margins"
local models = require "policy.models"
local names = require "policy.names"
local native = require "policy.native"
local payments = require "policy.payments"
local prepare = require "policy.prepare"
local prices = require "policy.prices"
local probes = require "policy.probes"
local providers = require "policy.providers"
local routes = require "policy.routes"
local rule = require "policy.rule"
local rule_text = require "policy.rule_text"
local sorting = require "policy.sorting"
local status = require "policy.status"
local survey = require "policy.survey"
local test_call = require "policy.test_call"
local whole = require "policy.whole"

local policy = {}

-- The contents of the files, normalised; set by load.
local rules = {}

-- Each model keeps what was built for up to this many margins; for more (a rule may compute any
-- margin) it is built each time. The prepared plans of a margin are kept likewise, by limits.
local KEPT_MAX = 8

-- The number of groups is the operator's choice, so bound it.
local SETTLED_MAX = 10000

-- ---- loading ----

local function run_file(file)
    local name, first, second = native.duplicate(file)
    if name then
        error(string.format('%s:%d: "%s" is given twice, first on line %d', file, second, name,
            first), 0)
    end
    return native.load(file)()
end

-- Reads, checks and normalises all files, then runs the examples. Raises "file:line: why".
function policy.load()
    local found = {}
    found.providers = providers.read(run_file("providers.lua"))
    catalog.open(native.exists("catalog.lua") and run_file("catalog.lua") or nil)
    local sold = run_file("models.lua")
    found.models, found.ids, found.names = models.read(sold, found.providers)
    found.index = names.index(found.ids)
    found.margins = margins.read(run_file("margins.lua"), found.models)
    models.check_losses(sold, found.models, function(id)
        return margins.lowest(found.margins, id)
    end)
    found.routes = routes.read(run_file("routes.lua"), found.models)
    found.limits = limits.read(run_file("limits.lua"), found.models)
    local paid = native.exists("payments.lua") and run_file("payments.lua") or nil
    found.payments = payments.read(paid)
    local expected = run_file("examples.lua")
    catalog.close()
    native.end_load()
    found.groups = whole.groups(found)
    whole.count_models(found)
    for _, model in pairs(found.models) do
        model.offers, model.cards = { count = 0 }, { count = 0 }
        if found.routes.order then
            model.views = routes.candidate_views(model.candidates)
        end
    end
    rules = found
    policy.mounts = found.routes.mounts
    policy.wishes = found.routes.wishes
    policy.asked_servers = survey.servers(found)
    policy.service_accounts = survey.accounts(found)
    policy.balances = survey.balances(found)
    policy.payments = found.payments
    policy.has_rules = whole.has_rules(found)
    policy.keepers, policy.first_keeper = whole.keepers(found)
    examples.run(expected, policy.plan)
    policy.models {} -- builds the cards now: for 10,000 models that would exceed a turn
end

-- ---- planning ----

local function allowed(request)
    if request.key_models and not request.key_models[request.model] then
        return false
    end
    return routes.allowed(rules.routes, request)
end

local function keep(kept, key, value)
    if kept.count < KEPT_MAX then
        kept[key] = value
        kept.count = kept.count + 1
    end
    return value
end

-- The word that the model's function chooses for the request, "" for none; or nil and why.
local function choice_of(model, request)
    if not model.choose then
        return ""
    end
    local name = 'models.lua: models["' .. model.id .. '"].choose'
    local word, why = rule.call(name, model.choose, request)
    if why then
        return nil, why
    elseif word ~= nil and not model.choices[word] then
        return nil, name .. ": " .. (type(word) == "string" and '"' .. word .. '"'
            or "the result, a " .. type(word) .. ",") .. " is no choice of a rule in when"
    end
    return word or ""
end

local function offer_key(margin_ppm, choice)
    return choice == "" and margin_ppm or margin_ppm .. " " .. choice
end

-- The model's candidates with margin and choice filled in, and the plans prepared from them.
local function make_offer(model, margin_ppm, choice)
    local function sold(candidate)
        local offer = {}
        for name, value in pairs(candidate) do
            offer[name] = value
        end
        offer.margin_ppm, offer.choice = margin_ppm, choice
        offer.sold_features = model.sold_features
        return offer
    end
    local list = {}
    for i, candidate in ipairs(model.candidates) do
        list[i] = sold(candidate)
    end
    return keep(model.offers, offer_key(margin_ppm, choice), {
        candidates = list, plans = { count = 0 },
        canary = model.canary and sold(model.canary.candidate),
        shadow = model.shadow and sold(model.shadow.candidate),
    })
end

local function reordered(request, model, found)
    local order, why = routes.ordered(rules.routes, request, model)
    if not order then
        return nil, why
    end
    local list = {}
    for i, place in ipairs(order) do
        list[i] = found[place]
    end
    return list
end

-- Puts the entry's name in the place of another name of it.
local function resolve(request)
    request.model = rules.names and names.target(rules.names, request.model) or request.model
end

local find

-- " Did you mean ...?" with a model that the caller may use, or "".
local function suggestion(request)
    local asked = request.model
    local id = names.similar(rules.index, asked, function(id)
        request.model = id
        return find(request) ~= nil
    end)
    request.model = asked
    return id and ' Did you mean "' .. id .. '"?' or ""
end

function find(request)
    local model = rules.models[request.model]
    if not model then
        resolve(request)
        model = rules.models[request.model]
    end
    if not model then
        return nil, "model_not_found", 'The model "' .. request.model .. '" does not exist.'
            .. suggestion(request)
    end
    local may, why = allowed(request)
    if may == nil then
        return nil, "policy_error", why
    elseif not may then
        return nil, "model_not_allowed",
            'This API key may not use the model "' .. request.model .. '".'
    elseif not model.priced then
        return nil, "model_not_priced",
            'The model "' .. request.model .. '" has no price yet, so it cannot be used.'
    end
    return model
end

-- The model and its offer, or nil, code, message.
local function choose(request)
    local model, code, why = find(request)
    if not model then
        return nil, code, why
    end
    local margin_ppm
    margin_ppm, why = margins.of(rules.margins, request)
    if not margin_ppm then
        return nil, "policy_error", why
    end
    local choice
    choice, why = choice_of(model, request)
    if not choice then
        return nil, "policy_error", why
    end
    return model, model.offers[offer_key(margin_ppm, choice)]
        or make_offer(model, margin_ppm, choice)
end

function policy.plan(request)
    local model, offer, why = choose(request)
    if not model then
        return nil, offer, why
    end
    local candidates = offer.candidates
    if rules.routes.order then
        candidates, why = reordered(request, model, candidates)
        if not candidates then
            return nil, "policy_error", why
        end
    end
    local list, max_tokens = limits.of(rules.limits, request)
    return {
        model = model.id,
        context = model.context,
        max_output = model.max_output,
        image_tokens_max = model.image_tokens_max,
        output_hidden = model.output_hidden,
        max_tokens = max_tokens,
        candidates = candidates,
        retry = rules.routes.retry,
        limits = list,
    }
end

-- Without rules, all customers of a group get the same plan for a model: group -> model -> plan.
local settled, settled_count = {}, 0

local function settle(request, plan)
    if policy.has_rules or settled_count == SETTLED_MAX then
        return plan
    end
    local group = request.group or ""
    settled[group] = settled[group] or {}
    settled[group][request.model] = plan
    settled_count = settled_count + 1
    return plan
end

-- The model's candidates in the order of the functions that say one, and the word by which they are
-- sorted then; or nil and the reason.
local function arranged(request, model, candidates, x)
    local sort = model.sort or rules.routes.sort
    local why
    if rules.routes.order then
        candidates, why = reordered(request, model, candidates)
        return candidates, candidates and "listed" or why
    elseif type(sort) ~= "function" then
        return candidates, sort
    end
    local name = model.sort and 'models.lua: models["' .. model.id .. '"].sort'
        or "routes.lua: sort"
    candidates, why = sorting.by_function(name, sort, request, candidates, function(candidate)
        return x:figures(prepare.handle_of(candidate))
    end)
    return candidates, candidates and "listed" or why
end

-- Rules are asked for each request; only what they choose from is kept.
function policy.prepare(request, wish, x)
    if not rules.models[request.model] then
        resolve(request)
    end
    local plans, key_models = settled[request.group or ""], request.key_models
    local plan = plans and plans[request.model]
    if plan and not wish and (not key_models or key_models[request.model]) then
        return plan
    end
    local model, offer, why = choose(request)
    if not model then
        return nil, offer, why
    end
    local counted, retry = limits.find(rules.limits, request), rules.routes.retry
    local candidates, sort = arranged(request, model, offer.candidates, x)
    if not candidates then
        return nil, "policy_error", sort
    end
    if wish then
        return prepare.wished(model, candidates, counted, retry, sort, wish)
    elseif candidates ~= offer.candidates then
        return prepare.with_trials(model, offer, candidates, counted, retry, sort)
    end
    plan = offer.plans[counted] or keep(offer.plans, counted,
        prepare.with_trials(model, offer, candidates, counted, retry, sort))
    return settle(request, plan)
end

local function handles_of(offer)
    local handles = {}
    for i, candidate in ipairs(offer.candidates) do
        handles[i] = prepare.handle_of(candidate)
    end
    handles[#handles + 1] = offer.canary and prepare.handle_of(offer.canary)
    return handles
end

function policy.offer(request)
    native.set_now(request.created_ms)
    local model, offer, why = choose(request)
    if not model then
        return nil, offer, why
    end
    offer.handles = offer.handles or handles_of(offer)
    return offer.handles, not (rules.margins.rule or rules.routes.access.rule or model.choose)
end

function policy.limits(request)
    if not rules.models[request.model] then
        resolve(request)
    end
    return limits.find(rules.limits, request).handle
end

function policy.limits_of_all(request, ids)
    return limits.of_all(rules.limits, request, ids)
end

-- The limits of a customer of the group and of its keys: {{scope, unit, period, limit, models (in
-- lines), name (of the counter)}, ...}.
function policy.quotas(group)
    return limits.told(rules.limits, group)
end

-- ---- showing ----

-- A request for another model of the same caller, with no tokens.
local function inquiry(request, id)
    return {
        model = id,
        group = request.group,
        user_id = request.user_id,
        key_id = request.key_id,
        key_models = request.key_models,
        stream = false,
        input_tokens = 0,
        output_tokens = 0,
    }
end

local function first_available(candidates)
    for _, candidate in ipairs(candidates) do
        if candidate.available then
            return candidate
        end
    end
end

-- A model as a customer sees it: its price is that of its first candidate, unless models.lua says
-- price_by = "candidate".
local function card(model, margin_ppm)
    local candidate = model.candidates[1]
    local answering = first_available(model.candidates) or candidate
    local sold = candidate.sold
    local openrouter = prices.openrouter_style(margin_ppm)
    local dashboard = prices.dashboard_style(margin_ppm)
    return keep(model.cards, margin_ppm, {
        id = model.id,
        name = model.name,
        created = model.created,
        owned_by = model.owned_by,
        context = model.context,
        context_key = answering.context_key,
        max_output = model.max_output,
        capabilities = model.capabilities,
        input_modalities = model.input_modalities,
        output_modalities = model.output_modalities,
        endpoints = model.endpoints,
        available = model.available,
        pricing = {
            prompt = native.token_price(sold.input, margin_ppm),
            completion = native.token_price(sold.output, margin_ppm),
            cached = native.token_price(sold.cached_input, margin_ppm),
            extra = prices.extra_members(sold, openrouter)
                .. rule_text.overrides(model.rules, openrouter, sold, model.stated),
        },
        prices = {
            input = native.sell_price("input", sold.input, margin_ppm),
            cached_input = native.sell_price("cached_input", sold.cached_input, margin_ppm),
            output = native.sell_price("output", sold.output, margin_ppm),
            extra = prices.extra_members(sold, dashboard)
                .. rule_text.conditions(model.rules, dashboard, sold, model.stated),
        },
    })
end

local function find_card(asked)
    local model, code, why = find(asked)
    if not model then
        return nil, code, why
    end
    local margin_ppm
    margin_ppm, why = margins.of(rules.margins, asked)
    if not margin_ppm then
        return nil, "policy_error", why
    end
    return model.cards[margin_ppm] or card(model, margin_ppm)
end

function policy.model(id, request)
    return find_card(inquiry(request, id))
end

function policy.entry(name)
    local asked = { model = name }
    if not rules.models[name] then
        resolve(asked)
    end
    return asked.model, rules.models[asked.model] ~= nil
end

-- Leaves out a model whose rule fails: the list must not fail; a call tells the reason.
function policy.models(request)
    local list = {}
    local asked = inquiry(request)
    for _, id in ipairs(rules.ids) do
        asked.model = id
        list[#list + 1] = find_card(asked)
    end
    return list
end

function policy.providers()
    return status.providers(rules.providers)
end

-- The figure in a provider's answer, in nano-USD; or nil and why.
function policy.read_balance(name, answer)
    return balances.figure(rules.providers[name].balance, answer)
end

function policy.probes()
    return probes.list(rules)
end

-- The groups in the files, in alphabetical order.
function policy.groups()
    local list = {}
    for name in pairs(rules.groups) do
        list[#list + 1] = name
    end
    table.sort(list)
    return list
end

function policy.has_group(name)
    return rules.groups[name] == true
end

-- The trials of up to `most` models.
function policy.trials(most)
    local list = {}
    for _, id in ipairs(rules.ids) do
        if #list < most then
            list[#list + 1] = status.trials(rules.models[id])
        end
    end
    return list
end

function policy.alert_subjects()
    return whole.alert_subjects(rules)
end

function policy.test_call(wish)
    return test_call.find(rules.models, rules.ids, wish)
end

function policy.model_count()
    return #rules.ids
end

function policy.status(first, count)
    local list = {}
    first = first or 1
    for i = first, math.min(#rules.ids, first + (count or #rules.ids) - 1) do
        local model = rules.models[rules.ids[i]]
        if not model.priced then
            list[#list + 1] = status.without_price(model)
        else
            local margin_ppm, why = margins.of(rules.margins, inquiry({}, model.id))
            local found = hedge.of(model, rules.routes.retry)
            status.add(list, model, margin_ppm, why, found and hedge.format(found))
        end
    end
    return list
end

return policy
