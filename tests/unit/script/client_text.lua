-- Drives every route of the gateway with one long text in one place, against an exchange of wood.
-- Returns a function: without arguments it gives the number of cases; with a case and a length it
-- runs it, and returns the name of the case and what was wrong, or nil.
local admin = require "admin"
local dashboard = require "dashboard"
local openai = require "openai"

local MEMBERS = {
    "amount", "budget", "budget_period", "current_password", "disabled", "email", "exchange_id",
    "expires_at", "group", "kind", "models", "name", "new_password", "password", "reason", "role",
    "token", "user_id", "unknown", "code", "text", "invitation", "proof", "credit", "uses", "last4",
    "grace_seconds", "version", "accept_terms",
}
local PARAMETERS = {
    "by", "cursor", "from", "id", "key", "key_id", "kind", "limit", "model", "search", "sort", "to",
    "totals", "tz", "user_id", "unknown", "actor", "action", "month", "months",
}
local HEADERS = { "content-type", "cookie", "host", "if-none-match", "origin", "sec-fetch-site" }

-- ---- long texts ----

local function repeated(unit)
    return function(bytes)
        return string.sub(string.rep(unit, math.ceil(bytes / #unit)), 1, bytes)
    end
end

local function around(first, unit, last)
    return function(bytes)
        return first .. string.rep(unit, math.floor(bytes / #unit)) .. last
    end
end

local TEXTS = {
    digits = repeated "1",
    exponent = around("", "1", "e-5"),
    dots = repeated ".",
    labels = around("a@", "a.", "a"),
    spaces = repeated " ",
    spaced = around("a=", " ", "x"),
    letters = repeated "a",
    percents = repeated "%",
    escapes = repeated "%41",
    commas = repeated "day,",
    semicolons = repeated "a=b;",
    dashes = around("a", "-", "!"),
    colons = around("http:", ":", "!"),
}

local VALUES = { -- raw JSON
    number = repeated "1",
    fraction = around("0.", "0", "1"),
    exponent = around("1e", "9", ""),
    quotes = around('"', '\\"', '"'),
    codes = around('"', "\\u0020", '"'),
    list = around("[1", ",1", "]"),
    texts = around('["a"', ',"a"', "]"),
    numbers = around("[", "1", "]"),
    object = around('{"a":"', "1", '"}'),
}
for name, text in pairs(TEXTS) do
    VALUES["text of " .. name] = function(bytes) return '"' .. text(bytes) .. '"' end
end

-- ---- the exchange ----

local STOP = {}
local USER = '{"id":"user_1","email":"a@example.com","role":"admin","account_id":"acct_1",'
    .. '"group":"","digest":"' .. string.rep("0", 64) .. '","password_hash":"x","disabled":false,'
    .. '"budget":null,"budget_period":null,"unlocked_ms":0,"known_device":false,'
    .. '"low_balance":null,"author":{"id":"user_1","email":"a@example.com"},"sealed":"",'
    .. '"user_id":"user_1","enabled_at":null,"recovery_codes":0,"text":"","uses":0,'
    .. '"balance":"1","data":[],"attempts":1,"failures":0,"window_s":1,"refused":null}'

local function stop()
    error(STOP, 0)
end

local words = {
    refuse = stop, reply = stop, fail = stop, finish = stop, answer_again = stop, relay = stop,
    download = stop,
    call = function() return true, USER, "" end,
    call_as = function() return true, USER, "" end,
    claim = function() return true end,
    hash_password = function() return true, "hash" end,
    verify_password = function() return true end,
    new_token = function() return "token", string.rep("0", 64) end,
    new_key = function() return "key", string.rep("0", 64), "llm_sk_", "last" end,
    digest = function() return string.rep("0", 64) end,
    throttle = function() return true, 0 end,
    peer = function() return "192.0.2.7", false end,
    live = function() return USER end,
    provider_state = function() return USER end,
    authenticate = function() return "", "" end,
    caller = function() return "key_1", "acct_1", "user_1" end,
    read_request = function() return "demo", false, nil, 1 end,
    header = function() end,
}

local function exchange_of(case)
    local x = setmetatable({}, { __index = function(_, name) return words[name] or stop end })
    function x.asked()
        return case.method, case.path, case.query or ""
    end
    function x.asked_header(_, name)
        if case.header == name then
            if #case.value > 1024 and name ~= "cookie" then
                stop() -- as core/script/api_exchange.c does
            end
            return case.value
        elseif name == "content-type" then
            return "application/json"
        elseif name == "cookie" then
            return "session=abc; device=abc"
        end
        return nil
    end
    function x.body()
        return case.body or ""
    end
    return x
end

-- ---- the cases ----

-- What a call of a case needs, by a function of the text's length.
local cases = {}

local function add(route, what, make)
    cases[#cases + 1] = {
        name = route.method .. " " .. route.path .. ": " .. what,
        route = route,
        make = make,
    }
end

local function add_values(route)
    for _, member in ipairs(MEMBERS) do
        for shape, value in pairs(VALUES) do
            add(route, "member " .. member .. ", " .. shape, function(case, bytes)
                -- With what the others need, so that all of them are come to.
                local others = {
                    email = '"a@example.com"', password = '"long enough"', name = '"a"',
                    amount = '"1"', user_id = '"user_1"', exchange_id = '"req_1"',
                    reason = '"because"', token = '"token"', current_password = '"long enough"',
                    new_password = '"long enough too"',
                }
                if route.method == "PATCH" then
                    others = {}
                end
                others[member] = value(bytes)
                local parts = {}
                for name, raw in pairs(others) do
                    parts[#parts + 1] = '"' .. name .. '":' .. raw
                end
                case.body = "{" .. table.concat(parts, ",") .. "}"
            end)
        end
    end
    for shape, text in pairs(TEXTS) do
        add(route, "the name of a member, " .. shape, function(case, bytes)
            case.body = '{"' .. text(bytes) .. '":1}'
        end)
        add(route, "the whole body, " .. shape, function(case, bytes)
            case.body = text(bytes)
        end)
    end
    add(route, "members", function(case, bytes)
        local parts = {}
        for i = 1, bytes / 10 do
            parts[i] = string.format('"%06d":1', i)
        end
        case.body = "{" .. table.concat(parts, ",") .. "}"
    end)
end

local function add_address(route)
    for shape, text in pairs(TEXTS) do
        for _, name in ipairs(PARAMETERS) do
            add(route, "parameter " .. name .. ", " .. shape, function(case, bytes)
                case.query = name .. "=" .. text(bytes)
            end)
        end
        add(route, "the query, " .. shape, function(case, bytes)
            case.query = text(bytes)
        end)
        for _, header in ipairs(HEADERS) do
            add(route, header .. ", " .. shape, function(case, bytes)
                case.header, case.value = header, text(bytes)
            end)
        end
        if string.find(route.path, "{id}", 1, true) then
            add(route, "the id, " .. shape, function(case, bytes)
                case.id = text(bytes)
            end)
        end
    end
end

for _, routes in ipairs { dashboard, admin, openai } do
    for _, route in ipairs(routes) do
        add_address(route)
        if route.method ~= "GET" then
            add_values(route)
        end
    end
end

return function(place, bytes)
    if not place then
        return #cases
    end
    local case = cases[place]
    local call = { method = case.route.method, path = case.route.path, id = "user_1" }
    case.make(call, bytes)
    local done, why = pcall(case.route.handler, exchange_of(call), call.id)
    if not done and why ~= STOP then
        return case.name, tostring(why)
    end
    return case.name
end
