-- payments.lua: what customers can pay through a payment processor, and the credit for it. The file
-- may be missing: then they pay in USD, and a dollar is a dollar of credit.
local currencies = require "payments.currencies"
local native = require "policy.native"
local schema = require "policy.schema"

local payments = {}

local MEMBERS = { currencies = true, automatic_top_ups = true, automatic_tax = true,
    invoices = true, product = true }
local CURRENCY_MEMBERS = { currency = true, credit = true, min = true, max = true, offers = true }
local OFFER_MEMBERS = { amount = true, credit = true }
local OFFERS_MAX = 12

local STANDARD = {
    currencies = {
        { currency = "usd", credit = "1", min = "5", max = "1000", offers = { "10", "25", "100" } },
    },
}

local function minor(node, key, code, default)
    local text = schema.text(node, key, default, 16)
    local amount, why = currencies.parse(code, text)
    if not amount then
        schema.fail(node, key, "%s", why)
    end
    return amount
end

-- The credit in nano-USD for an amount of this currency.
function payments.credit(currency, amount_minor)
    for _, offer in ipairs(currency.offers) do
        if offer.amount_minor == amount_minor then
            return offer.credit_nusd
        end
    end
    return native.share(amount_minor, currency.rate_nusd, 10 ^ currency.decimals)
end

local function read_offer(offers, i, currency)
    local offer = { }
    if type(offers.value[i]) == "table" then
        local node = schema.only(schema.child(offers, i), OFFER_MEMBERS)
        offer.amount_minor = minor(node, "amount", currency.currency, schema.REQUIRED)
        offer.credit_nusd = schema.amount(node, "credit")
    else
        offer.amount_minor = minor(offers, i, currency.currency, schema.REQUIRED)
    end
    if offer.amount_minor < currency.least_minor or offer.amount_minor > currency.most_minor then
        schema.fail(offers, i, "must lie between min and max")
    end
    offer.credit_nusd = offer.credit_nusd
        or native.share(offer.amount_minor, currency.rate_nusd, 10 ^ currency.decimals)
    if offer.credit_nusd == 0 then
        schema.fail(offers, i, "gives no credit")
    end
    return offer
end

local function read_currency(list, i)
    local node = schema.only(schema.child(list, i), CURRENCY_MEMBERS)
    local code = schema.text(node, "currency", schema.REQUIRED, 3)
    if not string.find(code, "^%l%l%l$") then
        schema.fail(node, "currency", 'must be the code of a currency, such as "usd"')
    end
    local currency = {
        currency = code,
        decimals = currencies.decimals(code),
        rate_nusd = schema.amount(node, "credit"),
        least_minor = minor(node, "min", code, schema.REQUIRED),
        most_minor = minor(node, "max", code, schema.REQUIRED),
        offers = {},
    }
    if not currency.rate_nusd or currency.rate_nusd == 0 then
        schema.fail(node, "credit", "must be the credit in USD for one %s, above 0",
            string.upper(code))
    elseif currency.least_minor > currency.most_minor then
        schema.fail(node, "min", "is above max")
    elseif native.share(currency.least_minor, currency.rate_nusd, 10 ^ currency.decimals) == 0 then
        schema.fail(node, "min", "gives no credit")
    elseif currency.most_minor * currency.rate_nusd / 10 ^ currency.decimals > 2 ^ 53 then
        schema.fail(node, "max", "gives more credit than a payment can bring")
    end
    local offers = schema.child(node, "offers")
    local count = schema.list(offers, "the offer")
    if count > OFFERS_MAX then
        schema.fail(node, "offers", "has more than %d offers", OFFERS_MAX)
    end
    for k = 1, count do
        currency.offers[k] = read_offer(offers, k, currency)
    end
    return currency
end

-- {currencies = list of {currency, decimals, rate_nusd, least_minor, most_minor, offers = list of
-- {amount_minor, credit_nusd}}, of (the same by code), automatic_top_ups, automatic_tax, invoices,
-- product}
function payments.read(value)
    local node = schema.only(schema.open("payments.lua", value or STANDARD), MEMBERS)
    local list = schema.child(node, "currencies")
    local found = {
        currencies = {},
        of = {},
        automatic_top_ups = schema.boolean(node, "automatic_top_ups", true),
        automatic_tax = schema.boolean(node, "automatic_tax", false),
        invoices = schema.boolean(node, "invoices", false),
        product = schema.text(node, "product", "Credits", 100),
    }
    for i = 1, schema.list(list, "the currency") do
        local currency = read_currency(list, i)
        if found.of[currency.currency] then
            schema.fail(list, i, '"%s" is given twice', currency.currency)
        end
        found.currencies[i], found.of[currency.currency] = currency, currency
    end
    if #found.currencies == 0 then
        schema.fail(node, "currencies", "is empty")
    end
    return found
end

return payments
