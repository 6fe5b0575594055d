-- The effective prices as text: what `llm-gateway check` prints.
local policy = require "policy"

local report = {}

local TITLES = {
    "model", "provider", "buy: input", "cached", "output", "margin", "sell: input", "cached",
    "output",
}
local SPACE = string.byte(" ")
local LEFT = { [1] = true, [2] = true } -- columns of text; the others are numbers

local function row_of(record)
    if not record.buy then
        return { record.model, "-", "-", "-", "-", "-", "-", "-", "-" }
    end
    local row = { record.model, record.provider }
    for _, prices in ipairs { record.buy, record.sell } do
        for _, kind in ipairs { "input", "cached_input", "output" } do
            row[#row + 1] = prices[kind] or "-"
        end
    end
    table.insert(row, 6, record.margin or "?")
    return row
end

local function widths_of(rows)
    local widths = {}
    for _, row in ipairs(rows) do
        for column, text in ipairs(row) do
            widths[column] = math.max(widths[column] or 0, #text)
        end
    end
    return widths
end

local function line_of(row, widths)
    local parts = {}
    for column, text in ipairs(row) do
        local space = string.rep(" ", widths[column] - #text)
        parts[column] = LEFT[column] and text .. space or space .. text
    end
    local line = table.concat(parts, "  ")
    local last = #line
    while string.byte(line, last) == SPACE do
        last = last - 1
    end
    return string.sub(line, 1, last)
end

-- Each reason once, in the order of its models.
local function notes_of(records)
    local notes, models = {}, {}
    for _, record in ipairs(records) do
        local reason = record.unavailable_reason
        if not record.buy then
            reason = "no price, so not sold"
        elseif record.margin_error then
            reason = "the margin cannot be computed: " .. record.margin_error
        elseif record.loss then
            reason = "sold at a loss through " .. record.provider .. ", as allow_loss says"
        end
        if reason then
            if not models[reason] then
                models[reason] = {}
                notes[#notes + 1] = reason
            end
            table.insert(models[reason], record.model)
        end
    end
    for i, reason in ipairs(notes) do
        notes[i] = "note: " .. reason .. " (" .. table.concat(models[reason], ", ") .. ")"
    end
    return notes
end

-- `lines`: the users' groups, such as "12 vip". A group that no file names gets every default.
local function warnings_of(lines)
    local warnings, at = {}, 1
    while at <= #lines do
        local last = string.find(lines, "\n", at, true)
        local line = string.sub(lines, at, last - 1)
        local space = string.find(line, " ", 1, true)
        local count, name = string.sub(line, 1, space - 1), string.sub(line, space + 1)
        if not policy.has_group(name) then
            warnings[#warnings + 1] = "warning: " .. count
                .. (count == "1" and " user is" or " users are") .. ' in the group "' .. name
                .. '", which no policy names'
        end
        at = last + 1
    end
    return warnings
end

-- A table of all models, then why some of them cannot be called.
function report.text(groups)
    local records = policy.status()
    local rows = { TITLES }
    for _, record in ipairs(records) do
        rows[#rows + 1] = row_of(record)
    end
    local widths = widths_of(rows)
    local lines = { "Prices in USD per million tokens, for a customer without a group:", "" }
    for _, row in ipairs(rows) do
        lines[#lines + 1] = line_of(row, widths)
    end
    local notes = notes_of(records)
    if #notes > 0 then
        lines[#lines + 1] = ""
    end
    for _, note in ipairs(notes) do
        lines[#lines + 1] = note
    end
    for _, warning in ipairs(warnings_of(groups)) do
        lines[#lines + 1] = warning
    end
    return table.concat(lines, "\n") .. "\n"
end

return report
