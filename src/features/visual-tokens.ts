/** `visualTokens`: an image as the tokens that a language model of LLaVA's, VILA's or NVILA's kind reads. */
import {
  checkFinite,
  checkNames,
  planTower,
  S2Error,
  type S2Options,
  type S2Plan,
  s2,
  type Tensor,
  type Tower,
} from "../core/index.ts";
import { imagenet, normalizer, type Photo, type Preprocessing } from "../images/index.ts";
import { cutBlocks, joinBlocks } from "./blocks.ts";
import { extractImage, type ImageModel } from "./extract.ts";
import { fitImage } from "./fit-image.ts";

/** From features [blocks, tokens, channels] to a language model's tokens [blocks, tokens, width]. */
export type Project = (features: Tensor) => Tensor | Promise<Tensor>;

/** Options of `visualTokens`. */
export interface VisualOptions extends Pick<S2Options, "antialias" | "splitForward" | "signal" | "onProgress"> {
  /** The projector; without one the features themselves are the tokens. */
  project?: Project;
  /**
   * Dynamic S² of the image as one tile whose features stand for every scale: what NVILA does with the frames of a video and with several
   * images in one prompt. Default false.
   */
  oneTile?: boolean;
  /** Rescaling and normalization of pixels; default: the model's, else ImageNet's mean and deviation. */
  preprocessing?: Preprocessing;
}

/** Tokens [1, prefix + rows·cols, width] in the order in which the language model reads them. */
export interface VisualTokens {
  /** Values, row-major. */
  readonly data: Float32Array;
  /** [1, tokens, width]. */
  readonly dims: readonly [1, number, number];
  /** Token grid without prefix tokens. */
  readonly grid: { readonly rows: number; readonly cols: number };
  /** Tokens before the grid's. */
  readonly prefix: number;
  /** Order of the grid's tokens: row by row, or column by column as in VILA-1.5. */
  readonly order: "rows" | "columns";
  /** Plan that was run. */
  readonly plan: S2Plan;
}

/**
 * Runs an image through a vision tower (`readTowerConfig`, `buildTower`) and its projector (`buildProjector`), as the tower was trained: "s2" takes the
 * image at its largest scale and makes the others from that, "dynamic-s2" makes every scale from the image and projects block by block.
 * @throws S2Error before the model runs when image, tower and model do not fit.
 */
export async function visualTokens(
  model: ImageModel,
  image: Photo,
  tower: Tower,
  options: VisualOptions = {},
): Promise<VisualTokens> {
  checkNames(options, ["project", "oneTile", "preprocessing", "antialias", "splitForward", "signal", "onProgress"]);
  const { project, oneTile = false, antialias, splitForward = 4 } = options;
  const plan = planTower(oneTile ? asOneTile(tower) : tower, image, model.traits, { antialias, splitForward });
  const prefix = tower.prefix === "keep" ? plan.numPrefixToken : 0;
  const order = tower.projector?.order ?? "rows";
  const blocks = tower.kind === "s2" ? { rows: 1, cols: 1 } : plan.scales[plan.outputScale];
  const several = blocks.rows * blocks.cols > 1;
  if (several && (prefix > 0 || order === "columns")) refuseBlocks();
  const { features, grid } = await see(model, image, tower, plan, options);
  const extracted = withoutFirst(features, plan.numPrefixToken - prefix);
  const given = oneTile ? repeated(extracted, tower.scales.length) : extracted;
  if (!project) return { data: given.data, dims: dimsOf(given), grid, prefix, order: "rows", plan };
  const projected = await project(several ? cutBlocks(given, grid, blocks) : given);
  checkFinite(projected.data, "The projector's output");
  const side = sideOf(projected.dims[1] - prefix);
  const made = { rows: blocks.rows * side, cols: blocks.cols * side };
  const tokens = several ? joinBlocks(projected, made, blocks) : projected;
  return { data: tokens.data, dims: dimsOf(tokens), grid: made, prefix, order, plan };
}

function asOneTile(tower: Tower): Tower {
  if (tower.kind === "dynamic-s2") return { ...tower, scales: [tower.scales[0]], maxTiles: 1, resizeOutputToIdx: 0 };
  throw new S2Error("tower", "oneTile is a way of Dynamic S², and this tower looks at squares; leave it out.");
}

/** Projectors make squares of squares. */
function sideOf(tokens: number): number {
  const side = Math.sqrt(tokens);
  if (Number.isInteger(side)) return side;
  throw new S2Error(
    "model-output",
    `The projector gave ${tokens} tokens of a square grid, expected a square number; give another projector.`,
  );
}

function refuseBlocks(): never {
  throw new S2Error(
    "tower",
    'Dynamic S² projects a grid block by block, row by row: prefix tokens cannot be kept, nor columns come first. Give prefix: "drop" and projector order "rows".',
  );
}

/** Features of the tower with their prefix tokens, before the projector. */
async function see(model: ImageModel, image: Photo, tower: Tower, plan: S2Plan, options: VisualOptions) {
  const { signal, onProgress, preprocessing = model.preprocessing ?? imagenet } = options;
  if (tower.kind === "dynamic-s2") {
    const { data, dims, grid } = await extractImage(model, image, { ...plan, signal, onProgress, preprocessing });
    return { features: { data, dims }, grid };
  }
  const images = squareTensor(image, plan.image[0], tower.fit, preprocessing);
  const features = await s2(model, images, { ...plan, signal, onProgress });
  const side = Math.sqrt(features.dims[1] - plan.numPrefixToken);
  return { features, grid: { rows: side, cols: side } };
}

/** The image as the processor of such a tower gives it, [1, 3, side, side]. */
function squareTensor(image: Photo, side: number, fit: Tower["fit"], preprocessing: Preprocessing): Tensor {
  const background = preprocessing.mean.map((mean) => Math.trunc(mean * 255));
  const pixels = fitImage(image, side, fit, preprocessing.filter, background);
  const data = new Float32Array(3 * side * side);
  normalizer(preprocessing)(pixels, 0, 0, side, side, data, 0);
  return { dims: [1, 3, side, side], data };
}

function withoutFirst({ dims: [, n, c], data }: Tensor, count: number): Tensor {
  return { dims: [1, n - count, c], data: data.subarray(count * c) };
}

/** Each token's channels, `times` over. */
function repeated({ dims: [, n, c], data }: Tensor, times: number): Tensor {
  const out = new Float32Array(n * c * times);
  for (let token = 0; token < n; token++) {
    const channels = data.subarray(token * c, (token + 1) * c);
    for (let k = 0; k < times; k++) out.set(channels, (token * times + k) * c);
  }
  return { dims: [1, n, c * times], data: out };
}

const dimsOf = ({ dims }: Tensor): readonly [1, number, number] => [1, dims[1], dims[2]];
