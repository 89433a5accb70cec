/** The queue of tiles: without turns a small request would wait for every large one, and without cancellation the model would work for nobody. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import { makeTileQueue } from "../../src/serve/tile-queue.ts";

/** Tiles [count, 1, 1, 1] whose values are `from`, `from` + 1 ... */
const tiles = (count: number, from = 0, side = 1): Tensor => ({
  dims: [count, 1, side, side],
  data: Float32Array.from({ length: count * side * side }, (_, i) => from + Math.floor(i / side ** 2)),
});

/** A model that negates its tiles, and finishes a batch when the test says so. */
function stepped() {
  const batches: { values: number[]; finish: () => void; fail: (error: Error) => void }[] = [];
  let finished = 0;
  const model = (images: Tensor) =>
    new Promise<Tensor>((resolve, reject) => {
      const [count] = images.dims;
      const size = images.data.length / count;
      const values = Array.from({ length: count }, (_, i) => images.data[i * size]);
      const output = { dims: [count, 1, 1], data: Float32Array.from(values, (value) => -value) };
      batches.push({ values, finish: () => resolve(output), fail: reject });
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const step = () => {
    batches[finished++].finish();
    return settle();
  };
  return { model, batches, settle, step };
}

describe("the queue of tiles", () => {
  it("runs tiles of different requests in one batch, and gives each request its own outputs in order", async () => {
    const { model, batches, settle, step } = stepped();
    const queue = makeTileQueue(model, { batch: 8 });
    const outputs = [3, 4].map((count, i) => queue.run(tiles(count, 10 * (i + 1)), {}));
    await settle();
    expect(batches.map(({ values }) => values)).toEqual([[10, 20, 11, 21, 12, 22, 23]]);
    await step();
    const [first, second] = await Promise.all(outputs);
    expect([first.dims, [...first.data]]).toEqual([
      [3, 1, 1],
      [-10, -11, -12],
    ]);
    expect([second.dims, [...second.data]]).toEqual([
      [4, 1, 1],
      [-20, -21, -22, -23],
    ]);
  });

  it("lets a request of one tile wait for at most 3 batches beside a stream of requests of 64 tiles", async () => {
    const { model, batches, settle, step } = stepped();
    const queue = makeTileQueue(model, { batch: 8 });
    for (let request = 0; request < 6; request++) void queue.run(tiles(64, 1000), {});
    await settle();
    await step(); // the stream is under way: two batches are with the model
    const begun = batches.length;
    const small = queue.run(tiles(1, 7), {});
    await settle();
    void queue.run(tiles(64, 1000), {}); // the stream goes on
    let waited = 0;
    let done = false;
    small.then(() => (done = true));
    while (!done) {
      await step();
      waited++;
    }
    expect(begun).toBe(3); // one has run, two are under way
    expect(waited).toBeLessThanOrEqual(3);
  });

  it("gives every request its turn, also when there are more of them than a batch has tiles", async () => {
    const { model, batches, settle, step } = stepped();
    const queue = makeTileQueue(model, { batch: 4, inFlight: 1 });
    for (let request = 0; request < 12; request++) void queue.run(tiles(64, 100 * request), {});
    await settle();
    for (let i = 0; i < 5; i++) await step();
    const firsts = batches.flatMap(({ values }) => values);
    expect(firsts).toEqual([0, 1].flatMap((tile) => Array.from({ length: 12 }, (_, request) => 100 * request + tile)));
  });

  it("gives the calls of one request one turn between them, so that many images are no advantage", async () => {
    const { model, batches, settle } = stepped();
    const queue = makeTileQueue(model, { batch: 4 });
    const request = {};
    for (let image = 0; image < 10; image++) void queue.run(tiles(2, 100), request);
    void queue.run(tiles(2, 1), {});
    await settle();
    expect(batches[0].values).toEqual([100, 1, 101, 2]);
  });

  it("drops the tiles of a request whose client went away", async () => {
    const { model, batches, settle, step } = stepped();
    const queue = makeTileQueue(model, { batch: 2, inFlight: 1 });
    const gone = new AbortController();
    const canceled = queue.run(tiles(6, 100), {}, gone.signal);
    const other = queue.run(tiles(2, 1), {});
    await settle();
    expect(queue.waiting).toBe(6);
    gone.abort(new Error("gone"));
    await expect(canceled).rejects.toThrow("gone");
    expect(queue.waiting).toBe(1);
    await step();
    await step();
    expect([...(await other).data]).toEqual([-1, -2]);
    expect(batches.map(({ values }) => values)).toEqual([[100, 1], [2]]); // none of the four that waited
  });

  it("keeps tiles of different sizes in batches of their own, and neither waits for ever", async () => {
    const { model, batches, settle, step } = stepped();
    const queue = makeTileQueue(model, { batch: 4, inFlight: 1 });
    void queue.run(tiles(2, 1), {});
    void queue.run(tiles(2, 50, 3), {});
    void queue.run(tiles(4, 5), {});
    await settle();
    await step();
    await step();
    expect(batches.map(({ values }) => values)).toEqual([
      [1, 5, 2, 6],
      [50, 51],
      [7, 8],
    ]);
  });

  it("refuses the requests of a batch that fails, and goes on with the others", async () => {
    const { model, batches, settle } = stepped();
    const queue = makeTileQueue(model, { batch: 2, inFlight: 1 });
    const first = queue.run(tiles(3, 1), {});
    const refused = expect(first).rejects.toThrow("broken");
    await settle();
    batches[0].fail(new Error("broken"));
    await refused;
    expect(queue.waiting).toBe(0);
    const second = queue.run(tiles(1, 9), {});
    await settle();
    batches[1].finish();
    expect([...(await second).data]).toEqual([-9]);
  });
});
