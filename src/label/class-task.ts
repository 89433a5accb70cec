/** Labels of whole images: a class for each, suggested by prototypes, saved as a list of paths and labels. */
import { imageVector } from "../features/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { openText } from "./label-files.ts";
import { addClass, newLabeling, setLabel, undo } from "./labeling.ts";
import { readList, writeList } from "./list-file.ts";
import { type ClassScores, leastOf, leastSimilar, margin, suggestClasses } from "./suggest-classes.ts";
import type { LabelTask, TaskStart } from "./task.ts";

const COLUMNS = ["path", "label"] as const;

/** Opens the labels of images. @throws S2Error "data-set" for a list that cannot be continued. */
export async function openClassTask({ files, list, state, openGraph }: TaskStart & { openGraph: OpenGraph }): Promise<LabelTask> {
  const file = await openText(files, list);
  const rows = readList(list, file.text, COLUMNS).filter(([, label]) => label.trim() !== "");
  const classes = [...new Set([...state.classes, ...rows.map(([, label]) => label)])];
  // Of two rows of one image the first counts, as for `s2 fit`.
  const saved = new Map(rows.toReversed().map(([path, label]) => [path, classes.indexOf(label)]));
  let labeling = newLabeling(classes, new Map([...saved].reverse()));
  const vectors = new Map<string, Float32Array>();
  let channelsPerScale: readonly number[] = [];
  let scores: ClassScores = new Map();
  let current = true;

  const save = async (next: typeof labeling) => {
    const { classes: names, labels } = next;
    await state.save(names, []);
    await file.write(
      writeList(
        COLUMNS,
        [...labels].map(([path, label]) => [path, names[label]] as const),
      ),
    );
    labeling = next;
    current = false;
  };
  const suggest = async () => {
    const { labels, classes: names } = labeling;
    if (current) return scores;
    current = true; // features that arrive meanwhile make it false
    return (scores = await suggestClasses(vectors, labels, names, { channelsPerScale, openGraph }));
  };

  return {
    classes: () => labeling.classes,
    labels: () => new Map([...labeling.labels].map(([path, label]) => [path, [label]])),
    canUndo: () => labeling.changes.length > 0,
    add(path, tokens) {
      channelsPerScale = tokens.channelsPerScale;
      vectors.set(path, imageVector(tokens, tokens.prefix > 0 ? "cls" : "mean")); // as `s2 fit`
      current = false;
    },
    async next(open) {
      const found = await suggest();
      const sure = open.flatMap((path) => (found.has(path) ? [[path, margin(found.get(path)!)] as const] : []));
      return leastOf(sure) ?? leastSimilar(vectors, [...labeling.labels.keys()], open) ?? open[0];
    },
    async view(path) {
      const all = (await suggest()).get(path);
      const label = labeling.labels.get(path);
      return { ...(all && { scores: [...all] }), ...(label !== undefined && { label }) };
    },
    async undo() {
      const before = undo(labeling);
      if (before) await save(before.labeling);
      return before?.path;
    },
    addClass: (name) => save(addClass(labeling, name)),
    setLabel: (path, label) => save(setLabel(labeling, path, label)),
  };
}
