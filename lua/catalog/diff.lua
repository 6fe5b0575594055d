-- What a newer price file changes.
local diff = {}

function diff.run()
    return "", ""
end

return diff
