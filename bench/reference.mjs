/**
 * `s2` against the authors' PyTorch code on the same weights: scales 1, 2, 3 of DeiT-Tiny, one thread each, in turns. Once with the graph that
 * `loadModel` builds from a hub folder's weights, once with the ONNX file that torch exported. The outputs are compared before anything is timed. `--s2wrapper PATH` or S2_REFERENCE names the folder that holds the authors' `s2wrapper`.
 */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { s2 } from "s2-vision";
import { loadModel } from "s2-vision/node";
import { noise } from "./noise.mjs";
import { deitTiny, missing, missingInPython, python } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { ratio, round, spread, takeTurns } from "./timing.mjs";

const { values } = parseArgs({ options: { s2wrapper: { type: "string" } } });
const reference = values.s2wrapper ?? process.env.S2_REFERENCE;
skipIf(missing(deitTiny));
skipIf(!reference && "no folder with the authors' s2wrapper was given (--s2wrapper PATH or S2_REFERENCE)");
skipIf(!existsSync(join(reference, "s2wrapper")) && `${reference} holds no folder s2wrapper`);
skipIf(missingInPython("torch", "einops", "numpy"));

const options = { scales: [1, 2, 3], numPrefixToken: 1 };
const images = noise([1, 3, 224, 224]);
const onnx = join(deitTiny, "onnx/model.onnx");
const hub = join(deitTiny, "model.safetensors");
const models = { torchsFile: await loadModel(onnx, { threads: 1 }), built: await loadHubFolder() };
const theirs = await startReference();
const differences = await compare();
const times = await takeTurns(
  {
    ours: () => s2(models.built, images, options),
    oursOnTorchsFile: () => s2(models.torchsFile, images, options),
    theirs: theirs.run,
  },
  { rounds: 25, warmUp: 4 },
);
theirs.end();
await Promise.all(Object.values(models).map((model) => model.dispose()));

const against = ratio(times.ours, times.theirs);
const againstOnTorchsFile = ratio(times.oursOnTorchsFile, times.theirs);
finish(
  "reference",
  [
    { name: "s2 / the authors' code in PyTorch", value: against.wall, unit: "x", bar: 0.95, aim: 0.8 },
    { name: "s2 on torch's ONNX file / the authors' code in PyTorch", value: againstOnTorchsFile.wall, unit: "x", bar: 0.95 },
  ],
  {
    rounds: times.ours.ms.length,
    ms: Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, spread(ms)])),
    ...{ against, againstOnTorchsFile, differences },
    ...theirs.versions,
  },
);

/** The model as a hub folder without an ONNX file gives it. */
async function loadHubFolder() {
  const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
  for (const name of ["config.json", "preprocessor_config.json", "model.safetensors"])
    copyFileSync(join(deitTiny, name), join(folder, name));
  const model = await loadModel(folder, { threads: 1 });
  rmSync(folder, { recursive: true });
  return model;
}

async function startReference() {
  const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
  const [input, output] = [join(folder, "input.f32"), join(folder, "output.f32")];
  writeFileSync(input, new Uint8Array(images.data.buffer));
  const script = fileURLToPath(new URL("reference.py", import.meta.url));
  const args = ["--s2wrapper", reference, "--onnx", onnx, "--hub", hub, "--input", input, "--output", output, "--threads", "1"];
  const child = spawn(python, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("reference.py ended before it answered; its message stands above.");
    return JSON.parse(value);
  };
  const versions = await answer();
  const bytes = readFileSync(output);
  rmSync(folder, { recursive: true });
  return {
    versions,
    given: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4),
    run: () => {
      child.stdin.write("run\n");
      return answer();
    },
    end: () => child.stdin.end(),
  };
}

async function compare() {
  let from = 0;
  const found = {};
  for (const [name, model] of Object.entries(models)) {
    const outputs = { model: await model(images), s2: await s2(model, images, options) };
    found[name] = {};
    for (const [what, { data }] of Object.entries(outputs)) {
      found[name][what] = most(data, theirs.given.subarray(from, from + data.length));
      from += data.length;
    }
    const { model: model1, s2: s2All } = found[name];
    if (!(model1 < 1e-3 && s2All < 1e-3))
      throw new Error(`The outputs of ${name} differ by ${model1} (model) and ${s2All} (S2): not the same work.`);
  }
  return found;
}

function most(a, b) {
  if (a.length !== b.length) throw new Error(`The outputs have ${a.length} and ${b.length} numbers: not the same work.`);
  return round(a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0));
}
