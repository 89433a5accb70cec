/** The nodes of a graph in an order in which they can run: some tools append nodes that others read. */
import { namesRead } from "./builder.ts";
import type { NodeProto } from "./proto.ts";

/** Each node after those that it reads. onnxruntime sorts a model's graph itself (casts to float16 come last in some), but not a loop's body. */
export function inOrder(nodes: readonly NodeProto[]): readonly NodeProto[] {
  const missing = new Set(nodes.flatMap(({ output }) => output ?? []).filter((name) => name !== ""));
  const sorted: NodeProto[] = [];
  let waiting = nodes;
  for (let before = -1; waiting.length > 0 && before !== waiting.length; ) {
    before = waiting.length;
    waiting = waiting.filter((node) => {
      if (namesRead(node).some((name) => missing.has(name))) return true;
      for (const name of node.output ?? []) missing.delete(name);
      sorted.push(node);
      return false;
    });
  }
  return [...sorted, ...waiting];
}
