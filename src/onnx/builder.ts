/** Builds graphs: values know their shape, operators are added one by one, scopes name them, equal constants are shared. */
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
  /** The graph that has it. */
  readonly graph: Graph;
  /** Its name in the file, unless it becomes an output under another. */
  readonly name: string;
}

/** A value with a known shape; this package's operators return such values when their inputs are such. */
export interface ShapedValue extends Value {
  readonly dims: readonly Dim[];
}

/** A graph under construction: made by `newGraph`, filled by the operators' functions, completed by `finishGraph`. */
export interface Graph {
  /** The version of ONNX's operator set. */
  readonly opset: number;
  /** The messages of the file, as far as they are built. */
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
  readonly inputs: ValueInfoProto[];
  readonly outputs: ValueInfoProto[];
  /** Versions of the other domains whose operators are used. */
  readonly domains: Map<string, number>;
  /** Names in use, with the number of times they were requested. */
  readonly names: Map<string, number>;
  /** Values that took the name of an output, by their former name. */
  readonly renamed: Map<string, string>;
  /** 0, and one more within each loop; bodies share all but nodes, inputs and outputs with the graph around. */
  readonly depth: number;
  /** Every value by its name, for code that walks over the nodes (src/train). */
  readonly values: Map<string, Value>;
  /** Constants by their content. */
  readonly constants: Map<string, Value>;
  /** The scope of new nodes: "blocks.0.attn". */
  readonly path: string[];
}

/** Older sets have other signatures (axes as attributes); newer ones are not supported. */
const opsets = { oldest: 13, newest: 25 };

/**
 * Makes an empty graph of operators of ONNX's operator set `opset`.
 * @throws S2Error "graph" for a set before 13 or after 25.
 */
export function newGraph(opset: number): Graph {
  if (!Number.isInteger(opset) || opset < opsets.oldest || opset > opsets.newest)
    throw new S2Error(
      "graph",
      `A graph of operator set ${opset} is not built here; expected ${opsets.oldest} to ${opsets.newest}.`,
    );
  return {
    ...{ opset, nodes: [], initializers: [], inputs: [], outputs: [], domains: new Map(), names: new Map(), renamed: new Map() },
    ...{ depth: 0, values: new Map(), constants: new Map(), path: [] },
  };
}

/** Prefixes the names of the nodes that `build` adds, for example with `blocks.0` and, within it, `attn`. */
export function scope<T>(graph: Graph, name: string, build: () => T): T {
  graph.path.push(name);
  try {
    return build();
  } finally {
    graph.path.pop();
  }
}

/**
 * Adds an input to the graph.
 * @throws S2Error "graph" when the name is taken.
 */
export function input(graph: Graph, name: string, type: ElementType, dims: readonly Dim[]): ShapedValue {
  if (graph.names.has(name)) throw taken(name, "input");
  graph.inputs.push(valueInfo(uniqueName(graph, name), type, dims));
  return registered({ graph, name, type, dims });
}

function registered<T extends Value>(value: T): T {
  value.graph.values.set(value.name, value);
  return value;
}

const taken = (name: string, what: string): S2Error =>
  new S2Error("graph", `The graph has a value named ${name} already; give the ${what} another name.`);

/**
 * Makes `value` an output of the graph under that name.
 * @throws S2Error "graph" when the name is in use.
 */
export function output(value: Value, name: string): void {
  const { graph } = value;
  if ((graph.names.has(name) && value.name !== name) || graph.outputs.some((other) => other.name === name))
    throw taken(name, "output");
  // The operator that makes the value takes the output's name; inputs, constants and other outputs go through an Identity.
  const current = nameNow(value);
  const made = graph.nodes.findLast((node) => node.output?.includes(current));
  const named = graph.outputs.some((other) => other.name === current);
  if (value.name !== name) {
    graph.names.set(name, 1);
    if (made && !named) rename(graph, current, name);
    else graph.nodes.push({ input: [current], output: [name], name: uniqueName(graph, `${name}/Identity`), opType: "Identity" });
  }
  graph.outputs.push(valueInfo(name, value.type, value.dims));
}

/** The current name of a value, which is an output's once it became one. */
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

