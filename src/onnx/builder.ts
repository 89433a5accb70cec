/** A graph in the making: values that know their shape, operators added one by one, names by scope, constants shared. */
import { S2Error } from "../core/index.ts";
import { type Attributes, writeAttributes } from "./attributes.ts";
import { type Dim, shapeText } from "./dims.ts";
import { infer, operatorName } from "./infer.ts";
import { shapedTensor } from "./infer-shapes.ts";
import { usedPart } from "./nodes.ts";
import type { ModelProto, NodeProto, OperatorSetId, TensorProto, ValueInfoProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { type ElementType, elementTypes, makeTensor, type TensorData } from "./tensor.ts";

/** A value of a graph: the result of an operator, an input, or a constant. */
export interface Value extends Shaped {
  readonly graph: Graph;
  readonly name: string;
}

/** A value whose shape is known, as all are that operators of this package make from such. */
export interface ShapedValue extends Value {
  readonly dims: readonly Dim[];
}

/** What is written so far. Made by `newGraph`, filled by the functions of operators.ts, ended by `finishGraph`. */
export interface Graph {
  readonly opset: number;
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
  readonly inputs: ValueInfoProto[];
  readonly outputs: ValueInfoProto[];
  readonly domains: Map<string, number>;
  /** Names taken, with how often they were wished. */
  readonly names: Map<string, number>;
  /** Values that took the name of an output, by the name they had. */
  readonly renamed: Map<string, string>;
  /** 0, and one more within each loop; bodies share all but nodes, inputs and outputs with the graph around. */
  readonly depth: number;
  /** Every value by its name, for those that walk over the nodes (src/train). */
  readonly values: Map<string, Value>;
  /** Constants by what they hold. */
  readonly constants: Map<string, Value>;
  /** Where new nodes are: "blocks.0.attn". */
  readonly path: string[];
}

/** Older sets have other signatures (axes as attributes), newer ones are not known here. */
const opsets = { oldest: 13, newest: 25 };

/**
 * An empty graph of operators as ONNX's operator set `opset` has them.
 * @throws S2Error "graph" for a set before 13 or after 25.
 */
export function newGraph(opset: number): Graph {
  if (!Number.isInteger(opset) || opset < opsets.oldest || opset > opsets.newest)
    throw new S2Error(
      "graph",
      `A graph of operator set ${opset} is not built here; expected ${opsets.oldest} to ${opsets.newest}.`,
    );
  return {
    opset,
    nodes: [],
    initializers: [],
    inputs: [],
    outputs: [],
    domains: new Map(),
    names: new Map(),
    renamed: new Map(),
    depth: 0,
    values: new Map(),
    constants: new Map(),
    path: [],
  };
}

/** Names what `build` adds after the part of the model that it is: `blocks.0`, then `attn` within. */
export function scope<T>(graph: Graph, name: string, build: () => T): T {
  graph.path.push(name);
  try {
    return build();
  } finally {
    graph.path.pop();
  }
}

/**
 * An input of the graph.
 * @throws S2Error "graph" when the name is taken.
 */
export function input(graph: Graph, name: string, type: ElementType, dims: readonly Dim[]): ShapedValue {
  if (graph.names.has(name)) throw taken(name, "input");
  graph.inputs.push(valueInfo(uniqueName(graph, name), type, dims));
  return remembered({ graph, name, type, dims });
}

function remembered<T extends Value>(value: T): T {
  value.graph.values.set(value.name, value);
  return value;
}

const taken = (name: string, what: string): S2Error =>
  new S2Error("graph", `The graph has a value named ${name} already; give the ${what} another name.`);

/**
 * Makes `value` an output of the graph under that name.
 * @throws S2Error "graph" when another value has the name, or the graph that output.
 */
export function output(value: Value, name: string): void {
  const { graph } = value;
  if (graph.names.has(name) && value.name !== name) throw taken(name, "output");
  if (graph.outputs.some((other) => other.name === name)) throw taken(name, "output");
  // An output is named by the operator that makes it, but for one that is an input, a constant, or named already.
  const own = nameNow(value);
  const made = graph.nodes.findLast((node) => node.output?.includes(own));
  const named = graph.outputs.some((other) => other.name === own);
  if (value.name !== name) {
    graph.names.set(name, 1);
    if (made && !named) rename(graph, own, name);
    else graph.nodes.push({ input: [own], output: [name], name: uniqueName(graph, `${name}/Identity`), opType: "Identity" });
  }
  graph.outputs.push(valueInfo(name, value.type, value.dims));
}

/** What a value is called by now: one that became an output took its name. */
export const nameNow = ({ graph, name }: Value): string => graph.renamed.get(name) ?? name;

function rename(graph: Graph, from: string, to: string): void {
  graph.renamed.set(from, to);
  graph.values.set(to, { ...graph.values.get(from)!, name: to });
  const swap = (names: string[] | undefined) => names?.map((name) => (name === from ? to : name));
  for (const node of graph.nodes) {
    if (node.input?.includes(from)) node.input = swap(node.input);
    if (node.output?.includes(from)) node.output = swap(node.output);
  }
}

/** Longer constants are told apart by the memory they are in, shorter ones by their values. */
const longest = 4096;

/** A constant; the same values (or the same memory) are written once. `name` is within the scope, for weights. */
export function constant(graph: Graph, type: ElementType, dims: readonly number[], data: TensorData, name?: string): ShapedValue {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const content = bytes.length <= longest ? bytes.join() : `${bufferNumber(data.buffer)}@${data.byteOffset}+${bytes.length}`;
  const key = `${type}${shapeText(dims)}${content}`;
  const known = graph.constants.get(key);
  if (known) return { ...known, graph } as ShapedValue;
  const wish =
    name !== undefined
      ? inScope(graph, name)
      : data.length <= 6
        ? `${type}${shapeText(dims)}(${data.join()})`
        : inScope(graph, "constant");
  const tensor = makeTensor(uniqueName(graph, wish), type, dims, data);
  graph.initializers.push(tensor);
  const value = remembered({ graph, name: tensor.name!, ...shapedTensor(tensor), dims });
  graph.constants.set(key, value);
  return value;
}

const buffers = new WeakMap<object, number>();
let bufferCount = 0;

function bufferNumber(buffer: object): number {
  if (!buffers.has(buffer)) buffers.set(buffer, bufferCount++);
  return buffers.get(buffer)!;
}

/** A list of whole numbers, for shapes and axes. */
export function wholeNumbers(graph: Graph, values: readonly number[]): ShapedValue {
  return constant(graph, "int64", [values.length], BigInt64Array.from(values, BigInt));
}

/** One number of the element type of `like`. */
export function scalar(like: Value, value: number): ShapedValue {
  const { graph, type } = like;
  if (type === "float32") return constant(graph, type, [], Float32Array.of(value));
  if ((type === "int64" || type === "int32") && !Number.isInteger(value))
    throw new S2Error("graph", `${value} cannot stand beside a value of ${type}; expected a whole number.`);
  if (type === "int64") return constant(graph, type, [], BigInt64Array.of(BigInt(value)));
  if (type === "int32") return constant(graph, type, [], Int32Array.of(value));
  throw new S2Error("graph", `A plain number cannot stand beside a value of ${type}; give a constant.`);
}

/** The version of operators of other domains that is declared with their first use. */
const domainVersion = 1;

/**
 * Adds one use of an operator; operators.ts has a function for each.
 * @throws S2Error "graph" when the inputs do not go together.
 */
export function node(
  op: string,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes = {},
  { outputs = 1, domain = "" }: { outputs?: number; domain?: string } = {},
): Value[] {
  const graph = innermost(inputs);
  const place = graph.path.join(".") || "the graph";
  if (inputs.some((value) => value && value.graph.names !== graph.names))
    throw new S2Error("graph", `${op} in ${place} was given values of two graphs; an operator's inputs are of one.`);
  const name = uniqueName(graph, inScope(graph, op));
  const results = infer({ op: operatorName(domain, op), inputs, attributes, outputs, opset: graph.opset }, place);
  const values = results.map((result, i) =>
    remembered({ ...result, graph, name: i === 0 ? name : uniqueName(graph, `${name}:${i}`) }),
  );
  const names = inputs.map((value) => (value ? nameNow(value) : ""));
  while (names.at(-1) === "") names.pop();
  graph.nodes.push({
    input: names,
    output: values.map((value) => value.name),
    name,
    opType: op,
    attribute: writeAttributes(attributes),
    ...(domain && { domain }),
  });
  if (domain) graph.domains.set(domain, domainVersion);
  return values;
}

/** A node in the body of a loop reads values of the graphs around it too. */
function innermost(inputs: readonly (Value | undefined)[]): Graph {
  const graphs = inputs.flatMap((value) => (value ? [value.graph] : []));
  return graphs.reduce((inner, graph) => (graph.depth > inner.depth ? graph : inner));
}

function inScope(graph: Graph, name: string): string {
  return graph.path.length > 0 ? `${graph.path.join(".")}.${name}` : name;
}

export function uniqueName(graph: Graph, wish: string): string {
  const taken = graph.names.get(wish) ?? 0;
  graph.names.set(wish, taken + 1);
  return taken === 0 ? wish : uniqueName(graph, `${wish}_${taken}`);
}

export function valueInfo(name: string, type: ElementType, dims?: readonly Dim[]): ValueInfoProto {
  const dim = dims?.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], ...(dim && { shape: { dim } }) } } };
}

/** The oldest file version that carries the operator set (onnx/docs/Versioning.md). */
function irVersionFor(opset: number): number {
  if (opset <= 14) return 7;
  if (opset <= 18) return 8;
  if (opset <= 20) return 9;
  if (opset <= 22) return 10;
  return Math.min(opset - 12, 13); // 23: 11, 24: 12, 25: 13
}

/** The graph as a model file's content. Nodes that no output needs are left out. */
export function finishGraph(graph: Graph, name: string): ModelProto {
  const proto = usedPart({
    name,
    node: graph.nodes,
    initializer: graph.initializers,
    input: graph.inputs,
    output: graph.outputs,
  });
  const opsetImport: OperatorSetId[] = [{ domain: "", version: graph.opset }];
  for (const [domain, version] of graph.domains) opsetImport.push({ domain, version });
  return { irVersion: irVersionFor(graph.opset), producerName: "s2-vision", graph: proto, opsetImport };
}
