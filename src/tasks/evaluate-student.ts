/** `evaluateStudent`: how much of a teacher's tokens a trained student holds, on photos that it has not seen. */
import { S2Error, type Tensor } from "../core/index.ts";
import { cholesky, fitNeighbors, openNeighbors, solve } from "../heads/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";

/** Photos, prepared as both models take them: [1, 3, h, w]. */
export interface StudentPhotos {
  readonly count: number;
  prepare(index: number): Promise<Tensor>;
  /** Name of each photo's class, where there are classes. */
  readonly labels?: readonly string[];
}

/** Figures, and the number of photos that they are of. */
export interface StudentEvaluation {
  /** Fraction of the variance of the teacher's tokens that a linear map of the student's explains, all channels together (scikit-learn's "variance_weighted"). */
  readonly r2: number;
  /** Photos that the student has not seen. */
  readonly photos: number;
  /** Fraction of these whose class the nearest neighbors among seen photos have, by the [CLS] of each model. */
  readonly neighbors?: { readonly student: number; readonly teacher: number; readonly k: number };
}

type Run = (images: Tensor) => Tensor | Promise<Tensor>;

/** Neighbors that vote; fewer where there are fewer photos. */
const NEIGHBORS = 10;

/**
 * Fits a linear map from the student's tokens to the teacher's on photos of the training, and evaluates it on photos that the training left out.
 * @throws S2Error "training" for tokens of two shapes; the signal's reason.
 */
export async function evaluateStudent(
  { student, teacher }: { readonly student: Run; readonly teacher: Run },
  { seen, unseen }: { readonly seen: StudentPhotos; readonly unseen: StudentPhotos },
  { openGraph, signal }: { readonly openGraph: OpenGraph; readonly signal?: AbortSignal },
): Promise<StudentEvaluation> {
  const tokensOf = async function* (photos: StudentPhotos) {
    for (let i = 0; i < photos.count; i++) {
      signal?.throwIfAborted();
      const images = await photos.prepare(i);
      const [x, y] = [await student(images), await teacher(images)];
      if (x.dims[1] !== y.dims[1])
        throw new S2Error("training", `The student has ${x.dims[1]} tokens and the teacher ${y.dims[1]}; expected as many.`);
      yield { x, y };
    }
  };
  /** [CLS] of each photo. */
  const ofStudent = { seen: [] as Float32Array[], unseen: [] as Float32Array[] };
  const ofTeacher = { seen: [] as Float32Array[], unseen: [] as Float32Array[] };
  const keep = (where: "seen" | "unseen", { x, y }: { x: Tensor; y: Tensor }) => {
    ofStudent[where].push(x.data.slice(0, x.dims[2]));
    ofTeacher[where].push(y.data.slice(0, y.dims[2]));
  };
  let map: LinearMap | undefined;
  const validation: { readonly x: Tensor; readonly y: Tensor }[] = [];
  let index = 0;
  for await (const pair of tokensOf(seen)) {
    map ??= newMap(pair.x.dims[2], pair.y.dims[2]);
    if (index++ % FIFTH === FIFTH - 1) validation.push(pair);
    else accumulate(map, pair.x, pair.y);
    keep("seen", pair);
  }
  if (!map) throw new S2Error("training", "There are no photos of the training to fit the map to; give at least one.");
  const ridge = bestRidge(map, validation);
  for (const { x, y } of validation) accumulate(map, x, y);
  const weights = solved(map, ridge);
  const errors = newErrors(map.outputs);
  for await (const pair of tokensOf(unseen)) {
    compare(errors, weights, map, pair.x, pair.y);
    keep("unseen", pair);
  }
  const neighbors = await neighborsOf([ofStudent, ofTeacher], seen.labels, unseen.labels, openGraph);
  return { r2: r2Of(errors), photos: unseen.count, ...(neighbors && { neighbors }) };
}

/** Sums of a least-squares fit: [inputs + 1, inputs + 1], the last one for the constant, and [outputs, inputs + 1]. */
interface LinearMap {
  readonly inputs: number;
  readonly outputs: number;
  readonly xx: Float64Array;
  readonly xy: Float64Array;
}

const newMap = (inputs: number, outputs: number): LinearMap => ({
  ...{ inputs, outputs },
  xx: new Float64Array((inputs + 1) ** 2),
  xy: new Float64Array(outputs * (inputs + 1)),
});

