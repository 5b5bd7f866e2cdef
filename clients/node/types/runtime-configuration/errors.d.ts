/** What is wrong, and where. No message repeats a value, which may be a secret. */
export class ConfigurationError extends Error {
    /**
     * @param {string} message
     * @param {{ path?: string, line?: number, field?: string }} [where]
     */
    constructor(message: string, { path, line, field }?: {
        path?: string;
        line?: number;
        field?: string;
    });
    /** Without the place. */
    reason: string;
    path: string | undefined;
    line: number | undefined;
    field: string | undefined;
}
