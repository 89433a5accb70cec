/** The authors' code in PyTorch as a child process (reference.py), and the model beside it as a hub folder without an ONNX file gives it. */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadModel } from "s2-vision/node";
import { deitTiny, missing, missingInPython, python } from "./paths.mjs";
import { skipIf } from "./result.mjs";

const { values } = parseArgs({ options: { s2wrapper: { type: "string" } } });
const reference = values.s2wrapper ?? process.env.S2_REFERENCE;

/** Ends a bench that lacks DeiT-Tiny, the authors' code or what it needs in Python. */
export function skipWithoutAuthors(...modules) {
  skipIf(missing(deitTiny));
  skipIf(!reference && "no folder with the authors' s2wrapper was given (--s2wrapper PATH or S2_REFERENCE)");
  skipIf(!existsSync(join(reference, "s2wrapper")) && `${reference} holds no folder s2wrapper`);
  skipIf(missingInPython("torch", "einops", "numpy", ...modules));
}

/** DeiT-Tiny as the graph that `loadModel` builds from a hub folder's weights, one thread. */
export async function loadHubFolder() {
  const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
  for (const name of ["config.json", "preprocessor_config.json", "model.safetensors"])
    copyFileSync(join(deitTiny, name), join(folder, name));
  const model = await loadModel(folder, { threads: 1 });
  rmSync(folder, { recursive: true });
  return model;
}

/**
 * Starts reference.py on an input image, one thread.
 * @returns `given`: what each of its models gave for `images`; `run`: one timed S² of them; `runPhoto`: one timed S² of a photo's file; `features`: of the last photo.
 */
export async function startReference(images) {
  const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
  const [input, output] = [join(folder, "input.f32"), join(folder, "output.f32")];
  writeFileSync(input, new Uint8Array(images.data.buffer));
  const script = fileURLToPath(new URL("reference.py", import.meta.url));
  const weights = ["--onnx", join(deitTiny, "onnx/model.onnx"), "--hub", join(deitTiny, "model.safetensors")];
  const args = ["--s2wrapper", reference, ...weights, "--input", input, "--output", output, "--threads", "1"];
  const child = spawn(python, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("reference.py ended before it answered; its message stands above.");
    return JSON.parse(value);
  };
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  const features = () => {
    const bytes = readFileSync(output);
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  };
  const versions = await answer();
  return {
    ...{ versions, given: features(), features },
    run: () => ask("run"),
    runPhoto: (path) => ask(`photo ${path}`),
    end: () => {
      child.stdin.end();
      rmSync(folder, { recursive: true });
    },
  };
}
