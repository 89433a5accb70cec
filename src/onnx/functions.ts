/** A model's own functions (what torch's newer exporter writes): calls of them replaced by their nodes, so that others need not know of functions. */
import { S2Error } from "../core/index.ts";
import { domainsUsed, isOnnx } from "./file.ts";
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto } from "./proto.ts";
import { renamed } from "./rename.ts";

interface Expansion {
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** Calls so far: each has names of its own. */
  calls: number;
}

/** As protobuf's readers take: a function that calls itself is no model. */
const deepest = 100;

const keyOf = (domain = "", name = "", overload = ""): string => `${isOnnx(domain) ? "" : domain}:${name}:${overload}`;

/**
 * The same model without functions. The specification (onnx/docs/IR.md, "Functions") has a function's operators mean the same in the
 * model's operator sets, so their nodes may stand in the graph.
 * @throws S2Error "onnx-file" when functions call each other in a circle.
 */
export function withoutFunctions(model: ModelProto): ModelProto {
  if (!model.functions?.length) return model;
  const functions = new Map(model.functions.map((one) => [keyOf(one.domain, one.name, one.overload), one]));
  const { functions: _, ...rest } = model;
  const flat: ModelProto = { ...rest, graph: expandGraph(model.graph, { functions, calls: 0 }, 0) };
  const imports = [...model.opsetImport, ...model.functions.flatMap(({ opsetImport }) => opsetImport ?? [])];
  const used = domainsUsed(flat);
  const first = imports.filter(({ domain }, i) => imports.findIndex((other) => sameDomain(other.domain, domain)) === i);
  return { ...flat, opsetImport: first.filter(({ domain }) => isOnnx(domain) || used.has(domain!)) };
}

const sameDomain = (a: string | undefined, b: string | undefined): boolean => a === b || (isOnnx(a) && isOnnx(b));

function expandGraph(graph: GraphProto, all: Expansion, depth: number): GraphProto {
  return { ...graph, node: (graph.node ?? []).flatMap((node) => expandNode(node, all, depth)) };
}

function expandNode(node: NodeProto, all: Expansion, depth: number): NodeProto[] {
  const called = all.functions.get(keyOf(node.domain, node.opType, node.overload));
  if (called) return expandCall(node, called, all, depth);
  if (!node.attribute?.some(({ g, graphs }) => g || graphs)) return [node];
  return [{ ...node, attribute: node.attribute.map((one) => within(one, (graph) => expandGraph(graph, all, depth))) }];
}

function expandCall(call: NodeProto, called: FunctionProto, all: Expansion, depth: number): NodeProto[] {
  if (depth > deepest)
    throw new S2Error(
      "onnx-file",
      `Not an ONNX file that can be read: its function ${called.name} calls itself. Download or export it again.`,
    );
  const prefix = `${call.name || called.name}#${all.calls++}`;
  const names = new Map<string, string>([["", ""]]);
  called.output?.forEach((formal, i) => {
    names.set(formal, call.output?.[i] || `${prefix}/${formal}`);
  });
  called.input?.forEach((formal, i) => {
    names.set(formal, call.input?.[i] ?? "");
  });
  const given = attributesOf(call, called);
  const rename = (name: string) => names.get(name) ?? `${prefix}/${name}`;
  const body = (called.node ?? []).map((node) => renamed(withAttributes(node, given), rename));
  return body.flatMap((node) => expandNode(node, all, depth + 1));
}

/** What the call says, and the function's defaults for the rest. */
function attributesOf(call: NodeProto, { attributeProto }: FunctionProto): Map<string, AttributeProto> {
  return new Map([...(attributeProto ?? []), ...(call.attribute ?? [])].map((one) => [one.name ?? "", one]));
}

/** `refAttrName` stands for the call's attribute; one that the call leaves out is left out here too. */
function withAttributes(node: NodeProto, given: ReadonlyMap<string, AttributeProto>): NodeProto {
  if (!node.attribute?.length) return node;
  const attribute = node.attribute.flatMap((one) => {
    if (!one.refAttrName)
      return [within(one, (graph) => ({ ...graph, node: graph.node?.map((inner) => withAttributes(inner, given)) }))];
    const value = given.get(one.refAttrName);
    return value ? [{ ...value, name: one.name }] : [];
  });
  return { ...node, attribute };
}

function within(attribute: AttributeProto, change: (graph: GraphProto) => GraphProto): AttributeProto {
  if (!attribute.g && !attribute.graphs) return attribute;
  return {
    ...attribute,
    ...(attribute.g && { g: change(attribute.g) }),
    ...(attribute.graphs && { graphs: attribute.graphs.map(change) }),
  };
}
