/** `s2 train` as docs/training.md shows it: a folder of 200 images, DeiT-Tiny as the teacher, 400 steps, on one thread. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { deitTiny, missing, root } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { round } from "./timing.mjs";

const images = join(dirname(dirname(deitTiny)), "data/photos");
skipIf(missing(deitTiny, images));

const [count, steps, threads] = [200, 400, 1];
const all = readdirSync(images, { recursive: true })
  .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
  .sort();
const kept = mkdtempSync(join(tmpdir(), "s2-bench-"));
mkdirSync(join(kept, "images"));
for (let i = 0; i < count; i++) {
  const name = all[Math.floor((i * all.length) / count)]; // evenly, so that every kind of image is there
  symlinkSync(join(images, name), join(kept, "images", `${i}-${basename(name)}`));
}

const out = join(kept, "mine");
const started = performance.now();
let drawn;
const status = await new Promise((resolve) => {
  const command = [
    "train",
    join(kept, "images"),
    "--teacher",
    deitTiny,
    "--steps",
    `${steps}`,
    "--threads",
    `${threads}`,
    "-o",
    out,
  ];
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...command], { stdio: ["ignore", "inherit", "pipe"] });
  child.stderr.on("data", (text) => {
    process.stderr.write(text);
    if (!/step/.test(text)) drawn = performance.now();
  });
  child.on("close", resolve);
});
if (status !== 0) throw new Error(`s2 train ended with status ${status}`);
const minutes = (time) => round((time - started) / 60_000);
const log = JSON.parse(readFileSync(join(out, "log.json"), "utf8"));
const loss = (from, to) => round(log.history.slice(from, to).reduce((sum, step) => sum + step.loss, 0) / (to - from));
finish(
  "student",
  [
    {
      name: `s2 train --steps ${steps} on ${count} images, one thread`,
      value: minutes(performance.now()),
      unit: "minutes",
      bar: 10,
    },
    { name: `of that for ${log.views} views with the teacher's tokens`, value: minutes(drawn), unit: "minutes" },
    { name: "loss, mean of the first 20 steps", value: loss(0, 20), unit: "" },
    { name: `loss, mean of the last 20 of ${steps} steps`, value: loss(steps - 20, steps), unit: "" },
    { name: `R² on the ${log.evaluation.photos} images that the training left out`, value: round(log.evaluation.r2), unit: "" },
  ],
  { images: count, threads, steps, views: log.views },
);
rmSync(kept, { recursive: true });
