-- In which order the candidates of a model are asked: the member `sort` of routes.lua and of a
-- model, a word or a function.
local rule = require "policy.rule"
local schema = require "policy.schema"

local sorting = {}

-- Each with its number in core/exchange/route.h. What is sorted by price is listed so.
sorting.SORTS = { listed = 0, weight = 1, latency = 2, throughput = 3, price = 0 }

-- The word, or the function; `default` where there is none.
function sorting.read(node, default)
    if type(node.value.sort) == "function" then
        return node.value.sort
    elseif node.value.sort == nil then
        return default
    end
    return schema.choice(node, "sort", nil, sorting.SORTS)
end

-- What a usual call costs: three tokens of prompt for one of the answer.
local function usual_price(list)
    return 3 * (list.input or 0) + (list.output or 0)
end

-- The candidates, the cheapest by their member `prices` ("buy" or "sold") first. Equal ones stay as
-- listed.
function sorting.by(candidates, prices)
    local list, places = {}, {}
    for i, candidate in ipairs(candidates) do
        list[i], places[candidate] = candidate, i
    end
    table.sort(list, function(a, b)
        local first, second = usual_price(a[prices]), usual_price(b[prices])
        if first == second then
            return places[a] < places[b]
        end
        return first < second
    end)
    return list
end

-- The candidates, those that cost us least first if that is wanted.
function sorting.sorted(candidates, sort)
    return sort == "price" and sorting.by(candidates, "buy") or candidates
end

-- ---- functions ----

-- The places of what a function of the operator's has chosen, in its order; or nil and what is
-- wrong. `views` is what it was given; nil as its result leaves the order.
function sorting.places(name, list, views)
    if list == nil then
        list = views
    elseif type(list) ~= "table" or #list == 0 then
        return nil, name .. ": the result must be a list of at least one candidate"
    end
    local places, order = {}, {}
    for i, view in ipairs(views) do
        places[view] = i
    end
    for i = 1, #list do
        local place = list[i] ~= nil and places[list[i]]
        if not place then
            return nil, name .. ": result[" .. i
                .. "] is not one of the candidates that it was given, or stands there twice"
        end
        places[list[i]] = nil
        order[i] = place
    end
    return order
end

-- A candidate as the function sees it. Prices are numbers in USD per million tokens, for comparing.
local function view_of(candidate, figures)
    local latency_ms, throughput, success = 0, 0, 1
    if candidate.available then
        latency_ms, throughput, success = figures(candidate)
    end
    return rule.freeze {
        provider = candidate.provider,
        model = candidate.model,
        available = candidate.available,
        weight = candidate.weight,
        price = usual_price(candidate.buy) / 4e6,
        latency_ms = latency_ms,
        throughput = throughput,
        success = success,
    }
end

-- The candidates in the order of fn(request, candidates), or nil and the reason. `figures`: gives a
-- candidate's latency_ms, throughput and success.
function sorting.by_function(name, fn, request, candidates, figures)
    local given, views, sorted = {}, {}, {}
    for i, candidate in ipairs(candidates) do
        views[i] = view_of(candidate, figures)
        given[i] = views[i] -- the function may sort it in place
    end
    local list, why = rule.call(name, fn, request, given)
    if why then
        return nil, why
    end
    local order
    order, why = sorting.places(name, list, views)
    if not order then
        return nil, why
    end
    for i, place in ipairs(order) do
        sorted[i] = candidates[place]
    end
    return sorted
end

return sorting
