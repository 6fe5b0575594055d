-- The first line of every exchange: finds the handler for a request's path and method. Returns that
-- one function; core/script/task.c calls it with the exchange.
--
-- A route is {method, path, handler}; a path may end with "{id}", which takes the whole rest.
local admin = require "admin"
local dashboard = require "dashboard"
local openai = require "openai"
local policy = require "policy"

local exact = {} -- path -> {GET = handler, ...}
local prefixes = {} -- list of {prefix, methods}, longest first

local function methods_at(path)
    local prefix = string.match(path, "^(.*/){id}$")
    if not prefix then
        exact[path] = exact[path] or {}
        return exact[path]
    end
    for _, known in ipairs(prefixes) do
        if known.prefix == prefix then
            return known.methods
        end
    end
    local added = { prefix = prefix, methods = {} }
    table.insert(prefixes, added)
    return added.methods
end

local function mount(place, routes)
    for _, route in ipairs(routes) do
        methods_at(place .. route.path)[route.method] = route.handler
    end
end

for _, place in ipairs(policy.mounts.openai) do
    mount(place, openai)
end
mount(policy.mounts.dashboard, dashboard)
mount(policy.mounts.dashboard, admin)
table.sort(prefixes, function(a, b) return #a.prefix > #b.prefix end)

-- The methods of a path, and what stands in the place of {id}.
local function find(path)
    local methods = exact[path]
    if methods then
        return methods
    end
    for _, known in ipairs(prefixes) do
        local length = #known.prefix
        if #path > length and string.sub(path, 1, length) == known.prefix then
            return known.methods, string.sub(path, length + 1)
        end
    end
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
    local method, path = x:asked()
    local methods, id = find(path)
    if not methods then
        x:refuse(404, "not_found", "There is nothing at " .. path .. ".")
    end
    local handler = methods[method] or (method == "HEAD" and methods.GET)
    if not handler then
        x:header("Allow", allowed(methods))
        x:refuse(405, "method_not_allowed",
            method .. " is not possible here; allowed: " .. allowed(methods) .. ".")
    end
    handler(x, id)
end
