-- Operations of the store (core/store/call.h) for handlers. A failure is answered here, with the
-- status that belongs to its code.
local store = {}

local STATUS = {
    already_erased = 409,
    already_verified = 409,
    balance_left = 409,
    conflict = 409,
    debt_open = 409,
    email_taken = 409,
    idempotency_key_reused = 422,
    invalid_amount = 400,
    invalid_email = 400,
    invalid_value = 400,
    invitation_invalid = 404,
    invitation_not_yours = 403,
    key_disabled_by_operator = 409,
    last_administrator = 409,
    link_not_yours = 403,
    no_receiver = 409,
    not_found = 404,
    nothing_to_refund = 409,
    overloaded = 503,
    payment_open = 409,
    replaced_meanwhile = 409,
    proof_invalid = 400,
    response_too_large = 400,
    second_factor_on = 409,
    timeout = 503,
    too_many_keys = 400,
    too_many_notes = 400,
    too_many_quotas = 400,
    too_many_replacements = 409,
    too_many_to_sort = 400,
    unavailable = 503,
    voucher_expired = 409,
    voucher_not_yours = 409,
    voucher_redeemed = 409,
    wrong_code = 403,
}
-- What of a body or query a failure is about, where it is not said before.
local PARAMS = {
    invalid_amount = "amount",
    invitation_invalid = "invitation",
    invitation_not_yours = "email",
    proof_invalid = "proof",
}
local PASSES = { overloaded = true, unavailable = true }
local RETRY_MS = 1000

-- The bounds of an amount, which the store names in its sentence, for pages that say them in their
-- own words.
local function bounds(code, message)
    local most = code == "invalid_amount" and string.match(message, "at most %$([%d,]+%.?%d*)")
    local digits = most and string.gsub(most, ",", "")
    return digits and '{"above_zero":true,"most":"' .. digits .. '"}'
end

local function refuse(x, code, message)
    local status = STATUS[code]
    if not status then
        error("store: " .. code .. ": " .. message)
    end
    local sentence = string.gsub(message, "^%l", string.upper) .. "."
    local param = string.match(message, "^tz%f[%W]") or PARAMS[code] -- only the store checks these
    x:refuse(status, code, sentence, param, bounds(code, message) or nil,
        PASSES[code] and RETRY_MS or nil)
end

local function check(x, done, result, message)
    if not done then
        refuse(x, result, message)
    end
    return result
end

-- Ends the task with what the store has said.
store.fail = refuse

-- Returns the result as JSON. A failure ends the task.
function store.call(x, operation, ...)
    return check(x, x:call(operation, ...))
end

-- The same as an act of this administrator: it goes into the audit log.
function store.act(x, admin_id, operation, ...)
    return check(x, x:call_as(admin_id, operation, ...))
end

-- The same, or nil if there is no such thing.
function store.find_act(x, admin_id, operation, ...)
    local done, result, message = x:call_as(admin_id, operation, ...)
    if not done and result ~= "not_found" then
        refuse(x, result, message)
    end
    return done and result or nil
end

-- For operations that move money: a request with an Idempotency-Key is done once, however often it
-- is sent. A retry gets the first answer again, and the task ends. Else returns the further
-- arguments of the operation's "_once" form; nothing if there is no key.
function store.claim(x, account_id, what)
    local fresh, key, digest, request_id = x:claim(what, account_id)
    if not fresh then
        x:answer_again()
    end
    return key, digest, request_id
end

local ID_BYTES_MAX = 64

-- Whether a client's text can be an id.
function store.is_id(id)
    return #id <= ID_BYTES_MAX and not string.find(id, "[^%w_]")
end

-- Returns the result as JSON, or nil if there is no such thing.
function store.find(x, operation, ...)
    local done, result, message = x:call(operation, ...)
    if done then
        return result
    elseif result ~= "not_found" then
        refuse(x, result, message)
    end
    return nil
end

return store
