// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are programs as text
/** Programs of about 20 lines that run an exported head without this package: in Node, in a page and in Python. */
import type { Task } from "../datasets/index.ts";

/** The lines of a sample that depend on the task. */
interface TaskLines {
  /** The outputs that are taken from the session's results. */
  readonly outputs: string;
  /** JavaScript that sets `text`. */
  readonly js: readonly string[];
  /** Python that prints. */
  readonly python: readonly string[];
}

const LINES: Readonly<Record<Task, TaskLines>> = {
  classification: {
    outputs: "scores, class: ids",
    js: ["const id = ids.data[0];", "const text = `${labels[id]} ${scores.data[id].toFixed(3)}`;"],
    python: [
      'scores, ids = session.run(["scores", "class"], {"pixels": pixels})',
      'print(f"{labels[ids[0]]} {scores[0, ids[0]]:.3f}")',
    ],
  },
  segmentation: {
    outputs: "mask",
    js: [
      "const percent = (id) => (100 * mask.data.filter((pixel) => pixel === id).length) / mask.data.length;",
      "const shown = labels.map((label, id) => ({ label, part: percent(id) })).filter(({ part }) => part > 0);",
      'const text = shown.map(({ label, part }) => `${label} ${part.toFixed(1)} %`).join(", ");',
    ],
    python: [
      '(mask,) = session.run(["mask"], {"pixels": pixels})',
      "parts = {label: 100 * (mask == id).mean() for id, label in enumerate(labels)}",
      'print(", ".join(f"{label} {part:.1f} %" for label, part in parts.items() if part > 0))',
    ],
  },
  depth: {
    outputs: "depth",
    js: [
      "const [near, far] = [Math.min, Math.max].map((most) => depth.data.reduce((a, b) => most(a, b)));",
      "const text = `${near.toFixed(2)} to ${far.toFixed(2)} m`;",
    ],
    python: ['(depth,) = session.run(["depth"], {"pixels": pixels})', 'print(f"{depth.min():.2f} to {depth.max():.2f} m")'],
  },
  counting: {
    outputs: "counts",
    js: ['const text = labels.map((label, id) => `${label} ${counts.data[id].toFixed(1)}`).join(", ");'],
    python: [
      '(counts,) = session.run(["counts"], {"pixels": pixels})',
      'print(", ".join(f"{label} {count:.1f}" for label, count in zip(labels, counts[0])))',
    ],
  },
};

/** The names of the classes as a line of JavaScript that is safe within a page. */
const labelsLine = (labels: readonly string[]) =>
  labels.length > 0 ? [`const labels = ${JSON.stringify(labels).replaceAll("<", "\\u003c")};`] : [];

const fileText = (file: string) => JSON.stringify(file).replaceAll("<", "\\u003c");

/** A program for Node: `node run.mjs PHOTO`. */
export const nodeSample = (file: string, task: Task, labels: readonly string[]): string =>
  lines(
    'import { InferenceSession, Tensor } from "onnxruntime-node";',
    'import sharp from "sharp";',
    "",
    ...labelsLine(labels),
    `const session = await InferenceSession.create(${fileText(file)});`,
    "const [, height, width] = session.inputMetadata[0].shape; // [batch, height, width, 3]",
    'const photo = sharp(process.argv[2]).autoOrient().removeAlpha().toColorspace("srgb");',
    'const pixels = await photo.resize(width, height, { fit: "fill" }).raw().toBuffer();',
    'const input = new Tensor("uint8", pixels, [1, height, width, 3]);',
    `const { ${LINES[task].outputs} } = await session.run({ pixels: input });`,
    ...LINES[task].js,
    "console.log(text);",
  );

/** A page that needs the files of onnxruntime-web in `ort/` and a server of files. */
export const pageSample = (file: string, task: Task, labels: readonly string[]): string =>
  lines(
    '<!doctype html><meta charset="utf-8" /><input type="file" accept="image/*" /><output>loading</output>',
    '<script type="module">',
    '  import { env, InferenceSession, Tensor } from "./ort/ort.wasm.min.mjs";',
    ...labelsLine(labels).map((line) => `  ${line}`),
    '  env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;',
    `  const session = await InferenceSession.create(encodeURIComponent(${fileText(file)}));`,
    "  const [, height, width] = session.inputMetadata[0].shape; // [batch, height, width, 3]",
    '  const show = (text) => (document.querySelector("output").textContent = text);',
    '  document.querySelector("input").addEventListener("change", async ({ target }) => {',
    '    const canvas = new OffscreenCanvas(width, height).getContext("2d");',
    "    canvas.drawImage(await createImageBitmap(target.files[0]), 0, 0, width, height);",
    "    const rgba = canvas.getImageData(0, 0, width, height).data;",
    '    const input = new Tensor("uint8", Uint8Array.from(rgba.filter((_, i) => i % 4 < 3)), [1, height, width, 3]);',
    `    const { ${LINES[task].outputs} } = await session.run({ pixels: input });`,
    ...LINES[task].js.map((line) => `    ${line}`),
    "    show(text);",
    "  });",
    '  show("ready");',
    "</script>",
  );

/** A program for Python: `python run.py PHOTO`. */
export const pythonSample = (file: string, task: Task, labels: readonly string[]): string =>
  lines(
    ...(labels.length > 0 ? ["import json"] : []),
    "import sys",
    "",
    "import numpy",
    "import onnxruntime",
    "from PIL import Image, ImageOps",
    "",
    `session = onnxruntime.InferenceSession(${JSON.stringify(file)})`,
    ...(labels.length > 0 ? ['labels = json.loads(session.get_modelmeta().custom_metadata_map["s2.labels"])'] : []),
    "_, height, width, _ = session.get_inputs()[0].shape",
    'photo = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")',
    "pixels = numpy.asarray(photo.resize((width, height), Image.Resampling.BICUBIC))[None]",
    ...LINES[task].python,
  );

const lines = (...all: readonly string[]): string => all.join("\n");
