-- Under which name a provider takes the longest answer. OpenAI has renamed the member, refuses the
-- old name for its newer models, and both at once; most others know the old name only, and take the
-- new one for no limit at all.
local schema = require "policy.schema"

local answer_limit = {}

local FIELDS = { max_tokens = true, max_completion_tokens = true, both = true, any = true }
local RENAMED_AT = { "openai.com", "openai.azure.com" }

function answer_limit.field(node, default)
    return schema.choice(node, "max_tokens_field", default, FIELDS)
end

-- For a provider whose entry does not say: by its host.
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
