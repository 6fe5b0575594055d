-- Payments by a processor. What is particular to one stands in payments/NAME.lua; another one is
-- another such file, and its settings in core/app/payment_settings.c. It has:
--
--   currencies              {decimals(code), parse(code, text), text(code, minor)}: how it counts
--   customer(person)        a question {method, path, body, headers (at most 3)}; its answer has
--   read_customer(answer)   the processor's id of the customer
--   checkout(order)         a page where the customer pays
--   read_checkout(answer)   its id and its address
--   portal(customer_id, return_url), read_portal(answer)   a page with receipts and cards
--   charge(order)           of a kept card: a list of questions, asked one after the other;
--                           "{payment}" becomes the payment's id, "{customer}" and "{method}" the
--                           processor's ids of the customer and of the card that is kept by then,
--                           "{answer.NAME}" a member of the answer to the question before. What
--                           is charged is the form's field `amount`, in the smallest unit
--   read_error(answer)      why it refuses, for people: whatever stands there
--   signature_header        where an event's signature stands
--   check_signature(x, header, now_ms)   true, or nil and why
--   read_event(event)       the facts of an event (a decoded object), or nil: {id, kind,
--                           created_ms, what} and what the operation payment.<what> takes;
--                           why: whatever stands there
--
-- A payment has a row before the processor is asked, and its id is the idempotency key of the
-- question: asking twice makes one page. Only events credit it.
local cjson = require "cjson"
local store = require "store"
local words = require "words"

local payments = {}

local WORDS_BYTES_MAX = 200 -- of why it refuses
local EVENT_BYTES_MAX = 1024 * 1024 -- as core/app/payment_events.c

payments.processor = core.payments == "stripe" and require "payments.stripe" or nil
payments.name = payments.processor and core.payments

local function decode(text)
    local good, value = pcall(cjson.decode, text)
    return good and type(value) == "table" and value or nil
end

-- What is about our secret, or about a repetition that came too soon, may be taken later.
local PASSES = { [401] = true, [403] = true, [408] = true, [409] = true, [429] = true }

local function is_final(status)
    return status ~= nil and status >= 400 and status < 500 and not PASSES[status]
end

-- Asks the processor. Returns the decoded answer; or nil, why, for people, and whether it will
-- never take this.
local function ask(x, question)
    local headers = question.headers
    local status, body = x:ask_processor(question.method, question.path, question.body,
        unpack(headers))
    local answer = status and decode(body)
    if status and status >= 200 and status < 300 and answer then
        return answer
    end
    return nil, answer and words(payments.processor.read_error(answer), WORDS_BYTES_MAX),
        is_final(status)
end

local function refuse(x, why)
    x:refuse(502, "payment_unavailable", "The payment service does not take this now."
        .. (why and " It says: " .. why or " Try again in a moment."))
end

-- What the processor knows of a customer: {customer_id, method_id (nil: no card is kept),
-- method_name}, or nil.
function payments.known(x, user_id)
    local text = store.find(x, "payment.customer", user_id, payments.name)
    local known = text and cjson.decode(text)
    for _, name in ipairs(known and { "method_id", "method_name" } or {}) do
        if known[name] == cjson.null then
            known[name] = nil
        end
    end
    return known
end

-- The processor's id of the customer, who is made known to it if need be.
function payments.customer_id(x, user)
    local known = payments.known(x, user.id)
    if known then
        return known.customer_id
    end
    local answer, why = ask(x, payments.processor.customer { user_id = user.id,
        email = user.email })
    local customer_id = answer and payments.processor.read_customer(answer)
    if type(customer_id) ~= "string" then
        refuse(x, why)
    end
    store.call(x, "payment.introduce", user.id, payments.name, customer_id)
    return customer_id
end

-- Begins a payment that has a row. Returns it as JSON with its page.
function payments.begin(x, payment, order)
    order.payment_id = payment.id
    local answer, why, final = ask(x, payments.processor.checkout(order))
    local id, url
    if answer then
        id, url = payments.processor.read_checkout(answer)
    end
    if type(id) ~= "string" or type(url) ~= "string" then
        if final then -- else it may know the payment, or take it later: a repetition will tell
            store.call(x, "payment.refused", payment.id, why or "")
        end
        refuse(x, why)
    end
    return store.call(x, "payment.opened", payment.id, id, url)
end