function accumulate({ inputs, outputs, xx, xy }: LinearMap, x: Tensor, y: Tensor): void {
  const n = inputs + 1;
  const row = new Float64Array(n).fill(1);
  for (let token = 0; token < x.dims[1]; token++) {
    for (let i = 0; i < inputs; i++) row[i] = x.data[token * inputs + i];
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) xx[i * n + j] += row[i] * row[j];
    for (let o = 0; o < outputs; o++) {
      const value = y.data[token * outputs + o];
      for (let i = 0; i < n; i++) xy[o * n + i] += value * row[i];
    }
  }
}

/** Penalties as fractions of the mean diagonal; one is chosen on every fifth seen photo, for tokens of a photo are alike and few photos fit by chance. */
const RIDGES = [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1];
const FIFTH = 5;

/** Chooses the penalty whose map explains most of the photos that it was not fitted to; a middle one where there are none. */
function bestRidge(map: LinearMap, validation: readonly { readonly x: Tensor; readonly y: Tensor }[]): number {
  let [best, most] = [1e-2, Number.NEGATIVE_INFINITY];
  for (const ridge of validation.length > 0 ? RIDGES : []) {
    const weights = solved(map, ridge);
    const errors = newErrors(map.outputs);
    for (const { x, y } of validation) compare(errors, weights, map, x, y);
    const r2 = r2Of(errors);
    if (r2 > most) [best, most] = [ridge, r2];
  }
  return best;
}

/** Solves for the weights [outputs, inputs + 1]. */
function solved({ inputs, outputs, ...sums }: LinearMap, ridge: number): Float64Array {
  const n = inputs + 1;
  const [xx, xy] = [sums.xx.slice(), sums.xy.slice()];
  let trace = 0;
  for (let i = 0; i < n; i++) trace += xx[i * n + i];
  for (let i = 0; i < n; i++) xx[i * n + i] += (ridge * trace) / n;
  if (!cholesky(xx, n)) throw new S2Error("training", "The student's tokens are not finite, or all zero; train it anew.");
  for (let o = 0; o < outputs; o++) solve(xx, n, xy.subarray(o * n, (o + 1) * n));
  return xy;
}

interface Errors {
  readonly squares: Float64Array;
  readonly sums: Float64Array;
  readonly totals: Float64Array;
  count: number;
}

const newErrors = (outputs: number): Errors => ({
  ...{ squares: new Float64Array(outputs), sums: new Float64Array(outputs), totals: new Float64Array(outputs) },
  count: 0,
});

function compare(errors: Errors, weights: Float64Array, { inputs, outputs }: LinearMap, x: Tensor, y: Tensor): void {
  const n = inputs + 1;
  for (let token = 0; token < x.dims[1]; token++, errors.count++) {
    for (let o = 0; o < outputs; o++) {
      let guess = weights[o * n + inputs];
      for (let i = 0; i < inputs; i++) guess += weights[o * n + i] * x.data[token * inputs + i];
      const value = y.data[token * outputs + o];
      errors.squares[o] += (value - guess) ** 2;
      errors.sums[o] += value;
      errors.totals[o] += value * value;
    }
  }
}

function r2Of({ squares, sums, totals, count }: Errors): number {
  let [error, variance] = [0, 0];
  for (let o = 0; o < squares.length; o++) {
    error += squares[o];
    variance += totals[o] - (sums[o] * sums[o]) / count;
  }
  return 1 - error / variance;
}

/** Accuracy of nearest neighbors for each model; undefined without two classes. */
async function neighborsOf(
  models: readonly { readonly seen: readonly Float32Array[]; readonly unseen: readonly Float32Array[] }[],
  seen: readonly string[] | undefined,
  unseen: readonly string[] | undefined,
  openGraph: OpenGraph,
): Promise<StudentEvaluation["neighbors"]> {
  const classes = [...new Set(seen)];
  if (!seen || !unseen || classes.length < 2) return undefined;
  const k = Math.min(NEIGHBORS, seen.length);
  const accuracies: number[] = [];
  for (const vectors of models) {
    const channelsPerScale = [vectors.seen[0].length];
    const labels = Int32Array.from(seen, (name) => classes.indexOf(name));
    const train = () => [{ features: joined(vectors.seen), labels }];
    const { predict, close } = await openNeighbors(await fitNeighbors(train, { classes, channelsPerScale, k }), openGraph);
    const scores = await predict(joined(vectors.unseen));
    await close();
    let right = 0;
    for (const [i, name] of unseen.entries()) {
      const row = scores.subarray(i * classes.length, (i + 1) * classes.length);
      if (classes[row.indexOf(Math.max(...row))] === name) right++;
    }
    accuracies.push(right / unseen.length);
  }
  return { student: accuracies[0], teacher: accuracies[1], k };
}

const joined = (vectors: readonly Float32Array[]): Float32Array => joinArrays(Float32Array, vectors);
