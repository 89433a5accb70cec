/** The golden folder dynamic-s2 for tests of towers and projectors: its cases, and its weights as the hub's files. */
import { readFileSync } from "node:fs";
import { writeSafetensors } from "../../src/tensors/index.ts";
import { readGolden, type Stored } from "../fixtures/read.ts";

export interface ProjectorCase {
  id: string;
  group: "projector";
  family: "llava" | "vila" | "vila-1.5";
  params: { mm_projector_type: string; mm_hidden_size: number; hidden_size: number };
  weights: Record<string, Stored>;
  input: Stored;
  output: Stored;
}

export interface EncodeCase {
  id: string;
  group: "merge";
  tag: string;
  params: { scales: number[]; resize_output_to_scale_idx: number; block_sizes: ([number, number] | null)[] };
  input: Stored;
  projector?: ProjectorCase["params"] & { weights: Record<string, Stored> };
  output?: { merged: Stored[]; new_block_sizes: [number, number][]; tokens: Stored[] };
  error?: { kind: string };
  quirk?: string;
}

export interface TowerCase {
  id: string;
  group: "tower";
  family: "llava" | "vila";
  weights: string;
  model_config: string;
  config: Record<string, unknown>;
  input: Stored;
  output?: Stored;
  output_width?: number;
  scales_used?: number[];
  split_size?: number;
  processor?: object;
  error?: { kind: string };
}

export interface WholeCase {
  id: string;
  group: "whole";
  weights: string;
  model_config: string;
  config: Record<string, unknown>;
  input: Stored;
  image_mean: [number, number, number];
  image_std: [number, number, number];
  projector: Record<string, Stored>;
  output: { tiles: Stored; block_size: [number, number]; tile_features: Stored; tokens: Stored };
}

type Case = ProjectorCase | EncodeCase | TowerCase | WholeCase;

export const golden = readGolden<Case>("dynamic-s2");

const of = <T extends Case>(group: T["group"]): T[] => golden.cases.filter((c): c is T => c.group === group);
export const projectorCases = of<ProjectorCase>("projector");
export const mergeCases = of<EncodeCase>("merge");
export const towerCases = of<TowerCase>("tower");
export const wholeCases = of<WholeCase>("whole");

const folder = new URL("../fixtures/dynamic-s2/", import.meta.url);
export const readJson = (name: string): Record<string, unknown> => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
export const readBytes = (name: string): Uint8Array => readFileSync(new URL(name, folder));

/** A case's config with its tower's own, as `readTowerConfig` takes it. */
export const withTower = ({ config, model_config }: Pick<TowerCase, "config" | "model_config">): Record<string, unknown> => ({
  ...config,
  vision_config: readJson(model_config),
});

/** Stored weights as a safetensors file. */
export function weightsFile(weights: Record<string, Stored>, prefix = ""): Uint8Array {
  const tensors = Object.entries(weights).map(([name, stored]) => {
    const { dims, data } = golden.f32(stored);
    return [`${prefix}${name}`, { dtype: "F32" as const, dims, data }];
  });
  return writeSafetensors(Object.fromEntries(tensors));
}

/** Describes the largest difference of two arrays beyond 1e-4 + 1e-4·|expected|; "" if there is none. */
export function differs(got: Float32Array, expected: Float32Array): string {
  if (got.length !== expected.length) return `${got.length} numbers, expected ${expected.length}`;
  for (let i = 0; i < got.length; i++)
    if (!(Math.abs(got[i] - expected[i]) <= 1e-4 + 1e-4 * Math.abs(expected[i])))
      return `at ${i}: ${got[i]}, expected ${expected[i]}`;
  return "";
}
