/** Which input of a graph takes the images, which output is its main features, and whether given images fit. Platform-free. */

import { nearest, S2Error, type Tensor } from "../core/index.ts";
import { channelsFirst, takesChannelsLast } from "../onnx/image-input.ts";

/** An input or output of a graph; symbolic dimensions are names. */
export interface ValueInfo {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** An input of images, its shape as [b, c, h, w] whatever the graph's own order is. */
export interface ImageInput extends ValueInfo {
  /** The graph takes [b, h, w, c]; `runParts` turns the images. */
  readonly channelsLast: boolean;
}

/** The one float input of rank 4; `pixel_values` where there are several. */
export function pickInput(inputs: readonly ValueInfo[]): ImageInput {
  const images = inputs.filter((value) => isFloat(value) && value.shape.length === 4);
  const input = images.find(({ name }) => name === "pixel_values") ?? (images.length === 1 ? images[0] : undefined);
  if (input && inputs.length === 1) {
    const channelsLast = takesChannelsLast(input.shape);
    return { ...input, shape: channelsLast ? channelsFirst(input.shape) : input.shape, channelsLast };
  }
  const got = `The graph takes ${inputs.map(describe).join(", ") || "nothing"}`;
  if (!input)
    throw new S2Error(
      "model-file",
      `${got}; expected one float32 or float16 input of images [b, c, h, w]. Give a vision model exported with such an input.`,
    );
  const rest = inputs.filter((other) => other !== input).map(({ name }) => name);
  throw new S2Error(
    "model-file",
    `${got}; expected images alone. Export the vision part without ${rest.join(", ")} (for CLIP: the vision model).`,
  );
}

/** The wished output, else `last_hidden_state`, else the only one that can be features. */
export function pickOutput(outputs: readonly ValueInfo[], wish: { output?: string; layout?: "bnc" | "bchw" }): ValueInfo {
  if (wish.output !== undefined) {
    checkOutputs([wish.output], outputs);
    const output = outputs.find(({ name }) => name === wish.output)!;
    if (canBeFeatures(output, wish.layout)) return output;
    throw new S2Error(
      "output",
      `The output ${describe(output)} cannot be features; expected ${expected(wish.layout)}. Outputs: ${list(outputs)}.`,
    );
  }
  const fitting = outputs.filter((output) => canBeFeatures(output, wish.layout));
  const main = fitting.find(({ name }) => name === "last_hidden_state") ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (main) return main;
  const found =
    fitting.length === 0 ? "none of the graph's outputs can be features" : "several of the graph's outputs can be features";
  throw new S2Error(
    "output",
    `Which output is the features? ${found} (${expected(wish.layout)}). Give output: one of ${list(outputs)}.`,
  );
}

/** @throws S2Error "output" for a name that the graph does not give, or whose values are not floats. */
export function checkOutputs(names: readonly string[], outputs: readonly ValueInfo[]): void {
  for (const name of names) {
    const output = outputs.find((known) => known.name === name);
    if (output && isFloat(output)) continue;
    if (output)
      throw new S2Error(
        "output",
        `The output ${describe(output)} is not of floats; only float outputs can be had. Outputs: ${list(outputs)}.`,
      );
    const near = nearest(
      name,
      outputs.map((known) => known.name),
    );
    throw new S2Error(
      "output",
      `The graph has no output "${name}"${near ? `; did you mean "${near}"?` : "."} Outputs: ${list(outputs)}.`,
    );
  }
}

export const isFloat = ({ type }: ValueInfo): boolean => type === "float32" || type === "float16";

/** What images a model takes. A size is given where no other runs. */
export interface ImageRules {
  readonly channels?: number;
  readonly size?: readonly [height: number, width: number];
  readonly maxBatch?: number;
}

/** @throws S2Error "input" when the images cannot run. */
export function checkImages({ dims, data }: Tensor, { channels, size, maxBatch }: ImageRules): void {
  const got = `Got images of shape [${dims?.join(", ")}]`;
  const refuse = (why: string): never => {
    throw new S2Error("input", `${got}; ${why}`);
  };
  if (dims?.length !== 4 || dims.some((side) => !Number.isInteger(side) || side < 1))
    refuse("expected four dimensions [b, c, h, w], none of them empty.");
  const [batch, c, height, width] = dims;
  if (data?.length !== batch * c * height * width)
    refuse(`expected ${batch * c * height * width} values in data, not ${data?.length}.`);
  if (channels !== undefined && c !== channels)
    refuse(`the model takes ${channels} channels. Give [b, ${channels}, h, w], channels before rows.`);
  if (size && (height !== size[0] || width !== size[1])) {
    refuse(
      `the model takes images of ${size.join("x")} only. Resize them, or let s2 cut them into tiles with maxSplitSize: ${size[0]}.`,
    );
  }
  if (maxBatch !== undefined && batch > maxBatch) {
    refuse(`the model takes at most ${maxBatch} in a run. Give them in parts; in s2 with splitForward: ${maxBatch}.`);
  }
}

export const describe = ({ name, type, shape }: ValueInfo): string => `${name} (${type} [${shape.join(", ")}])`;

const list = (outputs: readonly ValueInfo[]): string => outputs.map(describe).join(", ");

/** An unknown rank has no dimensions in the file: only a run tells, and the caller's word is taken. */
function canBeFeatures(output: ValueInfo, layout?: "bnc" | "bchw"): boolean {
  const rank = output.shape.length;
  return isFloat(output) && (layout ? rank === (layout === "bnc" ? 3 : 4) || rank === 0 : rank === 3 || rank === 4);
}

function expected(layout?: "bnc" | "bchw"): string {
  const tokens = "float tokens [b, n, c]";
  const maps = "float maps [b, c, h, w]";
  return layout === "bnc" ? tokens : layout === "bchw" ? maps : `${tokens} or ${maps}`;
}
