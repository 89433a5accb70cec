/** Runs a plan in the model's thread: images to tiles, tiles through the model, its outputs to features, all in the device's memory. Platform-free. */
import type { Tensor } from "../core/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";
import type { PlanRequest } from "./messages.ts";
import { type MakeTensor, type OrtSession, type OrtTensor, toFloat32 } from "./ort.ts";

/** The sessions of a plan; `buffers` makes a tensor of zeros of a shape on the device, where the device lends memory to JavaScript. */
export interface PlanSessions {
  readonly tiles: OrtSession;
  readonly model: OrtSession;
  readonly features: OrtSession;
  readonly buffers?: { readonly tiles: OrtSession; readonly tokens: OrtSession };
}

/** Makes and keeps a tensor on the device for results; its name says which. */
export type LendBuffer = (name: string, dims: readonly number[], from: OrtSession) => Promise<OrtTensor>;

/** Turns whose outputs wait on the device until their features are read: reading waits for the device, which works on meanwhile. */
const MAX_PENDING = 8;

export async function runPlan(
  { tiles, model, features, buffers }: PlanSessions,
  makeTensor: MakeTensor,
  lend: LendBuffer,
  { images, input, output, runs, tileDims, outputDims, imagesPerTurn }: PlanRequest,
): Promise<Tensor> {
  const [batch, ...sides] = images.dims;
  const size = images.data.length / batch;
  const pending: Record<string, OrtTensor>[] = [];
  const done: Tensor[] = [];
  const read = async () => {
    for (const tokens of pending.splice(0)) done.push(toFloat32((await features.run(tokens)).features));
  };
  for (let from = 0; from < batch; from += imagesPerTurn) {
    const count = Math.min(imagesPerTurn, batch - from);
    const turnData = images.data.subarray(from * size, (from + count) * size);
    const bufferFor = (kind: "tiles" | "tokens", run: number, turn: number) => {
      const [, ...rest] = kind === "tiles" ? tileDims : outputDims;
      return buffers ? lend(`${kind}.${run}.${turn}`, [runs[run] * count, ...rest], buffers[kind]) : null;
    };
    const tileBuffers: Record<string, OrtTensor | null> = {};
    for (const run of runs.keys()) tileBuffers[`tiles.${run}`] = await bufferFor("tiles", run, 0);
    const cut = await tiles.run({ images: makeTensor({ dims: [count, ...sides], data: turnData }) }, tileBuffers);
    const tokens: Record<string, OrtTensor> = {};
    for (const run of runs.keys()) {
      const given = await model.run(
        { [input]: cut[`tiles.${run}`] },
        { [output]: await bufferFor("tokens", run, pending.length) },
      );
      tokens[`tokens.${run}`] = given[output];
    }
    if (pending.push(tokens) === MAX_PENDING) await read();
  }
  await read();
  if (done.length === 1) return done[0];
  return {
    dims: [batch, ...done[0].dims.slice(1)],
    data: joinArrays(
      Float32Array,
      done.map(({ data }) => data),
    ),
  };
}
