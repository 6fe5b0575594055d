-- margins.lua: the sell price is the buy price plus a margin. The most specific one counts: the
-- rule (a function), then the group's for this model, the group's, the model's, the default.
local rule = require "policy.rule"
local schema = require "policy.schema"

local margins = {}

local MEMBERS = { default = true, models = true, groups = true, rule = true }
local GROUP_MEMBERS = { default = true, models = true }

local function by_model(parent, models)
    local found = {}
    if parent.value.models == nil then
        return found
    end
    local node = schema.child(parent, "models")
    for id in schema.each(node, "the model") do
        if not models[id] then
            schema.fail(node, id, 'models.lua has no model "%s"%s', id, schema.nearest(id, models))
        end
        found[id] = schema.margin(node, id)
    end
    return found
end

local function by_group(parent, models)
    local found = {}
    if parent.value.groups == nil then
        return found
    end
    local node = schema.child(parent, "groups")
    for name in schema.each(node, "the group") do
        if type(node.value[name]) == "string" then
            found[name] = { default = schema.margin(node, name), models = {} }
        else
            local group = schema.only(schema.child(node, name), GROUP_MEMBERS)
            found[name] = {
                default = schema.margin(group, "default"),
                models = by_model(group, models),
            }
        end
    end
    return found
end

function margins.read(value, models)
    local node = schema.only(schema.open("margins.lua", value), MEMBERS)
    return {
        default = schema.margin(node, "default", schema.REQUIRED),
        models = by_model(node, models),
        groups = by_group(node, models),
        rule = schema.callable(node, "rule"),
    }
end

-- The margin in parts per million, or nil and the reason.
function margins.of(table_of_margins, request)
    if table_of_margins.rule then
        local value, why = rule.call("margins.lua: rule", table_of_margins.rule, request)
        if why then
            return nil, why
        elseif value ~= nil then
            local ppm
            ppm, why = schema.parse_margin(value)
            if ppm then
                return ppm
            end
            return nil, "margins.lua: rule: the result " .. why
        end
    end
    local group = request.group and table_of_margins.groups[request.group]
    return group and (group.models[request.model] or group.default)
        or table_of_margins.models[request.model]
        or table_of_margins.default
end

-- The smallest margin that a customer of the model may have; a rule's margins are unknown.
function margins.lowest(table_of_margins, id)
    local of_model = table_of_margins.models[id] or table_of_margins.default
    local lowest = of_model
    for _, group in pairs(table_of_margins.groups) do
        lowest = math.min(lowest, group.models[id] or group.default or of_model)
    end
    return lowest
end

-- A test compares this with lua/annotations/policy.lua.
margins.MEMBERS = MEMBERS
margins.GROUP_MEMBERS = GROUP_MEMBERS

return margins
