/** L-BFGS with a line search to the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, algorithms 7.4, 7.5, 3.5). */

/** A function's value and gradient at a point. */
export interface Evaluated {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface LbfgsOptions {
  /** Most steps. */
  readonly iterations: number;
  /** Converged when no partial derivative is larger. */
  readonly tolerance: number;
  /** Called after each step. */
  readonly onStep?: (iteration: number, value: number) => void;
}

export interface Minimum extends Evaluated {
  readonly point: Float64Array;
  readonly iterations: number;
  /** True if the gradient is below the tolerance, or no step along it lowers the value within the precision of float32. */
  readonly converged: boolean;
}

/** Steps that approximate the Hessian, as SciPy's default. */
const memory = 10;
/** Armijo's and the curvature condition's constants, as Nocedal and Wright give them for quasi-Newton methods. */
const [decrease, curvature] = [1e-4, 0.9];
/** Values with a smaller relative difference are equal: they come from sums of float32. */
const rounding = 1e-6;
/** Most evaluations of one line search. */
const tries = 20;

/** Minimizes a function from `start`. */
export async function lbfgs(
  start: Float64Array,
  evaluate: (point: Float64Array) => Promise<Evaluated>,
  { iterations, tolerance, onStep }: LbfgsOptions,
): Promise<Minimum> {
  let here: Evaluation = { point: start, ...(await evaluate(start)) };
  const pairs: Pair[] = [];
  for (let iteration = 0; ; iteration++) {
    const converged = largest(here.gradient) <= tolerance;
    if (converged || iteration === iterations) return { ...here, iterations: iteration, converged };
    const direction = searchDirection(here.gradient, pairs);
    const first = pairs.length > 0 ? 1 : Math.min(1, 1 / Math.sqrt(dot(direction, direction)));
    const next = await search(here, direction, first, evaluate);
    if (!next && pairs.length === 0) return { ...here, iterations: iteration, converged: true };
    if (!next) {
      pairs.length = 0; // once more along the gradient itself
      continue;
    }
    addPair(pairs, here, next);
    here = next;
    onStep?.(iteration + 1, here.value);
  }
}

interface Evaluation extends Evaluated {
  readonly point: Float64Array;
}

/** A step, the gradient's change along it, and 1 over their product. */
interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly rho: number;
}

function addPair(pairs: Pair[], from: Evaluation, to: Evaluation): void {
  const step = to.point.map((value, i) => value - from.point[i]);
  const change = to.gradient.map((value, i) => value - from.gradient[i]);
  const product = dot(step, change);
  if (product <= 1e-10 * dot(change, change)) return; // the curvature is lost in rounding
  if (pairs.length === memory) pairs.shift();
  pairs.push({ step, change, rho: 1 / product });
}

/** Algorithm 7.4: minus the inverse Hessian, approximated by the pairs, times the gradient. */
function searchDirection(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const alphas: number[] = [];
  for (let i = pairs.length - 1; i >= 0; i--) {
    alphas[i] = pairs[i].rho * dot(pairs[i].step, direction);
    addTimes(direction, -alphas[i], pairs[i].change);
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.change, last.change));
    for (let i = 0; i < direction.length; i++) direction[i] *= scale;
  }
  for (const [i, { step, change, rho }] of pairs.entries()) addTimes(direction, alphas[i] - rho * dot(change, direction), step);
  return direction;
}

interface Try {
  readonly length: number;
  readonly value: number;
  readonly slope: number;
}

/** Algorithms 3.5 and 3.6 in one loop: `low` is the best length so far, `high` ends the interval where a good one lies. */
async function search(
  from: Evaluation,
  direction: Float64Array,
  first: number,
  evaluate: (point: Float64Array) => Promise<Evaluated>,
): Promise<Evaluation | undefined> {
  const slope = dot(from.gradient, direction);
  let low: Try = { length: 0, value: from.value, slope };
  let high: Try | undefined;
  let best: Evaluation | undefined;
  for (let i = 0, length = first; i < tries; i++) {
    const point = from.point.map((value, j) => value + length * direction[j]);
    const found = await evaluate(point);
    const tried: Try = { length, value: found.value, slope: dot(found.gradient, direction) };
    const lower = tried.value <= from.value + decrease * length * slope && tried.value < low.value;
    // Within rounding only slopes can be compared: the approximate Wolfe condition of Hager and Zhang (CG_DESCENT, 4.1).
    const flat = Math.abs(tried.value - from.value) <= rounding * Math.abs(from.value);
    const enough = flat ? tried.slope <= (2 * decrease - 1) * slope : lower;
    if (!enough)
      high = tried; // also where the value is NaN
    else {
      best = { point, ...found };
      if (Math.abs(tried.slope) <= -curvature * slope) return best;
      if (high ? tried.slope * (high.length - low.length) >= 0 : tried.slope >= 0) high = low;
      low = tried;
    }
    length = high ? between(low, high) : 4 * length;
  }
  return best;
}

/** Returns the minimum of the cubic through both ends, kept off the ends (Nocedal and Wright, 3.59); the middle where it has none. */
function between(a: Try, b: Try): number {
  const width = b.length - a.length;
  const d = a.slope + b.slope - (3 * (b.value - a.value)) / width;
  const root = Math.sign(width) * Math.sqrt(d * d - a.slope * b.slope);
  const point = (b.slope + root - d) / (b.slope - a.slope + 2 * root);
  return b.length - width * (Number.isFinite(point) ? Math.min(0.9, Math.max(0.1, point)) : 0.5);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addTimes(to: Float64Array, factor: number, from: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i] += factor * from[i];
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}
