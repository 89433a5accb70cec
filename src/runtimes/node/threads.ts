/** Threads of a session: the physical cores, because hyperthreads and more threads than cores make matrix products slower. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Session options of every graph and model on the CPU. */
export const sessionOptions = (threads: number) => ({
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  logSeverityLevel: 4 as const,
  // Threads that spin for work after a run take the cores from the next session. Two sessions in turn, ms per tile (DeiT-Tiny, 2 cores,
  // best of 5 processes): 21 spinning, 14.7 never spinning, 14.2 stopping after each run; one alone: 14.3, 14.8 and 14.2.
  extra: { session: { force_spinning_stop: "1" } },
});

/**
 * Counts the physical cores that this process may use. Linux lists them in /proc/cpuinfo; elsewhere x64 is assumed to have two threads per
 * core and arm64 one (true of Apple's and nearly all others).
 */
export function physicalCores(): number {
  const usable = availableParallelism();
  const isLinux = process.platform === "linux";
  const cpuinfo = isLinux && existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const cores = isLinux ? coresOfCpuinfo(cpuinfo) : process.arch === "x64" ? Math.ceil(usable / 2) : usable;
  return Math.max(1, Math.min(usable, cores ?? usable));
}

/** Counts distinct pairs of socket and core; undefined where the kernel does not list them (ARM). */
export function coresOfCpuinfo(text: string): number | undefined {
  const pairs = new Set<string>();
  for (const cpu of text.split(/\n\s*\n/)) {
    const core = /^core id\s*:\s*(\d+)/m.exec(cpu)?.[1];
    if (core !== undefined) pairs.add(`${/^physical id\s*:\s*(\d+)/m.exec(cpu)?.[1] ?? 0}/${core}`);
  }
  return pairs.size > 0 ? pairs.size : undefined;
}
