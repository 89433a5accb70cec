/** Rewrites a graph so that it computes in float16: inputs and outputs stay float32, as do operators that float16 is too small for. */
import { toFloat16 } from "../tensors/index.ts";
import { readAttributes, writeAttributes } from "./attributes.ts";
import { type Dim, isNumber } from "./dims.ts";
import { declaredShape } from "./file.ts";
import { castTo, type Exact, exactness, type Form, formOf } from "./float16-rules.ts";
import { withoutFunctions } from "./functions.ts";
import { fuseNorms } from "./fuse-norms.ts";
import { isKnown, operatorName } from "./infer.ts";
import { inOrder, namesRead, renamed, usedPart } from "./nodes.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { shapesOf } from "./shapes-of.ts";
import { type ElementType, elementType, elementTypes, makeTensor, tensorData, tensorDims } from "./tensor.ts";

/** Options of `computeInFloat16`. */
export interface Float16Options {
  /** Operators, and nodes by name, that stay in float32 besides those that always do. */
  readonly keepFloat32?: readonly string[];
}

type Width = "half" | "full";

/** A float32 value of the old graph, and the names of its two forms in the new one, as far as they exist. */
interface Held {
  readonly name: string;
  half?: string;
  full?: string;
  /** The form that is computed; a constant has both at no cost. */
  readonly home: Width | "constant";
  readonly exact?: Exact;
  /** False for a constant that float16 does not hold. */
  readonly fits: boolean;
  /** Adds a constant in a form. */
  readonly make?: (width: Width) => string;
}

interface Rewrite {
  readonly types: ReadonlyMap<string, ElementType>;
  readonly shapes: ReadonlyMap<string, Shaped>;
  readonly kept: ReadonlySet<string>;
  readonly held: Map<string, Held>;
  /** Values of float16 under another name than before. */
  readonly aliases: Map<string, string>;
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
  readonly names: Set<string>;
}

const largestHalf = 65504;
const smallestNormal = 2 ** -14;

/** The same model with float16 weights and arithmetic. Branches, loops and operators that are not known stay in float32. */
export function computeInFloat16(file: ModelProto, { keepFloat32 = [] }: Float16Options = {}): ModelProto {
  const model = withConstants(withoutFunctions(file));
  const values = inspectValues(model);
  const graph = fuseNorms(model.graph, values.shapes);
  const weights = new Set((graph.initializer ?? []).map(({ name }) => name));
  const input = (graph.input ?? []).filter(({ name }) => !weights.has(name)); // weights that older files list, too
  const rewrite: Rewrite = {
    ...{ ...values, kept: new Set(keepFloat32), held: new Map(), aliases: new Map(), nodes: [], initializers: [] },
    names: new Set([
      ...weights,
      ...input.map(({ name }) => name),
      ...graph.node!.flatMap(({ output = [] }) => output),
    ] as string[]),
  };
  for (const { name = "" } of input) if (isFloat(rewrite, name)) hold(rewrite, { name, full: name, home: "full", fits: true });
  for (const tensor of graph.initializer ?? []) holdTensor(rewrite, tensor);
  for (const node of inOrder(graph.node ?? [])) addNode(rewrite, node);
  for (const { name = "" } of graph.output ?? []) addOutput(rewrite, name);
  const irVersion = Math.max(Number(model.irVersion ?? 0), 4); // older ones list all weights as inputs
  return { ...model, irVersion, graph: finished(rewrite, { ...graph, input }) };
}

/** Constant nodes of float32 as initializers, so that there is one kind of constants. */
function withConstants(model: ModelProto): ModelProto {
  const found: TensorProto[] = [];
  const node = (model.graph.node ?? []).filter((each) => {
    const tensor = each.opType === "Constant" && !each.domain ? constantOf(each) : undefined;
    if (tensor) found.push(tensor);
    return !tensor;
  });
  return { ...model, graph: { ...model.graph, node, initializer: [...(model.graph.initializer ?? []), ...found] } };
}

function constantOf(node: NodeProto): TensorProto | undefined {
  const name = node.output?.[0] ?? "";
  const { value, value_float: one, value_floats: many } = readAttributes(node);
  if (one !== undefined) return makeTensor(name, "float32", [], Float32Array.of(one as number));
  if (many !== undefined) return makeTensor(name, "float32", [(many as number[]).length], Float32Array.from(many as number[]));
  const tensor = value as TensorProto | undefined;
  return Number(tensor?.dataType) === elementTypes.float32 ? { ...tensor, name } : undefined;
}

