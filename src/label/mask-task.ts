/** Masks of images from clicks: a head of all clicks suggests them, and those that are accepted are saved with a list and the names of the classes. */
import { S2Error } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import type { LabeledPoint, Mask, SegmentationHead } from "../heads/index.ts";
import { openText } from "./label-files.ts";
import { addClass, type Labeling, newLabeling, setLabel, undo } from "./labeling.ts";
import { readList, writeList } from "./list-file.ts";
import { checkName, decodeMask, encodeMask, maskPaths, namesIn } from "./mask-files.ts";
import { leastOf } from "./suggest-classes.ts";
import { type ClickedToken, clickedTokens, fitMaskHead, meanMargin, predictMask, sampleTokens } from "./suggest-masks.ts";
import type { LabelTask, TaskStart } from "./task.ts";

const COLUMNS = ["path", "mask"] as const;
const NAMES = "classes.txt";
/** Longest side of a mask that is only shown, in pixels. */
const SHOWN = 1400;

/** The clicks on an image, in pixels; an accepted one has a mask in its file, which follows further clicks. */
interface MaskLabel {
  readonly clicks: readonly LabeledPoint[];
  readonly accepted: boolean;
}

/** Gives the features of an image, undefined while they are not there; with `wait` they are made at once. */
export type TokensOf = (path: string, wait?: "wait") => Promise<ImageTokens | undefined>;

/** Opens the masks of images. @throws S2Error "data-set" for a list or names that cannot be continued. */
export async function openMaskTask({ files, list, images, state }: TaskStart, tokensOf: TokensOf): Promise<LabelTask> {
  const [file, names] = [await openText(files, list), await openText(files, NAMES)];
  const rows = readList(list, file.text, COLUMNS);
  const pathOf = maskPaths(images, new Map(rows));
  const accepted = new Set(rows.map(([path]) => path));
  const start = new Map([...accepted].map((path) => [path, { clicks: [], accepted: true } as MaskLabel]));
  const saved = namesIn(NAMES, names.text);
  const classes = [...new Set([...saved, ...state.classes])];
  for (const [path, points] of state.clicks) {
    const clicks = points.map((point) => ({ ...point, label: classes.indexOf(state.classes[point.label]) })); // classes.txt gives the ids
    start.set(path, { clicks, accepted: accepted.has(path) });
  }
  let labeling: Labeling<MaskLabel> = newLabeling(classes, start);
  const samples = new Map<string, Float32Array>();
  const clicked = new Map<string, readonly ClickedToken[]>();
  let channelsPerScale: readonly number[] = [];
  let head: SegmentationHead | undefined;
  let version = 0;

  const fit = (path: string, tokens: readonly ClickedToken[]) => {
    clicked.set(path, tokens);
    const inOrder = [...labeling.labels.keys()].filter((each) => each !== path).flatMap((each) => clicked.get(each) ?? []);
    head = fitMaskHead([...inOrder, ...tokens], samples.values(), labeling.classes, channelsPerScale);
    version++;
  };
  /** Saves the mask before the list that names it, and removes one that the list no longer names after it. */
  const save = async (next: Labeling<MaskLabel>, path?: string, mask?: Mask) => {
    const { classes, labels } = next;
    if (classes.length > saved.length) await names.write(classes.map((name) => `${name}\n`).join(""));
    if (path !== undefined && mask) await files.write(pathOf(path), await encodeMask(mask, classes.length));
    const listed = [...labels].filter(([, label]) => label.accepted).map(([each]) => [each, pathOf(each)] as const);
    await file.write(writeList(COLUMNS, listed));
    await state.save(
      classes,
      [...labels].flatMap(([each, { clicks }]) => (clicks.length > 0 ? [[each, clicks] as const] : [])),
    );
    if (path !== undefined && labeling.labels.get(path)?.accepted && !labels.get(path)?.accepted)
      await files.remove(pathOf(path));
    labeling = next;
  };
  /** Refits to the clicks of an image before they are saved, and as before if they cannot be. */
  const change = async (next: Labeling<MaskLabel>, path: string) => {
    const tokens = (await tokensOf(path, "wait"))!;
    const { clicks = [], accepted: isAccepted = false } = next.labels.get(path) ?? {};
    const before = clicked.get(path) ?? [];
    fit(path, clickedTokens(tokens, clicks, labeling.classes.length));
    try {
      await save(next, path, isAccepted && head ? predictMask(head, tokens) : undefined);
    } catch (error) {
      fit(path, before);
      throw error;
    }
  };

  return {
    classes: () => labeling.classes,
    labels: () =>
      new Map([...labeling.labels].filter(([, label]) => label.accepted).map(([path, { clicks }]) => [path, idsOf(clicks)])),
    canUndo: () => labeling.changes.length > 0,
    add(path, tokens) {
      channelsPerScale = tokens.channelsPerScale;
      samples.set(path, sampleTokens(tokens));
      const clicks = labeling.labels.get(path)?.clicks ?? [];
      if (clicks.length > 0) fit(path, clickedTokens(tokens, clicks, labeling.classes.length));
    },
    async next(open) {
      const known = open.filter((path) => samples.has(path));
      const margins = head ? known.map((path) => [path, meanMargin(head!, samples.get(path)!)] as const) : [];
      return leastOf(margins) ?? known[0] ?? open[0];
    },
    async view(path) {
      const tokens = await tokensOf(path);
      const hasMask = labeling.labels.get(path)?.accepted || (head && tokens);
      const [height, width] = tokens?.size ?? [1, 1];
      const clicks = labeling.labels.get(path)?.clicks ?? [];
      const inFractions = clicks.map(({ x, y, label }) => ({ x: x / width, y: y / height, label }));
      return { ...(tokens && { clicks: inFractions }), ...(hasMask && { mask: version }) };
    },
    async undo() {
      const before = undo(labeling);
      if (before) await change(before.labeling, before.path);
      return before?.path;
    },
    async addClass(name) {
      checkName(name);
      await save(addClass(labeling, name));
    },
    masks: {
      async click(path, { x, y, label }) {
        const [height, width] = (await tokensOf(path, "wait"))!.size;
        const { clicks = [], accepted: isAccepted = false } = labeling.labels.get(path) ?? {};
        const all = [...clicks, { x: x * width, y: y * height, label }];
        await change(setLabel(labeling, path, { clicks: all, accepted: isAccepted }), path);
      },
      async accept(path) {
        if (!head) throw new S2Error("labels", "There is no mask yet; give at least one point of two classes.");
        const { clicks = [], accepted: isAccepted = false } = labeling.labels.get(path) ?? {};
        if (isAccepted) return;
        const mask = predictMask(head, (await tokensOf(path, "wait"))!);
        await save(setLabel(labeling, path, { clicks, accepted: true }), path, mask);
      },
      async of(path) {
        const bytes = labeling.labels.get(path)?.accepted ? await files.read(pathOf(path)) : undefined;
        if (bytes) return decodeMask(bytes, pathOf(path));
        const tokens = await tokensOf(path);
        return head && tokens && predictMask(head, tokens, SHOWN);
      },
    },
  };
}

const idsOf = (clicks: readonly LabeledPoint[]): number[] => [...new Set(clicks.map(({ label }) => label))];
