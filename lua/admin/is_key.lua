-- Whether the text is a whole API key of ours: secret as it is, it is looked up by its digest only.
local KEY_BYTES = 45

return function(text)
    return #text == KEY_BYTES and string.find(text, "^llm_sk_%w+$") ~= nil
end
