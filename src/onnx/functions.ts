/** A model's own functions (torch's newer exporter writes them): calls are replaced by the function's nodes. */
import { S2Error } from "../core/index.ts";
import { isOnnx } from "./file.ts";
import { domainsUsed, mapSubgraphs, renamed } from "./nodes.ts";
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto } from "./proto.ts";

interface Expansion {
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** Calls so far; each gives its values names of their own. */
  calls: number;
}

/** The nesting that protobuf's readers accept; a function that calls itself exceeds it. */
const deepest = 100;

const keyOf = (domain = "", name = "", overload = ""): string => `${isOnnx(domain) ? "" : domain}:${name}:${overload}`;

/**
 * The same model without functions. By the specification (onnx/docs/IR.md, "Functions") a function's operators mean the same in the
 * model's operator sets, so their nodes may stand in the graph.
 * @throws S2Error "onnx-file" when functions call each other in a circle.
 */
export function withoutFunctions(model: ModelProto): ModelProto {
  if (!model.functions?.length) return model;
  const functions = new Map(model.functions.map((each) => [keyOf(each.domain, each.name, each.overload), each]));
  const { functions: _, ...rest } = model;
  const flat: ModelProto = { ...rest, graph: expandGraph(model.graph, { functions, calls: 0 }, 0) };
  const imports = [...model.opsetImport, ...model.functions.flatMap(({ opsetImport }) => opsetImport ?? [])];
  const used = domainsUsed(flat);
  const first = imports.filter(({ domain }, i) => imports.findIndex((other) => sameDomain(other.domain, domain)) === i);
  return { ...flat, opsetImport: first.filter(({ domain }) => isOnnx(domain) || used.has(domain!)) };
}

const sameDomain = (a: string | undefined, b: string | undefined): boolean => a === b || (isOnnx(a) && isOnnx(b));

function expandGraph(graph: GraphProto, expansion: Expansion, depth: number): GraphProto {
  return { ...graph, node: (graph.node ?? []).flatMap((node) => expandNode(node, expansion, depth)) };
}

function expandNode(node: NodeProto, expansion: Expansion, depth: number): NodeProto[] {
  const called = expansion.functions.get(keyOf(node.domain, node.opType, node.overload));
  if (called) return expandCall(node, called, expansion, depth);
  return [mapSubgraphs(node, (graph) => expandGraph(graph, expansion, depth))];
}

function expandCall(call: NodeProto, called: FunctionProto, expansion: Expansion, depth: number): NodeProto[] {
  if (depth > deepest)
    throw new S2Error(
      "onnx-file",
      `Not an ONNX file that can be read: its function ${called.name} calls itself. Download or export it again.`,
    );
  const prefix = `${call.name || called.name}#${expansion.calls++}`;
  const names = new Map<string, string>([["", ""]]);
  for (const [i, formal] of (called.output ?? []).entries()) names.set(formal, call.output?.[i] || `${prefix}/${formal}`);
  for (const [i, formal] of (called.input ?? []).entries()) names.set(formal, call.input?.[i] ?? "");
  // The function's defaults, overridden by the call's attributes.
  const given = new Map([...(called.attributeProto ?? []), ...(call.attribute ?? [])].map((each) => [each.name ?? "", each]));
  const rename = (name: string) => names.get(name) ?? `${prefix}/${name}`;
  const body = (called.node ?? []).map((node) => renamed(withAttributes(node, given), rename));
  return body.flatMap((node) => expandNode(node, expansion, depth + 1));
}

/** Replaces attributes that refer (`refAttrName`) to one of the call's; one that the call omits is omitted here too. */
function withAttributes(node: NodeProto, given: ReadonlyMap<string, AttributeProto>): NodeProto {
  const changed = mapSubgraphs(node, (graph) => ({ ...graph, node: graph.node?.map((inner) => withAttributes(inner, given)) }));
  const attribute = changed.attribute?.flatMap((each) => {
    if (!each.refAttrName) return [each];
    const value = given.get(each.refAttrName);
    return value ? [{ ...value, name: each.name }] : [];
  });
  return { ...changed, attribute };
}
