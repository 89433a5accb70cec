/** `s2 advise` at work: opens the models to compare, and prints candidates, costs and the verdict. */
import { basename } from "node:path";
import { S2Error } from "../core/index.ts";
import { interval } from "../metrics/index.ts";
import type { Model } from "../node.ts";
import { type AdvicePage, advicePage, checkSheetPath, writeWhole } from "../runtimes/node/index.ts";
import { advise, type Candidate, checkTestSplit, formatFigure, type OtherModel, reportAdvice } from "../tasks/index.ts";
import type { ModelFlags } from "./flags.ts";
import { extractionReport, openSplits } from "./inputs.ts";
import { listenForInterrupt, untilStopped } from "./interrupt.ts";
import { inLines, jsonLine, writeMessage, writeResult } from "./output.ts";
import { graphsOf, openModel, pick, sourceOf } from "./plan-flags.ts";
import type { PrintFlags } from "./progress.ts";
import type { HeadFlags, SetFlags } from "./set-flags.ts";
import { status } from "./status.ts";

/** Flags of `s2 advise`. */
export interface AdviseFlags extends ModelFlags, SetFlags, HeadFlags, PrintFlags {
  larger?: string;
  html?: string;
  store: string;
}

/** Returns the exit status. */
export async function adviseOnSet(path: string, flags: AdviseFlags): Promise<number> {
  if (flags.html) checkSheetPath(flags.html);
  listenForInterrupt();
  const { set, folders, splits } = await openSplits(path, flags);
  checkTestSplit(set, splits);
  const notes: string[] = [];
  const open = async (model: Model, modelFlags: AdviseFlags, suffix = "") => {
    const { modelName, modelHash } = await sourceOf(model, modelFlags, folders);
    return { model, modelHash, modelName: modelName + suffix, close: () => model.dispose() };
  };
  const model = await openModel(flags);
  try {
    const { larger } = flags;
    const options = {
      ...(await sourceOf(model, flags, folders)),
      ...pick(flags, "head", "pooling", "near", "far", "objectsFrom", "seed"),
      openGraph: graphsOf(flags),
      largerInput: twiceTheSide(model, flags, open, notes),
      larger: larger === undefined ? undefined : largerModel(larger, flags, open),
      onImage: extractionReport(flags),
      onCandidate: flags.quiet || flags.json ? undefined : showCandidate,
    };
    const report = reportAdvice(set, splits, await untilStopped(() => advise(set, splits, options)));
    if (flags.html) await writeWhole(flags.html, new TextEncoder().encode(advicePage(pageOf(report, notes))));
    writeResult(flags.json ? jsonLine({ ...report.fields, notes }) : inLines([...report.lines, ...notes]));
    return report.fields.images.failed > 0 ? status.someFailed : status.ok;
  } finally {
    await model.dispose();
  }
}

function pageOf({ fields, figure, heading }: ReturnType<typeof reportAdvice>, notes: readonly string[]): AdvicePage {
  const { set, sentences, candidates } = fields;
  return {
    set,
    about: heading,
    sentences,
    figure,
    rows: candidates.map(({ candidate, ...row }) => ({ ...row, name: candidate })),
    notes,
  };
}

type Open = (model: Model, flags: AdviseFlags, suffix?: string) => ReturnType<OtherModel["open"]>;

/** Codes of `loadModel` for a size that a model cannot have: a graph of one size, or weights that are not at hand. */
const notAtThisSize: ReadonlySet<string> = new Set(["input", "architecture", "prefix-tokens"]);

function twiceTheSide({ traits }: Model, flags: AdviseFlags, open: Open, notes: string[]): OtherModel {
  const [height, width] = (traits.imageSize ?? [224, 224]).map((side) => 2 * side);
  return {
    name: `${width}x${height} at once`,
    async open() {
      const larger = { ...flags, imageSize: [height, width] as const };
      try {
        return await open(await openModel(larger), larger, `-${height}x${width}`);
      } catch (error) {
        if (!(error instanceof S2Error && notAtThisSize.has(error.code))) throw error;
        notes.push(
          `More pixels without S² were not tried: this model cannot run at ${width}x${height}. A folder with config.json and model.safetensors can.`,
        );
        return undefined;
      }
    },
  };
}

/** The flags that describe the first model's graph do not apply to the larger one. */
function largerModel(model: string, flags: AdviseFlags, open: Open): OtherModel {
  const { output, prefixTokens, patchSize, imageSize, ...rest } = flags;
  const larger = { ...rest, model };
  return { name: basename(model, ".onnx"), open: async () => open(await openModel(larger), larger) };
}

function showCandidate({ name, figure: { name: metric, unit, score } }: Candidate): void {
  writeMessage(`${name}: ${metric} ${formatFigure({ unit, ...interval(score) })}\n`);
}
