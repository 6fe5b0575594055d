-- Payments of the signed-in user: what can be paid, pages of the processor, automatic top-ups.
local body = require "dashboard.body"
local cjson = require "cjson"
local json = require "json"
local payments = require "payments"
local policy = require "policy"
local offers = require "policy.payments"
local query = require "query"
local session = require "dashboard.session"
local store = require "store"
local terms = require "payments.terms"
local throttle = require "dashboard.throttle"

local own = {}

local PAGE_ROWS, PAGE_ROWS_MAX = 50, 1000
local THRESHOLD_USD_MAX = 1000000
local AMOUNT_BYTES_MAX = 16

local function need_processor(x)
    if not payments.processor then
        x:refuse(403, "payments_disabled", "This gateway takes no payments by card. Ask its"
            .. " operator to add credits.")
    end
end

local function page_url(payment_id)
    return core.public_url .. "/dashboard/credits?payment=" .. payment_id
end

-- USD of credit, as a text.
local function usd(nusd)
    return json.raw(core.json_string(core.money(nusd)))
end

local function shown(currency)
    local list = {}
    for i, offer in ipairs(currency.offers) do
        list[i] = { amount = payments.processor.currencies.text(currency.currency,
            offer.amount_minor), credit = usd(offer.credit_nusd) }
    end
    local text = payments.processor.currencies.text
    return {
        currency = currency.currency,
        decimals = currency.decimals,
        credit = usd(currency.rate_nusd),
        min = text(currency.currency, currency.least_minor),
        max = text(currency.currency, currency.most_minor),
        offers = json.list(list),
    }
end

-- What can be paid, and what is kept.
function own.options(x)
    local user = session.user(x)
    need_processor(x)
    local list = {}
    for i, currency in ipairs(policy.payments.currencies) do
        list[i] = shown(currency)
    end
    local known = payments.known(x, user.id)
    local top_up = store.find(x, "top_up.get", user.id, terms(policy.payments))
    x:reply(200, json.encode {
        processor = payments.name,
        live = core.payments_live,
        currencies = json.list(list),
        automatic_top_ups = policy.payments.automatic_top_ups,
        automatic_tax = policy.payments.automatic_tax,
        has_portal = known ~= nil,
        card = known and known.method_id and (known.method_name or "") or json.null,
        automatic = top_up and json.raw(top_up) or json.null,
    })
end

local function read_currency(x, members)
    local code = body.text(x, members, "currency", 3) or policy.payments.currencies[1].currency
    local currency = policy.payments.of[code]
    if not currency then
        x:refuse(400, "invalid_value", "currency is none of those that can be paid here.",
            "currency")
    end
    return currency
end

-- An amount in the smallest units of the currency, from `least` to `most`. Whatever is wrong with
-- it, the refusal names both.
local function read_amount(x, members, name, currency, least, most)
    local code = currency.currency
    local currencies = payments.processor.currencies
    body.require(x, members, name)
    local raw = members[name]
    local text = string.sub(raw, 1, 1) == '"' and body.text(x, members, name, AMOUNT_BYTES_MAX)
        or string.sub(raw, 1, AMOUNT_BYTES_MAX + 1)
    local minor, why = currencies.parse(code, text)
    if not minor or minor < least or minor > most then
        local from, to = currencies.text(code, least), currencies.text(code, most)
        x:refuse(400, "invalid_amount", string.format("%s must be from %s to %s %s%s.", name, from,
            to, string.upper(code), why and ": it " .. why or ""), name,
            string.format('{"currency":"%s","least":"%s","most":"%s"}', code, from, to))
    end
    return minor
end

local function read_payment(x, members)
    local currency = read_currency(x, members)
    return currency, read_amount(x, members, "amount", currency, currency.least_minor,
        currency.most_minor)
end

-- Begins a payment: its page is in checkout_url. With an Idempotency-Key the same payment is made
-- once.
function own.charge(x, user)
    local key = x:asked_header("idempotency-key")
    local members = body.read(x)
    local currency, minor = read_payment(x, members)
    local keeps_card = body.boolean(x, members, "save_card")
    if keeps_card and not policy.payments.automatic_top_ups then
        x:refuse(400, "invalid_value", "Cards are not kept here.", "save_card")
    elseif key and (#key > 255 or key == "" or string.find(key, "[^\33-\126]")) then
        x:refuse(400, "invalid_value", "Idempotency-Key must be 1 to 255 visible characters.")
    end
    throttle.count_payment(x, user.account_id)
    local payment = store.call(x, "payment.create", user.id, payments.name, currency.currency,
        minor, currency.decimals, offers.credit(currency, minor), key)
    local made = cjson.decode(payment)
    if made.state == "open" and made.checkout_url == cjson.null then
        local url = page_url(made.id)
        payment = payments.begin(x, made, {
            customer_id = payments.customer_id(x, user),
            currency = currency.currency,
            amount_minor = minor,
            product = policy.payments.product,
            keeps_card = keeps_card,
            automatic_tax = policy.payments.automatic_tax,
            invoices = policy.payments.invoices,
            success_url = url,
            cancel_url = url .. "&left=1",
        })
    end
    x:reply(201, payment)
end

function own.list(x)
    local user = session.user(x)
    local values = query.read(x)
    x:reply(200, store.call(x, "payment.list", user.id, query.text(x, values, "cursor"),
        query.integer(x, values, "limit", PAGE_ROWS, 1, PAGE_ROWS_MAX)))
end

function own.get(x, id)
    local user = session.user(x)
    local payment = store.is_id(id) and store.find(x, "payment.get", user.id, id)
    if not payment then
        x:refuse(404, "not_found", "There is no such payment.")
    end
    x:reply(200, payment)
end

-- Receipts, invoices and cards: a page of the processor.
function own.portal(x)
    local user = session.user(x)
    need_processor(x)
    throttle.count_payment(x, user.account_id)
    local url = payments.portal(x, payments.customer_id(x, user),
        core.public_url .. "/dashboard/credits")
    x:reply(201, json.encode { url = url })
end

-- ---- automatic top-ups ----

function own.set_automatic(x)
    local user = session.user(x)
    need_processor(x)
    if not policy.payments.automatic_top_ups then
        x:refuse(403, "payments_disabled", "There are no automatic top-ups here.")
    end
    local members = body.read(x)
    body.require(x, members, "threshold")
    local threshold_nusd = body.amount(x, members, "threshold", 1, THRESHOLD_USD_MAX)
    local currency, minor = read_payment(x, members)
    local month_minor = read_amount(x, members, "month_max", currency, minor,
        payments.processor.currencies.MOST)
    local known = payments.known(x, user.id)
    if not known or not known.method_id then
        x:refuse(409, "no_card", "No card is kept yet. Pay once with it, and let it be kept.")
    end
    local text = payments.charge_text {
        email = user.email, currency = currency.currency, amount_minor = minor,
        product = policy.payments.product, automatic_tax = policy.payments.automatic_tax,
    }
    store.call(x, "top_up.set", user.id, payments.name, threshold_nusd,
        currency.currency, minor, currency.decimals, offers.credit(currency, minor), month_minor,
        text, policy.payments.automatic_tax and 1 or 0)
    x:reply(200, store.call(x, "top_up.get", user.id, terms(policy.payments)))
end

function own.delete_automatic(x)
    local user = session.user(x)
    store.call(x, "top_up.delete", user.id)
    x:reply(204)
end

-- What the processor tells. Its signature stands for a session.
function own.event(x, name)
    if name ~= payments.name then
        x:refuse(404, "not_found", "There is no such payment processor here.")
    end
    payments.take_event(x)
end

return own
