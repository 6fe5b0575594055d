-- What `llm-gateway doctor` asks each provider: its list of models, which costs nothing and needs
-- the key. One question for each key of a pool.
local key_pool = require "policy.key_pool"
local survey = require "policy.survey"

local probes = {}

-- Where the list is, by the first dialect of an entry (core/dialect/dialect_kind.h).
local ANTHROPIC, GEMINI, GEMINI_EMBEDDINGS = 2, 3, 9
local PATHS = {
    [ANTHROPIC] = "/v1/models", [GEMINI] = "/v1beta/models", [GEMINI_EMBEDDINGS] = "/v1beta/models",
}
-- Anthropic refuses a question without a version.
local HEADERS = { [ANTHROPIC] = "anthropic-version: 2023-06-01\n" }

local function with_key(provider, key)
    local asked = {}
    for name, value in pairs(provider) do
        asked[name] = value
    end
    asked.api_key, asked.further_keys = key, nil
    asked.headers = asked.headers .. (HEADERS[provider.spoken_first] or "")
    return survey.server_of(asked)
end

local function probe_of(provider, key, ending)
    local name = provider.name
    if ending ~= "" then
        name = name .. " (key ..." .. ending .. ")"
    end
    return {
        name = name,
        server = with_key(provider, key),
        url = provider.base_url .. (PATHS[provider.spoken_first] or "/models"),
        keyed = key ~= nil,
    }
end

local function add(list, provider)
    local endings = key_pool.endings(provider)
    if not provider.available then
        list[#list + 1] = { name = provider.name, reason = provider.unavailable_reason }
    elseif #endings == 0 then
        list[#list + 1] = probe_of(provider, nil, "")
    end
    for i, ending in ipairs(provider.available and endings or {}) do
        local key = i == 1 and provider.api_key or provider.further_keys[i - 1]
        list[#list + 1] = probe_of(provider, key, #endings > 1 and ending or "")
    end
end

-- The providers through which models are sold.
function probes.list(found)
    local list = {}
    for _, provider in pairs(found.providers) do
        if not provider.demo and provider.models > 0 then
            add(list, provider)
        end
    end
    table.sort(list, function(a, b) return a.name < b.name end)
    return list
end

return probes
