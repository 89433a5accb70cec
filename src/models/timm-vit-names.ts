/** Reads from the names of timm's ViTs the parameters of its registry that no tensor's shape shows. */
import { S2Error } from "../core/index.ts";

export interface TimmVitName {
  readonly heads: number;
  readonly epsilon: number;
  readonly activation: string;
  /** `global_pool`. */
  readonly pool: string;
  readonly poolsPrefix: boolean;
  readonly classToken: boolean;
  readonly registers: number;
  readonly qkvBias: boolean;
  readonly finalNorm: boolean;
}

const base: Omit<TimmVitName, "heads"> = {
  ...{ epsilon: 1e-6, activation: "gelu", pool: "token", poolsPrefix: false },
  ...{ classToken: true, registers: 0, qkvBias: true, finalNorm: true },
};

/** Heads by the word for the size; later rows are sizes of the same name in another family. */
const sizes: readonly (readonly [name: RegExp, heads: number])[] = [
  [/_tiny_/, 3],
  [/_(xsmall|wee)_/, 4],
  [/_little_/, 5],
  [/_small(_|$)/, 6],
  [/_mediumd?_/, 8],
  [/_betwixt_/, 10],
  [/_base(_|$)/, 12],
  [/_so150m_/, 14],
  [/_so150m2_/, 13],
  [/_(large|huge|giant|giantopt|gigantic|so400m|intern300m)(_|$)/, 16],
  [/_7b_/, 32],
  [/_base_.*_plus_/, 14],
  [/_base_patch16_gap_/, 16],
  [/_giant_.*_(dinov2|tipsv2)/, 24],
  [/_huge_plus_.*_dinov3/, 20],
  [/^test_vit/, 2],
  [/^test_vit3/, 3],
];

/** Later rows count. */
const words: readonly (readonly [name: RegExp, parameters: Partial<TimmVitName>])[] = [
  [/_clip_/, { epsilon: 1e-5 }],
  [/_quickgelu_/, { activation: "quick_gelu" }],
  [/_siglip_/, { pool: "map", classToken: false }],
  [/_map_/, { pool: "map", classToken: false }],
  [/_gap_|^eva_large_/, { pool: "avg" }],
  [/_gap_/, { classToken: false }],
  [/_patch32_siglip_|_large_.*_siglip_(gap_)?512|_so400m_patch16_siglip_|_giantopt_.*_siglip_/, { activation: "gelu_tanh" }],
  [/_reg1_/, { registers: 1 }],
  [/_reg4_/, { registers: 4 }],
  [/_giant_.*_(dinov2|tipsv2)/, { activation: "silu" }],
  [/_dinov3/, { epsilon: 1e-5, pool: "avg", registers: 4 }],
  [/_miil|_(medium|betwixt)_patch16_gap_|_so150m2_|_dinov3$/, { qkvBias: false }],
  [/_intern300m_/, { finalNorm: false }],
  [/^test_vit[23]/, { classToken: false, registers: 1, pool: "avg" }],
  [/^test_vit3/, { pool: "map", poolsPrefix: true }],
];

/** Names that are made of these have the blocks that are built here; others have blocks or embeddings of their own. */
const known =
  /^(test_vit[23]?|flexivit_(small|base|large)|(vit|deit3?|eva)_(tiny|xsmall|wee|little|small|mediumd?|betwixt|base|large|huge|giant|giantopt|gigantic|so150m2?|so400m|intern300m|7b)(_(plus|distilled|patch\d+|clip|quickgelu|siglip|gap|map|reg\d|dinov[23]|qkvb|tipsv2|miil|in21k|sam|dino|36x1|\d+))+)$/;

/** @throws S2Error "architecture" for a name with other words. */
export function readTimmVitName(name: string): TimmVitName {
  const heads = sizes.findLast(([pattern]) => pattern.test(name))?.[1];
  if (heads !== undefined && known.test(name) && !/^eva_(?!large_)/.test(name))
    return Object.assign(
      {},
      base,
      { heads },
      ...words.filter(([pattern]) => pattern.test(name)).map(([, parameters]) => parameters),
    );
  throw new S2Error(
    "architecture",
    `Models are not built from timm's ${name}; known are vit_*, deit_*, deit3_* and flexivit_* with blocks as in the paper, CLIP's, SigLIP's and DINO's.`,
  );
}
