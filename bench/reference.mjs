/**
 * `s2` against the authors' PyTorch code on the same weights: scales 1, 2, 3 of DeiT-Tiny, one thread each, in turns. The outputs are
 * compared before anything is timed. `--s2wrapper PATH` or S2_REFERENCE names the folder that holds the authors' `s2wrapper`.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
const model = await loadModel(deitTiny, { threads: 1 });
const theirs = await startReference();
const differences = await compare();
const times = await takeTurns({ ours: () => s2(model, images, options), theirs: theirs.run }, { rounds: 25, warmUp: 4 });
theirs.end();
await model.dispose();

const against = ratio(times.ours, times.theirs);
finish("reference", [{ name: "s2 / the authors' code in PyTorch", value: against.wall, unit: "x", bar: 0.95, aim: 0.85 }], {
  rounds: times.ours.ms.length,
  ms: { ours: spread(times.ours.ms), theirs: spread(times.theirs.ms) },
  against,
  differences,
  ...theirs.versions,
});

async function startReference() {
  const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
  const [input, output] = [join(folder, "input.f32"), join(folder, "output.f32")];
  writeFileSync(input, new Uint8Array(images.data.buffer));
  const script = fileURLToPath(new URL("reference.py", import.meta.url));
  const onnx = join(deitTiny, "onnx/model.onnx");
  const args = ["--s2wrapper", reference, "--model", onnx, "--input", input, "--output", output, "--threads", "1"];
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
  const one = (await model(images)).data;
  const all = (await s2(model, images, options)).data;
  const model1 = most(one, theirs.given.subarray(0, one.length));
  const s2All = most(all, theirs.given.subarray(one.length));
  if (!(model1 < 1e-3 && s2All < 1e-3))
    throw new Error(`The outputs differ by ${model1} (model) and ${s2All} (S2): not the same work.`);
  return { model: model1, s2: s2All };
}

function most(a, b) {
  if (a.length !== b.length) throw new Error(`The outputs have ${a.length} and ${b.length} numbers: not the same work.`);
  return round(a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0));
}
