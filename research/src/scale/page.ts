/** docs/scale.md, made from research/src/scale/result.json and the benches' results. */
import { bytesOf, type ScaleFigures } from "./figures.ts";

/** Result of `bench/archive-search.mjs`. */
export interface SearchResult {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly loadAverage: number };
  readonly details: {
    readonly count: number;
    readonly channels: number;
    readonly megabytes: number;
    readonly rows: Readonly<
      Record<
        string,
        { buildSeconds?: number; buildCpuSeconds?: number; cpuMilliseconds: number; milliseconds?: number; recall: number }
      >
    >;
  };
}

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

const digits = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(2)));
const percent = (value: number): string => (value < 0.001 ? "< 0.1 %" : `${digits(100 * value)} %`);
const duration = (seconds: number): string => {
  const hours = seconds / 3600;
  return hours < 48 ? `${digits(hours)} h` : `${digits(hours / 24)} days`;
};
const bytes = (value: number): string => {
  const [unit, size] = (
    [
      ["TB", 1e12],
      ["GB", 1e9],
      ["MB", 1e6],
      ["kB", 1e3],
    ] as const
  ).find(([, each]) => value >= each) ?? ["B", 1];
  return `${digits(value / size)} ${unit}`;
};

/** Returns the whole page. */
export function scalePage(figures: ScaleFigures, search: SearchResult): string {
  const { measured, conditions, prices, photos, photoBytes, runs, shardSizes, slowStores, perPhotoJobs } = figures;
  const { presets, formats, tile, photo, start, commit, queue, workers, workersOfOneCore: ofOneCore } = measured.details;
  const { machine, date } = measured;
  const names = Object.keys(presets);
  const writing = formats.safetensors.writing;
  const hours = (name: string) => ((presets[name].cpu + writing) * 1e6) / 3.6e6;
  const run = (preset: string, count: number) => runs.find((row) => row.preset === preset && row.workers === count)!;
  const full = "1x+2x+3x";
  const queueEach = (queue.addInRedis + queue.workInRedis) / 1e6;
  const shardSeconds = (name: string) => (presets[name].cpu + writing) / 1000;
  const workersAt = (limit: number, used: number, name: string) => digits((limit / used) * shardSeconds(name));
  const { rows, count, channels, megabytes } = search.details;
  const best = Object.entries(rows).filter(([, { buildSeconds }]) => buildSeconds !== undefined);
  const [bestName, bestRow] = best.sort(([, a], [, b]) => b.recall - a.recall || a.cpuMilliseconds - b.cpuMilliseconds)[0];
  const exact = rows["all vectors, in JavaScript"];

  return `# Archives at scale, on paper

A hundred million photos by one to a thousand workers, from service times that were measured on one machine and a simulation that anyone can run again. Nobody ran this archive:
the table of [conditions](#conditions) says what is assumed. How to run one is in [archives of any size](archive.md).

## Decisions

${table(
  ["you have", "use", "because"],
  [
    [
      "up to a million photos, one machine",
      "`s2 archive add`, or `resume --workers` with a process for each core or two",
      `${digits(hours("1x+2x"))} core-hours a million at 1x+2x`,
    ],
    [
      "a cluster with Slurm or Kubernetes",
      "`--shard auto`, shards of 1,000",
      `efficiency ${percent(run("1x+2x", 1000).efficiency)} at 1,000 workers; nothing to install`,
    ],
    [
      "machines that come and go",
      "`--queue`, shards of 1,000",
      `the queue is busy for ${percent(run("1x+2x", 1000).queue)} of the time at 1,000 workers`,
    ],
    [
      "a search, and nothing else",
      "`--keep vectors`",
      `${bytes(photos * bytesOf(presets[full]).vector)} instead of ${bytes(photos * bytesOf(presets[full]).features)} at ${full}`,
    ],
    [
      "heads on patches, masks, depth",
      "`--keep features`, and a store of more than 1 GB/s from 100 workers on",
      "bytes are the first limit",
    ],
    [
      "a search that must stay fast as the archive grows",
      `\`--lancedb\` and an index (${bestName})`,
      `recall ${bestRow.recall} at ${digits(bestRow.cpuMilliseconds)} ms of CPU a query`,
    ],
  ],
)}

## Service times

