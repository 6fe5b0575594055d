-- How often strangers may try: sign-ups by network, passwords by network and account together.
--
-- Nobody is locked out. Who guesses is slowed down: after some wrong passwords for an account from
-- one network the next one has to wait, and longer each time. The same account from elsewhere, and
-- other accounts from there, are not concerned, and a browser that was signed in to the account
-- before counts for itself.
local throttle = {}

local SIGNUPS, SIGNUP_WINDOW_MS = 120, 60 * 1000
local WINDOW_MS = 15 * 60 * 1000
local FREE = 6 -- wrong passwords that cost no time
local FIRST_WAIT_MS, LONGEST_WAIT_MS = 250, 60 * 1000
local COUNTED_MAX = 64
local PATIENCE_MS = 5000 -- a shorter wait is waited here; a longer one is told
-- Guesses at one account from many networks: each waits, none is refused.
local FREE_OF_ACCOUNT, WAIT_OF_ACCOUNT_MS = 100, 2000

local function is_loopback(network)
    return network == "::/64" or string.sub(network, 1, 4) == "127."
end

function throttle.count_signup(x)
    local network = x:network()
    if is_loopback(network) then -- a proxy in front of us that is not told in trusted_proxies
        return
    end
    local allowed, retry_after_ms = x:throttle("signup:" .. network, SIGNUPS, SIGNUP_WINDOW_MS, 1)
    if not allowed then
        x:refuse(429, "rate_limit_exceeded", "Too many accounts are being made from your address."
            .. " Try again in a minute.", nil, nil, math.max(retry_after_ms, 1))
    end
end

-- How long the next attempt has to wait after so many that were wrong.
local function wait_after(failures)
    if failures < FREE then
        return 0
    end
    return math.min(FIRST_WAIT_MS * 2 ^ (failures - FREE), LONGEST_WAIT_MS)
end

-- Whether it may go on now; else how long not. One attempt takes the place of a whole wait.
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

-- Counts an attempt before its password is looked at, so that many at once are counted like one
-- after the other; waits its turn, or ends the task with a 429. `device` is its
-- digest where it is known; `epoch` changes when the operator unlocks the account.
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

-- The password was wrong: from now on the next one waits.
function throttle.fail_signin(x, attempt)
    local wait_ms = wait_after(attempt.failures + 1)
    if wait_ms > 0 then
        take_turn(x, attempt.lane, wait_ms)
    end
    x:throttle(attempt.all, FREE_OF_ACCOUNT, WINDOW_MS, 1)
end

-- It was right: as if it had not been counted.
function throttle.end_signin(x, attempt)
    forget(x, attempt)
end

return throttle