/** The element types of values, as far as the file declares them or they follow from known operators, and what is known of their numbers. */
function inspectValues(model: ModelProto) {
  const { input = [], output = [], valueInfo = [], initializer = [], node = [] } = model.graph;
  const types = new Map<string, ElementType>();
  for (const { name = "", type } of [...input, ...output, ...valueInfo])
    if (type?.tensorType) types.set(name, elementType(type.tensorType.elemType));
  for (const { name = "", dataType } of initializer) types.set(name, elementType(dataType));
  // Sizes that are open get one that they may have: types do not depend on it.
  const sizes = (dims: readonly Dim[]) => dims.map((dim, axis) => (isNumber(dim) ? dim : axis === 0 ? 1 : 224));
  const shapes = shapesOf(model, Object.fromEntries(input.map((each) => [each.name, sizes(declaredShape(each))])));
  for (const each of inOrder(node)) {
    const isClear =
      isKnown(operatorName(each.domain, each.opType)) && (each.input ?? []).every((name) => !name || types.has(name));
    for (const name of each.output ?? []) {
      const inferred = isClear ? shapes.get(name)?.type : undefined;
      if (name && inferred && !types.has(name)) types.set(name, inferred);
    }
  }
  return { types, shapes };
}

const isFloat = ({ types }: Rewrite, name: string): boolean => types.get(name) === "float32";
const hold = ({ held }: Rewrite, value: Held): Map<string, Held> => held.set(value.name, value);

function holdTensor(rewrite: Rewrite, tensor: TensorProto): void {
  const { name = "" } = tensor;
  const add = (added: TensorProto) => rewrite.initializers.push(added);
  if (!isFloat(rewrite, name)) return void add(tensor);
  const data = tensorData(tensor) as Float32Array;
  const make = (width: Width): string => {
    if (width === "full") add(tensor);
    else add(makeTensor(fresh(rewrite, name), "float16", tensorDims(tensor), toFloat16(data)));
    return rewrite.initializers.at(-1)!.name!;
  };
  hold(rewrite, { name, home: "constant", fits: fitsHalf(data), make });
}

/** Numbers beyond float16's range would become infinite, and a small one that stands alone (an epsilon) 0 or coarse. */
function fitsHalf(data: ArrayLike<number>): boolean {
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]) <= largestHalf)) return false;
  return data.length !== 1 || data[0] === 0 || Math.abs(data[0]) >= smallestNormal;
}

function fresh({ names }: Rewrite, name: string): string {
  let wish = `${name}/float16`;
  while (names.has(wish)) wish += "_";
  names.add(wish);
  return wish;
}

/** The name of a value in a form, which is added where it does not exist yet; a value of another type keeps its only form. */
function take(rewrite: Rewrite, name: string, width: Width): string {
  const value = rewrite.held.get(name);
  if (!value) return rewrite.aliases.get(name) ?? name;
  value[width] ??= value.make && value.home === "constant" ? value.make(width) : converted(rewrite, value, width);
  return value[width];
}

function converted(rewrite: Rewrite, { name, half, full }: Held, width: Width): string {
  const [from, to] = width === "half" ? [full!, fresh(rewrite, name)] : [half!, name];
  rewrite.nodes.push(cast(from, to, width === "half" ? "float16" : "float32"));
  return to;
}

const cast = (from: string, to: string, type: ElementType): NodeProto => ({
  ...{ opType: "Cast", name: `${to}/Cast`, input: [from], output: [to], attribute: writeAttributes({ to: elementTypes[type] }) },
});

function addNode(rewrite: Rewrite, given: NodeProto): void {
  const node = plain(rewrite, given);
  const { held, types } = rewrite;
  const [from = "", to = ""] = [node.input?.[0], node.output?.[0]];
  const form = formOf(node);
  const target = castTo(node);
  const inputs = (node.input ?? []).flatMap((name) => held.get(name) ?? []);
  const live = inputs.filter(({ home }) => home !== "constant");
  const fits = inputs.every((value) => value.fits);
  if (target === elementTypes.float16 && held.has(from)) rewrite.aliases.set(to, take(rewrite, from, "half"));
  else if (target === elementTypes.float32 && types.get(from) === "float16")
    hold(rewrite, { name: to, half: take(rewrite, from, "half"), home: "half", fits: true });
  else if (form === "any") {
    const exact = isHeldByHalf(types.get(from)) ? undefined : exactness(node, []);
    addIn(rewrite, node, live[0]?.home === "half" && !live[0].full ? "half" : "full", "full");
    holdResults(rewrite, node, "full", exact);
  } else if (live.length === 0 && inputs.length > 0) holdConstant(rewrite, node, form, fits);
  else {
    const width = fits && isClear(rewrite, node) ? widthOf(form, live) : "full";
    // What a number beyond float16's range is added to or multiplied by may be so, too.
    const exact = exactness(node, fits ? live.map((value) => value.exact) : ["summed"]);
    addIn(rewrite, node, width);
    holdResults(rewrite, node, width, exact);
  }
}

