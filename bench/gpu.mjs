/**
 * This package on a graphics card (WebGPU) against the authors' wrapper in PyTorch (CUDA): bench/gpu/measure.mjs in at most four minutes. Skipped
 * where there is no card; bench/gpu/pack.mjs takes it to a machine that has one, and the gpu.json from there is bench/results/gpu.json.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
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
process.exitCode = spawnSync(process.execPath, [script, resultsFolder], { stdio: "inherit" }).status;
