import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { textNamed } from "../../i18n";
import { ACTIONS } from "./auditactions";

const API = readFileSync(join(__dirname, "../../../../docs/openapi.yaml"), "utf8");

it("offers every action that there is, each under a name", () => {
    const [, list] = /\n {4}Act:\n[^]*?action:\s+enum: \[([^\]]+)\]/.exec(API) ?? [];
    const known = (list ?? "").split(",").map((name) => name.trim());
    expect([...ACTIONS].sort()).toEqual(known.sort());
    expect(ACTIONS.filter((action) => textNamed(`act.${action}`) === null)).toEqual([]);
});
