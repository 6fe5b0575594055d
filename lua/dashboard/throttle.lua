-- How often strangers may try: sign-ups by network address, wrong passwords by e-mail address and
-- by network address.
local throttle = {}

local SIGNUPS, SIGNUP_WINDOW_MS = 120, 60 * 1000
local FAILURES_OF_EMAIL, FAILURES_OF_ADDRESS = 10, 100
local FAILURE_WINDOW_MS = 15 * 60 * 1000

local function is_loopback(address)
    return address == "::1" or string.find(address, "^127%.")
        or string.find(address, "^::ffff:127%.")
end

-- Whom an address belongs to: IPv4 as it is, IPv6 by its first 64 bits, for who has one of these
-- has all. Nil for this machine: that is a proxy in front of us, and one count would be for all.
local function network_of(x)
    local address = x:peer()
    if is_loopback(address) then
        return nil
    elseif not string.find(address, ":", 1, true) or string.find(address, ".", 1, true) then
        return address
    end
    local groups = {}
    for group in string.gmatch(string.match(address, "^(.-)::") or address, "[^:]+") do
        if #groups < 4 then
            groups[#groups + 1] = group
        end
    end
    return table.concat(groups, ":") .. "::/64"
end

local function check(x, name, limit, window_ms, count, message)
    local allowed, retry_after_ms = x:throttle(name, limit, window_ms, count)
    if not allowed then
        x:refuse(429, "rate_limit_exceeded", message, nil, nil, math.max(retry_after_ms, 1))
    end
end

function throttle.count_signup(x)
    local network = network_of(x)
    if network then
        check(x, "signup:" .. network, SIGNUPS, SIGNUP_WINDOW_MS, 1,
            "Too many accounts are being made from your address. Try again in a minute.")
    end
end

-- With count 0 only asks whether one more failure would be allowed.
local function count_failures(x, email, count)
    local message = "Too many failed attempts to sign in. Wait before you try again."
    local network = network_of(x)
    check(x, "signin as:" .. string.lower(email), FAILURES_OF_EMAIL, FAILURE_WINDOW_MS, count,
        message)
    if network then
        check(x, "signin from:" .. network, FAILURES_OF_ADDRESS, FAILURE_WINDOW_MS, count, message)
    end
end

-- Ends the task when there have been too many failures.
function throttle.check_signin(x, email)
    count_failures(x, email, 0)
end

function throttle.count_failed_signin(x, email)
    count_failures(x, email, 1)
end

return throttle
