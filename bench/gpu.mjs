/**
 * This package on a graphics card (WebGPU) against the authors' wrapper in PyTorch (CUDA): bench/gpu/measure.mjs in at most four minutes. Skipped
 * where there is no card; bench/gpu/pack.mjs takes it to a machine that has one, and the gpu.json from there is bench/results/gpu.json.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findCard } from "./gpu/card.mjs";
import { missingInPython } from "./paths.mjs";
import { resultsFolder, skipIf } from "./result.mjs";

const reference = process.env.S2_REFERENCE;
skipIf(findCard().reason);
skipIf(!reference && "no folder with the authors' s2wrapper was given (S2_REFERENCE)");
skipIf(!existsSync(join(reference, "s2wrapper")) && `${reference} holds no folder s2wrapper`);
skipIf(missingInPython("torch", "timm", "einops", "safetensors", "numpy"));

const script = fileURLToPath(new URL("gpu/measure.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "s2-gpu-")); // the log stays out of the repository
const { status } = spawnSync(process.execPath, [script, folder], { stdio: "inherit" });
const result = join(folder, "gpu.json");
if (status === 0) copyFileSync(result, join(resultsFolder, "gpu.json"));
rmSync(folder, { recursive: true });
process.exitCode = status ?? 1;
