-- A service account in the place of a key: the access token of each call is fetched with it.
local native = require "policy.native"
local places = require "policy.places"
local schema = require "policy.schema"

local service_account = {}

local SOURCE_BYTES_MAX, FILE_BYTES_MAX = 64 * 1024, 250

-- Reads the key file that the entry names. Returns the handle and the file's project; or nil, what
-- stands for a project, and why there is none.
function service_account.read(node)
    if node.value.service_account == nil then
        local what = places.why_unset(node, "service_account", "its service_account is nil")
        return nil, "unset", 'provider "' .. node.key .. '" has no service account: ' .. what
    elseif node.value.api_key ~= nil then
        schema.fail(node, "service_account", "stands beside api_key: give one of the two")
    elseif node.value.key_header ~= nil then
        schema.fail(node, "key_header", "is for api_key; an access token goes out as Bearer")
    end
    local source = node.value.service_account
    if type(source) ~= "string" or source == "" or #source > SOURCE_BYTES_MAX then
        schema.fail(node, "service_account", "must be the path of a key file, or its text")
    end
    local ca_file = node.value.ca_file and schema.text(node, "ca_file", nil, FILE_BYTES_MAX)
    local account, project = native.service_account(source, ca_file)
    if not account then
        schema.fail(node, "service_account", "%s", project)
    end
    return account, project ~= "" and project or nil
end

return service_account
