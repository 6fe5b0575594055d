-- The members of Gemini's generateContent that we know, each with what becomes of it: as in
-- lua/dialect/chat/members.lua. Names may also be written in snake case.
local members, list = require "dialect.member_lists" (true)

list("request", "", {
    { "contents", "any", "messages" },
    { "model", "skip", "the address has it" },
    { "systemInstruction", "object", "system" },
    { "generationConfig", "object", "limit, temperature, format, effort" },
    { "tools", "array", "tools" },
    { "toolConfig", "object", "choice" },
    { "serviceTier", "text", "service_tier" },
    { "safetySettings", "skip", "what Google filters; other providers have rules of their own" },
    { "labels", "skip", "a log of the provider's account" },
    { "store", "skip", "a log of the provider's account" },
    { "cachedContent", "refuse", "names a cache that a provider keeps." },
})
list("content", "contents[]", {
    { "role", "text", "role" },
    { "parts", "array", "parts" },
})
list("part", "contents[].parts[]", {
    { "text", "string", "text" },
    { "thought", "boolean", "reasoning" },
    { "thoughtSignature", "string", "reasoning" },
    { "inlineData", "object", "image, file, audio" },
    { "fileData", "object", "image, file" },
    { "functionCall", "object", "call" },
    { "functionResponse", "object", "result" },
    { "mediaResolution", "skip", "how much of a picture is read" },
    { "partMetadata", "skip", "a note of the client" },
    { "videoMetadata", "refuse" },
    { "executableCode", "refuse" },
    { "codeExecutionResult", "refuse" },
    { "toolCall", "refuse" },
    { "toolResponse", "refuse" },
})
list("inline", "contents[].parts[].inlineData", {
    { "mimeType", "text", "image, file, audio" },
    { "data", "string", "image, file, audio" },
    { "displayName", "string", "file" },
})
list("file", "contents[].parts[].fileData", {
    { "mimeType", "text", "image, file" },
    { "fileUri", "string", "image, file" },
    { "displayName", "string", "file" },
})
list("called", "contents[].parts[].functionCall", {
    { "id", "string", "call" },
    { "name", "text", "call" },
    { "args", "object", "call" },
})
list("responded", "contents[].parts[].functionResponse", {
    { "id", "string", "result" },
    { "name", "text", "result" },
    { "response", "object", "result" },
    { "parts", "array", "result" },
    { "scheduling", "skip", "when a live model goes on" },
    { "willContinue", "refuse" },
})
list("generation", "generationConfig", {
    { "temperature", "number", "temperature" },
    { "topP", "number", "top_p" },
    { "topK", "number", "top_k" },
    { "candidateCount", "integer", "n" },
    { "maxOutputTokens", "integer", "limit" },
    { "stopSequences", "array", "stop" },
    { "seed", "number", "seed" },
    { "presencePenalty", "number", "presence_penalty" },
    { "frequencyPenalty", "number", "frequency_penalty" },
    { "responseLogprobs", "boolean", "logprobs" },
    { "logprobs", "integer", "top_logprobs" },
    { "responseMimeType", "text", "format" },
    { "responseSchema", "object", "format" },
    { "responseJsonSchema", "object", "format" },
    { "thinkingConfig", "object", "effort" },
    { "responseModalities", "array", "modalities" },
    { "mediaResolution", "skip", "how much of a picture is read" },
    { "enableEnhancedCivicAnswers", "skip", "a hint of the provider's own" },
    { "speechConfig", "refuse" },
    { "imageConfig", "refuse" },
    { "audioTimestamp", "refuse" },
})
list("thinking", "generationConfig.thinkingConfig", {
    { "includeThoughts", "boolean", "thoughts" },
    { "thinkingBudget", "integer", "budget" },
    { "thinkingLevel", "text", "effort" },
})
list("tool", "tools[]", {
    { "functionDeclarations", "array", "tools" },
    { "googleSearch", "refuse" },
    { "googleSearchRetrieval", "refuse" },
    { "googleMaps", "refuse" },
    { "codeExecution", "refuse" },
    { "urlContext", "refuse" },
    { "computerUse", "refuse" },
    { "fileSearch", "refuse" },
    { "mcpServers", "refuse" },
})
list("declaration", "tools[].functionDeclarations[]", {
    { "name", "text", "tools" },
    { "description", "string", "tools" },
    { "parameters", "object", "tools" },
    { "parametersJsonSchema", "object", "tools" },
    { "response", "skip", "what a tool answers" },
    { "responseJsonSchema", "skip", "what a tool answers" },
    { "behavior", "skip", "when a live model goes on" },
})
list("tool_config", "toolConfig", {
    { "functionCallingConfig", "object", "choice" },
    { "retrievalConfig", "skip", "where searches happen" },
    { "includeServerSideToolInvocations", "skip", "there are no tools of the server" },
})
list("calling", "toolConfig.functionCallingConfig", {
    { "mode", "text", "choice" },
    { "allowedFunctionNames", "array", "choice" },
    { "streamFunctionCallArguments", "skip", "how soon arguments are streamed" },
})

