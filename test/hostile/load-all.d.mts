export interface Loaded {
  readonly i: number;
  readonly kind: string;
  readonly outcome: "ok" | "refused" | "raw error" | "crash" | "hang";
  readonly message: string;
  /** Megabytes at most. */
  readonly memory: number;
  readonly ms: number;
  readonly path: string;
}
export function loadAll(options: {
  corpus: string;
  seed: number;
  count?: number;
  indices?: readonly number[];
  seconds?: number;
  onFile?: (file: Loaded) => void;
}): Promise<Loaded[]>;
export function digestsOf(options: { corpus: string; seed: number; indices: readonly number[] }): Promise<string[]>;
export const MEMORY: number;
export function faultsOf(results: readonly Loaded[]): Loaded[];
