-- What the address of a known provider leaves open: a region, a resource, a project, a location.
local native = require "policy.native"
local schema = require "policy.schema"

local places = {}

local PLACE_BYTES_MAX = 63 -- of a region or the like: a label of a host name
-- Members of an entry, and what no value of theirs may have. Old projects of Google's have a domain
-- before them: "example.com:project".
local MEMBERS = {
    { name = "region", refused = "[^%w-]" },
    { name = "resource", refused = "[^%w-]" },
    { name = "project", refused = "[^%w.:-]" },
    { name = "location", refused = "[^%w-]" },
}

-- Why a member is nil.
function places.why_unset(node, member, otherwise)
    local variable = native.env_name(node.file, { node.key, member })
    return variable and "environment variable " .. variable .. " is not set" or otherwise
end

local function check(node, member, text, known)
    if not known or string.find(text, member.refused) or string.find(text, "^[-.]") then
        schema.fail(node, member.name,
            "must be letters, digits and -, in an entry that has provider")
    end
end

-- Fills in the members that stand in the address. `known`: what is known of the provider, or nil.
-- Returns why one is missing, or nil.
function places.fill(node, known)
    local address, missing = node.value.base_url, nil
    local function put(mark, text)
        if type(address) == "string" then
            address = string.gsub(address, mark, function() return text end)
        end
    end
    local location = schema.text(node, "location", nil, PLACE_BYTES_MAX)
    local hosts = known and known.hosts
    if hosts and location then
        put("{host}", hosts[location] or hosts.any)
    end
    for _, member in ipairs(MEMBERS) do
        local mark = "{" .. member.name .. "}"
        local given = schema.text(node, member.name, nil, PLACE_BYTES_MAX)
        if given then
            check(node, member, given, known)
        end
        if type(address) == "string" and string.find(address, mark, 1, true) then
            missing = missing or not given
                and places.why_unset(node, member.name, member.name .. " is missing") or nil
            put(mark, given or "unset")
        end
    end
    put("{host}", "unset")
    node.value.base_url = address
    return missing and 'provider "' .. node.key .. '" has no address: ' .. missing or nil
end

return places
