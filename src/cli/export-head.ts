/** `s2 export --head` at work: writes a head with its model as one .onnx file, and a page with programs that run it. */
import { basename } from "node:path";
import { S2Error } from "../core/index.ts";
import type { ExportModelOptions } from "../runtimes/node/index.ts";
import { onnxOutputs, openModelSource, readVersion, refuseForeign, saveOnnx, writeWhole } from "../runtimes/node/index.ts";
import { exportHeadProto, exportReadme } from "../tasks/index.ts";
import { failingWith, status } from "./errors.ts";
import { openHead, openModelOf } from "./inputs.ts";
import { reportFile, writeMessage, writeReport } from "./output.ts";
import type { PrintFlags } from "./progress.ts";

/** Flags of `s2 export --head`. */
export interface ExportHeadFlags extends Pick<ExportModelOptions, "imageSize" | "dtype" | "compute">, PrintFlags {
  head: string;
  out: string;
  model?: string;
  splitForward?: number;
  bytes?: boolean;
}

export async function exportHeadFile({ head: folder, out, model: source, bytes: _, ...flags }: ExportHeadFlags): Promise<void> {
  const { imageSize, splitForward, dtype, compute, json, quiet, ...others } = flags;
  const [other] = Object.keys(others);
  if (other)
    throw new S2Error(
      "option",
      `--${other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} does not go with --head: features are extracted as at the head's fit. Leave it out, or fit another head.`,
    );
  const page = `${out.replace(/\.onnx$/, "")}.md`;
  refuseForeign([...onnxOutputs(out), { path: page, beside: out }]);
  const head = await openHead(folder);
  const { model, flags: fitted } = await openModelOf(head, { model: source, threads: 1 }, { base: process.cwd() });
  await model.dispose();
  const { traits, preprocessing } = model;
  const proto = await failingWith(status.model, () => openModelSource(model.source, { imageSize: fitted.imageSize }));
  const options = { traits, preprocessing, output: fitted.output, imageSize, splitForward, dtype, compute };
  const { file, plan } = exportHeadProto(proto, head, options);
  for (const { message } of quiet ? [] : plan.warnings) writeMessage(`note: ${message}\n`);
  for (const { path, bytes } of saveOnnx(out, file)) reportFile(path, bytes, { json, quiet });
  const [height, width] = plan.image;
  const facts = {
    ...{ file: basename(out), size: [height, width] as const, version: readVersion() },
    ...{ model: head.features.model?.model ?? "s2-tiny", data: head.data.name },
  };
  await writeWhole(page, new TextEncoder().encode(exportReadme(head, facts)));
  if (!json && !quiet) writeReport(`${page}: takes photos of ${width}x${height} px; programs for Node, a page and Python\n`);
}
