-- In which order the candidates of a model are asked, where no function says it: the member `sort`
-- of routes.lua and of a model.
local sorting = {}

-- Each with its number in core/exchange/route.h. What is sorted by price is listed so.
sorting.SORTS = { listed = 0, weight = 1, latency = 2, throughput = 3, price = 0 }

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

return sorting
