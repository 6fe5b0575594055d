-- In which order the candidates of a model are asked, where no function says it: the member `sort`
-- of routes.lua and of a model.
local sorting = {}

-- Each with its number in core/exchange/route.h. What is sorted by price is listed so.
sorting.SORTS = { listed = 0, weight = 1, latency = 2, price = 0 }

-- What a usual call costs us: three tokens of prompt for one of the answer.
local function usual_price(candidate)
    return 3 * (candidate.buy.input or 0) + (candidate.buy.output or 0)
end

-- The candidates, those that cost us least first if that is wanted. Equal ones stay as listed.
function sorting.sorted(candidates, sort)
    if sort ~= "price" then
        return candidates
    end
    local list, places = {}, {}
    for i, candidate in ipairs(candidates) do
        list[i], places[candidate] = candidate, i
    end
    table.sort(list, function(a, b)
        local first, second = usual_price(a), usual_price(b)
        if first == second then
            return places[a] < places[b]
        end
        return first < second
    end)
    return list
end

return sorting
