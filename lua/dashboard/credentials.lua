-- Rules for e-mail addresses and passwords of new accounts.
local body = require "dashboard.body"
local cjson = require "cjson"
local limits = require "dashboard.limits"
local session = require "dashboard.session"
local store = require "store"
local throttle = require "dashboard.throttle"

local credentials = {}

local EMAIL_BYTES_MAX = 254
local LOCAL_BYTES_MAX = 64
local PASSWORD_CHARS_MIN = limits.PASSWORD_CHARS_MIN
local PASSWORD_BYTES_MAX = limits.PASSWORD_BYTES_MAX
local RETRY_MS = 2000

local function is_label(label)
    return #label <= 63 and string.find(label, "^%w[%w-]*$") and not string.find(label, "-$")
end

-- At least two labels; the last one must not be a number.
local function is_domain(domain)
    local count, last = 0, nil
    for label in string.gmatch(domain .. ".", "([^.]*)%.") do
        if not is_label(label) then
            return false
        end
        count, last = count + 1, label
    end
    return count >= 2 and not string.find(last, "^%d+$")
end

local function is_local_part(text)
    return #text <= LOCAL_BYTES_MAX and string.find(text, "^[%w.!#$%%&'*+/=?^_`{|}~-]+$")
        and not string.find("." .. text .. ".", "..", 1, true)
end

-- The form that browsers accept in <input type=email>, with a dot in the domain.
function credentials.is_email(email)
    if #email > EMAIL_BYTES_MAX then
        return false
    end
    local name, domain = string.match(email, "^([^@]+)@([^@]+)$")
    return name and is_local_part(name) and is_domain(domain) and true or false
end

function credentials.refuse_email(x)
    x:refuse(400, "invalid_email", "email must be an address such as name@example.com.", "email")
end

-- ---- passwords: checked and compared in Unicode's normal form C ----

-- The longest text that a client may send, before it is checked.
credentials.TEXT_BYTES_MAX = 4096

-- Why a password is too weak, as a sentence and as a word for pages; or nil.
local function weakness(password, email)
    local normal, characters = core.normalise(password)
    if not normal or #normal > PASSWORD_BYTES_MAX or #password > PASSWORD_BYTES_MAX then
        return "Too long: at most " .. PASSWORD_BYTES_MAX .. " bytes are possible.", "long"
    elseif characters < PASSWORD_CHARS_MIN then
        return "Too few characters: at least " .. PASSWORD_CHARS_MIN .. " are needed.", "short"
    elseif string.rep(string.sub(normal, 1, #normal / characters), characters) == normal then
        return "Too weak: one repeated character is guessed at once.", "repeated"
    elseif string.lower(normal) == string.lower(email) then
        return "Too weak: the e-mail address is guessed at once.", "email"
    elseif core.is_common_password(normal) then
        return "Too weak: this one is among the first that are tried.", "common"
    end
    return nil
end

-- Ends the task with a 400 if the password is too weak.
function credentials.check_new(x, password, email, name)
    local why, word = weakness(password, email)
    if why then
        x:refuse(400, "weak_password", why, name, '{"reason":"' .. word .. '"}')
    end
end

local function check_not_dropped(x, dropped)
    if dropped then
        x:refuse(503, "overloaded", "Too many people are signing in just now. Try again in a few"
            .. " seconds.", nil, nil, RETRY_MS)
    end
end

-- The hash to store. Yields.
function credentials.hash(x, password, email)
    local done, hash, dropped = x:hash_password(password, string.lower(email))
    check_not_dropped(x, dropped)
    if not done then
        error("the password cannot be hashed")
    end
    return hash
end

-- Whether the hash belongs to this password. "" belongs to none, and takes as long. Yields. `rank`
-- decides whose turn it is when there are many (core/base/fair_pool.h).
function credentials.verify(x, password, hash, email, rank)
    if #password > PASSWORD_BYTES_MAX then
        password, hash = "", ""
    end
    local right, _, dropped = x:verify_password(password, hash, string.lower(email), rank)
    check_not_dropped(x, dropped)
    return right
end

-- Ends the task with a 403 unless this is the password of the signed-in user. Returns its hash.
function credentials.check_typed(x, user, password, name)
    local known = cjson.decode(store.call(x, "user.credentials", user.email, nil, nil))
    local attempt = throttle.begin_signin(x, session.digest(x), known.unlocked_ms, user.email)
    if not credentials.verify(x, password, known.password_hash, user.email, "trusted") then
        throttle.fail_signin(x, attempt)
        x:refuse(403, "wrong_password", name .. " is not your password.", name)
    end
    throttle.end_signin(x, attempt)
    return known.password_hash
end

-- The same for the password in a member of the body.
function credentials.check_password(x, user, members, name)
    body.require(x, members, name)
    local password = body.text(x, members, name, credentials.TEXT_BYTES_MAX)
    return credentials.check_typed(x, user, password, name)
end

-- Whether the store can look this address up; if not, no account has it.
function credentials.is_possible(email)
    return #email <= EMAIL_BYTES_MAX and not string.find(email, "%z")
end

return credentials
