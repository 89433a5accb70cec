/** Runs plans as a whole on a model's device: opens their two graphs, and runs images that wait for the same plan together. */
import { S2Error, type S2Plan, type SourceImages, type Tensor, type Traits, type VisionModel } from "../core/index.ts";
import type { PlanModel } from "../models/index.ts";
import { channelsLast } from "../onnx/image-input.ts";
import type { GraphTensor } from "../onnx/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";
import type { ImageInput, ValueInfo } from "./graph.ts";
import type { Answer, PlanRequest } from "./messages.ts";
import type { Probe } from "./observe.ts";
import { openedGraphs } from "./opened-graphs.ts";
import type { Session } from "./session.ts";

/** Numbers in one tensor on the device: 128 MB as floats, which every WebGPU device lends. */
const MAX_NUMBERS = 2 ** 25;

/** Images in one request; what is left is in the next. */
const MAX_IMAGES = 32;

/** A model's session as plans run through it. */
export interface DeviceModel {
  readonly input: ImageInput;
  /** The output with the features. */
  readonly main: ValueInfo;
  readonly traits: Traits;
  /** The most tiles of a run. */
  readonly tilesPerRun: number;
  /** Runs a blank tile and returns the shape of its features, channels first. */
  readonly probe: Probe;
  /** Returns true if the graph gives maps [b, h, w, c]. */
  readonly givesLast: () => boolean;
}

interface Waiting {
  readonly plan: S2Plan;
  readonly items: {
    readonly images: SourceImages;
    readonly resolve: (features: Tensor) => void;
    readonly reject: (error: unknown) => void;
  }[];
}

/** Returns the model's `runOnDevice`. A plan that cannot run here, or fails, is left to the caller's tiles. */
export function devicePlans(session: Session, model: DeviceModel): NonNullable<VisionModel["runOnDevice"]> {
  const graphs = openedGraphs(session);
  const waiting = new Map<string, Waiting>();
  const failed = new Set<string>();
  let isWorking = false;

  /** Facts for the graphs around the model; a blank tile shows the shape of its output, once for each size. */
  const described = new Map<string, Promise<PlanModel & { readonly outputDims: readonly number[] }>>();
  const describe = (tile: readonly [number, number]) => {
    const known = described.get(String(tile)) ?? describeTile(model, tile);
    described.set(String(tile), known);
    return known;
  };

  /** Opens the graphs of a plan and returns the request for it, but for the images. */
  const open = async (plan: S2Plan, images: SourceImages): Promise<Omit<PlanRequest, "images">> => {
    const { bufferGraph, featuresGraph, tilesGraph } = await import("../models/index.ts");
    const [{ tile }] = plan.scales;
    const { outputDims, ...facts } = await describe(tile);
    const most = mostTiles(plan, images, model.tilesPerRun);
    const perRun = Math.ceil(plan.tiles / Math.ceil(plan.tiles / most)); // 36 tiles are two times 18, not 28 and 8
    const layout = JSON.stringify([layoutOf(plan), perRun]);
    const tiles = await graphs(`tiles ${layout} ${sourceOf(plan, images)}`, () => tilesGraph(plan, images, facts, perRun));
    const features = await graphs(`features ${layout}`, () => featuresGraph(plan, outputDims, facts, perRun));
    const zeros = (type: PlanModel["inputType"]) => graphs(`zeros ${type}`, () => bufferGraph(type), true);
    // Other devices lend no memory to JavaScript: what lies between the graphs goes through the processor's.
    const buffers = session.device === "webgpu" && {
      tiles: await zeros(facts.inputType),
      tokens: await zeros(facts.outputType),
    };
    const channels = channelsOf(images);
    return {
      ...{ kind: "plan", graphs: { tiles, features, ...(buffers && { buffers }) } },
      ...{ input: model.input.name, output: model.main.name, outputDims },
      runs: Array.from({ length: Math.ceil(plan.tiles / perRun) }, (_, i) => Math.min(perRun, plan.tiles - i * perRun)),
      tileDims: facts.takesChannelsLast ? [1, ...tile, channels] : [1, channels, ...tile],
      imagesPerTurn: Math.max(1, Math.floor(Math.min(most / plan.tiles, MAX_NUMBERS / numbersOf(plan, images)))),
    };
  };

  /** Runs what waits, one plan after the other: the graphs of a plan stay open until it has run. */
  const work = async () => {
    isWorking = true;
    await undefined; // images that are given together with this one run together with it
    for (const [key, { plan, items }] of waiting) {
      let taken = items;
      try {
        const request = await open(plan, items[0].images); // what comes meanwhile for the same plan runs with it
        taken = items.splice(0, MAX_IMAGES);
        waiting.delete(key);
        if (items.length > 0) waiting.set(key, { plan, items }); // after the other plans
        const images = joinImages(taken.map((item) => item.images));
        const answer = await session.ask({ ...request, images }, [images.data.buffer as ArrayBuffer]);
        const { features } = (answer as Extract<Answer, { kind: "done" }>).outputs;
        splitFeatures(features, taken);
      } catch (error) {
        if (taken === items) waiting.delete(key);
        failed.add(key);
        for (const { reject } of taken) reject(error);
      }
    }
    isWorking = false;
  };

  const run = (key: string, plan: S2Plan, images: SourceImages): Promise<Tensor> =>
    new Promise((resolve, reject) => {
      const entry = waiting.get(key) ?? { plan, items: [] };
      waiting.set(key, entry);
      entry.items.push({ images, resolve, reject });
      if (!isWorking) work();
    });

  return async (plan, images) => {
    const layout = [layoutOf(plan), mostTiles(plan, images, model.tilesPerRun)];
    const key = `${JSON.stringify(layout)} ${sourceOf(plan, images)}`;
    if (!isPossible(plan, images) || failed.has(key)) return undefined;
    try {
      const { tokenGrid } = await import("../models/index.ts");
      const { outputDims, ...facts } = await describe(plan.scales[0].tile);
      return { tileGrid: tokenGrid(plan, outputDims, facts), features: await run(key, plan, images) };
    } catch (error) {
      if (error instanceof S2Error && error.code === "disposed") throw error;
      return undefined; // tile by tile the error says more, or there is none
    }
  };
}