/** Longer constants (in bytes) are identified by their memory, shorter ones by their values. */
const longest = 4096;

/**
 * Adds a constant with the elements of `data`; the same values (or the same memory) are written once. `name`, for weights, gets the
 * scope's prefix.
 * @throws S2Error "graph" when `data` does not have the type's array or the number of elements of `dims`.
 */
export function constant(graph: Graph, type: ElementType, dims: readonly number[], data: TensorData, name?: string): ShapedValue {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const content = bytes.length <= longest ? bytes.join() : `${bufferNumber(data.buffer)}@${data.byteOffset}+${bytes.length}`;
  const key = `${type}${shapeText(dims)}${content}`;
  const known = graph.constants.get(key);
  if (known) return { ...known, graph } as ShapedValue;
  const isShort = name === undefined && data.length <= 6;
  const wish = isShort ? `${type}${shapeText(dims)}(${data.join()})` : inScope(graph, name ?? "constant");
  const tensor = makeTensor(uniqueName(graph, wish), type, dims, data);
  graph.initializers.push(tensor);
  const value = registered({ graph, name: tensor.name!, ...shapedTensor(tensor), dims });
  graph.constants.set(key, value);
  return value;
}

const buffers = new WeakMap<object, number>();
let bufferCount = 0;

function bufferNumber(buffer: object): number {
  if (!buffers.has(buffer)) buffers.set(buffer, bufferCount++);
  return buffers.get(buffer)!;
}

/** Adds a list of whole numbers as an int64 constant, for shapes and axes. */
export function wholeNumbers(graph: Graph, values: readonly number[]): ShapedValue {
  return constant(graph, "int64", [values.length], BigInt64Array.from(values, BigInt));
}

/** Adds one number of the element type of `like` as a constant. */
export function scalar(like: Value, value: number): ShapedValue {
  const { graph, type } = like;
  if (type === "float32") return constant(graph, type, [], Float32Array.of(value));
  if ((type === "int64" || type === "int32") && !Number.isInteger(value))
    throw new S2Error("graph", `${value} cannot stand beside a value of ${type}; expected a whole number.`);
  if (type === "int64") return constant(graph, type, [], BigInt64Array.of(BigInt(value)));
  if (type === "int32") return constant(graph, type, [], Int32Array.of(value));
  throw new S2Error("graph", `A plain number cannot stand beside a value of ${type}; give a constant.`);
}

/** The version that is declared for other domains with their first operator. */
const domainVersion = 1;

/**
 * Adds an operator and returns its outputs; attributes have their ONNX names, an omitted input is undefined. The shape of an unknown
 * operator's output is not known.
 * @throws S2Error "graph" when the inputs do not fit together.
 */
export function node(
  op: string,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes = {},
  { outputs = 1, domain = "" }: { outputs?: number; domain?: string } = {},
): Value[] {
  const graph = innermost(inputs);
  const location = graph.path.join(".") || "the graph";
  if (inputs.some((value) => value && value.graph.names !== graph.names))
    throw new S2Error("graph", `${op} in ${location} was given values of two graphs; an operator's inputs are of one.`);
  const name = uniqueName(graph, inScope(graph, op));
  const results = infer({ op: operatorName(domain, op), inputs, attributes, outputs, opset: graph.opset }, location);
  const values = results.map((result, i) =>
    registered({ ...result, graph, name: i === 0 ? name : uniqueName(graph, `${name}:${i}`) }),
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

/** The innermost graph of the inputs: a node in a loop's body also reads values of the graphs around it. */
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

/** Completes the graph as the content of a model file, without nodes that no output needs. */
export function finishGraph(graph: Graph, name: string): ModelProto {
  const { nodes: node, initializers: initializer, inputs, outputs } = graph;
  const proto = usedPart({ name, node, initializer, input: inputs, output: outputs });
  const opsetImport: OperatorSetId[] = [{ domain: "", version: graph.opset }];
  for (const [domain, version] of graph.domains) opsetImport.push({ domain, version });
  return { irVersion: irVersionFor(graph.opset), producerName: "s2-vision", graph: proto, opsetImport };
}
