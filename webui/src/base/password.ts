// What the gateway wants of a password, told while it is typed. The gateway decides; these are the
// rules of lua/dashboard/credentials.lua that a browser can check.

export type Rule = "length" | "email" | "repeated";

export interface Judged {
    rule: Rule;
    isMet: boolean;
}

export function judge(password: string, email: string, charsMin: number): Judged[] {
    const isRepeated = password !== "" && [...password].every((char) => char === password[0]);
    const isEmail = password !== "" && password.toLowerCase() === email.trim().toLowerCase();
    return [
        { rule: "length", isMet: [...password].length >= charsMin },
        { rule: "email", isMet: password !== "" && !isEmail },
        { rule: "repeated", isMet: password !== "" && !isRepeated },
    ];
}
