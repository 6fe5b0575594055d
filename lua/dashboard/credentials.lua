-- E-mail addresses and passwords as they must be for a new account.
local limits = require "dashboard.limits"

local credentials = {}

local EMAIL_BYTES_MAX = 254
local LOCAL_BYTES_MAX = 64
local PASSWORD_BYTES_MIN = limits.PASSWORD_BYTES_MIN
local PASSWORD_BYTES_MAX = limits.PASSWORD_BYTES_MAX

-- What guessing begins with, of those that are long enough.
local COMMON = {}
for password in string.gmatch([[
    0123456789 1234567890 12345678910 123456789a a123456789 0987654321 9876543210 1122334455
    1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc qwertyuiop qwerty1234 qwerty12345
    qwerty123456 asdfghjkl1 abcdefghij abcd123456 abc123456789 password12 password123
    password1234 password12345 passwordpassword passw0rd123 p@ssw0rd123 p@ssword123 iloveyou12
    iloveyou123 letmein123 letmein1234 welcome123 welcome1234 changeme123 changeme1234
    admin12345 admin123456 administrator football123 baseball123 princess123 sunshine123
    superman123 dragon12345 monkey12345 trustno1trustno1 secret12345 llm-gateway llmgateway
]], "%S+") do
    COMMON[password] = true
end

local function is_label(label)
    return #label <= 63 and string.find(label, "^%w[%w-]*$") and not string.find(label, "-$")
end

-- At least two labels, the last of which is no number.
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

-- Why a password is not good enough, or nil.
function credentials.weakness(password, email)
    local lower = string.lower(password)
    if #password < PASSWORD_BYTES_MIN then
        return "Too few characters: at least " .. PASSWORD_BYTES_MIN .. " are needed."
    elseif #password > PASSWORD_BYTES_MAX then
        return "Too long: at most " .. PASSWORD_BYTES_MAX .. " bytes are possible."
    elseif string.rep(string.sub(password, 1, 1), #password) == password then
        return "Too weak: one repeated character is guessed at once."
    elseif lower == string.lower(email) then
        return "Too weak: the e-mail address is guessed at once."
    elseif COMMON[lower] then
        return "Too weak: this one is among the first that are tried."
    end
    return nil
end

-- Whether it can be looked up and hashed at all; if not, it is nobody's.
function credentials.is_possible(email, password)
    return #email <= EMAIL_BYTES_MAX and not string.find(email, "%z")
        and #password <= PASSWORD_BYTES_MAX
end

return credentials
