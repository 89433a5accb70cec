/** Small valid models of each kind that is read: what hostile ones are made from. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildModel } from "s2-vision/models";
import { readOnnx, withExternalData, writeOnnx } from "../../src/onnx/index.ts";
import { readSafetensors, writeSafetensors } from "../../src/tensors/index.ts";
import { config, preprocessor, processor, projector, weightsOf } from "../runtimes/tiny-llava.ts";
import type { Files } from "./corpus.ts";
import type { Valid } from "./damage-files.ts";

const families = [
  ...["hf-clip", "hf-clip-full", "hf-convnext", "hf-deit-distilled-classifier", "hf-dinov2-reg", "hf-dinov2-swiglu"],
  ...["hf-dinov3", "hf-hiera", "hf-mae", "hf-siglip", "hf-siglip-full", "hf-swin", "hf-swinv2", "hf-vit-classifier"],
  ...["timm-clip", "timm-convnext", "timm-deit3", "timm-dinov2-reg4", "timm-dinov3", "timm-hiera", "timm-mae", "timm-siglip"],
  ...["timm-swin", "timm-swinv2", "timm-vit", "hf-focalnet-classifier", "timm-focalnet", "authors-mpvit"],
  ...["hf-resnet", "timm-resnet-deep", "hf-mobilenetv1", "hf-mobilenetv2", "timm-mobilenetv2"],
  ...["timm-mvitv2-cls", "timm-crossvit", "authors-focal-conv"],
];

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const file = (path: string): Uint8Array => readFileSync(fileURLToPath(new URL(path, import.meta.url)));

const preprocessors: Files = {
  "preprocessor_config.json": json({
    ...{ image_processor_type: "ViTImageProcessor", do_resize: true, do_rescale: true, do_normalize: true, do_center_crop: true },
    ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], resample: 3, rescale_factor: 1 / 255 },
    ...{ size: { shortest_edge: 32 }, crop_size: { height: 32, width: 32 } },
  }),
  "processor_config.json": json({
    processor_class: "SiglipProcessor",
    image_processor: { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], size: { height: 32, width: 32 }, resample: 2 },
  }),
};

/** The weights in two parts with an index. */
function sharded(weights: Uint8Array): Files {
  const { tensors } = readSafetensors(weights);
  const names = Object.keys(tensors);
  const parts = [names.slice(0, names.length / 2), names.slice(names.length / 2)];
  const nameOf = (part: number) => `model-0000${part + 1}-of-00002.safetensors`;
  const written = parts.map((part, i) => [
    nameOf(i),
    writeSafetensors(Object.fromEntries(part.map((name) => [name, tensors[name]]))),
  ]);
  const weight_map = Object.fromEntries(parts.flatMap((part, i) => part.map((name) => [name, nameOf(i)])));
  return { ...Object.fromEntries(written), "model.safetensors.index.json": json({ metadata: { total_size: 1 }, weight_map }) };
}

async function make(): Promise<readonly Valid[]> {
  const folders = families.map((family, i): Files => {
    const weights = file(`../fixtures/arch/${family}/model.safetensors`);
    const parts = i % 3 === 0 ? sharded(weights) : { "model.safetensors": weights };
    return { "config.json": file(`../fixtures/arch/${family}/config.json`), ...parts, ...preprocessors };
  });
  const graphs = families.flatMap((family, i) => {
    if (i % 4) return [];
    const read = (name: string) => file(`../fixtures/arch/${family}/${name}`);
    return [buildModel(JSON.parse(Buffer.from(read("config.json")).toString()), read("model.safetensors"))];
  });
  const projection = projector(JSON.parse(JSON.stringify(config)).vision_config.hidden_size);
  const llava: Files = {
    ...{ "config.json": json(config), "model.safetensors": weightsOf(projection) },
    ...{ "preprocessor_config.json": json(preprocessor), "processor_config.json": json(processor) },
  };
  const external = graphs.map((graph): Files => {
    const { model, data } = withExternalData(readOnnx(graph), "weights.bin");
    return { "model.onnx": writeOnnx(model), "weights.bin": Buffer.concat(data.parts as Uint8Array[]) };
  });
  const opened = { name: "model.onnx" };
  return [
    ...folders.flatMap((files) => ["build", "build", "load model"].map((reader) => ({ reader, files }))),
    ...folders
      .filter((files) => "model.safetensors" in files)
      .slice(0, 4)
      .map((files) => ({ reader: "safetensors", name: "model.safetensors", files, among: /^model\.safetensors$/ })),
    ...graphs.flatMap((graph) =>
      ["inspect", "inspect", "convert", "export", "load model", "load model"].map((reader) => ({
        ...{ reader, files: { "model.onnx": graph }, ...opened },
      })),
    ),
    ...external.flatMap((files) => ["inspect", "convert", "load model"].map((reader) => ({ reader, files, ...opened }))),
    ...graphs.slice(0, 2).map((graph) => ({ reader: "load model", files: { "onnx/model.onnx": graph, ...preprocessors } })),
    ...["tower", "tower", "tower", "llava", "llava", "llava", "llava"].map((reader) => ({ reader, files: llava })),
  ];
}

let made: Promise<readonly Valid[]> | undefined;
export const validModels = (): Promise<readonly Valid[]> => (made ??= make());
