import { describe, expect, it } from "vitest";
import {
    chartHeight,
    exact,
    exactDecimal,
    glance,
    parseDecimal,
    plain,
    typedUsd,
    usd,
} from "./money";

describe("usd", () => {
    it("reads what the API sends, to the nano-dollar", () => {
        expect(usd("0.000540000")).toBe(540_000n);
        expect(usd("12.5")).toBe(12_500_000_000n);
        expect(usd("-3")).toBe(-3_000_000_000n);
        expect(usd("0.000000001")).toBe(1n);
    });

    it("keeps what a floating-point number would not", () => {
        expect(usd("9007199.254740993")).toBe(9_007_199_254_740_993n);
        expect(exact(usd("9007199.254740993"))).toBe("$9,007,199.254740993");
        expect(exact(usd("0.1") + usd("0.2"))).toBe("$0.30");
    });

    it("refuses what is no amount", () => {
        for (const text of ["", "1e3", "NaN", "1.2.3", "0.0000000001", "1,5", "--1", " 1"]) {
            expect(() => usd(text)).toThrow();
        }
    });
});

describe("typedUsd", () => {
    it("takes amounts as people write them", () => {
        expect(typedUsd(" $12.50 ")).toBe(12_500_000_000n);
        expect(typedUsd("1,000")).toBe(1_000_000_000_000n);
        expect(typedUsd("1,234,567.89")).toBe(1_234_567_890_000_000n);
        expect(typedUsd(".5")).toBe(500_000_000n);
        expect(typedUsd("7.")).toBe(7_000_000_000n);
        expect(typedUsd("0.000000001")).toBe(1n);
    });

    it("takes nothing else", () => {
        for (const text of ["", "abc", "-1", "1,5", "1 000", "1e5", "0.0000000001", "12,34.5"]) {
            expect(typedUsd(text)).toBeNull();
        }
    });
});

describe("writing", () => {
    it("is exact where one looks", () => {
        expect(exact(0n)).toBe("$0.00");
        expect(exact(540_000n)).toBe("$0.00054");
        expect(exact(1n)).toBe("$0.000000001");
        expect(exact(-1_234_500_000_000n)).toBe("−$1,234.50");
    });

    it("is rounded where one glances", () => {
        expect(glance(0n)).toBe("$0.00");
        expect(glance(12_345_678_901n)).toBe("$12.35");
        expect(glance(usd("1234567.005"))).toBe("$1,234,567.01");
        expect(glance(usd("0.999"))).toBe("$1.00");
        expect(glance(usd("0.126"))).toBe("$0.13");
        expect(glance(usd("0.0126"))).toBe("$0.013");
        expect(glance(usd("0.000540499"))).toBe("$0.00054");
        expect(glance(usd("0.0999"))).toBe("$0.10");
        expect(glance(1n)).toBe("< $0.0001");
        expect(glance(-1n)).toBe("> −$0.0001");
        expect(glance(usd("-5"))).toBe("−$5.00");
    });

    it("is plain for machines", () => {
        expect(plain(1_234_500_000_000n)).toBe("1234.50");
        expect(plain(-1n)).toBe("-0.000000001");
    });
});

describe("other decimals", () => {
    it("are shown to their last digit", () => {
        expect(exactDecimal("0.18")).toBe("$0.18");
        expect(exactDecimal("0.0375")).toBe("$0.0375");
        expect(exactDecimal("30")).toBe("$30.00");
        expect(exactDecimal("-1234.5")).toBe("−$1,234.50");
        expect(exactDecimal("0.000000000550000000")).toBe("$0.00000000055");
    });

    it("stay as they came when they are none", () => {
        expect(exactDecimal("?")).toBe("?");
    });
});

it("knows its places", () => {
    expect(parseDecimal("0.5", 0)).toBeNull();
    expect(parseDecimal("5.000", 0)).toBe(5n);
    expect(chartHeight(1_500_000_000n)).toBe(1.5);
});
