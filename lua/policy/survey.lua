-- The servers that are asked for context lengths, and for which models: made once for the whole VM.
local native = require "policy.native"
local trials = require "policy.trials"

local survey = {}

-- The handle of a provider that is asked, as a candidate without a price.
function survey.server_of(provider)
    local server = {
        provider = provider.name, model = "", buy = {}, sold = {}, margin_ppm = 0, weight = 0,
    }
    for name, value in pairs(provider) do
        server[name] = server[name] or value
    end
    return native.candidate(server)
end

-- provider -> list of its own names for the models, each once.
local function names_by_provider(found)
    local names, seen = {}, {}
    local function add(candidates)
        for _, candidate in ipairs(candidates) do
            local provider, key = candidate.provider, candidate.context_key
            if key and candidate.available and not seen[provider .. key] then
                seen[provider .. key] = true
                names[provider] = names[provider] or {}
                table.insert(names[provider], candidate.model)
            end
        end
    end
    for _, id in ipairs(found.ids) do
        add(found.models[id].candidates)
        add(trials.each(found.models[id]))
    end
    return names
end

function survey.servers(found)
    local list = {}
    for name, models in pairs(names_by_provider(found)) do
        list[#list + 1] = { name = name, server = survey.server_of(found.providers[name]),
            models = models }
    end
    table.sort(list, function(a, b) return a.name < b.name end)
    return native.survey(list)
end

-- The providers whose balances are watched.
function survey.balances(found)
    local list = {}
    for name, provider in pairs(found.providers) do
        local balance = provider.balance
        if balance and provider.available then
            list[#list + 1] = { name = name, server = survey.server_of(provider),
                url = balance.url, key = balance.key, kind = balance.kind,
                below_nusd = balance.below_nusd }
        end
    end
    table.sort(list, function(a, b) return a.name < b.name end)
    return list
end

-- The service accounts through which models are sold.
function survey.accounts(found)
    local list = {}
    for _, provider in pairs(found.providers) do
        if provider.service_account and provider.available and provider.models > 0 then
            list[#list + 1] = provider.service_account
        end
    end
    return list
end

return survey
