-- Calls that name what a provider keeps: a response, a conversation, an item. They go to the
-- provider that has it, if it is of the caller's account, and to no other.
local policy = require "policy"
local store = require "store"

local kept = {}

local WAIT_MS = 60000

kept.QUERY_BYTES = 1500 -- of a query that is passed on
kept.GATEWAY = ":gateway" -- has what the gateway itself keeps (core/store/turns.h)

-- Whether the account has all that the request names, and the gateway itself keeps it.
function kept.is_ours(x)
    local provider, owned = x:find_named()
    return owned and provider == kept.GATEWAY
end

-- If the request names what the gateway itself keeps, its body gets that in its place. Returns
-- whether it did: then the request is to be read again. Ends the task if a part is gone.
function kept.bring(x)
    if x:names_kept() ~= "strictly" or not x:keeps_turns() or not kept.is_ours(x) then
        return false -- items that are named loosely are whole: there is nothing to bring
    elseif not x:find_turns("bring") then
        x:refuse_turns()
    end
    x:bring_turns()
    return true
end

-- Which of the plan's candidates may see the request. Ends the task if it names what the account
-- has not, or what no candidate has.
function kept.candidates(x, plan)
    local naming = x:names_kept()
    if not naming then
        return plan.candidates
    elseif not plan.keepers and naming == "loosely" then
        return plan.candidates -- to them these items are whole
    elseif not plan.keepers and not x:keeps_turns() then
        x:refuse_kept()
    end
    local provider, owned = x:find_named()
    local keeper = plan.keepers and plan.keepers.of[provider]
    local others = plan.keepers and plan.keepers.others or plan.candidates
    if not owned and (naming == "strictly" or #others == 0) then
        x:limits(plan.limits, true) -- guesses count as requests
        x:refuse_named()
    elseif naming == "strictly" then
        return keeper and keeper.own or x:refuse_kept()
    end
    return owned and keeper and keeper.mixed or others
end

-- ---- what is asked about it ----

-- The account of the caller. Such questions cost nothing, but count as requests.
function kept.caller(x)
    local group = x:authenticate()
    local _, account_id = x:caller()
    x:limits(policy.limits { group = group, model = "" }, true)
    return account_id
end

-- Ends the task: there is nothing at this path.
function kept.refuse_path(x)
    local _, path = x:asked()
    x:refuse(404, "not_found", "There is nothing at " .. path .. ".", nil, nil, nil, true)
end

-- Notes a name of the address.
function kept.name(x, kind, id)
    if not x:name_kept(kind, id) then
        kept.refuse_path(x)
    end
end

-- The query with its question mark, as it came.
local function query_of(x)
    local _, _, query = x:asked()
    if #query > kept.QUERY_BYTES or string.find(query, "[^\33-\126]")
        or string.find(query, "#", 1, true)
    then
        x:refuse(400, "invalid_value", "The query is too long, or holds a character that cannot "
            .. "stand there.")
    end
    return query == "" and "" or "?" .. query
end

-- Asks the provider that has all that the request names. Returns its name, and whether it has done
-- what was asked. Ends the task if the caller's account has not all of it.
function kept.ask(x, method, path, body)
    path = path .. query_of(x)
    local provider, owned = x:find_named()
    if not owned then
        x:refuse_named()
    end
    return provider, kept.ask_keeper(x, provider, method, path, body)
end

-- The same of a provider by its name.
function kept.ask_keeper(x, provider, method, path, body)
    local keeper = policy.keepers[provider]
    if not keeper then
        x:refuse(503, "provider_unavailable", "The provider that keeps this is not set up now.")
    end
    local status = x:ask(keeper, method, path, body, WAIT_MS)
    return status ~= nil and status >= 200 and status < 300
end

-- What the answer tells of is the account's before the client knows of it.
function kept.own(x, account_id, provider, what)
    local lines = x:asked_objects(what)
    if lines ~= "" then
        store.call(x, "object.add", account_id, provider, lines)
    end
end

return kept