One thread of ${machine.cpu}, milliseconds of the processor, photos of ${photo.width}x${photo.height} pixels, the included model (${digits(tile)} ms a tile), ${date}. "Preparation" is decoding,
resizing and cutting. The machine was busy with other work (load ${machine.loadAverage} on ${machine.cores} cores), which times of the processor feel less than the clock does, but do feel.

${table(
  ["preset", "tiles", "tokens", "channels", "preparation, ms", "all, ms", "core-hours a million photos", "USD a million photos"],
  names.map((name) => {
    const { tiles, tokens, channels: width, preparation, cpu } = presets[name];
    return [
      name,
      tiles,
      tokens,
      width,
      digits(preparation),
      digits(cpu + writing),
      digits(hours(name)),
      digits(hours(name) * prices.coreHour),
    ];
  }),
)}

Writing, hashing and committing take ${digits(writing)} ms of it as safetensors and ${digits(formats.parquet.writing)} ms as Parquet, measured at 1x; a commit (sync, link, sync of the folder) ${digits(commit.milliseconds)} ms by the
clock for a shard; the start of a worker ${digits(start.cpuSeconds)} s. A job of BullMQ takes ${queue.addInRedis + queue.workInRedis} µs of Redis' one core and ${queue.add + queue.work} µs of its worker. No GPU was measured: where one runs the
model, preparation is the limit, and the rows above say how many cores it needs.

## Workers

${table(
  [
    "preset",
    ...[1, 10, 100, 1000].map((each) => `${each.toLocaleString("en")} ${each === 1 ? "worker" : "workers"}`),
    "efficiency at 1,000",
    "kills",
    "store is busy",
    "its requests",
    "queue",
  ],
  names.map((name) => [
    name,
    ...[1, 10, 100, 1000].map((each) => duration(run(name, each).seconds)),
    percent(run(name, 1000).efficiency),
    run(name, 1000).kills,
    ...(["store", "requests", "queue"] as const).map((each) => percent(run(name, 1000)[each])),
  ]),
)}

${photos.toLocaleString("en")} photos, one core a worker, all features kept in a store of ${bytes(conditions.storeRate)}/s. Efficiency is the time that went into stored photos at full speed; slow workers, kills, starts,
transfers and the end, when the last shards are waited for, take the rest. A worker's transfers are counted after its work, though it reads the next photo while the model runs.

Two workers of one thread against one, on the machine above, in turn: ${workers.two.map(digits).join(", ")} against ${workers.one.map(digits).join(", ")} photos a second by the clock (load ${machine.loadAverage}), ${workers.ratio} times as many by the medians.
One worker leaves the second core to the preparation of its next photos, and so uses more than one.${ofOneCore ? ` Bound to a core each (taskset), two workers do ${ofOneCore.two.map(digits).join(", ")} photos a second against ${ofOneCore.one.map(digits).join(", ")}: ${ofOneCore.ratio} times as many.` : ""}

**Photos of a shard**, 1x+2x, 1,000 workers:

${table(
  ["photos of a shard", "time", "efficiency", "store's requests", "queue is busy", "objects"],
  [perPhotoJobs, ...shardSizes].map((row) => [
    row.photosPerShard.toLocaleString("en"),
    row.photosPerShard === 1 ? `${duration(row.seconds * 100)} (from a hundredth)` : duration(row.seconds),
    percent(row.efficiency),
    percent(row.requests),
    percent(row.queue),
    digits(photos / row.photosPerShard),
  ]),
)}

## Limits

${table(
  ["limit", "is reached at 1x with", "at 1x+2x+3x with"],
  [
    [
      `a store of 1 GB/s, features and photos`,
      ...["1x", full].map((name) => `${workersAt(1e9, photoBytes + bytesOf(presets[name]).features, name)} workers`),
    ],
    [
      `a store of 1 GB/s, vectors and photos`,
      ...["1x", full].map((name) => `${workersAt(1e9, photoBytes + bytesOf(presets[name]).vector, name)} workers`),
    ],
    [
      `${conditions.requestRate.toLocaleString("en")} requests a second, a file for each photo`,
      ...["1x", full].map((name) => `${workersAt(conditions.requestRate, 2, name)} workers`),
    ],
    [
      `the same, photos in .tar files`,
      ...["1x", full].map((name) => `${workersAt(conditions.requestRate, 1 + conditions.perShardRequests / 1000, name)} workers`),
    ],
    ["one Redis, a job for each photo", ...["1x", full].map((name) => `${workersAt(1, queueEach, name)} workers`)],
    ["one Redis, shards of 1,000", ...["1x", full].map((name) => `${workersAt(1000, queueEach, name)} workers`)],
  ],
)}