async function describeTile({ input, main, traits, probe, givesLast }: DeviceModel, tile: readonly [number, number]) {
  const dims = await probe(tile);
  const givesChannelsLast = givesLast();
  const types = { inputType: input.type, outputType: main.type } as Pick<PlanModel, "inputType" | "outputType">;
  const outputDims = givesChannelsLast ? channelsLast(dims) : dims;
  return { ...types, takesChannelsLast: input.channelsLast, givesChannelsLast, patchSize: traits.patchSize, outputDims };
}

/** Tiles of one size that all run, in tensors that the device lends. */
function isPossible(plan: S2Plan, images: SourceImages): boolean {
  const [{ tile }] = plan.scales;
  const isUniform = plan.scales.every((scale) => String(scale.tile) === String(tile) && !scale.skipped?.length);
  return isUniform && numbersOf(plan, images) <= MAX_NUMBERS && plan.tiles * numbersOfTile(plan, images) <= MAX_NUMBERS;
}

/** Numbers of the largest tensor on an image's way to its scales: itself, or resized along one axis. */
function numbersOf({ image, scales }: S2Plan, images: SourceImages): number {
  const [height, width] = images.kind === "bytes" ? [images.height, images.width] : image;
  const sides = (axis: 0 | 1, side: number) => scales.reduce((most, { canvas }) => Math.max(most, canvas[axis]), side);
  return channelsOf(images) * Math.max(height * sides(1, width), sides(0, 0) * width);
}

const numbersOfTile = ({ scales: [{ tile }] }: S2Plan, images: SourceImages): number => channelsOf(images) * tile[0] * tile[1];

const channelsOf = (images: SourceImages): number => (images.kind === "bytes" ? 3 : images.images.dims[1]);

/** Pixels of a tile that most models take. A run has fewer tiles that are larger: the memory of attention grows faster than they do. */
const USUAL_PIXELS = 224 ** 2;

/** The most tiles of a run: what is best for the device, or `s2`'s `splitForward`. That of `extract` has a default, which is best for processors. */
function mostTiles({ scales: [{ tile }], splitForward }: S2Plan, images: SourceImages, tilesPerRun: number): number {
  const best = Math.min(tilesPerRun, Math.floor((tilesPerRun * USUAL_PIXELS) / (tile[0] * tile[1])));
  const asked = images.kind === "bytes" || splitForward === false ? best : Number(splitForward);
  return Math.max(1, Math.min(asked, best));
}

/** Lists all that decides the graph of the features. */
function layoutOf({ scales, outputScale, splitMode, numPrefixToken, outputShape, merge, fusion }: S2Plan): unknown {
  const sizes = scales.map(({ tiles: _, detail: __, channels: ___, ...scale }) => scale);
  return { scales: sizes, outputScale, splitMode, numPrefixToken, outputShape, merge, fusion };
}

/** Lists all that decides the graph of the tiles beside the layout. */
function sourceOf({ image, region, antialias }: S2Plan, images: SourceImages): string {
  if (images.kind === "floats") return JSON.stringify([image, antialias, channelsOf(images)]);
  return JSON.stringify([region, images.height, images.width, images.preprocessing]);
}

/** Copies images into one tensor: the caller's stay usable when it is transferred. */
function joinImages(images: readonly SourceImages[]): GraphTensor {
  const [first] = images;
  const data = images.map((each) => (each.kind === "bytes" ? each.data : each.images.data));
  if (first.kind === "bytes") return { dims: [images.length, first.height, first.width, 3], data: joinArrays(Uint8Array, data) };
  const batch = images.reduce((sum, each) => sum + batchOf(each), 0);
  return { dims: [batch, ...first.images.dims.slice(1)], data: joinArrays(Float32Array, data) };
}

const batchOf = (images: SourceImages): number => (images.kind === "bytes" ? 1 : images.images.dims[0]);

/** Gives each caller the features of its images. */
function splitFeatures({ dims: [batch, ...rest], data }: Tensor, items: Waiting["items"]): void {
  const size = data.length / batch;
  let at = 0;
  for (const { images, resolve } of items) {
    const count = batchOf(images);
    const sliced = count === batch ? data : data.slice(at * size, (at + count) * size);
    resolve({ dims: [count, ...rest], data: sliced });
    at += count;
  }
}
