-- Stripe as a payment processor (lua/payments/init.lua says what one does). Forms, objects and
-- events as in the API version below; checked against the packages stripe 23.1.0 (npm) and
-- stripe-mock v0.203.0. Fields used of events are the same since 2022-11-15.
local cjson = require "cjson"
local currencies = require "payments.currencies"

local stripe = { currencies = currencies, signature_header = "stripe-signature" }

local VERSION = "Stripe-Version: 2026-10-28.endive"
local FORM = "Content-Type: application/x-www-form-urlencoded"
local TOLERANCE_S = 300 -- of the time in a signature, as in Stripe's SDKs
local SIGNATURES_MAX = 16

-- ---- what is asked ----

local function escape(text)
    return (string.gsub(text, "[^%w%-_.~]", function(c)
        return string.format("%%%02X", string.byte(c))
    end))
end

-- A form of pairs: name, value, ...; a nil value leaves its name out.
local function form(...)
    local parts = {}
    for i = 1, select("#", ...), 2 do
        local name, value = select(i, ...), (select(i + 1, ...))
        if value ~= nil then
            parts[#parts + 1] = escape(name) .. "=" .. escape(tostring(value))
        end
    end
    return table.concat(parts, "&")
end

local function question(path, body, idempotency_key)
    local headers = { FORM, VERSION }
    if idempotency_key then
        headers[3] = "Idempotency-Key: " .. idempotency_key
    end
    return { method = "POST", path = path, body = body, headers = headers }
end

-- A customer there: {user_id, email}.
function stripe.customer(person)
    return question("/v1/customers", form("email", person.email,
        "metadata[user]", person.user_id), "customer-" .. person.user_id)
end

function stripe.read_customer(answer)
    return answer.id
end

-- A page where the customer pays: {payment_id, customer_id, currency, amount_minor, product,
-- keeps_card, automatic_tax, invoices, success_url, cancel_url}.
function stripe.checkout(order)
    local line = "line_items[0][price_data]"
    return question("/v1/checkout/sessions", form(
        "mode", "payment",
        "customer", order.customer_id,
        "client_reference_id", order.payment_id,
        "metadata[payment]", order.payment_id,
        "payment_intent_data[metadata][payment]", order.payment_id,
        "payment_intent_data[setup_future_usage]", order.keeps_card and "off_session" or nil,
        "line_items[0][quantity]", 1,
        line .. "[currency]", order.currency,
        line .. "[unit_amount]", string.format("%.0f", order.amount_minor),
        line .. "[product_data][name]", order.product,
        line .. "[tax_behavior]", order.automatic_tax and "exclusive" or nil,
        "automatic_tax[enabled]", order.automatic_tax and "true" or nil,
        "customer_update[address]", order.automatic_tax and "auto" or nil,
        "customer_update[name]", order.automatic_tax and "auto" or nil,
        "tax_id_collection[enabled]", order.automatic_tax and "true" or nil,
        "invoice_creation[enabled]", order.invoices and "true" or nil,
        "adaptive_pricing[enabled]", "false", -- what was asked for is what is paid
        "success_url", order.success_url,
        "cancel_url", order.cancel_url), order.payment_id)
end

function stripe.read_checkout(answer)
    return answer.id, answer.url
end

-- The page where customers see receipts and invoices and change their cards.
function stripe.portal(customer_id, return_url)
    return question("/v1/billing_portal/sessions",
        form("customer", customer_id, "return_url", return_url))
end

function stripe.read_portal(answer)
    return answer.url
end

-- What taxes are due, by the customer's address and tax ids there.
local function taxes(order)
    return question("/v1/tax/calculations", form(
        "currency", order.currency,
        "line_items[0][amount]", string.format("%.0f", order.amount_minor),
        "line_items[0][reference]", order.product,
        "line_items[0][tax_behavior]", "exclusive") .. "&customer={customer}", "{payment}-tax")
end

-- A charge of the kept card, without the customer: {currency, amount_minor, product, email,
-- automatic_tax}. A list of questions, each asked once the one before it was answered.
-- "{payment}", "{customer}" and "{method}" stand for ids, "{answer.NAME}" for a member of the
-- answer before. Stripe books the taxes of a calculation that is hooked to a payment, and takes
-- them back with refunds.
function stripe.charge(order)
    local net = string.format("%.0f", order.amount_minor)
    local body = form(
        "amount", not order.automatic_tax and net or nil,
        "currency", order.currency,
        "off_session", "true",
        "confirm", "true",
        "description", order.product,
        "receipt_email", order.email,
        "metadata[origin]", "automatic",
        "metadata[net]", order.automatic_tax and net or nil)
        .. "&customer={customer}&payment_method={method}&metadata[payment]={payment}"
    if order.automatic_tax then
        body = body .. "&amount={answer.amount_total}&hooks[inputs][tax][calculation]={answer.id}"
    end
    local charge = question("/v1/payment_intents", body, "{payment}")
    return order.automatic_tax and { taxes(order), charge } or { charge }
end

-- Why it refuses, for people: in its own words.
function stripe.read_error(answer)
    return type(answer.error) == "table" and answer.error.message or nil
end

-- ---- what it tells ----

-- Whether this event is Stripe's, and new enough; else why not.
function stripe.check_signature(x, header, now_ms)
    local time
    local signatures = {}
    for name, value in string.gmatch(header, "([%w]+)=([^,%s]+)") do
        if name == "t" and string.find(value, "^%d+$") and #value <= 12 then
            time = value
        elseif name == "v1" and #signatures < SIGNATURES_MAX then
            signatures[#signatures + 1] = value
        end
    end
    if not time then
        return nil, "Stripe-Signature has no time"
    elseif math.abs(now_ms / 1000 - tonumber(time)) > TOLERANCE_S then
        return nil, "Stripe-Signature is older than five minutes, or a clock is wrong"
    end
    for _, signature in ipairs(signatures) do
        if x:is_signed(time .. ".", signature) then
            return true
        end
    end
    return nil, "Stripe-Signature does not fit: gateway.conf must have the key of this endpoint"
end

-- A member that is there: not JSON's null.
local function given(value)
    if value == cjson.null then
        return nil
    end
    return value
end

-- An id, or an object with one where it was expanded.
local function id_of(value)
    value = given(value)
    return type(value) == "table" and value.id or value
end

local function payment_of(object)
    local metadata = given(object.metadata)
    return metadata and metadata.payment
end

local function is_automatic(object)
    local metadata = given(object.metadata)
    return metadata ~= nil and metadata.origin == "automatic"
end

-- What an automatic payment was for, before taxes.
local function net_of(intent)
    local net = intent.metadata.net
    return type(net) == "string" and #net <= 12 and tonumber(net) or given(intent.amount)
end

local function paid_session(object)
    return { what = "paid", payment_id = payment_of(object), currency = given(object.currency),
        amount_minor = given(object.amount_subtotal), total_minor = given(object.amount_total),
        charge_id = id_of(object.payment_intent) }
end

local function moved(object, state, why)
    return { what = "moved", payment_id = payment_of(object), state = state, why = why }
end

local read = {}

read["checkout.session.completed"] = function(object)
    if object.payment_status == "unpaid" then
        return moved(object, "processing")
    end
    return paid_session(object)
end
read["checkout.session.async_payment_succeeded"] = paid_session
read["checkout.session.async_payment_failed"] = function(object)
    return moved(object, "failed", "The payment has failed.")
end
read["checkout.session.expired"] = function(object)
    return moved(object, "expired")
end

read["payment_intent.succeeded"] = function(object)
    if is_automatic(object) then
        return { what = "paid", payment_id = payment_of(object), charge_id = object.id,
            currency = given(object.currency), amount_minor = net_of(object),
            total_minor = given(object.amount_received) }
    elseif given(object.setup_future_usage) == "off_session" and id_of(object.customer) then
        return { what = "method", payment_id = payment_of(object),
            customer_id = id_of(object.customer), method_id = id_of(object.payment_method) }
    end
end
read["payment_intent.processing"] = function(object)
    return is_automatic(object) and moved(object, "processing") or nil
end

local function failed_intent(object)
    local failure = given(object.last_payment_error)
    -- A customer at a checkout may try another card: the session tells its end.
    return is_automatic(object) and moved(object, "failed", failure and failure.message) or nil
end
read["payment_intent.payment_failed"] = failed_intent
read["payment_intent.canceled"] = failed_intent

-- What reads refunds or disputes. `stages`: by their status, {rank, whether the money is gone}.
-- Later stages replace earlier ones: by the time of the event, then by rank.
local function reversal(kind, stages)
    return function(object, event)
        local stage = stages[object.status]
        return stage and { what = "reversed", reversal_id = object.id, reversal = kind,
            charge_id = id_of(object.payment_intent), amount_minor = given(object.amount),
            stage = event.created * 16 + stage[1], takes = stage[2] and 1 or 0,
            state = object.status }
    end
end

local refund = reversal("refund", { pending = { 1, true }, requires_action = { 1, true },
    succeeded = { 2, true }, failed = { 3, false }, canceled = { 3, false } })

for _, word in ipairs { "created", "updated", "failed" } do
    read["refund." .. word] = refund
end

-- While a dispute runs, the bank has the money; a warning is only a question.
local dispute = reversal("dispute", {
    warning_needs_response = { 1, false }, warning_under_review = { 2, false },
    warning_closed = { 3, false }, needs_response = { 4, true }, under_review = { 5, true },
    lost = { 6, true }, appeal_needs_response = { 7, true }, appeal_under_review = { 8, true },
    won = { 9, false }, prevented = { 9, false },
})

for _, word in ipairs { "created", "updated", "closed", "funds_withdrawn", "funds_reinstated" } do
    read["charge.dispute." .. word] = dispute
end

local function method_name(object)
    local card = given(object.card)
    return card and given(card.brand) and card.brand .. " " .. (given(card.last4) or "")
        or given(object.type)
end

local function named_method(object)
    return { what = "named", method_id = object.id, method_name = method_name(object) }
end
read["payment_method.attached"] = named_method
read["payment_method.updated"] = named_method
read["payment_method.automatically_updated"] = named_method
read["payment_method.detached"] = function(object)
    return { what = "forgotten", method_id = object.id }
end

-- The facts of an event: {id, kind, created_ms, what, ...}; `what` is "ignored" where it is of no
-- interest. Or nil, if it is no event.
function stripe.read_event(event)
    local object = type(event.data) == "table" and event.data.object
    if event.object ~= "event" or type(event.id) ~= "string" or type(event.type) ~= "string"
        or type(event.created) ~= "number" or type(object) ~= "table" then
        return nil
    end
    local facts
    if event.livemode == core.payments_live and read[event.type] then
        facts = read[event.type](object, event)
    end
    facts = facts or { what = "ignored" }
    facts.id, facts.kind, facts.created_ms = event.id, event.type, event.created * 1000
    return facts
end

return stripe
