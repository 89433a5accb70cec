/** Types of main-components.mjs, for the tests. */
export function mainComponents(rows: readonly (readonly number[])[], kept: number): (vector: ArrayLike<number>) => number[];
