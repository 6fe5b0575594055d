-- Limits the tries of strangers: sign-ups per network, passwords per network and account together.
--
-- No account is locked. A client that guesses is slowed down: after some wrong passwords for an
-- account from one network, the next try must wait, longer each time. This does not affect the same
-- account from other networks, nor other accounts from the same network. A browser that was signed
-- in to the account before is counted apart.
local throttle = {}

local SIGNUPS, SIGNUP_WINDOW_MS = 120, 60 * 1000
local WINDOW_MS = 15 * 60 * 1000
local FREE = 6 -- wrong passwords that cost no time
local FIRST_WAIT_MS, LONGEST_WAIT_MS = 250, 60 * 1000
local COUNTED_MAX = 64
local PATIENCE_MS = 5000 -- waits up to this long here; a longer wait is refused with a Retry-After
-- If many networks guess at one account, each try waits, and none is refused.
local FREE_OF_ACCOUNT, WAIT_OF_ACCOUNT_MS = 100, 2000

local function is_loopback(network)
    return network == "::/64" or string.sub(network, 1, 4) == "127."
end

function throttle.count_signup(x)
    local network = x:network()
    if is_loopback(network) then -- a proxy before us that trusted_proxies does not name
        return
    end
    local allowed, retry_after_ms = x:throttle("signup:" .. network, SIGNUPS, SIGNUP_WINDOW_MS, 1)
    if not allowed then
        x:refuse(429, "rate_limit_exceeded", "Too many accounts are being made from your address."
            .. " Try again in a minute.", nil, nil, math.max(retry_after_ms, 1))
    end
end

-- How long the next try must wait after this many wrong passwords.
local function wait_after(failures)
    if failures < FREE then
        return 0
    end
    return math.min(FIRST_WAIT_MS * 2 ^ (failures - FREE), LONGEST_WAIT_MS)
end

-- Whether the try may go on now; if not, also how long it must wait. Each try uses up one wait.
local function take_turn(x, lane, wait_ms)
    return x:throttle("signin pace " .. wait_ms .. ":" .. lane, 1, wait_ms, 1)
end

local function refuse(x, wait_ms)
    local seconds = math.ceil(wait_ms / 1000)
    x:refuse(429, "rate_limit_exceeded", "Too many wrong passwords for this account came from your"
        .. " network. Try again in " .. seconds .. (seconds == 1 and " second" or " seconds")
        .. ", or with a browser that was signed in before.", nil,
        '{"retry_after_seconds":' .. seconds .. "}", math.max(wait_ms, 1))
end

local function forget(x, attempt)
    x:throttle("signin:" .. attempt.lane, COUNTED_MAX, WINDOW_MS, -1, attempt.at_ms)
end

local function wait_for_turn(x, attempt, wait_ms)
    local allowed, left_ms = take_turn(x, attempt.lane, wait_ms)
    if not allowed and left_ms <= PATIENCE_MS then
        x:sleep(math.max(left_ms, 1))
        allowed, left_ms = take_turn(x, attempt.lane, wait_ms)
    end
    if not allowed then
        forget(x, attempt)
        refuse(x, left_ms)
    end
end

-- Counts a try before its password is compared, so that tries at the same time count like tries one
-- after the other. Then waits its turn, or ends the task with a 429. `device` is the browser's
-- digest, if known; `epoch` changes when the operator unlocks the account.
function throttle.begin_signin(x, device, epoch, email)
    local account = string.format("%.0f ", epoch) .. string.lower(email)
    local attempt = { at_ms = core.now_ms(), lane = (device or x:network()) .. " " .. account }
    local counted, _, left =
        x:throttle("signin:" .. attempt.lane, COUNTED_MAX, WINDOW_MS, 1, attempt.at_ms)
    attempt.failures = counted and COUNTED_MAX - left - 1 or COUNTED_MAX
    local wait_ms = wait_after(attempt.failures)
    if wait_ms > 0 then
        wait_for_turn(x, attempt, wait_ms)
    end
    attempt.all = "signin all:" .. account
    if not device and not x:throttle(attempt.all, FREE_OF_ACCOUNT, WINDOW_MS, 0) then
        x:sleep(WAIT_OF_ACCOUNT_MS)
    end
    return attempt
end

-- The password was wrong: the next try must wait.
function throttle.fail_signin(x, attempt)
    local wait_ms = wait_after(attempt.failures + 1)
    if wait_ms > 0 then
        take_turn(x, attempt.lane, wait_ms)
    end
    x:throttle(attempt.all, FREE_OF_ACCOUNT, WINDOW_MS, 1)
end

-- The password was right: takes the try out of the count.
function throttle.end_signin(x, attempt)
    forget(x, attempt)
end

-- Wrong codes of second factors. Who tries knows the password; so these are few, for an account
-- from all networks together. A browser that is known is counted apart, so its user still gets in.
local FACTOR_LIMITS = {
    { name = "factor:", most = 10, window_ms = WINDOW_MS },
    { name = "factor day:", most = 50, window_ms = 24 * 3600 * 1000 },
}

