/** A model's folder as people have it: sharded, wrapped, linked, or in a format that is not read; refusals name the cause. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { buildModel } from "../../src/models/index.ts";
import { openModelSource } from "../../src/runtimes/node/locate.ts";
import { readHubFolder } from "../../src/runtimes/node/model-folder.ts";
import { besideFile, readWhole } from "../../src/runtimes/node/read-file.ts";
import { readSafetensors, writeSafetensors } from "../../src/tensors/index.ts";

const tiny = fileURLToPath(new URL("../../models/s2-tiny", import.meta.url));
const config = readFileSync(join(tiny, "config.json"));
const weights = readFileSync(join(tiny, "model.safetensors"));
const { tensors } = readSafetensors(weights);
const root = mkdtempSync(join(tmpdir(), "s2-folders-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function folderOf(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, file)), { recursive: true });
    writeFileSync(join(root, name, file), content);
  }
  return join(root, name);
}

/** The weights in two parts, and the index that names them. */
function sharded(place = (part: number) => `model-0000${part}-of-00002.safetensors`) {
  const names = Object.keys(tensors);
  const half = names.length >> 1;
  const part = (from: number, to?: number) =>
    writeSafetensors(Object.fromEntries(names.slice(from, to).map((name) => [name, tensors[name]])));
  const weight_map = Object.fromEntries(names.map((name, i) => [name, place(i < half ? 1 : 2)]));
  return { parts: [part(0, half), part(half)], index: JSON.stringify({ metadata: {}, weight_map }) };
}

const built = buildModel(JSON.parse(String(config)), weights);
const builtFrom = (folder: string) => {
  const { config: own, weights: files } = readHubFolder(folder);
  return Buffer.compare(buildModel(own, files), built);
};

describe("weights that are read", () => {
  it("in parts that an index names", () => {
    const { parts, index } = sharded();
    const folder = folderOf("sharded", {
      "config.json": config,
      "model.safetensors.index.json": index,
      "model-00001-of-00002.safetensors": parts[0],
      "model-00002-of-00002.safetensors": parts[1],
    });
    expect(builtFrom(folder)).toBe(0);
  });
  it.each(["module.", "_orig_mod.", "module._orig_mod."])("with %s before every name", (prefix) => {
    const wrapped = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
    const folder = folderOf(`wrapped-${prefix}`, { "config.json": config, "model.safetensors": writeSafetensors(wrapped) });
    expect(builtFrom(folder)).toBe(0);
  });
  it("with counters and indices among them, which no graph needs", () => {
    const more = { ...tensors, num_batches_tracked: { dtype: "I64", dims: [], data: new BigInt64Array(1) } as const };
    expect(builtFrom(folderOf("buffers", { "config.json": config, "model.safetensors": writeSafetensors(more) }))).toBe(0);
  });
  it("linked into the hub's cache of blobs", () => {
    const { parts, index } = sharded((part) => `part${part}.safetensors`);
    folderOf("cache", {
      "blobs/0": config,
      "blobs/1": parts[0],
      "blobs/2": parts[1],
      "blobs/3": index,
      "snapshots/x/README.md": "",
    });
    const snapshot = join(root, "cache/snapshots/x");
    const names = ["config.json", "part1.safetensors", "part2.safetensors", "model.safetensors.index.json"];
    for (const [i, name] of names.entries()) symlinkSync(`../../blobs/${i}`, join(snapshot, name));
    expect(builtFrom(snapshot)).toBe(0);
  });
});

describe("what is refused", () => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 23028934\n";
  it.each([
    ["a Git LFS pointer for weights", { "config.json": config, "model.safetensors": pointer }, /Git LFS pointer.*git lfs pull/],
    [
      "a Git LFS pointer for a config",
      { "config.json": pointer, "model.safetensors": weights },
      /config\.json is a Git LFS pointer/,
    ],
    ["a Git LFS pointer for a graph", { "onnx/model.onnx": pointer }, /Git LFS pointer/],
    [
      "PyTorch's weights alone",
      { "config.json": config, "pytorch_model.bin": "x" },
      /pytorch_model\.bin, which is a PyTorch checkpoint/,
    ],
    ["TensorFlow's weights alone", { "config.json": config, "tf_model.h5": "x" }, /tf_model\.h5, which is a TensorFlow model/],
    ["Flax's weights alone", { "config.json": config, "flax_model.msgpack": "x" }, /Flax/],
    ["an OpenCLIP model", { "open_clip_config.json": "{}", "open_clip_model.safetensors": weights }, /OpenCLIP/],
    [
      "an index whose part is missing",
      { "config.json": config, "model.safetensors.index.json": sharded().index },
      /there is no .*model-00001/,
    ],
    ["an index of nothing", { "config.json": config, "model.safetensors.index.json": '{"weight_map":[1]}' }, /weight_map/],
  ])("%s", async (name, files, says) => {
    await expect(openModelSource(folderOf(name, files as never))).rejects.toThrow(
      expect.objectContaining({ name: "S2Error", message: expect.stringMatching(says) }),
    );
  });
  it.each(["../out.bin", "/etc/hostname", "a/../../out.bin", "..\\out.bin", "C:\\out.bin", "", "a\0b"])(
    "a file at %j",
    (location) => {
      const folder = folderOf("inside", { "model.onnx": "", "../out.bin": "secret" });
      expect(() => besideFile(join(folder, "model.onnx"), location)).toThrow(expect.objectContaining({ code: "model-file" }));
    },
  );
  it("a link to a file outside", () => {
    const folder = folderOf("linked", { "model.onnx": "", "../out.bin": "secret" });
    symlinkSync("../out.bin", join(folder, "data"));
    expect(() => besideFile(join(folder, "model.onnx"), "data")).toThrow(/link to .*out\.bin/);
  });
  it.skipIf(process.platform === "win32")("a pipe, which would wait for ever", () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    expect(() => readWhole(join(root, "pipe"))).toThrow(/no regular file/);
  });
});
