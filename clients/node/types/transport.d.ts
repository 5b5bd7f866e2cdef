/** Sends requests over connections that are kept. Neither redirects nor proxies are followed: the token goes to this host only. */
export class Transport {
    /**
     * @param {string} baseUrl
     * @param {Record<string, string>} headers
     * @param {number} timeoutMs
     * @param {number} maxIdle
     * @param {string | Buffer | undefined} ca
     */
    constructor(baseUrl: string, headers: Record<string, string>, timeoutMs: number, maxIdle: number, ca: string | Buffer | undefined);
    /**
     * Tried again once if nothing can have been judged: no connection was made. With `mayRepeat` also if a kept connection was
     * closed before it answered.
     * @param {string} path
     * @param {string} body
     * @param {boolean} mayRepeat
     * @returns {Promise<Answer>}
     */
    post(path: string, body: string, mayRepeat: boolean): Promise<Answer>;
    close(): void;
    #private;
}
export type Answer = {
    status: number;
    retryAfter: number | undefined;
    body: Buffer;
};
