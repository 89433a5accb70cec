export const folder: string;
export const options: Readonly<Record<string, unknown>>;
export function inputsHash(): string;
export function streetMaps(): Promise<{
  maps: { rows: number; cols: number; channels: number; data: Float32Array }[];
  features: import("../src/features/features.ts").Features;
}>;
