/** Types of entry-size.mjs, for the tests. */
export function entrySize(name: string, resolveDir: string): Promise<{ bytes: number; inputs: string[] }>;
