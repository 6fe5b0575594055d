-- routes.lua: which paths exist, which groups may use which models, the order of candidates, and
-- when the next one is tried.
local hedge = require "policy.hedge"
local rule = require "policy.rule"
local schema = require "policy.schema"
local sorting = require "policy.sorting"
local wishes = require "policy.wishes"

local routes = {}

local MEMBERS = { mounts = true, access = true, order = true, retry = true,
    groups = true, sort = true, wishes = true, queue = true, hedge = true }
local MOUNT_MEMBERS = { openai = true, gemini = true, dashboard = true }
local GEMINI_MOUNTS = { "/v1beta", "/api/v1beta" }
local ACCESS_MEMBERS = { default = true, groups = true, rule = true }
local RETRY_MEMBERS = { attempts_max = true, on = true, unknown = true }
local QUEUE_MEMBERS = { wait_ms = true, calls = true }
local CAUSES = {
    connect = true, reset = true, timeout = true, ["429"] = true, ["5xx"] = true, auth = true,
}
local ATTEMPTS_MAX = 8
local QUEUE_WAIT_MS_MAX = 10 * 60 * 1000
local QUEUE_CALLS_MAX = 10000

-- ---- reading ----

local function path(node, key, taken)
    local text = schema.text(node, key, schema.REQUIRED, 128)
    if not string.find(text, "^/[%w/._-]*[%w_-]$") or string.find(text, "//", 1, true)
        or string.find(text, "/.", 1, true) then
        schema.fail(node, key, 'must be a path such as "/v1": letters, digits, "-", "_", "." and '
            .. 'single slashes, no slash at its end')
    elseif taken[text] then
        schema.fail(node, key, 'the path "%s" is given twice', text)
    end
    taken[text] = true
    return text
end

