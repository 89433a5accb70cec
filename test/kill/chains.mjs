/** Chains of kills: a command is killed at random moments, run to its end, and its output compared with that of a run that nobody killed. */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { openVectors } from "../../dist/node.js";
import { makeRandom } from "../../dist/tensors/index.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const teacher = fileURLToPath(new URL("../../models/s2-tiny", import.meta.url));
const small = ["--dim", "12", "--depth", "1", "--heads", "2", "--views", "8", "--steps", "3"];

/** The arguments of each command, run in a folder with images/ and set/, and the folders of its output. */
export const commands = {
  extract: { args: ["extract", "images", "--scales", "1", "--picture", "--resume", "--format", "npy"], out: ["features"] },
  fit: { args: ["fit", "set", "--scales", "1", "--store", "kept", "-o", "head"], out: ["head", "kept"] },
  similar: { args: ["similar", "images/0.png", "--in", "images", "--scales", "1", "--store", "kept", "--json"], out: ["kept"] },
  train: { args: ["train", "images", "--teacher", teacher, "-o", "student", ...small], out: ["student"] },
};

/** Draws the images; returns their folder. */
export async function drawInputs() {
  const folder = mkdtempSync(join(tmpdir(), "s2-kill-"));
  const draw = async (path, seed) => {
    const random = makeRandom(seed);
    const data = Uint8Array.from({ length: 64 * 48 * 3 }, () => Math.floor(256 * random()));
    await sharp(data, { raw: { width: 64, height: 48, channels: 3 } }).toFile(path);
  };
  for (const sub of ["images", "set/train/a", "set/train/b", "set/val/a", "set/val/b"])
    mkdirSync(join(folder, "in", sub), { recursive: true });
  for (let i = 0; i < 4; i++) await draw(join(folder, "in/images", `${i}.png`), i + 1);
  let seed = 100;
  for (const split of ["train", "val"])
    for (const name of ["a", "b"])
      for (let i = 0; i < 2; i++) await draw(join(folder, "in/set", split, name, `${i}.png`), seed++);
  return folder;
}

/** Runs a command, killed after `after` milliseconds if it has not ended before. */
function run(args, cwd, after) {
  return new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(process.execPath, [main, ...args, "--threads", "1"], { cwd });
    let [out, err] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (err += text));
    const timer = after === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), after);
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, out, err, took: performance.now() - start });
    });
  });
}

/** A run that nobody kills: what others are compared with, and how long it takes. */
export async function runWhole(folder, name) {
  const cwd = freshFolder(folder, `${name}-whole`);
  const { status, out, err, took } = await run(commands[name].args, cwd);
  if (status !== 0) throw new Error(`s2 ${name} ended with ${status}: ${err}`);
  return { files: await outputOf(name, cwd, out), took };
}

/** Kills a command `kills` times in one folder, runs it to its end; returns what is not as in the whole run. */
export async function runChain(folder, name, whole, kills, random) {
  const cwd = freshFolder(folder, `${name}-killed`);
  let killed = 0;
  for (let i = 0; i < kills; i++) {
    const { status } = await run(commands[name].args, cwd, whole.took * random());
    if (status === null) killed++;
  }
  const { status, out, err } = await run(commands[name].args, cwd);
  if (status !== 0) return { killed, differences: [`status ${status}: ${err.trim()}`] };
  const files = await outputOf(name, cwd, out);
  const names = new Set([...Object.keys(files), ...Object.keys(whole.files)]);
  return { killed, differences: [...names].filter((each) => files[each] !== whole.files[each]) };
}

function freshFolder(folder, name) {
  const cwd = join(folder, name);
  rmSync(cwd, { recursive: true, force: true });
  cpSync(join(folder, "in"), cwd, { recursive: true });
  return cwd;
}

/** The content of all output files; of a LanceDB index, whose files have random names, its rows; of `similar` what it prints. */
async function outputOf(name, cwd, out) {
  const files = {};
  const named = (path) => path.slice(cwd.length).replace(/(set|images)-[0-9a-f]{8}/, "$1"); // a store's name has a hash of where it lies
  for (const folder of commands[name].out) {
    for (const entry of existsSync(join(cwd, folder)) ? readdirSync(join(cwd, folder), { recursive: true, withFileTypes: true }) : []) {
      const path = join(entry.parentPath, entry.name);
      if (/index-\w+$/.test(entry.name)) files[named(path)] = await rowsOf(path);
      if (entry.isFile() && !/index-\w+\/|\.part$|\.lock$/.test(path)) files[named(path)] = readFileSync(path, "latin1");
    }
  }
  if (name === "similar") files.hits = JSON.stringify(JSON.parse(out).hits);
  return files;
}

async function rowsOf(path) {
  const store = await openVectors(path);
  const images = [...(await store.images())].sort();
  const channels = await store.channels("images");
  const rows = await store.nearest("images", new Float32Array(channels).fill(1), 1000);
  await store.close();
  return JSON.stringify([images, rows.sort((a, b) => (a.image < b.image ? -1 : 1))]);
}
