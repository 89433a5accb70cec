/** `exportReadme`: the page beside an exported head, with its inputs, outputs and labels, and a program for each runtime. */
import type { Task } from "../datasets/index.ts";
import type { ExportedHead } from "./export-head.ts";
import { nodeSample, pageSample, pythonSample } from "./export-samples.ts";

/** Facts about the file for its page. */
export interface ExportFacts {
  /** Name of the file. */
  readonly file: string;
  /** Size of its images. */
  readonly size: readonly [height: number, width: number];
  /** Name of the model. */
  readonly model: string;
  /** Name of the data set that the head was fitted on. */
  readonly data: string;
  /** Version of this package. */
  readonly version: string;
}

/** The outputs: name, type and shape, meaning. */
const outputsFor = ({ task, kind, classes, ...head }: ExportedHead, [height, width]: readonly [number, number]) => {
  const { gives } = head as { gives?: string };
  const pixels = `[batch, ${height}, ${width}]`;
  const each = `[batch, ${classes.length}]`;
  const scores = gives === "scores" ? "a score for each label, larger is better" : "a probability for each label";
  const all: Readonly<Record<Task, readonly (readonly [string, string, string])[]>> = {
    classification: [
      ["`scores`", `float32 ${each}`, scores],
      ["`class`", "int32 [batch]", "id of the best label"],
    ],
    segmentation: [["`mask`", `uint8 ${pixels}`, "id of the label of each pixel"]],
    depth: [["`depth`", `float32 ${pixels}`, "meters of each pixel"]],
    counting: [
      ["`counts`", `float32 ${each}`, "expected number of objects of each label"],
      ["`presence`", `float32 ${each}`, "probability of at least one object of each label"],
      ["`locations`", "float32 [batch, rows, columns, labels]", "expected number of objects in each cell of the image"],
    ],
  };
  return all[task];
};

/** Tolerances of the outputs against predictions of this package on images of the file's size. */
const CLOSE: Readonly<Record<Task, string>> = {
  classification: "scores within 0.001",
  segmentation: "the same label at 99.9 % of the pixels or more",
  depth: "depths within 0.1 %",
  counting: "counts within 0.001",
};

/** Returns the page as Markdown. */
export function exportReadme(head: ExportedHead, { file, size, model, data, version }: ExportFacts): string {
  const { task, classes, fitted } = head;
  const [height, width] = size;
  const sample = [file, task, classes] as const;
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const fence = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``;
  const labels = ["Labels by id, also in the file's metadata as `s2.labels`:", fence("json", JSON.stringify(classes))];
  const parts = [
    `# ${inline(file)}`,
    `From a photo to its ${RESULT[task]} in one ONNX file: ${inline(model)} with S² and a ${fitted} head, fitted on ${inline(data)}. It runs wherever ONNX Runtime runs, without other code. Written by s2-vision ${version}.`,
    [
      row(["", "name", "type and shape", "meaning"]),
      row(["---", "---", "---", "---"]),
      row(["input", "`pixels`", `uint8 [batch, ${height}, ${width}, 3]`, "red, green and blue of upright photos, row by row"]),
      ...outputsFor(head, size).map((cells) => row(["output", ...cells])),
    ].join("\n"),
    `The file takes photos of ${width}x${height} px; resize others to that, as the programs below do. On photos of this size it gives what \`s2 predict\` gives: ${CLOSE[task]}. To keep the shape of other photos, export again with \`--image-size WIDTHxHEIGHT\`.`,
    ...(classes.length > 0 ? labels : []),
    "## Node",
    "`npm install onnxruntime-node sharp`, then `node run.mjs PHOTO`:",
    fence("js", nodeSample(...sample)),
    "## Page",
    "Put `ort.wasm.min.mjs`, `ort-wasm-simd-threaded.mjs` and `ort-wasm-simd-threaded.wasm` of onnxruntime-web's `dist` into `ort/` beside this page and serve the folder:",
    fence("html", pageSample(...sample)),
    "## Python",
    "`pip install onnxruntime numpy pillow`, then `python run.py PHOTO`:",
    fence("python", pythonSample(...sample)),
  ];
  return `${parts.join("\n\n")}\n`;
}

const RESULT: Readonly<Record<Task, string>> = {
  classification: "class",
  segmentation: "mask",
  depth: "depth",
  counting: "objects",
};

/** Escapes what Markdown would read as markup. */
const inline = (text: string): string => text.replace(/[\\`*_[\]<>|#]/g, "\\$&");
