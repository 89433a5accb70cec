/** The recipes in examples/scale: the Slurm script and the Job's command run as a scheduler runs them, the Python workers by their onnxruntime. */
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { drawFolder } from "../archive/drawn-archive.ts";
import { bundledWidth } from "../bundled.ts";
import { main, s2, tempFolder, tiny } from "../cli/s2.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const recipe = (name: string) => `${root}examples/scale/${name}`;
const folder = tempFolder();
drawFolder(join(folder, "photos"), 6, 1);

/** Plans an archive of seven shards; returns its path, and an environment in which `npx s2` is the built command. */
async function plan(name: string) {
  const store = join(folder, name);
  const args = ["archive", "add", join(folder, "photos"), "--to", store, "--shard-size", "1", "--scales", "1", "--plan-only"];
  await s2([...args, ...tiny, "--prefix-tokens", "1"]);
  writeFileSync(join(folder, "npx"), `#!/bin/sh\nshift\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(join(folder, "npx"), 0o755);
  const committed = async () => JSON.parse((await s2(["archive", "status", store, "--json"])).out).shards.committed;
  return { store, committed, env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, ARCHIVE: store } };
}

it("slurm.sh does the shards of its task", async () => {
  const { committed, env } = await plan("slurm");
  const done: number[] = [];
  for (const id of [0, 1]) {
    const task = { SLURM_ARRAY_TASK_ID: String(id), SLURM_ARRAY_TASK_MIN: "0", SLURM_ARRAY_TASK_COUNT: "2" };
    spawnSync("bash", [recipe("slurm.sh")], { env: { ...env, ...task }, cwd: root });
    done.push(await committed());
  }
  expect(done).toEqual([4, 7]);
});

it("kubernetes.yaml is an indexed Job whose command does the shards of its index", async () => {
  const { kind, spec } = parse(readFileSync(recipe("kubernetes.yaml"), "utf8"));
  expect([kind, spec.completionMode]).toEqual(["Job", "Indexed"]);
  const [{ command, env: given }] = spec.template.spec.containers;
  expect(given.find(({ name }: { name: string }) => name === "JOB_COMPLETIONS").value).toBe(String(spec.completions));
  const { store, committed, env } = await plan("kubernetes");
  const [program, ...args] = command.map((word: string) => word.replace("$(ARCHIVE)", store));
  const { stderr } = spawnSync(program, args, {
    env: { ...env, JOB_COMPLETION_INDEX: "2", JOB_COMPLETIONS: "7" },
    encoding: "utf8",
  });
  expect([stderr.match(/^error.*/m), await committed()]).toEqual([null, 1]);
});

describe("the Python workers", () => {
  const python = process.env.S2_PYTHON ?? "python3";
  const has = (modules: string) => spawnSync(python, ["-c", `import ${modules}`]).status === 0;
  const needs = "numpy, onnxruntime, PIL";
  const why = has(needs) ? "" : ` (skipped: ${python} has no ${needs}; S2_PYTHON names another one)`;
  const withoutPandas = why === "" && has("pandas") ? "" : ` (skipped: ${python} has no pandas and ${needs})`;
  const file = join(folder, "s2.onnx");
  const paths = ["000.png", "damaged-0.jpg", "001.png"].map((name) => join(folder, "photos", name));

  /** Runs a program beside the recipes; it prints JSON. */
  async function runPython(program: string): Promise<Record<"path" | "error" | "vector", unknown[]>> {
    await s2(["export", "--scales", "1,2", "--bytes", "-o", file], { cwd: root });
    const code = `import json, sys\nsys.path.insert(0, ${JSON.stringify(recipe(""))})\nfile, paths = sys.argv[1], sys.argv[2:]\n${program}`;
    const { stdout, stderr } = spawnSync(python, ["-c", code, file, ...paths], { encoding: "utf8" });
    expect(stderr).not.toMatch(/Error/);
    return JSON.parse(stdout);
  }

  function check({ path, error, vector }: Awaited<ReturnType<typeof runPython>>) {
    expect(path).toEqual(paths);
    expect(error).toEqual([null, expect.stringContaining("cannot identify image file"), null]);
    expect(vector.map((each) => (each as number[] | null)?.length)).toEqual([2 * bundledWidth, undefined, 2 * bundledWidth]);
  }

  it.skipIf(why !== "")(`Ray's maps a batch to vectors and errors${why}`, async () => {
    const program = `
from ray_features import extract
class DataSet:
    def map_batches(self, worker, fn_constructor_kwargs, **options):
        return worker(**fn_constructor_kwargs)({"path": paths})
rows = extract(DataSet(), file)
print(json.dumps({name: list(values) for name, values in rows.items()}))`;
    check(await runPython(program));
  });

  it.skipIf(withoutPandas !== "")(`Spark's maps data frames to data frames${withoutPandas}`, async () => {
    const program = `
import pandas
from spark_features import mapper
frames = list(mapper(file)(iter([pandas.DataFrame({"path": paths[:2]}), pandas.DataFrame({"path": paths[2:]})])))
print(json.dumps({name: [value for frame in frames for value in frame[name]] for name in ["path", "error", "vector"]}))`;
    check(await runPython(program));
  });
});
