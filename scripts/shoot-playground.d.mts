/** Types of shoot-playground.mjs, for the tests. */
export function picturesHash(): string;
