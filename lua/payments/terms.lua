-- What the ledger must know of payments.lua, to charge kept cards for the credit of the day
-- (operations/top_ups.c): JSON, as call.h has it.
local json = require "json"

local function terms(payments)
    local list = {}
    for i, currency in ipairs(payments.currencies) do
        local offers = {}
        for k, offer in ipairs(currency.offers) do
            offers[k] = json.list { offer.amount_minor, offer.credit_nusd }
        end
        list[i] = {
            currency = currency.currency,
            rate_nusd = currency.rate_nusd,
            unit = 10 ^ currency.decimals,
            least_minor = currency.least_minor,
            most_minor = currency.most_minor,
            offers = json.list(offers),
        }
    end
    return json.encode { taxed = payments.automatic_tax and 1 or 0, currencies = json.list(list) }
end

return terms
