-- Providers want the results of tools right behind their calls, and before anything else that is
-- said there. Clients may have texts in between: of the user in Gemini's and Responses' dialects,
-- of the developer in OpenAI's.
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

-- Returns the results of a message's calls, in the order of the calls.
local function results_of(message, i, found, taken)
    local list = {}
    for j = 1, #message.parts do
        local part = message.parts[j]
        local result = part.kind == "call" and take(found, part.id, i)
        if result then
            taken[result] = true
            list[#list + 1] = result
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
    local found = find_results(asked.messages)
    if not next(found) then
        return
    end
    local messages, taken, waiting = {}, {}, {}
    for i = 1, #asked.messages do
        local message = asked.messages[i]
        if #waiting > 0 and message.role ~= "user" then
            messages[#messages + 1] = { role = "user", parts = waiting }
            waiting = {}
        end
        local parts = append_rest(waiting, message, taken)
        messages[#messages + 1] = { role = message.role, parts = parts }
        waiting = results_of(message, i, found, taken)
    end
    asked.messages = messages
end

return results
