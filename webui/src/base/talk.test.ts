import { expect, it } from "vitest";
import { bodyOf, longestOf, NO_SETTINGS, settingsFault, temperatureOf } from "./talk";

const SAID = { question: "First?", pictures: [], answer: { text: "Yes." } };

it("sends what was said before, and only the settings that are set", () => {
    const unanswered = { ...SAID, question: "Lost?", answer: { text: "" } };
    expect(bodyOf("m", NO_SETTINGS, [SAID, unanswered], "Second?", [])).toEqual({
        model: "m",
        messages: [
            { role: "user", content: "First?" },
            { role: "assistant", content: "Yes." },
            { role: "user", content: "Second?" },
        ],
        stream: true,
    });
    const settings = { system: "Be brief.", longest: "100", temperature: "0", effort: "low" };
    const body = bodyOf("m", settings, [], "Look!", ["data:image/png;base64,AA=="]);
    expect(body).toMatchObject({ max_completion_tokens: 100, temperature: 0 });
    expect(body.reasoning_effort).toBe("low");
    expect(body.messages[0]).toEqual({ role: "system", content: "Be brief." });
    expect(body.messages[1]?.content).toEqual([
        { type: "text", text: "Look!" },
        { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
    ]);
});

it("reads settings", () => {
    expect(["0.7", " 2 ", "2.1", "-1", "x", "1e0", ""].map(temperatureOf)).toEqual([
        0.7,
        2,
        null,
        null,
        null,
        null,
        null,
    ]);
    expect(["1", "0", "1.5", "9999999999"].map(longestOf)).toEqual([1, null, null, null]);
    expect(settingsFault(NO_SETTINGS)).toBe("");
    expect(settingsFault({ ...NO_SETTINGS, longest: "x" })).toBe("longest");
    expect(settingsFault({ ...NO_SETTINGS, temperature: "9" })).toBe("temperature");
});
