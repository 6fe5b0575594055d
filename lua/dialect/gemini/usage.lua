-- The use of an answer, as Gemini reports it: thoughts stand beside the candidates' tokens.
local function details(name, audio, image, whole)
    if not audio and not image then
        return ""
    end
    local rest = math.max(whole - (audio or 0) - (image or 0), 0)
    local text = string.format('{"modality":"TEXT","tokenCount":%.0f}', rest)
    if audio then
        text = text .. string.format(',{"modality":"AUDIO","tokenCount":%.0f}', audio)
    end
    if image then
        text = text .. string.format(',{"modality":"IMAGE","tokenCount":%.0f}', image)
    end
    return ',"' .. name .. '":[' .. text .. "]"
end

-- Returns the object as JSON.
return function(usage)
    local input, output = usage.input or 0, usage.output or 0
    local thought = usage.reasoning or 0
    local said = math.max(output - thought, 0)
    local text = string.format('{"promptTokenCount":%.0f,"candidatesTokenCount":%.0f,'
        .. '"totalTokenCount":%.0f', input, said, input + output)
    if usage.cached then
        text = text .. string.format(',"cachedContentTokenCount":%.0f', usage.cached)
    end
    if usage.reasoning then
        text = text .. string.format(',"thoughtsTokenCount":%.0f', thought)
    end
    return text .. details("promptTokensDetails", usage.audio_input, usage.image_input, input)
        .. details("candidatesTokensDetails", usage.audio_output, nil, said) .. "}"
end