/** A cast from float32 to float32 is none: its second input, which only says the type, may be of the other form. */
function plain(rewrite: Rewrite, node: NodeProto): NodeProto {
  const { opType, input = [], output = [] } = node;
  const isCast = opType === "CastLike" && isFloat(rewrite, input[0]) && isFloat(rewrite, output[0]);
  return isCast ? { ...node, opType: "Identity", input: input.slice(0, 1) } : node;
}

/** Returns true for floats, and for bytes, all of whose values float16 has. */
const isHeldByHalf = (type: ElementType = "float32"): boolean => /^b?float|int8$/.test(type);

/** False for what the options keep in float32, and where the type of an input or of the result is not known. */
function isClear({ kept, types, held }: Rewrite, node: NodeProto): boolean {
  if (kept.has(operatorName(node.domain, node.opType)) || (node.name && kept.has(node.name))) return false;
  return [...(node.input ?? []), ...(node.output ?? [])].every((name) => !name || held.has(name) || types.has(name));
}

/** The form in which a node computes, from its inputs that are not constant. */
function widthOf(form: Form, live: readonly Held[]): Width {
  if (form === "full" || live.length === 0) return "full";
  const isFull = live.every(({ home }) => home === "full");
  if (form === "product") return live.every(({ exact }) => exact === "counted") || (live.length > 1 && isFull) ? "full" : "half";
  if (form === "move") return live.some(({ home }) => home === "half") ? "half" : "full";
  return isFull || live.some(({ exact }) => exact) ? "full" : "half";
}

/** Adds a node that takes its inputs in a form, and names its results by theirs. */
function addIn(rewrite: Rewrite, node: NodeProto, width: Width, results = width): void {
  const { nodes, aliases, held } = rewrite;
  for (const name of namesRead(node)) if (held.has(name)) take(rewrite, name, width); // those that subgraphs read, too
  const input = (node.input ?? []).map((name) => take(rewrite, name, width));
  const output = (node.output ?? []).map((name) => (results === "half" && isFloat(rewrite, name) ? fresh(rewrite, name) : name));
  const inner = aliases.size > 0 ? renamed(node, (name) => aliases.get(name) ?? name) : node;
  nodes.push({ ...inner, name: node.name, input, output });
}

function holdResults(rewrite: Rewrite, node: NodeProto, width: Width, exact: Exact): void {
  const added = rewrite.nodes.at(-1)!.output!;
  for (const [i, name] of (node.output ?? []).entries())
    if (name && isFloat(rewrite, name)) {
      const numbers = width === "full" ? knownNumbers(rewrite, name) : undefined;
      const held = numbers ? { home: "constant" as const, fits: fitsHalf(numbers) } : { home: width, exact, fits: true };
      hold(rewrite, { name, [width]: added[i], ...held });
    }
}

/** A number that follows from shapes, such as the square root of a head's channels. */
function knownNumbers({ shapes }: Rewrite, name: string): number[] | undefined {
  const numbers = shapes.get(name)?.ints;
  return numbers?.length === 1 && numbers.every(isNumber) ? (numbers as number[]) : undefined;
}

/** A constant that is only moved is added in the form, or the forms, in which it is read; others are computed in float32. */
function holdConstant(rewrite: Rewrite, node: NodeProto, form: Form, fits: boolean): void {
  const isMoved = form === "move" && node.output?.length === 1;
  if (!isMoved) addIn(rewrite, node, "full");
  for (const name of node.output ?? []) {
    if (!isFloat(rewrite, name)) continue;
    const make = (width: Width): string => {
      if (!isMoved) return converted(rewrite, rewrite.held.get(name)!, width);
      addIn(rewrite, width === "half" ? { ...node, name: node.name && `${node.name}/float16` } : node, width);
      return rewrite.nodes.at(-1)!.output![0];
    };
    hold(rewrite, { name, ...(!isMoved && { full: name }), home: "constant", fits, make });
  }
}

function addOutput(rewrite: Rewrite, name: string): void {
  if (rewrite.held.has(name)) return void take(rewrite, name, "full");
  const alias = rewrite.aliases.get(name);
  if (alias) rewrite.nodes.push({ opType: "Identity", name: `${name}/Identity`, input: [alias], output: [name] });
}

function finished({ nodes, initializers }: Rewrite, graph: GraphProto): GraphProto {
  const used = usedPart({ ...graph, node: nodes, initializer: initializers });
  const names = new Set(used.node!.flatMap(({ output }) => output ?? []));
  return { ...used, ...(graph.valueInfo && { valueInfo: graph.valueInfo.filter(({ name = "" }) => names.has(name)) }) };
}
