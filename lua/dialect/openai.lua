-- What both dialects of OpenAI read and write alike.
local common = require "dialect.common"
local native = require "dialect.native"

local doc, out = native.document, native.output
local put = native.put

local openai = {}

openai.MODES = { none = "none", auto = "auto", required = "any" }

-- What `tool_choice` says by a word; nil: it is an object.
function openai.read_mode(node)
    if native.kind(doc, node) ~= "string" then
        return nil
    end
    local mode = openai.MODES[native.text(doc, node, 32)]
    if not mode then
        common.refuse("tool_choice", "'tool_choice' must be none, auto, required or a tool.")
    end
    return { mode = mode }
end

-- The words that OpenAI's clients know for the tier that has answered; theirs are closed lists.
local TIERS = { standard = "default" } -- Anthropic's word
for _, word in ipairs { "auto", "default", "flex", "scale", "priority", "fast", "ultrafast" } do
    TIERS[word] = word
end

-- The tier that has answered, or nil.
function openai.tier(s)
    return TIERS[s.service_tier or ""]
end

-- Texts as one string, an empty line between them.
function openai.put_joined(parts)
    put(out, '"')
    for i = 1, #parts do
        put(out, i > 1 and "\\n\\n" or "", -parts[i].node)
    end
    put(out, '"')
end

-- The members about tools. A tool, and the choice of one, have another form in each dialect.
function openai.put_tools(asked, put_tool, put_choice)
    if not asked.tools or #asked.tools == 0 then
        return
    end
    put(out, ',"tools":[')
    for i = 1, #asked.tools do
        put(out, i > 1 and "," or "")
        put_tool(asked.tools[i])
    end
    put(out, "]")
    if asked.choice then
        put_choice(asked.choice)
    end
    if asked.parallel ~= nil then
        put(out, ',"parallel_tool_calls":', asked.parallel and "true" or "false")
    end
end

return openai
