-- Names of tools that a provider does not take: too long, or with other characters. Agents make
-- long ones of a server's and a tool's name. Such a tool gets a name of ours, which calls of it
-- lose again on their way back.
local names = {}

-- What OpenAI (openai 3.57.0) and Open Responses say; Google and Anthropic take up to 128 by now,
-- not everywhere.
local BYTES_MAX = 64
local TAKEN = "^[%w_-]+$"
local TAKES = { gemini = "^[%a_][%w_.:-]*$" }

local function is_taken(name, provider)
    return #name <= BYTES_MAX and string.find(name, TAKES[provider] or TAKEN) ~= nil
end

-- The same name in each request of a conversation, or a provider's cache would not know it again.
local function made_of(name)
    local sum = 0
    for i = 1, #name do
        sum = (sum * 31 + string.byte(name, i)) % 2147483647
    end
    local plain = string.gsub(string.sub(name, 1, 48), "[^%w_-]", "_")
    if not string.find(plain, "^[%a_]") then
        plain = "_" .. plain
    end
    return plain .. "_" .. string.format("%.0f", sum)
end

-- Returns the name that the provider gets, and notes a new one: ours[new] = name, new[name].
local function fitted(name, fit)
    if not name or is_taken(name, fit.provider) then
        return name
    end
    local short = fit.new[name]
    if not short then
        local made = made_of(name)
        short = made
        local count = 1
        while fit.ours[short] or fit.used[short] do
            count = count + 1
            short = made .. "_" .. count
        end
        fit.new[name], fit.ours[short] = short, name
    end
    return short
end

local function fit_messages(messages, fit)
    for i = 1, #messages do
        local parts = messages[i].parts
        for j = 1, #parts do
            local kind = parts[j].kind
            if kind == "call" or kind == "result" then
                parts[j].name = fitted(parts[j].name, fit)
            end
        end
    end
end

-- Renames the tools that the provider would refuse, wherever the request names them.
function names.fit(asked, provider)
    local fit = { provider = provider, ours = {}, new = {}, used = {} }
    local tools, choice = asked.tools or {}, asked.choice
    for i = 1, #tools do
        fit.used[tools[i].name] = true
    end
    for i = 1, #tools do
        tools[i].name = fitted(tools[i].name, fit)
    end
    fit_messages(asked.messages, fit)
    if choice then
        choice.name = fitted(choice.name, fit)
        for i = 1, choice.names and #choice.names or 0 do
            choice.names[i] = fitted(choice.names[i], fit)
        end
    end
    asked.answer.renamed = next(fit.ours) and fit.ours
end

local made = {} -- writer -> the one that stands before it

-- Returns a writer that gives calls on by the client's names.
function names.wrap(asked, writer)
    if not asked.renamed then
        return writer
    end
    if not made[writer] then
        made[writer] = setmetatable({
            call_start = function(s, key, id, name)
                return writer.call_start(s, key, id, s.asked.renamed[name] or name)
            end,
        }, { __index = writer })
    end
    return made[writer]
end

return names
