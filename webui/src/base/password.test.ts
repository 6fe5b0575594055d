import { expect, it } from "vitest";
import { judge } from "./password";

const met = (password: string, email = "a@example.com") =>
    judge(password, email, 10)
        .filter(({ isMet }) => isMet)
        .map(({ rule }) => rule);

it("says which rules a password meets", () => {
    expect(met("")).toEqual([]);
    expect(met("short")).toEqual(["email", "repeated"]);
    expect(met("aaaaaaaaaaaa")).toEqual(["length", "email"]);
    expect(met("A@Example.com")).toEqual(["length", "repeated"]);
    expect(met("correct horse")).toEqual(["length", "email", "repeated"]);
});
