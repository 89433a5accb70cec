/** Projectors from weights against LLaVA's and VILA's own code: who moves a model's weights here must get the same tokens, in the same order. */
import { describe, expect, it } from "vitest";
import type { S2Error } from "../../src/core/index.ts";
import { buildProjector } from "../../src/models/index.ts";
import type { GraphTensor } from "../../src/onnx/index.ts";
import { openGraph } from "../../src/runtimes/node/index.ts";
import { writeSafetensors } from "../../src/tensors/index.ts";
import { differs, golden, type ProjectorCase, projectorCases, weightsFile } from "./dynamic-s2.ts";

/** The config of a case: what tells VILA-1.5 from later code are fields that only later code writes. */
const configOf = ({ family, params }: Pick<ProjectorCase, "family" | "params">) => ({
  ...params,
  ...(family === "vila" && { dynamic_s2: false, max_tiles: 12 }),
  vision_config: { image_size: 32 },
});

async function run(file: Uint8Array, features: GraphTensor): Promise<GraphTensor> {
  const graph = await openGraph(file, { threads: 1 });
  const { image_features } = await graph.run({ features });
  await graph.close();
  return image_features;
}

describe("golden projectors", () => {
  it("are all there", () => expect(projectorCases.length).toBe(17));

  it.each(projectorCases.map((c) => [`${c.id} (${c.family} ${c.params.mm_projector_type})`, c] as const))("%s", async (_, c) => {
    const input = golden.f32(c.input);
    const file = buildProjector(configOf(c), weightsFile(c.weights), { side: Math.sqrt(input.dims[1]) });
    const { dims, data } = await run(file, input);
    expect([...dims]).toEqual(c.output.shape);
    expect(differs(data as Float32Array, golden.f32(c.output).data)).toBe("");
  });

  it("VILA-1.5's order is another one: the same weights listed by rows are wrong", async () => {
    const c = projectorCases.find(({ id }) => id === "projector-013")!;
    const byRows = buildProjector(configOf({ ...c, family: "vila" }), weightsFile(c.weights), { side: 4 });
    const { data } = await run(byRows, golden.f32(c.input));
    expect(differs(data as Float32Array, golden.f32(c.output).data)).not.toBe("");
  });
});

describe("names in files", () => {
  const numbers = (length: number, from: number) => Float32Array.from({ length }, (_, i) => Math.sin(i + from));
  const matrix = (rows: number, cols: number, from: number) => ({
    dtype: "F32" as const,
    dims: cols > 0 ? [rows, cols] : [rows],
    data: numbers(rows * Math.max(1, cols), from),
  });
  const mlp = (first: string, second: string) => ({
    [`${first}.weight`]: matrix(5, 4, 0),
    [`${first}.bias`]: matrix(5, 0, 20),
    [`${second}.weight`]: matrix(5, 5, 30),
    [`${second}.bias`]: matrix(5, 0, 60),
  });
  const llm = { "model.layers.0.mlp.weight": matrix(2, 2, 0), "lm_head.weight": matrix(2, 2, 0) };
  const config = { mm_projector_type: "mlp2x_gelu", mm_hidden_size: 4, vision_config: { image_size: 32 } };
  const features = { dims: [1, 4, 4], data: numbers(16, 7) };

  it("LLaVA's, VILA's and transformers' names give the same tokens, with the language model's tensors beside them or not", async () => {
    const spellings = [
      mlp("0", "2"),
      mlp("layers.0", "layers.2"),
      { ...llm, ...mlp("model.mm_projector.0", "model.mm_projector.2") },
      { ...llm, ...mlp("multi_modal_projector.linear_1", "multi_modal_projector.linear_2") },
    ];
    const answers = [];
    for (const tensors of spellings)
      answers.push(await run(buildProjector(config, writeSafetensors(tensors), { side: 2 }), features));
    for (const answer of answers) expect(answer.data).toEqual(answers[0].data);
  });

  it("a linear projector is one layer without a number", async () => {
    const tensors = { "mm_projector.weight": matrix(5, 4, 0), "mm_projector.bias": matrix(5, 0, 20) };
    const linear = { ...config, mm_projector_type: "linear" };
    const { dims, data } = await run(buildProjector(linear, writeSafetensors(tensors), { side: 2 }), features);
    const token = (t: number) =>
      Array.from({ length: 5 }, (_, r) =>
        [0, 1, 2, 3].reduce((sum, c) => sum + features.data[t * 4 + c] * Math.sin(r * 4 + c), Math.sin(20 + r)),
      );
    expect(dims).toEqual([1, 4, 5]);
    expect(differs(data as Float32Array, Float32Array.from([0, 1, 2, 3].flatMap(token)))).toBe("");
  });

  const refusal = (more: object, tensors: Parameters<typeof writeSafetensors>[0]): S2Error => {
    try {
      buildProjector({ ...config, ...more }, writeSafetensors(tensors), { side: 2 });
    } catch (error) {
      return error as S2Error;
    }
    throw new Error("was built");
  };

  it("weights of one scale do not fit three: both numbers, why, and what to do", () => {
    const { code, message } = refusal({ s2: true, s2_scales: "32,64,96", vision_config: { hidden_size: 4 } }, mlp("0", "2"));
    expect(code).toBe("projector-width");
    expect(message).toContain("takes 4 numbers, the tower gives 12: 4 channels times 3 scales");
    expect(message).toContain("They are weights for 1 scale.");
    expect(message).toMatch(/take the weights of an S² model, train one of this width/);
  });

  it("of cells the cell's tokens count too", () => {
    const cells = { "1.weight": matrix(16, 0, 0), "1.bias": matrix(16, 0, 0), "2.weight": matrix(5, 16, 0) };
    const { message } = refusal(
      { mm_projector_type: "mlp_downsample", mm_hidden_size: 12, s2: true, s2_scales: "32,64,96" },
      cells,
    );
    expect(message).toContain("takes 16 numbers, the tower gives 48: 4 channels times 3 scales times 2x2 tokens of a cell");
  });

  it("an unknown type, no projector at all, and a layer too many are refused", () => {
    expect(refusal({ mm_projector_type: "resampler" }, mlp("0", "2"))).toMatchObject({ code: "projector" });
    expect(refusal({}, llm)).toMatchObject({ code: "weights", message: expect.stringContaining("hold no projector") });
    const odd = { ...mlp("mm_projector.0", "mm_projector.2"), "mm_projector.extra": matrix(2, 2, 0) };
    expect(refusal({}, odd)).toMatchObject({ code: "weights", message: expect.stringContaining("mm_projector.extra") });
  });
});
