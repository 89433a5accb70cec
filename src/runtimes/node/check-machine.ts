/** The state of this machine: versions, devices, optional packages, the cache, and the speed of the bundled model. */
import { execFileSync } from "node:child_process";
import { statfsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { S2Error } from "../../core/index.ts";
import { defaultCacheDir } from "./hub.ts";
import { loadModel } from "./load-model.ts";
import { physicalCores } from "./threads.ts";
import { readVersion } from "./version.ts";

/** A fact about the machine, with what to do where it limits something. */
export interface MachineFact {
  readonly name: string;
  readonly value: string;
  readonly advice?: string;
  /** True where no model can run. */
  readonly failed?: boolean;
}

/** Runs of one tile whose median is reported. */
const RUNS = 9;

/** Collects facts about the machine; each is found on its own, so that one failure hides no other. */
export async function checkMachine(): Promise<MachineFact[]> {
  return [
    { name: "s2-vision", value: `${readVersion()}, Node ${process.versions.node}, ${process.platform} ${process.arch}` },
    { name: "threads", value: `${physicalCores()} of ${availableParallelism()} processors (physical cores)` },
    ...(await checkRuntime()),
    ...(await checkModel()),
    await checkPackage("@lancedb/lancedb", "indexes of many images", "indexes are one file that is searched in memory"),
    await checkPackage("@huggingface/transformers", "models of transformers.js", "other models work without it"),
    checkFfmpeg(),
    checkCache(),
  ];
}

async function checkRuntime(): Promise<MachineFact[]> {
  try {
    const { env, listSupportedBackends } = await import("onnxruntime-node");
    const devices = listSupportedBackends().map(({ name, bundled }) => (bundled ? name : `${name} (to be installed)`));
    return [
      { name: "onnxruntime-node", value: env.versions.node ?? env.versions.common },
      { name: "devices", value: devices.join(", "), advice: "docs/gpu.md says what each needs; --device NAME uses one." },
    ];
  } catch (error) {
    return [
      {
        name: "onnxruntime-node",
        value: `does not load: ${reasonOf(error)}`,
        advice: "Run: npm install onnxruntime-node",
        failed: true,
      },
    ];
  }
}

async function checkModel(): Promise<MachineFact[]> {
  try {
    const start = performance.now();
    const model = await loadModel();
    const loaded = performance.now() - start;
    const [height, width] = model.traits.imageSize ?? [224, 224];
    const tile = { dims: [1, 3, height, width], data: new Float32Array(3 * height * width).fill(0.5) };
    const times: number[] = [];
    for (let i = 0; i <= RUNS; i++) {
      const before = performance.now();
      await model.run(tile);
      times.push(performance.now() - before);
    }
    await model.dispose();
    const median = times.slice(1).sort((a, b) => a - b)[RUNS >> 1]; // the first run prepares memory
    return [
      { name: "s2-tiny", value: `loaded in ${Math.round(loaded)} ms; ${median.toFixed(1)} ms a tile of ${width}x${height}` },
    ];
  } catch (error) {
    return [{ name: "s2-tiny", value: `does not run: ${reasonOf(error)}`, failed: true }];
  }
}

async function checkPackage(name: string, use: string, without: string): Promise<MachineFact> {
  try {
    await import(name);
    return { name, value: `installed (${use})` };
  } catch {
    return { name, value: `not installed (${use})`, advice: `Optional: ${without}.` };
  }
}

function checkFfmpeg(): MachineFact {
  try {
    const [line] = execFileSync("ffmpeg", ["-version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n");
    return { name: "ffmpeg", value: line.replace(/^ffmpeg version (\S+).*/, "$1") };
  } catch {
    return { name: "ffmpeg", value: "not found", advice: "Optional: videos need it." };
  }
}

/** The cache and the room on its disk; a folder that does not exist yet has the room of the first one above it. */
function checkCache(): MachineFact {
  const cache = defaultCacheDir();
  for (let folder = cache; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return { name: "cache", value: `${cache}, ${((bavail * bsize) / 1e9).toFixed(1)} GB free` };
    } catch {
      if (folder === dirname(folder)) return { name: "cache", value: cache };
    }
  }
}

const reasonOf = (error: unknown): string => (error instanceof S2Error || error instanceof Error ? error.message : String(error));
