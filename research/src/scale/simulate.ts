/** A seeded simulation of workers on an archive, shard by shard: service times, stragglers, kills, cold starts, lock renewals, a throttled store. */

/** An archive and its workers. Times are in seconds. */
export interface Setup {
  readonly workers: number;
  readonly shards: number;
  /** Photos of a shard. */
  readonly photos: number;
  /** One core's work for a photo: preparation, model and writing. */
  readonly perPhoto: number;
  /** Bytes that a photo has as a file, and that it leaves in the store. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Work before a worker's first shard, of its own and after each kill. */
  readonly start: number;
  /** Time of the sync and the link, or the put, of a shard. */
  readonly commit: number;
  readonly seed: number;
}

/** Conditions that nobody measured here: they are assumed, and stand on the page. */
export interface Conditions {
  /** Fraction of workers that are slow, and how many times as long they take. */
  readonly slow: number;
  readonly slowness: number;
  /** Deviation of a shard's time, as a fraction of it. */
  readonly spread: number;
  /** Mean time between two kills of one worker. */
  readonly betweenKills: number;
  /** Time until a killed worker's shard is given to another one. */
  readonly claim: number;
  /** Bytes a second of the store, for all workers and for one. */
  readonly storeRate: number;
  readonly workerRate: number;
  /** Requests a second that the store takes, and requests for a photo (its file) and a shard (list, notes, put). */
  readonly requestRate: number;
  readonly perPhotoRequests: number;
  readonly perShardRequests: number;
  /** Time of the queue's one core for a shard, and for a renewal of a lock, of which there is one in half a claim. */
  readonly queuePerShard: number;
  readonly queuePerRenewal: number;
}

/** Outcome of a run. */
export interface Run {
  readonly seconds: number;
  /** Time of all workers that went into photos that were stored, as a fraction of all their time. */
  readonly efficiency: number;
  readonly kills: number;
  /** Fractions of the run for which the store's bytes, its requests and the queue are used. */
  readonly store: number;
  readonly requests: number;
  readonly queue: number;
}

/** mulberry32, as the package draws. */
function makeRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Workers by the time at which they are free: a binary heap, which sorted times are. */
function makeHeap(times: Float64Array) {
  const heap = [...times.keys()];
  return {
    first: () => heap[0],
    /** Restores the order after the first worker's time grew. */
    sink() {
      for (let i = 0; ; ) {
        const [left, right] = [2 * i + 1, 2 * i + 2];
        let least = i;
        if (left < heap.length && times[heap[left]] < times[heap[least]]) least = left;
        if (right < heap.length && times[heap[right]] < times[heap[least]]) least = right;
        if (least === i) return;
        [heap[i], heap[least]] = [heap[least], heap[i]];
        i = least;
      }
    },
  };
}

/**
 * Runs an archive on paper. Each shard goes to the worker that is free first. The queue's core and the store's bytes and requests are shared:
 * a shard cannot begin before the queue's core has handed it out, and its transfers take the worker's fair part of what the store can do.
 */
export function simulate(setup: Setup, given: Conditions): Run {
  const { workers, shards, photos, perPhoto, bytesIn, bytesOut, start, commit, seed } = setup;
  const random = makeRandom(seed);
  const begun = Array.from({ length: workers }, () => {
    const speed = random() < given.slow ? given.slowness : 1;
    return { speed, free: start * (0.5 + random()) * speed }; // not all at once
  }).sort((a, b) => a.free - b.free);
  const free = Float64Array.from(begun, (worker) => worker.free);
  const speed = Float64Array.from(begun, (worker) => worker.speed);
  const heap = makeHeap(free);
  const bytes = photos * (bytesIn + bytesOut);
  const rate = Math.min(given.workerRate, given.storeRate / workers);
  const requests = photos * given.perPhotoRequests + given.perShardRequests;
  const transfer = Math.max(bytes / rate, (requests * workers) / given.requestRate);
  let [queueFree, queueUsed, useful, kills, end] = [0, 0, 0, 0, 0];
  const returned: number[] = []; // times at which lost shards may begin again
  for (let done = 0; done < shards; ) {
    const worker = heap.first();
    const again = returned.length > 0 && returned[0] <= free[worker] ? returned.shift() : undefined;
    if (again === undefined && done + returned.length >= shards && returned.length > 0) {
      free[worker] = returned[0]; // waits for a lost shard
      heap.sink();
      continue;
    }
    queueFree = Math.max(queueFree, free[worker]) + given.queuePerShard;
    const noise = Math.max(0.2, 1 + given.spread * gauss(random));
    const work = photos * perPhoto * speed[worker] * noise;
    const span = work + transfer + commit;
    const renewals = Math.floor(span / (given.claim / 2)) * given.queuePerRenewal;
    queueUsed += given.queuePerShard + renewals;
    queueFree += renewals;
    const from = Math.max(free[worker], queueFree - renewals);
    if (random() < 1 - Math.exp(-span / given.betweenKills)) {
      kills++;
      free[worker] = from + span * random() + start * speed[worker];
      returned.push(free[worker] + given.claim);
      returned.sort((a, b) => a - b);
    } else {
      free[worker] = from + span;
      useful += photos * perPhoto;
      end = Math.max(end, free[worker]);
      done++;
    }
    heap.sink();
  }
  return {
    seconds: end,
    efficiency: useful / (workers * end),
    kills,
    store: (shards * bytes) / (given.storeRate * end),
    requests: (shards * requests) / (given.requestRate * end),
    queue: queueUsed / end,
  };
}

const gauss = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
