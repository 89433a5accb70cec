export function compileSimd(): Promise<string>;
