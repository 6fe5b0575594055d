-- The member in which a provider takes the longest answer. OpenAI has renamed it: its newer models
-- refuse the old name, and both at once. Most other providers know only the old name, and ignore
-- the new one, so that there is no limit.
local schema = require "policy.schema"

local answer_limit = {}

local FIELDS = { max_tokens = true, max_completion_tokens = true, both = true, any = true }
local RENAMED_AT = { "openai.com", "openai.azure.com" }

function answer_limit.field(node, default)
    return schema.choice(node, "max_tokens_field", default, FIELDS)
end

-- The member by the provider's host, for an entry that does not name one.
function answer_limit.usual_field(base_url)
    local host = string.lower(string.match(base_url, "^%a+://([^/:]*)") or "")
    for _, domain in ipairs(RENAMED_AT) do
        if host == domain or string.sub(host, -#domain - 1) == "." .. domain then
            return "max_completion_tokens"
        end
    end
    return "any"
end

return answer_limit