-- The address of the processor's page for this customer.
function payments.portal(x, customer_id, return_url)
    local answer, why = ask(x, payments.processor.portal(customer_id, return_url))
    local url = answer and payments.processor.read_portal(answer)
    if type(url) ~= "string" then
        refuse(x, why)
    end
    return url
end

-- What the courier sends to charge a kept card: of each question path, headers, an empty line,
-- body; with a line "then" between them.
function payments.charge_text(order)
    local texts = {}
    for i, question in ipairs(payments.processor.charge(order)) do
        texts[i] = question.path .. "\n" .. table.concat(question.headers, "\n") .. "\n\n"
            .. question.body
    end
    return table.concat(texts, "\nthen\n")
end

-- ---- events ----

local function tell(x, facts, result)
    local about = result.payment_id ~= cjson.null and result.payment_id or facts.id
    if result.outcome == "disagreed" then
        x:alert("payment_unclear", about, "What was paid cannot be credited: event "
            .. facts.id .. " of " .. payments.name .. ". The payment says why.")
    elseif result.outcome == "dispute" and facts.takes == 1 then
        x:alert("payment_disputed", about, "The credit was taken back while "
            .. payments.name .. " has the dispute " .. facts.reversal_id .. ".")
    end
end

-- The operation that the event stands for, with what it takes. Returns its result as JSON.
local function act(x, facts, ...)
    return store.call(x, "payment." .. facts.what, payments.name, facts.id, facts.kind,
        facts.created_ms, ...)
end

local ACTS = {}

function ACTS.paid(x, facts)
    return act(x, facts, facts.payment_id, facts.currency, facts.amount_minor, facts.total_minor,
        facts.charge_id)
end

function ACTS.moved(x, facts)
    local why = words(facts.why, WORDS_BYTES_MAX)
        or (facts.state == "failed" and "The payment was refused." or "")
    return act(x, facts, facts.payment_id, facts.state, why)
end

function ACTS.reversed(x, facts)
    return act(x, facts, facts.reversal_id, facts.reversal, facts.charge_id, facts.amount_minor,
        facts.stage, facts.takes, facts.state)
end

function ACTS.method(x, facts)
    return act(x, facts, facts.payment_id, facts.customer_id, facts.method_id)
end

function ACTS.named(x, facts)
    return act(x, facts, facts.method_id, facts.method_name)
end

function ACTS.forgotten(x, facts)
    return act(x, facts, facts.method_id)
end

ACTS.ignored = act

local TEXTS = { "payment_id", "currency", "charge_id", "customer_id", "reversal_id", "state",
    "method_id", "method_name" }
local NUMBERS = { "amount_minor", "total_minor", "stage" }
local NEEDS = {
    paid = { "payment_id", "currency", "amount_minor", "total_minor" },
    moved = { "payment_id" },
    reversed = { "reversal_id", "charge_id", "amount_minor", "state" },
    method = { "customer_id", "method_id" },
    named = { "method_id", "method_name" },
    forgotten = { "method_id" },
    ignored = {},
}

-- Whether all is there, and of the type that the store takes. What is not ours has no payment.
local function is_whole(facts)
    for _, name in ipairs(TEXTS) do
        local value = facts[name]
        if value ~= nil and (type(value) ~= "string" or #value > 255
            or string.find(value, "%z")) then
            return false
        end
    end
    for _, name in ipairs(NUMBERS) do
        local value = facts[name]
        if value ~= nil and (type(value) ~= "number" or value ~= math.floor(value)
            or value < 0 or value > 2 ^ 53) then
            return false
        end
    end
    for _, name in ipairs(NEEDS[facts.what]) do
        if facts[name] == nil then
            return false
        end
    end
    return true
end

-- An event of the processor, on the bytes that came.
function payments.take_event(x)
    local processor = payments.processor
    local header = x:asked_header(processor.signature_header) or ""
    local good, why = processor.check_signature(x, header, core.now_ms())
    if not good then
        x:refuse(400, "invalid_signature", why .. ".")
    end
    local event = decode(x:body(EVENT_BYTES_MAX))
    local facts = event and processor.read_event(event)
    if not facts then
        x:refuse(400, "invalid_value", "This is no event.")
    elseif not is_whole(facts) then
        facts.what = "ignored" -- a payment of something else on the same account
    end
    local result = cjson.decode(ACTS[facts.what](x, facts))
    tell(x, facts, result)
    x:reply(200, '{"received":true}')
end

return payments
