/** A worker of `bench/archive.mjs`: loads the model, waits for a message with the archive, works on it, and says when its first shard was claimed and its last committed. */
import { runArchive } from "s2-vision/archive";
import { loadModel } from "s2-vision/node";

const model = await loadModel(undefined, { threads: 1 });
process.send("ready");
process.on("message", async (store) => {
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  const onEvent = ({ type }) => {
    const now = performance.timeOrigin + performance.now();
    if (type === "claimed") first = Math.min(first, now);
    if (type === "committed") last = now;
  };
  const before = process.cpuUsage();
  await runArchive(store, { model, onEvent });
  const { user, system } = process.cpuUsage(before);
  process.send({ first, last, cpu: (user + system) / 1000 });
});
