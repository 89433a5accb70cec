/** DeiT-Tiny built from its float16 weights against torch's export of it: who has only the weights must see the same in real images. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { prepareImage } from "../../src/features/index.ts";
import { readPreprocessing } from "../../src/images/index.ts";
import { buildModel } from "../../src/models/index.ts";
import { readOnnx, tensorData, writeOnnx } from "../../src/onnx/index.ts";
import { loadImage, readHubFolder } from "../../src/runtimes/node/index.ts";
import { fromFloat16, toFloat16 } from "../../src/tensors/index.ts";

const folder = fileURLToPath(new URL("../../../shared/models/deit_tiny_patch16_224", import.meta.url));
const images = fileURLToPath(new URL("../../../shared/data/examples/", import.meta.url));
const there = existsSync(folder) && existsSync(images);

const start = (file: Uint8Array) => InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });

/** The export with its weights rounded as the hub file's are: rounding alone moves single tokens by up to a cosine of 0.9992. */
function rounded(file: Uint8Array): Uint8Array {
  const model = readOnnx(file);
  for (const tensor of model.graph.initializer ?? []) {
    const data = tensorData(tensor);
    if (data instanceof Float32Array && data.length > 1) tensor.rawData = new Uint8Array(fromFloat16(toFloat16(data)).buffer);
  }
  return writeOnnx(model);
}

function cosines(a: Float32Array, b: Float32Array, channels: number): number[] {
  return Array.from({ length: a.length / channels }, (_, token) => {
    let [dot, aa, bb] = [0, 0, 0];
    for (let i = token * channels; i < (token + 1) * channels; i++) {
      dot += a[i] * b[i];
      aa += a[i] ** 2;
      bb += b[i] ** 2;
    }
    return dot / Math.sqrt(aa * bb);
  });
}

const largest = (values: Float32Array): number => values.indexOf(values.reduce((a, b) => Math.max(a, b)));

const skipped = there ? "" : " (skipped: ../shared is absent)";
it.skipIf(!there)(
  `tokens within cosine 0.99999 of the same weights', and in the mean of the float32 ones'; the same class${skipped}`,
  async () => {
    const { config, preprocessor, weights } = readHubFolder(folder);
    const file = readFileSync(`${folder}/onnx/model.onnx`);
    const [built, exact, half] = await Promise.all([buildModel(config, weights), file, rounded(file)].map(start));
    const preprocessing = readPreprocessing({ config, preprocessor });
    const names = readdirSync(images).filter((name) => name.endsWith(".jpg"));
    expect(names).toHaveLength(12);
    const classes = new Set<number>();
    for (const name of names) {
      const { dims, data } = prepareImage(await loadImage(images + name), [224, 224], preprocessing);
      const feeds = { pixel_values: new Tensor("float32", data, dims) };
      const [ours, theirs, same] = [await built.run(feeds), await exact.run(feeds), await half.run(feeds)];
      const against = (other: typeof ours) => {
        const [a, b] = [ours, other].map(({ last_hidden_state }) => last_hidden_state.data as Float32Array);
        return cosines(a, b, 192);
      };
      expect(Math.min(...against(same)), name).toBeGreaterThanOrEqual(0.99999);
      expect(
        against(theirs).reduce((sum, cosine) => sum + cosine / 197, 0),
        name,
      ).toBeGreaterThanOrEqual(0.99999);
      const best = [ours, theirs].map(({ logits }) => largest(logits.data as Float32Array));
      expect(best[0], name).toBe(best[1]);
      classes.add(best[0]);
    }
    expect(classes.size).toBeGreaterThan(6); // images of many things
    await Promise.all([built, exact, half].map((session) => session.release()));
  },
);
