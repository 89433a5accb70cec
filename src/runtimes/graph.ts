/** Finds the input for images and the output with the main features of a graph, and checks images against it. Platform-free. */
import { nearest, S2Error, type Tensor } from "../core/index.ts";
import { channelsFirst, takesChannelsLast } from "../onnx/image-input.ts";

/** An input or output of a graph; symbolic dimensions are names. */
export interface ValueInfo {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** An input of images; its shape is given as [b, c, h, w] whatever the graph's own order is. */
export interface ImageInput extends ValueInfo {
  /** True for a graph that takes [b, h, w, c]; `runParts` moves the channels. */
  readonly channelsLast: boolean;
}

/** Finds the one float input of rank 4; `pixel_values` where there are several. @throws S2Error "model-file". */
export function pickInput(inputs: readonly ValueInfo[]): ImageInput {
  const images = inputs.filter((value) => isFloat(value) && value.shape.length === 4);
  const input = images.find(({ name }) => name === "pixel_values") ?? (images.length === 1 ? images[0] : undefined);
  if (input && inputs.length === 1) {
    const channelsLast = takesChannelsLast(input.shape);
    return { ...input, shape: channelsLast ? channelsFirst(input.shape) : input.shape, channelsLast };
  }
  const others = inputs.filter((other) => other !== input).map(({ name }) => name);
  const advice = input
    ? `expected images alone. Export the vision part without ${others.join(", ")} (for CLIP: the vision model).`
    : "expected one float32 or float16 input of images [b, c, h, w]. Give a vision model exported with such an input.";
  throw new S2Error("model-file", `The graph takes ${inputs.map(describe).join(", ") || "nothing"}; ${advice}`);
}

/** Finds the wanted output, else `last_hidden_state`, else the only one that can be features. @throws S2Error "output". */
export function pickOutput(outputs: readonly ValueInfo[], wanted: { output?: string; layout?: "bnc" | "bchw" }): ValueInfo {
  const { output: name, layout } = wanted;
  const fitting = outputs.filter((output) => canBeFeatures(output, layout));
  const shapes = { bnc: "float tokens [b, n, c]", bchw: "float maps [b, c, h, w]" };
  const expected = layout ? shapes[layout] : `${shapes.bnc} or ${shapes.bchw}`;
  if (name !== undefined) {
    checkOutputs([name], outputs);
    const output = outputs.find((known) => known.name === name)!;
    if (fitting.includes(output)) return output;
    throw outputError(`The output ${describe(output)} cannot be features; expected ${expected}.`, outputs);
  }
  const main = fitting.find((output) => output.name === "last_hidden_state") ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (main) return main;
  const count = fitting.length === 0 ? "none" : "several";
  throw outputError(
    `Which output is the features? ${count} of the graph's outputs can be features (${expected}). Give output: one of them.`,
    outputs,
  );
}

/** @throws S2Error "output" for a name that the graph does not give, or whose values are not floats. */
export function checkOutputs(names: readonly string[], outputs: readonly ValueInfo[]): void {
  for (const name of names) {
    const output = outputs.find((known) => known.name === name);
    if (output && isFloat(output)) continue;
    if (output) throw outputError(`The output ${describe(output)} is not of floats; only float outputs can be used.`, outputs);
    const known = outputs.map((each) => each.name);
    const near = nearest(name, known);
    throw outputError(`The graph has no output "${name}"${near ? `; did you mean "${near}"?` : "."}`, outputs);
  }
}

const outputError = (issue: string, outputs: readonly ValueInfo[]) =>
  new S2Error("output", `${issue} Outputs: ${outputs.map(describe).join(", ")}.`);

export const isFloat = ({ type }: ValueInfo): boolean => type === "float32" || type === "float16";

/** Limits of a model's images; `size` is given where no other runs. */
export interface ImageRules {
  readonly channels?: number;
  readonly size?: readonly [height: number, width: number];
  readonly maxBatch?: number;
}

/** @throws S2Error "input" when the images cannot run. */
export function checkImages({ dims, data }: Tensor, { channels, size, maxBatch }: ImageRules): void {
  const refuse = (reason: string): never => {
    throw new S2Error("input", `Got images of shape [${dims?.join(", ")}]; ${reason}`);
  };
  if (dims?.length !== 4 || dims.some((side) => !Number.isInteger(side) || side < 1))
    refuse("expected four dimensions [b, c, h, w], none of them empty.");
  const [batch, c, height, width] = dims;
  const length = batch * c * height * width;
  if (data?.length !== length) refuse(`expected ${length} values in data, not ${data?.length}.`);
  if (channels !== undefined && c !== channels)
    refuse(`the model takes ${channels} channels. Give [b, ${channels}, h, w], channels before rows.`);
  if (size && (height !== size[0] || width !== size[1]))
    refuse(
      `the model takes images of ${size.join("x")} only. Resize them, or let s2 cut them into tiles with maxSplitSize ${size[0]}.`,
    );
  if (maxBatch !== undefined && batch > maxBatch)
    refuse(`the model takes at most ${maxBatch} in a run. Give fewer at a time; in s2 with splitForward ${maxBatch}.`);
}

export const describe = ({ name, type, shape }: ValueInfo): string => `${name} (${type} [${shape.join(", ")}])`;

/** Returns true for an output of a fitting rank. An unknown rank has no dimensions in the file: `layout` then decides. */
function canBeFeatures(output: ValueInfo, layout?: "bnc" | "bchw"): boolean {
  const rank = output.shape.length;
  return isFloat(output) && (layout ? rank === (layout === "bnc" ? 3 : 4) || rank === 0 : rank === 3 || rank === 4);
}
