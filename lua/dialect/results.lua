-- Providers want the results of tools right behind their calls, and before anything else that is
-- said there. Clients may have texts in between: of the user in Gemini's and Responses' dialects,
-- of the developer in OpenAI's. Anthropic also wants another id for each call; servers behind
-- OpenAI's chat use theirs again in each turn.
local results = {}

-- Where the results stand: id -> a list of {message, part}, in their order.
local function find_results(messages)
    local found = {}
    for i = 1, #messages do
        local parts = messages[i].parts
        for j = 1, #parts do
            if parts[j].kind == "result" then
                local id = parts[j].id
                found[id] = found[id] or { first = 1 }
                table.insert(found[id], { message = i, part = parts[j] })
            end
        end
    end
    return found
end

-- Takes the first result of a call that stands behind its message.
local function take(found, id, message)
    local list = found[id]
    while list and list[list.first] do
        local result = list[list.first]
        list.first = list.first + 1
        if result.message > message then
            return result.part
        end
    end
end

-- Ids of calls: id -> how often it came; 0: it comes later.
local function ids_of(messages)
    local ids = {}
    for i = 1, #messages do
        local parts = messages[i].parts
        for j = 1, #parts do
            if parts[j].kind == "call" then
                ids[parts[j].id] = 0
            end
        end
    end
    return ids
end

-- Returns the id for a call: at its first time its own, then one that no call has.
local function own_id(id, ids)
    local count = ids[id] + 1
    local own = id
    while count > 1 and ids[own] do
        own = id .. "_" .. count
        count = ids[own] and count + 1 or count
    end
    ids[id], ids[own] = count, own == id and count or 1
    return own
end

-- Returns the results of a message's calls, in the order of the calls.
local function results_of(message, i, known)
    local list = {}
    for j = 1, #message.parts do
        local part = message.parts[j]
        if part.kind == "call" then
            local result = take(known.results, part.id, i)
            part.id = own_id(part.id, known.ids)
            if result then
                result.id = part.id
                known.taken[result] = true
                list[#list + 1] = result
            end
        end
    end
    return list
end

-- Appends the parts of a message that were not taken from their place.
local function append_rest(parts, message, taken)
    for j = 1, #message.parts do
        if not taken[message.parts[j]] then
            parts[#parts + 1] = message.parts[j]
        end
    end
    return parts
end

-- Puts the results of a request behind their calls.
function results.settle(asked)
    local ids = ids_of(asked.messages)
    if not next(ids) then
        return
    end
    local known = { results = find_results(asked.messages), ids = ids, taken = {} }
    local messages, waiting = {}, {}
    for i = 1, #asked.messages do
        local message = asked.messages[i]
        if #waiting > 0 and message.role ~= "user" then
            messages[#messages + 1] = { role = "user", parts = waiting }
            waiting = {}
        end
        local parts = append_rest(waiting, message, known.taken)
        messages[#messages + 1] = { role = message.role, parts = parts }
        waiting = results_of(message, i, known)
    end
    asked.messages = messages
end

return results
