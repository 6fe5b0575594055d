// What every page needs first. The script in the page's head (start.ts) has asked for it already.

declare global {
    interface Window {
        firstAnswers?: Record<string, Promise<Response>>;
    }
}

export const FIRST_ANSWERS = ["/api/auth/session", "/api/site"] as const;

/** The answer that is on its way to this address, once. */
export function takeFirst(url: string): Promise<Response> | undefined {
    const answer = window.firstAnswers?.[url];
    delete window.firstAnswers?.[url];
    return answer;
}
