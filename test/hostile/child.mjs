/** The process that loads hostile files one after the other: it says how each went and how much memory it took at most. */
import { readFileSync, writeFileSync } from "node:fs";

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

process.on("message", async ({ corpus: name, path, reader }) => {
  const corpus = corpora.find((each) => each.name === name);
  globalThis.gc?.();
  resetPeak();
  let outcome = "ok";
  let message = "";
  try {
    await corpus.load(path, reader);
  } catch (error) {
    outcome = error?.name === "S2Error" && typeof error.code === "string" ? "refused" : "raw error";
    message = String(error?.stack ?? error);
  }
  process.send({ outcome, message, memory: peak() });
});
process.on("disconnect", () => process.exit());
process.send("ready");
