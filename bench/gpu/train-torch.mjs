/** PyTorch's own training step of DeiT-Tiny on a device (train.py), timed. Prints a line of JSON. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { spread, takeTurns } from "../timing.mjs";

const names = ["python", "torch", "batch", "rounds"];
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) });
const script = fileURLToPath(new URL("../train.py", import.meta.url));
const args = [script, "--batch", values.batch, "--threads", "8", "--device", values.torch];
const child = spawn(values.python, args, { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const answer = async () => {
  const { value, done } = await lines.next();
  if (done) throw new Error("train.py ended before it answered; its message stands above.");
  return JSON.parse(value);
};
const { torch } = await answer();
const run = () => {
  child.stdin.write("run\n");
  return answer();
};
const times = await takeTurns({ run }, { rounds: Number(values.rounds), warmUp: 3 });
child.stdin.end();
console.log(JSON.stringify({ torch, batch: Number(values.batch), ms: spread(times.run.ms) }));
