/** Folders of LLaVA's and VILA's kind on disk: whoever downloads one must get its eyes without reading gigabytes of language. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadTower, visualTokens } from "s2-vision/node";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { readLlavaFolder } from "../../src/runtimes/node/llava-folder.ts";
import { readWeights } from "../../src/runtimes/node/model-folder.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../src/tensors/index.ts";
import { differs, golden, readBytes, readJson, weightsFile, wholeCases } from "../models/dynamic-s2.ts";
import { config, preprocessor, projector, weightsOf } from "./tiny-llava.ts";

const root = mkdtempSync(join(tmpdir(), "s2-folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(folder: string, files: Record<string, Uint8Array | object>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content instanceof Uint8Array ? content : JSON.stringify(content));
  }
  return join(root, folder);
}

const namesOf = (files: readonly Uint8Array[]) => files.flatMap((file) => Object.keys(readSafetensors(file).tensors));

describe("NVILA's folder, eyes and projector in folders of their own", () => {
  it.each(wholeCases.map((c) => [c.id, c] as const))("%s: from the picture's file to golden tokens", async (id, c) => {
    const { mm_projector_type, ...rest } = c.config;
    const folder = write(id, {
      "config.json": { ...rest, vision_tower_cfg: "./vision_tower", mm_projector_cfg: "./mm_projector" },
      "vision_tower/config.json": readJson(c.model_config),
      "vision_tower/model.safetensors": readBytes(c.weights),
      "vision_tower/preprocessor_config.json": {
        image_mean: c.image_mean,
        image_std: c.image_std,
        resample: 3,
        do_rescale: true,
      },
      "mm_projector/config.json": { mm_projector_type },
      "mm_projector/model.safetensors": weightsFile(c.projector),
    });
    const { dims, data } = golden.u8(c.input);
    const picture = join(folder, "picture.png");
    await sharp(data, { raw: { width: dims[1], height: dims[0], channels: 3 } }).toFile(picture);
    const { model, tower, project, dispose } = await loadTower(folder, { threads: 1 });
    const tokens = await visualTokens(model, picture, tower, { project });
    await dispose();
    expect(tokens.dims.slice(1)).toEqual(c.output.tokens.shape);
    expect(differs(tokens.data, golden.f32(c.output.tokens).data)).toBe("");
  });
});

describe("LLaVA's folder", () => {
  const whole = weightsOf(projector(24));
  const { tensors } = readSafetensors(whole);
  const eyes = Object.keys(tensors).filter((name) => !name.startsWith("language_model"));
  const part = (wanted: (name: string) => boolean) =>
    writeSafetensors(Object.fromEntries(Object.entries(tensors).filter(([name]) => wanted(name))));

  it("of one file: tower and projector are read, the language model is not", () => {
    const folder = write("one", { "config.json": config, "model.safetensors": whole, "preprocessor_config.json": preprocessor });
    const { weights, config: read, preprocessor: pixels, processor } = readLlavaFolder(folder);
    expect(namesOf(weights).sort()).toEqual([...eyes].sort());
    for (const [name, { data }] of Object.entries(readSafetensors(weights[0]).tensors)) expect(data).toEqual(tensors[name].data);
    expect([read, pixels, processor]).toEqual([config, preprocessor, undefined]);
  });

  it("with [CLS] kept: the projector takes it with the grid, and a projector of cells says that it cannot", async () => {
    const kept = { ...config, vision_feature_select_strategy: "full" };
    const files = { "config.json": kept, "model.safetensors": whole, "preprocessor_config.json": preprocessor };
    const { model, tower, project, dispose } = await loadTower(write("kept", files), { threads: 1 });
    const { dims, grid, prefix } = await visualTokens(model, gray, tower, { project });
    await dispose();
    expect({ dims, grid, prefix }).toEqual({ dims: [1, 17, 16], grid: { rows: 4, cols: 4 }, prefix: 1 });
    const cells = { "config.json": { ...kept, mm_projector_type: "mlp_downsample" } };
    const four = weightsFile({ ...wholeCases[2].projector }, "mm_projector.");
    const narrow = {
      ...cells,
      "model.safetensors": writeSafetensors({ ...readSafetensors(weightsOf({})).tensors, ...readSafetensors(four).tensors }),
    };
    write("cells", { ...narrow, "config.json": { ...narrow["config.json"], s2: true, s2_scales: "32,64" } });
    await expect(loadTower(join(root, "cells"))).rejects.toThrow(/17 tokens are not 4x4/);
  });

  const gray = { width: 40, height: 30, channels: 3, data: new Uint8Array(3600).fill(128) } as const;

  it("in parts: those without a wanted tensor need not even be there", () => {
    const [first, second] = [(name: string) => name.includes("vision_tower"), (name: string) => name.includes("projector")];
    const map = Object.keys(tensors).map((name) => [
      name,
      first(name) ? "a.safetensors" : second(name) ? "b.safetensors" : "c.safetensors",
    ]);
    const folder = write("parts", {
      "config.json": config,
      "model.safetensors.index.json": { weight_map: Object.fromEntries(map) },
      "a.safetensors": part(first),
      "b.safetensors": part(second),
    });
    expect(namesOf(readLlavaFolder(folder).weights).sort()).toEqual([...eyes].sort());
  });

  it("with the tower elsewhere: its config and weights are taken, what the folder has itself wins", async () => {
    const strip = (name: string) => name.replace("model.vision_tower.", "");
    const own = Object.entries(tensors).filter(([name]) => name.includes("vision_tower"));
    const text = { "text_model.final_layer_norm.weight": { dtype: "F32", dims: [1], data: new Float32Array(1) } as const };
    const towerFolder = write("clip", {
      "config.json": {
        model_type: "clip",
        text_config: {},
        vision_config: { ...readJson("clip-tiny.config.json"), model_type: undefined },
      },
      "model.safetensors": writeSafetensors({
        ...Object.fromEntries(own.map(([name, tensor]) => [strip(name), tensor])),
        ...text,
      }),
      "preprocessor_config.json": preprocessor,
    });
    const { vision_config: _, ...bare } = config;
    const named = { ...bare, mm_vision_tower: "openai/clip-tiny", mm_projector_type: "mlp2x_gelu" };
    const folder = write("named", { "config.json": named, "model.safetensors": part((name) => name.includes("projector")) });
    const read = readLlavaFolder(folder, { visionTower: towerFolder });
    expect(read.config.vision_config).toMatchObject({ model_type: "clip_vision_model", hidden_size: 24 });
    expect(namesOf(read.weights)).toHaveLength(eyes.length);
    expect(read.preprocessor).toEqual(preprocessor);

    const tuned = Object.fromEntries(
      own.map(([name, tensor]): [string, StoredTensor] => [name, { ...tensor, data: zeros(tensor) }]),
    );
    write("named", { "model.safetensors": writeSafetensors({ ...tuned, ...projector(24) }) });
    const white = { width: 40, height: 30, channels: 3, data: new Uint8Array(3600).fill(255) } as const;
    const { model, tower, dispose } = await loadTower(folder, { visionTower: towerFolder, threads: 1 });
    expect([...new Set((await visualTokens(model, white, tower)).data)]).toEqual([0]); // of the tower in "clip" nothing is left
    await dispose();
  });

  const zeros = ({ data }: StoredTensor): Float32Array => new Float32Array(data.length);

  it("without weights, without a config, with a broken file: what is missing is said", () => {
    expect(() => readLlavaFolder(write("empty", { "config.json": config }))).toThrow(
      expect.objectContaining({ code: "model-not-found", message: expect.stringContaining("pytorch_model.bin") }),
    );
    expect(() => readLlavaFolder(join(root, "none"))).toThrow(expect.objectContaining({ code: "model-not-found" }));
    const broken = { code: "safetensors", message: expect.stringMatching(/cut short or damaged|header is not JSON/) };
    const short = write("short", { "model.safetensors": whole.subarray(0, whole.length - 9) });
    expect(() => readWeights(short, () => true)).toThrow(expect.objectContaining(broken));
    const text = write("text", { "model.safetensors": new TextEncoder().encode("\x10\0\0\0\0\0\0\0 no header here ") });
    expect(() => readWeights(text, () => true)).toThrow(expect.objectContaining(broken));
    expect(readFileSync(join(short, "model.safetensors")).length).toBe(whole.length - 9);
  });
});
