-- A response, as its first and last events and a plain answer have it.
local common = require "dialect.common"
local native = require "dialect.native"
local openai = require "dialect.openai"

local response = {}

function response.usage_text(usage)
    local input, output = usage.input or 0, usage.output or 0
    return string.format('{"input_tokens":%.0f,"input_tokens_details":{"cached_tokens":%.0f,'
        .. '"cache_write_tokens":%.0f},"output_tokens":%.0f,"output_tokens_details":'
        .. '{"reasoning_tokens":%.0f},"total_tokens":%.0f}', input, usage.cached or 0,
        usage.cache_write or 0, output, usage.reasoning or 0, input + output)
end

-- Status and reason of the end: "completed", or "incomplete" and why.
function response.ending(s)
    local reason = common.reason(s, 0)
    if reason == "length" then
        return "incomplete", "max_output_tokens"
    elseif reason == "content_filter" or (reason == "refusal" and not s.refused) then
        return "incomplete", "content_filter"
    end
    return "completed"
end

-- Writes the response with its items. `status` nil: it is in progress.
function response.put(s, items, status, why)
    local created = string.format("%.0f", s.created)
    native.put(native.output, '{"id":"resp_', s.id, '","object":"response","created_at":', created,
        ',"completed_at":', status and created or "null", ',"status":"', status or "in_progress",
        '","incomplete_details":', why and '{"reason":"' .. why .. '"}' or "null",
        ',"error":null,"model":', native.quoted(s.model), ',"output":[', items, "]", s.asked.echo,
        ',"service_tier":"', openai.tier(s) or "default", '","usage":',
        status and response.usage_text(common.usage(s)) or "null", "}")
end

return response
