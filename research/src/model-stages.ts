/** The stages of a model, each as a model whose output is that stage's tokens: what a convolutional net gives before it halves its grid, a ViT after thirds of its blocks. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadModel, type Model, openOnnx } from "s2-vision/node";
import { writeOnnx } from "s2-vision/onnx";
import { buildFolder } from "./build-folder.ts";

export interface Stage {
  /** "stride 8", "2/3 of the blocks", "output". */
  readonly name: string;
  readonly model: Model;
}

/** The stages of a model in order; the last is its own output. */
export interface ModelStages {
  readonly name: string;
  /** SHA-256 of the weights file. */
  readonly sha256: string;
  readonly stages: readonly Stage[];
}

export interface StageOptions {
  readonly threads?: number;
  readonly prefixTokens?: number;
  readonly patchSize?: number;
}

/** Fractions of a ViT's blocks after which its tokens are taken, beside its output. */
const THIRDS = [1, 2];

/** Opens the stages of a model in order; the last is its own output. */
export async function openStages(folder: string, options: StageOptions = {}): Promise<Stage[]> {
  if (existsSync(join(folder, "model.safetensors"))) {
    const stages: Stage[] = [];
    for (const third of THIRDS) {
      const { model } = await buildFolder(folder, { threads: options.threads, fraction: third / 3 });
      stages.push({ name: `${third}/3 of the blocks`, model });
    }
    const { model } = await buildFolder(folder, { threads: options.threads });
    return [...stages, { name: "output", model }];
  }
  const model = await loadModel(folder, options);
  return [...(await convolutionalStages(model, folder, options)), { name: "output", model }];
}

/** Opens what each convolution with a stride takes, but for the image: the last map on its grid. */
async function convolutionalStages(complete: Model, folder: string, { threads }: StageOptions): Promise<Stage[]> {
  const file = join(folder, "onnx/model.onnx");
  if (complete.traits.layout !== "bchw" || !existsSync(file)) return [];
  const { graph, ...rest } = openOnnx(file);
  const [image] = graph!.input!;
  const stages: Stage[] = [];
  let stride = 1;
  for (const { opType, input, attribute } of graph!.node!) {
    const strides = attribute?.find(({ name }) => name === "strides")?.ints;
    if (opType !== "Conv" || Number(strides?.[0] ?? 1) === 1) continue;
    const [map] = input!;
    if (map !== image.name) {
      const output = [{ ...graph!.output![0], name: map }];
      const { preprocessing, traits } = complete;
      const model = await loadModel(writeOnnx({ ...rest, graph: { ...graph!, output } }), {
        ...{ threads, preprocessing, patchSize: stride, layout: "bchw" },
        ...(traits.imageSize && { imageSize: traits.imageSize }),
      });
      stages.push({ name: `stride ${stride}`, model });
    }
    stride *= Number(strides![0]);
  }
  return stages;
}