-- ---- answers ----

list("answer", "(answer)", {
    { "candidates", "any", "the answer" },
    { "usageMetadata", "any", "usage" },
    { "promptFeedback", "any", "finish" },
}, true)
list("candidate", "candidates[]", {
    { "index", "any", "choice" },
    { "content", "any", "the answer" },
    { "finishReason", "any", "finish" },
    { "citationMetadata", "any", "citation" },
    { "logprobsResult", "any", "logprobs" },
}, true)
list("content_given", "candidates[].content", { { "parts", "any", "the answer" } }, true)
list("part_given", "candidates[].content.parts[]", {
    { "text", "any", "text" },
    { "thought", "any", "reasoning" },
    { "thoughtSignature", "any", "reasoning" },
    { "functionCall", "any", "call" },
    { "inlineData", "any", "image" },
}, true)
list("called_given", "candidates[].content.parts[].functionCall", {
    { "id", "any", "call" },
    { "name", "any", "call" },
    { "args", "any", "call" },
}, true)
list("inline_given", "candidates[].content.parts[].inlineData", {
    { "mimeType", "any", "image" },
    { "data", "any", "image" },
}, true)
list("feedback", "promptFeedback", { { "blockReason", "any", "finish" } }, true)
list("citations", "candidates[].citationMetadata", { { "citations", "any", "citation" } }, true)
list("citation", "candidates[].citationMetadata.citations[]", {
    { "uri", "any", "citation" },
    { "title", "any", "citation" },
    { "startIndex", "any", "citation" },
    { "endIndex", "any", "citation" },
}, true)
list("logprobs", "candidates[].logprobsResult", {
    { "chosenCandidates", "any", "logprobs" },
    { "topCandidates", "any", "logprobs" },
}, true)
list("logprob", "candidates[].logprobsResult.chosenCandidates[]", {
    { "token", "any", "logprobs" },
    { "logProbability", "any", "logprobs" },
}, true)
list("top", "candidates[].logprobsResult.topCandidates[]", {
    { "candidates", "any", "logprobs" },
}, true)
list("usage", "usageMetadata", {
    { "promptTokenCount", "any", "usage" },
    { "candidatesTokenCount", "any", "usage" },
    { "thoughtsTokenCount", "any", "usage" },
    { "cachedContentTokenCount", "any", "usage" },
    { "toolUsePromptTokenCount", "any", "usage" },
    { "promptTokensDetails", "any", "usage" },
    { "candidatesTokensDetails", "any", "usage" },
}, true)
list("modality", "usageMetadata.promptTokensDetails[]", {
    { "modality", "any", "usage" },
    { "tokenCount", "any", "usage" },
}, true)

members.words = {
    limit = "generationConfig.maxOutputTokens", choice = "toolConfig", n =
        "generationConfig.candidateCount", top_k = "generationConfig.topK",
    logprobs = "generationConfig.responseLogprobs", top_logprobs = "generationConfig.logprobs",
    format = "generationConfig.responseMimeType", effort = "generationConfig.thinkingConfig",
    presence_penalty = "generationConfig.presencePenalty",
    frequency_penalty = "generationConfig.frequencyPenalty", service_tier = "serviceTier",
    modalities = "generationConfig.responseModalities", audio = "contents", file = "contents",
    image = "contents", stop = "generationConfig.stopSequences",
}

return members
