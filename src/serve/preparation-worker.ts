/** A thread of preparation: decodes an image, cuts its tiles, asks the server for the model's outputs, fuses them and writes the answer. */
import { parentPort, workerData } from "node:worker_threads";
import type { DeviceFeatures, Tensor } from "../core/index.ts";
import { extractImage, type ImageModel, imageTokens, imageVector, planImage } from "../features/index.ts";
import type { Photo } from "../images/index.ts";
import { loadImage, openGraph, openStore } from "../runtimes/node/index.ts";
import { describePrediction, loadHead, openPredictor, type SavedHead } from "../tasks/index.ts";
import { encodeFeatures } from "./encode-features.ts";
import {
  buffersOf,
  errorOf,
  type FromThread,
  type ModelAnswer,
  plainError,
  type Question,
  type Results,
  type ThreadSettings,
  type ToThread,
  type Work,
} from "./preparation.ts";

const port = parentPort!;
const { models, heads, maxPixels } = workerData as ThreadSettings;

/** Work under way: how to stop it, and the questions that the model has not answered. */
interface Running {
  readonly stop: AbortController;
  readonly questions: Map<number, { resolve: (answer: ModelAnswer) => void; reject: (error: Error) => void }>;
}

const running = new Map<number, Running>();
let asked = 0;

const send = (message: FromThread, move: ArrayBuffer[] = []) => port.postMessage(message, move);

function ask(id: number, of: Question): Promise<ModelAnswer> {
  return new Promise((resolve, reject) => {
    running.get(id)?.questions.set(++asked, { resolve, reject });
    send({ kind: "ask", id, question: asked, of }, of.kind === "tiles" ? buffersOf(of.tiles.data) : []);
  });
}

/** A model that runs in another thread. */
function modelOf(name: string, id: number): ImageModel {
  const { traits, preprocessing, runsPlans } = models[name];
  const runTiles = (tiles: Tensor) => ask(id, { kind: "tiles", tiles }) as Promise<Tensor>;
  const runOnDevice: ImageModel["runOnDevice"] = (plan, images) =>
    ask(id, { kind: "plan", plan, images }) as Promise<DeviceFeatures | undefined>;
  return Object.assign(runTiles, { traits, ...(preprocessing && { preprocessing }), ...(runsPlans && { runOnDevice }) });
}

const opened = new Map<string, Promise<{ head: SavedHead; predictor: Awaited<ReturnType<typeof openPredictor>> }>>();

/** Opens a head on its first use and keeps it. */
function headOf(name: string) {
  const open = async () => {
    const head = await loadHead(openStore(heads[name]), heads[name]);
    return { head, predictor: await openPredictor(head, (file) => openGraph(file, { threads: 1 })) };
  };
  const known = opened.get(name) ?? open();
  opened.set(name, known);
  return known;
}

async function resultOf(work: Work, id: number, signal: AbortSignal): Promise<Results[keyof Results]> {
  const { bytes, model: name, wanted } = work;
  const image: Photo = await loadImage(bytes, { maxPixels, signal });
  const { traits, source } = models[name];
  if (wanted.kind === "plan") return { plan: planImage(image, work.extraction, traits) };
  const features = await extractImage(modelOf(name, id), image, { ...work.extraction, signal });
  const { tiles } = features.plan;
  if (wanted.kind === "features") return { body: encodeFeatures(features, wanted, { name, source }), tiles };
  const tokens = imageTokens(features);
  if (wanted.kind === "vector") {
    const { pooling = tokens.prefix > 0 ? "cls" : "mean" } = wanted;
    return { vector: imageVector(tokens, pooling), tiles };
  }
  const { head, predictor } = await headOf(wanted.head);
  const predicted = await predictor.predict(tokens);
  return { prediction: { task: predicted.task, ...describePrediction(predicted, head).fields }, tiles };
}

async function start(id: number, work: Work): Promise<void> {
  const stop = new AbortController();
  running.set(id, { stop, questions: new Map() });
  try {
    const result = await resultOf(work, id, stop.signal);
    send({ kind: "done", id, result }, "body" in result ? buffersOf(result.body) : []);
  } catch (error) {
    send({ kind: "failed", id, error: plainError(error) });
  } finally {
    running.delete(id);
  }
}

port.on("message", async (message: ToThread) => {
  if (message.kind === "start") return start(message.id, message.work);
  if (message.kind === "stop") {
    for (const each of opened.values()) await each.then(({ predictor }) => predictor.close()).catch(() => {});
    return port.close();
  }
  const { stop, questions } = running.get(message.id) ?? {};
  if (message.kind === "abort") {
    const reason = new Error("The request was canceled.");
    stop?.abort(reason);
    for (const { reject } of questions?.values() ?? []) reject(reason);
    return;
  }
  const waiting = questions?.get(message.question);
  questions?.delete(message.question);
  if (message.kind === "answer") waiting?.resolve(message.answer);
  else waiting?.reject(errorOf(message.error));
});
