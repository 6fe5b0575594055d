-- margins.lua: the sell price is the buy price plus a margin. The most exact answer counts: the
-- rule (a function), then the group's for this model, the group's, the model's, the default.
local rule = require "policy.rule"
local shape = require "policy.shape"

local margins = {}

local MEMBERS = { default = true, models = true, groups = true, rule = true }
local GROUP_MEMBERS = { default = true, models = true }

local function by_model(parent, models)
    local found = {}
    if parent.value.models == nil then
        return found
    end
    local node = shape.child(parent, "models")
    for id in shape.each(node, "the model") do
        if not models[id] then
            shape.fail(node, id, 'models.lua has no model "%s"%s', id, shape.nearest(id, models))
        end
        found[id] = shape.margin(node, id)
    end
    return found
end

local function by_group(parent, models)
    local found = {}
    if parent.value.groups == nil then
        return found
    end
    local node = shape.child(parent, "groups")
    for name in shape.each(node, "the group") do
        if type(node.value[name]) == "string" then
            found[name] = { default = shape.margin(node, name), models = {} }
        else
            local group = shape.only(shape.child(node, name), GROUP_MEMBERS)
            found[name] = {
                default = shape.margin(group, "default"),
                models = by_model(group, models),
            }
        end
    end
    return found
end

function margins.read(value, models)
    local node = shape.only(shape.open("margins.lua", value), MEMBERS)
    return {
        default = shape.margin(node, "default", shape.REQUIRED),
        models = by_model(node, models),
        groups = by_group(node, models),
        rule = shape.callable(node, "rule"),
    }
end

-- The margin in parts per million, or nil and why there is none.
function margins.of(table_of_margins, request)
    if table_of_margins.rule then
        local value, why = rule.call("margins.lua: rule", table_of_margins.rule, request)
        if why then
            return nil, why
        elseif value ~= nil then
            local ppm
            ppm, why = shape.parse_margin(value)
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

-- The smallest margin that a customer of the model may have; what the rule gives is not known.
function margins.lowest(table_of_margins, id)
    local of_model = table_of_margins.models[id] or table_of_margins.default
    local lowest = of_model
    for _, group in pairs(table_of_margins.groups) do
        lowest = math.min(lowest, group.models[id] or group.default or of_model)
    end
    return lowest
end

-- Held equal to lua/annotations/policy.lua by a test.
margins.MEMBERS = MEMBERS
margins.GROUP_MEMBERS = GROUP_MEMBERS

return margins
