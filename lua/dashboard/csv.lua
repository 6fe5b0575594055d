-- Files for spreadsheets, however long they are.
local begin_download = require "dashboard.download"
local query = require "query"

local csv = {}

-- Begins with a byte order mark: without it spreadsheets read Latin-1.
csv.MARK = "\239\187\191"

local TYPE = "text/csv; charset=utf-8"
local CURSOR_BYTES_MAX = 48
local NAME_BYTES_MAX = 100
local DECIMALS = { point = true, comma = true }
local DAY = "^%d%d%d%d%-%d%d%-%d%d"

-- What a file may be called everywhere.
function csv.file(name)
    return string.sub(string.gsub(name, "[^%w_-]", ""), 1, NAME_BYTES_MAX) .. ".csv"
end

-- The dates of the request; of a file with all that there is, the viewer's day.
local function dates(values)
    local from, to = string.match(values.from or "", DAY), string.match(values.to or "", DAY)
    if not from and not to then
        return "-" .. (core.local_day(core.now_ms(), values.tz) or "")
    end
    return (from and "-" .. from or "") .. (to and "-until-" .. to or "")
end

-- "usage-2026-11-01-until-2026-12-01.csv", "audit-2026-12-01.csv"; `what` may follow the dates.
function csv.name(name, values, what)
    return csv.file(name .. dates(values) .. (what and "-" .. what or ""))
end

-- Makes of an operation, whose result ends with a line that has the cursor of the next page, what
-- csv.send asks.
function csv.pages(ask)
    return function(cursor)
        local page = ask(cursor)
        cursor = string.match(page, "([^\n]*)\n$", -CURSOR_BYTES_MAX)
        return string.sub(page, 1, -#cursor - 2), cursor
    end
end

-- What makes of rows those that the request's `decimal` wants. Spreadsheets of languages that write
-- 1,5 take 1.5 for a text, and split lines at semicolons.
function csv.form(x)
    local decimal = query.choice(x, query.read(x), "decimal", "point", DECIMALS)
    return decimal == "comma" and core.csv_with_comma or function(rows) return rows end
end

-- Sends the head and then all pages as a file: ask(cursor) returns rows and the next cursor, "" at
-- the end. A fault in the request must be found before the first byte, so the first page is read
-- first. Ends the task.
function csv.send(x, user, name, head, ask)
    local form = csv.form(x)
    begin_download(x, user, name, TYPE)
    local rows, cursor = ask(nil)
    x:download(TYPE)
    x:write(form(head .. rows))
    while cursor ~= "" do
        rows, cursor = ask(cursor)
        x:write(form(rows))
    end
    x:finish()
end

return csv
