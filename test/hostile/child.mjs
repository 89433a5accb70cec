/** The process that loads hostile files one after the other: it says how each went and how much memory it took at most. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const { corpora } = await import(process.argv[2]);

/** Starts the count of the peak anew; Linux alone can. */
function resetPeak() {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {}
}

/** Megabytes. */
function peak() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

process.on("message", async ({ corpus: name, seed, i, folder }) => {
  const corpus = corpora.find((each) => each.name === name);
  const file = await corpus.make(seed, i);
  const path = `${folder}/${i}/${file.name}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file.bytes);
  globalThis.gc?.();
  resetPeak();
  process.send({ made: file.kind, path });
  let outcome = "ok";
  let message = "";
  try {
    await corpus.load(path);
  } catch (error) {
    outcome = error?.name === "S2Error" && typeof error.code === "string" ? "refused" : "raw error";
    message = String(error?.stack ?? error);
  }
  const memory = peak();
  if (outcome !== "raw error") rmSync(dirname(path), { recursive: true });
  process.send({ outcome, message, memory });
});
process.on("disconnect", () => process.exit());
process.send("ready");
