-- What another server says, for people to read: in one line of at most `most` bytes, cut between
-- two letters. Nil, if it says nothing.
local function words(value, most)
    if type(value) ~= "string" then
        return nil
    end
    local text = string.sub(value, 1, most)
    if string.find(string.sub(value, most + 1, most + 1), "[\128-\191]") then
        text = string.gsub(text, "[\192-\255][\128-\191]*$", "")
    end
    text = string.gsub(text, "[%c%z]", " ")
    return string.match(text, "^%s*(%S.-)%s*$")
end

return words
