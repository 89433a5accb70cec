/** Types of precompute-playground.mjs, for the tests. */
import type { Features } from "../src/features/features.ts";

export const folder: string;
export function inputsHash(): string;
export function streetFeatures(): Promise<Features>;