-- Counts a try before its code is compared, or ends the task with a 429.
function throttle.begin_code(x, user_id, device)
    local attempt = { at_ms = core.now_ms(), lane = user_id .. " " .. (device or "") }
    for _, limit in ipairs(FACTOR_LIMITS) do
        local allowed, retry_after_ms = x:throttle(limit.name .. attempt.lane, limit.most,
            limit.window_ms, 1, attempt.at_ms)
        if not allowed then
            x:refuse(429, "rate_limit_exceeded", "Too many codes were wrong. Try again later, or"
                .. " with a browser that was signed in before.", nil, nil,
                math.max(retry_after_ms, 1))
        end
    end
    return attempt
end

-- The code was good: takes the try out of the count.
function throttle.end_code(x, attempt)
    for _, limit in ipairs(FACTOR_LIMITS) do
        x:throttle(limit.name .. attempt.lane, limit.most, limit.window_ms, -1, attempt.at_ms)
    end
end

-- Wrong codes of vouchers, by account and by network: many accounts are soon made. A code that is
-- good gives its try back.
local CODES_OF_ACCOUNT, CODES_OF_NETWORK = 10, 30

-- Counts a try before its code is looked for, or ends the task with a 429. Returns its end: to be
-- called when the code was good.
function throttle.count_voucher(x, account_id)
    local at_ms, network = core.now_ms(), x:network()
    local lanes = { ["voucher:" .. account_id] = CODES_OF_ACCOUNT }
    if not is_loopback(network) then
        lanes["voucher at:" .. network] = CODES_OF_NETWORK
    end
    for lane, most in pairs(lanes) do
        local allowed, retry_after_ms = x:throttle(lane, most, WINDOW_MS, 1, at_ms)
        if not allowed then
            x:refuse(429, "rate_limit_exceeded", "Too many codes were wrong. Try again in a few"
                .. " minutes.", nil, nil, math.max(retry_after_ms, 1))
        end
    end
    return function()
        for lane, most in pairs(lanes) do
            x:throttle(lane, most, WINDOW_MS, -1, at_ms)
        end
    end
end

-- Tokens of invitations that were wrong, by network.
local INVITATIONS = 30

-- Counts a try, or ends the task with a 429. Returns its end: to be called when the token was good.
function throttle.count_invitation(x)
    local at_ms, network = core.now_ms(), x:network()
    local lane = "invitation at:" .. network
    if is_loopback(network) then
        return function() end
    end
    local allowed, retry_after_ms = x:throttle(lane, INVITATIONS, WINDOW_MS, 1, at_ms)
    if not allowed then
        x:refuse(429, "rate_limit_exceeded", "Too many invitations were wrong. Try again in a few"
            .. " minutes.", nil, nil, math.max(retry_after_ms, 1))
    end
    return function() x:throttle(lane, INVITATIONS, WINDOW_MS, -1, at_ms) end
end

-- Questions to the payment processor that one account may cause.
local PAYMENTS, PAYMENT_WINDOW_MS = 20, 10 * 60 * 1000

function throttle.count_payment(x, account_id)
    local allowed, retry_after_ms = x:throttle("payment:" .. account_id, PAYMENTS,
        PAYMENT_WINDOW_MS, 1)
    if not allowed then
        x:refuse(429, "rate_limit_exceeded", "Too many payments were begun. Try again later.", nil,
            nil, math.max(retry_after_ms, 1))
    end
end

-- Mails that strangers can have us send, by receiver and by network.
local MAILS, MAILS_OF_NETWORK, MAILS_MS = 3, 30, 60 * 60 * 1000

local function mail_lane(x)
    local network = x:network()
    return not is_loopback(network) and "mail from:" .. network or nil
end

-- Counts a mail to anybody; false: this network has had too many sent.
function throttle.may_mail(x)
    local lane = mail_lane(x)
    return not lane or x:throttle(lane, MAILS_OF_NETWORK, MAILS_MS, 1)
end

local function refuse_mail(x, retry_after_ms)
    x:refuse(429, "rate_limit_exceeded", "This mail was sent several times. Look for it, also"
        .. " among unwanted mail, or try again later.", nil, nil, math.max(retry_after_ms, 1))
end

-- Counts a mail of this kind to this receiver, known or not, or ends the task with a 429. First the
-- network: what is refused there must not keep the receiver from asking elsewhere. What is refused
-- for the receiver gives its place in the network's count back.
function throttle.count_mail(x, receiver)
    local at_ms, lane = core.now_ms(), mail_lane(x)
    if lane and not x:throttle(lane, MAILS_OF_NETWORK, MAILS_MS, 1, at_ms) then
        refuse_mail(x, MAILS_MS)
    end
    local allowed, retry_after_ms = x:throttle("mail:" .. receiver, MAILS, MAILS_MS, 1)
    if not allowed then
        if lane then
            x:throttle(lane, MAILS_OF_NETWORK, MAILS_MS, -1, at_ms)
        end
        refuse_mail(x, retry_after_ms)
    end
end

return throttle
