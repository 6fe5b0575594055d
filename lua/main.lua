-- The entry of every exchange: finds the handler for a request's path and method. Returns that one
-- function; core/script/task.c calls it with the exchange.
--
-- A route is {method, path, handler}. A path may end with "{id}", which takes the whole rest, or
-- with "{id}" and a fixed end: "/keys/{id}/rotate".
local admin = require "admin"
local cohere = require "openai.cohere"
local dashboard = require "dashboard"
local docs = require "docs"
local gemini = require "gemini"
local openai = require "openai"
local policy = require "policy"

local PATH_BYTES = 1024 -- of a path that is tidied
local DOUBLES = 3

local patterns = {} -- the methods at a path -> the path as a route has it
local exact = {} -- path -> {GET = handler, ...}
local prefixes = {} -- list of {prefix, suffix, methods}, longest first

local function methods_at(path)
    local prefix, suffix = string.match(path, "^(.*/){id}(.*)$")
    if not prefix then
        exact[path] = exact[path] or {}
        return exact[path]
    end
    for _, known in ipairs(prefixes) do
        if known.prefix == prefix and known.suffix == suffix then
            return known.methods
        end
    end
    local added = { prefix = prefix, suffix = suffix, methods = {} }
    table.insert(prefixes, added)
    return added.methods
end

local function mount(place, routes)
    for _, route in ipairs(routes) do
        local path = place .. route.path
        local methods = methods_at(path)
        methods[route.method] = route.handler
        patterns[methods] = path
    end
end

for _, place in ipairs(policy.mounts.openai) do
    mount(place, openai)
end
for _, place in ipairs(policy.mounts.gemini) do
    mount(place, gemini)
end
for _, place in ipairs(policy.mounts.cohere) do
    mount(place, cohere)
end
mount(policy.mounts.dashboard, dashboard)
mount(policy.mounts.dashboard, admin)
mount("", docs)
table.sort(prefixes, function(a, b)
    return #a.prefix + #a.suffix > #b.prefix + #b.suffix
end)

-- Removes double slashes and a slash at the end.
local function tidy(path)
    return (string.gsub(string.gsub(path, "//+", "/"), "(.)/$", "%1"))
end

-- Removes from a path what a client adds when its base URL was too long: a mount before a mount
-- (/v1/v1/models), or a whole endpoint (/v1/chat/completions/models). Returns the rest.
local function without_doubles(path)
    for _, place in ipairs(policy.mounts.openai) do
        local length = #place
        if string.sub(path, 1, length) == place then
            local rest = string.sub(path, length + 1)
            for _, inner in ipairs(policy.mounts.openai) do
                if string.sub(rest, 1, #inner + 1) == inner .. "/" then
                    return rest
                end
            end
            for _, route in ipairs(openai) do
                local own = route.path
                if string.sub(rest, 1, #own + 1) == own .. "/"
                    and exact[place .. string.sub(rest, #own + 1)] then
                    return place .. string.sub(rest, #own + 1)
                end
            end
        end
    end
end

-- The endpoint that such a path may mean, or nil.
local function meant(path)
    for _, route in ipairs(openai) do
        local own = route.path
        if string.sub(path, -#own) == own then
            return policy.mounts.openai[1] .. own
        end
    end
end

-- The methods of an exact path, and the value of {id}.
local function find_tidy(path)
    if exact[path] then
        return exact[path]
    end
    for _, known in ipairs(prefixes) do
        local first, last = #known.prefix + 1, #path - #known.suffix
        if first <= last and string.sub(path, 1, first - 1) == known.prefix
            and string.sub(path, last + 1) == known.suffix then
            return known.methods, string.sub(path, first, last)
        end
    end
end

-- The same for a path with such faults.
local function find_untidy(path)
    if #path > PATH_BYTES then
        return nil
    end
    local tidied = tidy(path)
    for _ = 1, DOUBLES do
        local inner = without_doubles(tidied)
        if not inner then
            break
        end
        tidied = inner
    end
    return find_tidy(tidied)
end

local function find(path)
    if exact[path] then
        return exact[path]
    end
    local methods, id
    if not string.find(path, "//", 1, true) and string.sub(path, -1) ~= "/" then
        methods, id = find_tidy(path)
    end
    if methods then
        return methods, id
    end
    return find_untidy(path)
end

local function allowed(methods)
    local names = {}
    for name in pairs(methods) do
        table.insert(names, name)
    end
    if methods.GET then
        table.insert(names, "HEAD")
    end
    table.sort(names)
    return table.concat(names, ", ")
end

return function(x)
    local method, path, _, traced = x:asked()
    local methods, id = find(path)
    if traced and methods then
        x:note_route(patterns[methods])
    end
    if not methods then
        local endpoint = meant(path)
        x:refuse(404, "not_found", "There is nothing at " .. path .. "."
            .. (endpoint and " Did you mean " .. endpoint .. "?" or ""))
    end
    local handler = methods[method] or (method == "HEAD" and methods.GET)
    if not handler then
        x:header("Allow", allowed(methods))
        x:refuse(405, "method_not_allowed",
            method .. " is not possible here; allowed: " .. allowed(methods) .. ".")
    end
    handler(x, id)
end
