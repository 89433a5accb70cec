/** How many threads one run gets: the physical cores, for hyperthreads and more threads than cores make matrix products slower. */

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * Physical cores that this process may use. Linux tells them in /proc/cpuinfo; elsewhere x64 is taken to have two threads a core
 * and arm64 one (true of Apple's and of nearly all others). Never more than the CPUs this process may run on.
 */
export function physicalCores(): number {
  const usable = availableParallelism();
  const cores = process.platform === "linux" ? coresOfCpuinfo(readCpuinfo()) : undefined;
  return Math.max(
    1,
    Math.min(usable, cores ?? (process.platform !== "linux" && process.arch === "x64" ? Math.ceil(usable / 2) : usable)),
  );
}

/** Distinct pairs of socket and core; undefined where the kernel does not list them (ARM). */
export function coresOfCpuinfo(text: string): number | undefined {
  const pairs = new Set<string>();
  for (const cpu of text.split(/\n\s*\n/)) {
    const core = /^core id\s*:\s*(\d+)/m.exec(cpu)?.[1];
    if (core !== undefined) pairs.add(`${/^physical id\s*:\s*(\d+)/m.exec(cpu)?.[1] ?? 0}/${core}`);
  }
  return pairs.size > 0 ? pairs.size : undefined;
}

function readCpuinfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
