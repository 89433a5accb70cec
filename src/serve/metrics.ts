/** Metrics in Prometheus's text format: requests, batches, queues and how busy the models are. */
import { S2Error } from "../core/index.ts";
import type { ServedModel } from "./served-models.ts";

/** Makes the metrics of one server, apart from those of others in the process. */
export async function openMetrics() {
  const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = (
    await optionalPackage(() => import("prom-client"), "prom-client")
  ).default;
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "s2_requests_total",
    help: "Answered requests.",
    labelNames: ["route", "status"],
    registers,
  });
  const seconds = new Histogram({
    ...{ name: "s2_request_seconds", help: "Seconds from a request to the end of its answer.", labelNames: ["route"], registers },
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  });
  const canceled = new Counter({
    name: "s2_requests_canceled_total",
    help: "Requests whose client went away before the answer.",
    registers,
  });
  const tiles = new Counter({ name: "s2_tiles_total", help: "Tiles that a model ran.", labelNames: ["model"], registers });
  const batches = new Counter({ name: "s2_batches_total", help: "Runs of a model.", labelNames: ["model"], registers });
  const shared = new Counter({
    name: "s2_batches_shared_total",
    help: "Runs with tiles of several requests.",
    labelNames: ["model"],
    registers,
  });
  return {
    registry,
    answered(route: string, status: number, milliseconds: number) {
      requests.inc({ route, status });
      seconds.observe({ route }, milliseconds / 1000);
    },
    canceled: () => canceled.inc(),
    batch(model: string, count: number, of: number) {
      tiles.inc({ model }, count);
      batches.inc({ model });
      if (of > 1) shared.inc({ model });
    },
    /** Adds what is read when the metrics are asked for. */
    watch(models: ReadonlyMap<string, ServedModel>, underWay: () => number) {
      const labelNames = ["model"];
      const perModel = (name: string, help: string, value: (model: ServedModel) => number) =>
        new Gauge({
          name,
          help,
          labelNames,
          registers,
          collect() {
            for (const each of models.values()) this.set({ model: each.name }, value(each));
          },
        });
      perModel("s2_tiles_waiting", "Tiles that wait for a batch.", ({ queue }) => queue.waiting);
      perModel("s2_model_busy_seconds", "Seconds in which the model had a batch under way.", ({ queue }) => queue.busy() / 1000);
      new Gauge({
        name: "s2_requests_under_way",
        help: "Requests under way.",
        registers,
        collect() {
          this.set(underWay());
        },
      });
    },
  };
}

export type Metrics = Awaited<ReturnType<typeof openMetrics>>;

/** Imports an optional package. @throws S2Error "package-missing" with the command that installs it. */
export async function optionalPackage<T>(load: () => Promise<T>, name: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new S2Error("package-missing", `${name} is not installed; run npm install ${name}.`, { cause });
  }
}
