import { expect, test } from "vitest";
import { amountIn, creditOf, typedAmount } from "./currency";

test("an amount has all decimals of its currency", () => {
    expect(amountIn("usd", "12.50", "en")).toBe("$12.50");
    expect(amountIn("krw", "15000", "ko")).toBe("₩15,000");
    expect(amountIn("kwd", "5.500", "en")).toMatch(/5\.500$/);
});

test("what is typed is an amount or not", () => {
    expect(typedAmount(" 1,000.5 ", 2)).toBe("1000.5");
    for (const text of ["", "0", "-1", "1.001", "ten", "1e3"]) {
        expect(typedAmount(text, 2), text).toBe(null);
    }
});

test("an offer has its own credit, all else the rate's, rounded down", () => {
    const rate = {
        decimals: 2,
        credit: "0.333333333",
        offers: [{ amount: "100.00", credit: "110" }],
    };
    expect(creditOf("100", rate)).toBe(110_000_000_000n);
    expect(creditOf("0.01", rate)).toBe(3_333_333n);
    expect(creditOf("x", rate)).toBe(null);
});