A member of a .tar is read by one request of its range, hence the second row of requests. A store of 1 GB/s by the simulation, ${full}:

${table(
  ["kept", "workers", "time", "efficiency", "store is busy"],
  slowStores.map((row) => [
    row.keep,
    row.workers.toLocaleString("en"),
    duration(row.seconds),
    percent(row.efficiency),
    percent(row.store),
  ]),
)}

## Storage

float16, ${photos.toLocaleString("en")} photos; a bucket at ${prices.terabyteMonth} USD a terabyte and month.

${table(
  ["preset", "features of a photo", "features of all", "vectors of all", "USD a month, features", "vectors"],
  names.map((name) => {
    const { features, vector } = bytesOf(presets[name]);
    const month = (size: number) => digits((photos * size * prices.terabyteMonth) / 1e12);
    return [name, bytes(features), bytes(photos * features), bytes(photos * vector), month(features), month(vector)];
  }),
)}

Measured with all that stands beside the numbers, at 1x: ${formats.safetensors.bytes.toLocaleString("en")} bytes a photo as safetensors, ${formats.parquet.bytes.toLocaleString("en")} as Parquet, of which features and vector are
${(bytesOf(presets["1x"]).features + bytesOf(presets["1x"]).vector).toLocaleString("en")}. Requests cost ${prices.puts + prices.gets} USD a million photos where each is put and got alone, and ${digits((prices.puts + prices.gets) / 1000)} USD by shards of 1,000 in .tar files read whole.

## Search

${count.toLocaleString("en")} clustered synthetic vectors of ${channels} numbers (${digits(megabytes)} MB with the last index), the ten nearest, ${search.date}, on the machine above, which had other work meanwhile: compare times of the processor.

${table(
  ["search", "build, s", "build, s of CPU", "query, ms of CPU", "query, ms", "recall"],
  Object.entries(rows).map(([name, row]) => [
    name,
    row.buildSeconds === undefined ? "" : digits(row.buildSeconds),
    row.buildCpuSeconds === undefined ? "" : digits(row.buildCpuSeconds),
    digits(row.cpuMilliseconds),
    row.milliseconds === undefined ? "" : digits(row.milliseconds),
    row.recall,
  ]),
)}

Comparing all vectors takes ${digits(exact.cpuMilliseconds)} ms of CPU a query here and grows with their number; \`s2 archive search\` without \`--lancedb\` also reads the shards each time. Of the indexes ${bestName} finds
the most, at the least time among those that find as many.

## Conditions

${table(
  ["condition", "value", "from"],
  [
    ["times of the processor, commit, start, queue", "above", "measured: bench/results/archive.json"],
    ["slow workers", `${percent(conditions.slow)} take ${conditions.slowness} times as long`, "assumed"],
    ["deviation of a shard's time", percent(conditions.spread), "assumed"],
    [
      "kills of a worker",
      `every ${conditions.betweenKills / 3600} h on average; its shard comes back after ${conditions.claim} s`,
      "assumed; `--claim`",
    ],
    ["renewal of a lock", `every ${conditions.claim / 2} s, half the work of a job in Redis`, "assumed"],
    [
      "store",
      `${bytes(conditions.storeRate)}/s for all and ${bytes(conditions.workerRate)}/s for a worker, ${conditions.requestRate.toLocaleString("en")} requests a second`,
      "assumed",
    ],
    ["a photo's file", bytes(photoBytes), "assumed"],
    [
      "prices",
      `${prices.coreHour} USD a core-hour, ${prices.puts} and ${prices.gets} USD a million puts and gets`,
      "assumed; multiply by yours",
    ],
  ],
)}

\`node bench/archive.mjs\` and \`node bench/archive-search.mjs\` measure; \`node research/run.mjs research/src/scale/run.ts\` simulates (seeded: the same figures each time) and writes this page.
`;
}
