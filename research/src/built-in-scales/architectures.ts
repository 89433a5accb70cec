/** The architectures that are compared, a line each, and what their graphs say of them. */
import { buildModel } from "s2-vision/models";
import { writeSafetensors } from "s2-vision/node";
import { inspectModel } from "s2-vision/onnx";
import { crossVit, focal, focalnet, hiera, mpvit, mvit, type Shapes, swin, vit } from "./shapes.ts";

export interface Architecture {
  readonly label: string;
  /** timm's name, or the authors'. */
  readonly name: string;
  readonly shapes: Shapes;
  /** The way in which it sees several scales. */
  readonly scales: string;
  /** Its features and those with the most tokens; by default those of the first stage. */
  readonly main?: string;
  readonly finest?: string;
}

/** Models of one scale, for S². */
export const plain: readonly Architecture[] = [
  { label: "ViT-Tiny", name: "vit_tiny_patch16_224", shapes: vit(192, 12), scales: "none", finest: "forward_features" },
  { label: "DeiT-Small", name: "deit_small_patch16_224", shapes: vit(384, 12), scales: "none", finest: "forward_features" },
];

const stages = "grids of stages";

/** Models with scales built in. */
export const builtIn: readonly Architecture[] = [
  { label: "Swin-Tiny", name: "swin_tiny_patch4_window7_224", shapes: swin(96, [2, 2, 6, 2], 7), scales: stages },
  { label: "Hiera-Tiny", name: "hiera_tiny_224", shapes: hiera(96, [1, 2, 7, 2]), scales: stages },
  { label: "MViTv2-Tiny", name: "mvitv2_tiny", shapes: mvit(96, [1, 2, 5, 2]), scales: `${stages}, pooled keys` },
  {
    ...{
      label: "CrossViT-15",
      name: "crossvit_15_240",
      shapes: crossVit([192, 384], 3, 5, 3),
      scales: "patches of 12 and 16 px",
    },
    ...{ main: "forward_features.1", finest: "forward_features.0" },
  },
  {
    ...{ label: "Focal-Tiny", name: "focal_tiny_patch4_window7_224", shapes: focal(96, [2, 2, 6, 2], 3) },
    scales: `${stages}, fine and pooled keys`,
  },
  {
    ...{ label: "FocalNet-Tiny", name: "focalnet_tiny_srf", shapes: focalnet(96, [2, 2, 6, 2], 2) },
    scales: `${stages}, context of two widths and of all`,
  },
  {
    ...{ label: "MPViT-Tiny", name: "mpvit_tiny", shapes: mpvit([64, 96, 176, 216], [2, 3, 3, 3], [1, 2, 4, 1], 2) },
    scales: `${stages}, patches of three sizes`,
  },
];

/** Models as they are without their scales, by the label of the model. */
export const without: Readonly<Record<string, Architecture & { readonly what: string }>> = {
  "Focal-Tiny": {
    ...{ label: "Focal-Tiny", name: "focal_tiny_patch4_window7_224", shapes: focal(96, [2, 2, 6, 2], 3, false), scales: stages },
    what: "windows see their own tokens alone",
  },
  "CrossViT-15": {
    ...{ label: "CrossViT-15", name: "deit_small_patch16_224", shapes: wideBranch(), scales: "none", finest: "forward_features" },
    what: "the branch of 16 px alone: 15 blocks of 384 channels",
  },
};

/** A ViT of 15 blocks whose MLPs are three times as wide as its tokens. */
function wideBranch(): Shapes {
  const resized = (name: string, dims: readonly number[]) =>
    name.includes("mlp.fc1") ? [1152, ...dims.slice(1)] : name.endsWith("mlp.fc2.weight") ? [384, 1152] : dims;
  return Object.fromEntries(Object.entries(vit(384, 15)).map(([name, dims]) => [name, resized(name, dims)]));
}

export interface Tokens {
  readonly side: number;
  readonly channels: number;
}

export interface Counts {
  readonly multiplyAdds: number;
  readonly parameters: number;
  /** Pixels on a side of the images. */
  readonly image: number;
  readonly main: Tokens;
  readonly finest: Tokens;
}

/** Builds the model with weights of zeros, without a head, and counts. */
export function countsOf({ name, shapes, main = "forward_features", finest = "stages.0" }: Architecture): Counts {
  const size = (dims: readonly number[]) => dims.reduce((product, side) => product * side, 1);
  const tensors = Object.entries(shapes).map(([tensor, dims]) => [
    tensor,
    { dtype: "F32", dims, data: new Float32Array(size(dims)) },
  ]);
  const weights = writeSafetensors(Object.fromEntries(tensors));
  const reportOf = (output: string) => inspectModel(buildModel({ architecture: name }, weights, { outputs: [output] }));
  const report = reportOf(main);
  return {
    multiplyAdds: report.multiplyAdds.value!,
    parameters: Object.values(shapes).reduce((sum, dims) => sum + size(dims), 0),
    image: report.imageSize.value![0],
    main: tokensOf(report),
    finest: finest === main ? tokensOf(report) : tokensOf(reportOf(finest)),
  };
}

function tokensOf({ outputs, layout, prefixTokens, channels }: ReturnType<typeof inspectModel>): Tokens {
  const [, second, third, fourth] = outputs[0].shape as readonly number[];
  if (fourth !== undefined) return second === third ? { side: second, channels: fourth } : { side: third, channels: second };
  if (layout.value !== "bnc") throw new Error(`The output has the shape [${outputs[0].shape}]; expected tokens or maps.`);
  return { side: Math.sqrt(second - (prefixTokens.value ?? 0)), channels: channels.value! };
}
