/** `exportPlan`: a backbone and the plan of an image as one ONNX file that takes the image's bytes, resizes them as `extract` does, and gives what its caller makes of the tokens. */
import { readShape, S2Error, type S2Plan, type Traits } from "../core/index.ts";
import type { Preprocessing } from "../images/index.ts";
import {
  computeInFloat16,
  convertProto,
  type ModelProto,
  newGraph,
  opsetOf,
  output,
  Reshape,
  type ShapedValue,
  Transpose,
  withoutFunctions,
} from "../onnx/index.ts";
import { readBackbone } from "./backbone.ts";
import { byteCutter } from "./cut-images.ts";
import { checkDtype, type ExportOptions, finish, s2Graph } from "./export.ts";

/** Options of `exportPlan`. */
export interface ExportPlanOptions extends Pick<ExportOptions, "output" | "dtype" | "compute"> {
  readonly preprocessing: Preprocessing;
  readonly traits: Traits;
  /** Further metadata of the file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Makes the outputs by name from tokens [batch, prefix + rows·cols, channels]; a tile of the output's scale has `tileGrid` tokens. */
  readonly outputs: (
    tokens: ShapedValue,
    tileGrid: { readonly rows: number; readonly cols: number },
  ) => Readonly<Record<string, ShapedValue>>;
}

/**
 * Builds the file: its input is `pixels`, uint8 [batch, height, width, 3] of the plan's image.
 * @throws S2Error "option" for a plan that skips tiles; "model-file", "output" or "graph" for a backbone that cannot be wrapped.
 */
export function exportPlan(backbone: ModelProto, plan: S2Plan, options: ExportPlanOptions): ModelProto {
  const { preprocessing, traits, metadata, outputs, output: wish, dtype = "float32", compute } = options;
  checkDtype(dtype, compute);
  if (plan.scales.some(({ skipped }) => skipped))
    throw new S2Error(
      "option",
      "The plan skips tiles by what an image shows, and a file runs all of them; plan without minDetail and tileFraction.",
    );
  const model = compute ? computeInFloat16(backbone) : withoutFunctions(backbone);
  const core = readBackbone(model, wish);
  const [height, width] = plan.image;
  const graph = newGraph(opsetOf(model));
  const cut = byteCutter(graph, plan, { width, height, preprocessing }, "pixels");
  const features = s2Graph(graph, cut, core, plan, traits);
  const { tile } = plan.scales[plan.outputScale];
  const tileGrid = readShape(core.dims(tile), tile, plan, traits).grid;
  const made = outputs(plan.outputShape === "bchw" ? tokensOf(features) : features, tileGrid);
  for (const [name, value] of Object.entries(made)) output(value, name);
  const finished = finish(graph, model, plan, metadata);
  return dtype === "float16" ? convertProto(finished) : finished;
}

/** Maps [b, c, rows, cols] as tokens [b, rows·cols, c]. */
function tokensOf(maps: ShapedValue): ShapedValue {
  const [batch, channels, rows, cols] = maps.dims as [string, number, number, number];
  return Reshape(Transpose(maps, [0, 2, 3, 1]), [batch, rows * cols, channels]);
}
