/** Finds the operators of a graph that a device does not have: each is tried alone, once for its types. */
import { type ModelProto, type NodeProto, readOnnx, type Shaped, shapesOf, valueInfo, writeOnnx } from "../../onnx/index.ts";

/**
 * Returns operators with the types of their inputs, such as "ReduceSum of float64", that the device does not have and whose data is on the
 * device, so that it is copied in every run. Data that comes from the CPU anyway, as indices do, is not copied.
 * @param state names of the inputs that stay on the device.
 * @param runs returns false for a file that the device cannot run alone.
 */
export async function missingOperators(
  file: Uint8Array,
  state: readonly string[],
  runs: (file: Uint8Array) => Promise<boolean>,
): Promise<string[]> {
  const model = readOnnx(file);
  const inputs = (model.graph.input ?? []).map(({ name = "", type }) => [
    name,
    (type?.tensorType?.shape?.dim ?? []).map(({ dimValue, dimParam }) => dimParam ?? Number(dimValue ?? 0)),
  ]);
  const onCpu = new Set(inputs.map(([name]) => name as string).filter((name) => !state.includes(name)));
  for (const { name } of model.graph.initializer ?? []) onCpu.add(name!);
  const nodes: { node: NodeProto; operator: string }[] = [];
  const models = new Map<string, Uint8Array>();
  shapesOf(model, Object.fromEntries(inputs), ({ node, given, results }) => {
    const types = new Set(given.flatMap((value) => (value && !value.ints ? [value.type] : [])));
    const operator = `${node.opType} of ${[...types].join(" and ")}`;
    nodes.push({ node, operator });
    if (!models.has(operator)) models.set(operator, writeOnnx(alone(model, node, given, results)));
  });
  const missing = new Set<string>();
  for (const [operator, each] of models) if (!(await runs(each))) missing.add(operator);
  const copied = new Set<string>();
  for (const { node, operator } of nodes) {
    if (!missing.has(operator)) continue;
    if (node.input!.every((name) => name === "" || onCpu.has(name))) for (const name of node.output!) onCpu.add(name);
    else copied.add(operator);
  }
  return [...copied];
}

/** Makes a model of one node; constants stay constants, for some operators need them. */
function alone(
  model: ModelProto,
  node: NodeProto,
  given: readonly (Shaped | undefined)[],
  results: readonly Shaped[],
): ModelProto {
  const initializer = (model.graph.initializer ?? []).filter(({ name }) => node.input?.includes(name!));
  const constants = new Set(initializer.map(({ name }) => name));
  const input = (node.input ?? []).flatMap((name, i) => {
    const value = given[i];
    return value && !constants.has(name) ? [valueInfo(name, value.type, value.dims)] : [];
  });
  const output = (node.output ?? []).flatMap((name, i) =>
    results[i] ? [valueInfo(name, results[i].type, results[i].dims)] : [],
  );
  const unique = [...new Map(input.map((each) => [each.name, each])).values()];
  return { ...model, graph: { ...model.graph, node: [node], initializer, input: unique, output } };
}
