/** The process whose server is measured: says what its model's thread used, how busy the model was, and its memory. */
import { readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { openServer } from "s2-vision/serve";

const threads = () => readdirSync("/proc/self/task").map(Number);
/** Milliseconds of a thread on a processor, in ticks of 10. */
function cpuOf(thread) {
  const fields = readFileSync(`/proc/self/task/${thread}/stat`, "utf8").split(") ")[1].split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

await Promise.all(Array.from({ length: 8 }, () => stat("."))); // starts libuv's threads, so that the next new one is the model's
const before = new Set(threads());
const server = await openServer({ load: { threads: 1 }, workers: 1 });
const modelThread = Math.min(...threads().filter((thread) => !before.has(thread)));

async function state() {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const metric = (name) => Number(new RegExp(`^${name}\\{.*\\} (.*)$`, "m").exec(text)?.[1] ?? 0);
  return {
    now: performance.now(),
    tiles: metric("s2_tiles_total"),
    busy: 1000 * metric("s2_model_busy_seconds"),
    modelCpu: cpuOf(modelThread),
  };
}

process.on("message", async (question) => {
  if (question === "stop") {
    await server.close();
    return process.disconnect();
  }
  if (question === "state") return process.send(await state());
  gc();
  process.send({ rss: process.memoryUsage.rss() / 1e6 });
});
process.send({ url: server.url });
