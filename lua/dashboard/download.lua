-- The beginning of a file that is written as it is read, however long it is. A HEAD ends here.

-- Per user at the same time. Each download keeps a page in memory while its client does not read,
-- and uses the thread that reads the lists of all users.
local DOWNLOADS = 4

return function(x, user, name, type)
    x:header("Content-Disposition", 'attachment; filename="' .. name .. '"')
    if x:asked() == "HEAD" then
        x:reply(200, "", type)
    end
    x:acquire("download:" .. user.id, DOWNLOADS)
end