-- Clients of Gemini's API ask below /v1beta, whatever their base URL is.
local function gemini_mounts(node, taken)
    local found = {}
    if node.value.gemini == nil then
        for _, place in ipairs(GEMINI_MOUNTS) do
            found[#found + 1] = not taken[place] and place or nil
        end
        return found
    end
    local list = schema.child(node, "gemini")
    for i = 1, schema.list(list, "paths") do
        found[i] = path(list, i, taken)
    end
    return found
end

-- Cohere's client asks below /v2, whatever the other paths are.
local function cohere_mounts(openai, taken)
    local found = {}
    for _, place in ipairs(openai) do
        local other = string.gsub(place, "/v1$", "/v2")
        found[#found + 1] = other ~= place and not taken[other] and other or nil
    end
    return found
end

local function mounts(parent)
    if parent.value.mounts == nil then
        return { openai = { "/v1", "/api/v1" }, gemini = GEMINI_MOUNTS,
            cohere = { "/v2", "/api/v2" }, dashboard = "/api" }
    end
    local node = schema.only(schema.child(parent, "mounts"), MOUNT_MEMBERS)
    local list = schema.child(node, "openai")
    local found, taken = { openai = {} }, {}
    for i = 1, schema.list(list, "paths") do
        found.openai[i] = path(list, i, taken)
    end
    if #found.openai == 0 then
        schema.fail(node, "openai", 'is empty: at least one path such as "/v1" is needed')
    end
    found.gemini = gemini_mounts(node, taken)
    found.dashboard = path(node, "dashboard", taken)
    found.cohere = cohere_mounts(found.openai, taken)
    return found
end

local function access(parent, models)
    local found = { groups = {} }
    if parent.value.access == nil then
        return found
    end
    local node = schema.only(schema.child(parent, "access"), ACCESS_MEMBERS)
    if node.value.default ~= nil then
        found.default = select(2, schema.choices(node, "default", models, "models"))
    end
    if node.value.groups ~= nil then
        local groups = schema.child(node, "groups")
        for name in schema.each(groups, "the group") do
            found.groups[name] = select(2, schema.choices(groups, name, models, "models"))
        end
    end
    found.rule = schema.callable(node, "rule")
    return found
end

-- `unknown`: whether what may have been done, and billed, is repeated; `repeats`: whether a
-- provider is asked once more when a kept connection ended before its answer: such a case. `hedge`:
-- what models have that say nothing else.
local function retry(parent)
    local found = { attempts_max = 3, on = CAUSES, unknown = true }
    if parent.value.retry ~= nil then
        local node = schema.only(schema.child(parent, "retry"), RETRY_MEMBERS)
        if node.value.on ~= nil then
            found.on = select(2, schema.choices(node, "on", CAUSES, "causes"))
        end
        found.attempts_max = schema.integer(node, "attempts_max", 3, 1, ATTEMPTS_MAX)
        found.unknown = node.value.unknown == nil or schema.boolean(node, "unknown")
    end
    found.hedge = hedge.read(parent)
    found.repeats = found.unknown and found.on.reset == true and found.attempts_max > 1
    return found
end

-- How long a call may wait where all that it may ask pauses for its rate limit, and behind how many
-- others; nothing: it is refused.
local function queue(parent, found)
    if parent.value.queue ~= nil then
        local node = schema.only(schema.child(parent, "queue"), QUEUE_MEMBERS)
        found.queue_wait_ms = schema.integer(node, "wait_ms", 10000, 1, QUEUE_WAIT_MS_MAX)
        found.queue_calls = schema.integer(node, "calls", 200, 1, QUEUE_CALLS_MAX)
    end
    return found
end

function routes.read(value, models)
    local node = schema.only(schema.open("routes.lua", value), MEMBERS)
    return {
        mounts = mounts(node),
        access = access(node, models),
        order = schema.callable(node, "order"),
        sort = sorting.read(node, "listed"),
        retry = queue(node, retry(node)),
        wishes = wishes.read(node),
        groups = select(2, schema.choices(node, "groups", nil, "groups")),
    }
end

-- ---- at request time ----

-- Whether request.group may use request.model; nil and the reason if the rule failed. The caller
-- checks what the key itself allows.
function routes.allowed(table_of_routes, request)
    local found = table_of_routes.access
    if found.rule then
        local value, why = rule.call("routes.lua: access.rule", found.rule, request)
        if why then
            return nil, why
        elseif value == false then
            return false
        elseif value ~= nil and value ~= true then
            return nil, "routes.lua: access.rule: the result must be true, false or nil, not "
                .. schema.kind_of(value)
        elseif value then
            return true
        end
    end
    local models = request.group and found.groups[request.group] or found.default
    return models == nil or models[request.model] == true
end

-- The candidates as a rule sees them. Prices are numbers in USD per million tokens, for comparing.
function routes.candidate_views(candidates)
    local views = {}
    for i, candidate in ipairs(candidates) do
        views[i] = rule.freeze {
            provider = candidate.provider,
            model = candidate.model,
            available = candidate.available,
            input = candidate.buy.input / 1e6,
            cached_input = candidate.buy.cached_input / 1e6,
            output = candidate.buy.output / 1e6,
        }
    end
    return views
end

-- The places of the model's candidates in the order of routes.order, or nil and the reason.
function routes.ordered(table_of_routes, request, model)
    local views = {}
    for i, view in ipairs(model.views) do
        views[i] = view
    end
    local list, why = rule.call("routes.lua: order", table_of_routes.order, request, views)
    if why then
        return nil, why
    end
    return sorting.places("routes.lua: order", list, model.views)
end

-- A test compares this with lua/annotations/policy.lua.
routes.MEMBERS = MEMBERS
routes.MOUNT_MEMBERS = MOUNT_MEMBERS
routes.ACCESS_MEMBERS = ACCESS_MEMBERS
routes.RETRY_MEMBERS = RETRY_MEMBERS
routes.QUEUE_MEMBERS = QUEUE_MEMBERS
routes.HEDGE_MEMBERS = hedge.MEMBERS

return routes
