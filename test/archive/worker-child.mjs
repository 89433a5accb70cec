/** A worker of an archive in a process of its own, which may kill itself at a step. */
import { runArchive } from "../../dist/archive.js";
import { loadModel } from "../../dist/node.js";

const { store, kill, ...options } = JSON.parse(process.argv[2]);
const model = await loadModel(new URL("../cli/tiny/plain.onnx", import.meta.url).pathname, { patchSize: 8, prefixTokens: 1, threads: 1 });
let seen = 0;
const onEvent = ({ type }) => {
  if (type === kill?.type && ++seen === kill.at) process.kill(process.pid, "SIGKILL");
};
await runArchive(store, { model, onEvent, ...options });
await model.dispose();
process.exit(0);
