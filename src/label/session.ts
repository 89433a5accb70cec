/** A labeling session on the images of a folder: actions in their order, features in the background, and the state that the page shows. */
import { S2Error } from "../core/index.ts";
import { classColor, type ImageTokens } from "../features/index.ts";
import type { Mask } from "../heads/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { type ExtractImagesOptions, extractImages } from "../store/index.ts";
import { checkJson, parseJson } from "../tensors/json.ts";
import { openClassTask } from "./class-task.ts";
import type { LabelFiles } from "./label-files.ts";
import { openMaskTask } from "./mask-task.ts";
import { ownFiles } from "./own-files.ts";
import type { LabelTask, SavedState } from "./task.ts";
import { actionSchema, type LabelAction, type LabelView, stateSchema } from "./view.ts";

/** The images, their features, and where labels are saved. */
export interface LabelingOptions extends ExtractImagesOptions {
  /** Classes of images or masks. */
  readonly task: LabelView["task"];
  /** Name of the folder. */
  readonly folder: string;
  /** Paths below the folder. */
  readonly images: readonly string[];
  /** Store of the labels. PNG and JSON files of someone else are refused, and lists that another program changes meanwhile. */
  readonly files: LabelFiles;
  /** Path of the list below the folder, which ends in .csv. */
  readonly list: string;
  /** Names of classes to begin with. */
  readonly classes?: readonly string[];
  /** The command that fits a head to the list. */
  readonly command: string;
  /** Opens the graphs of heads, which make the suggestions: `openGraph` of the runtime. */
  readonly openGraph: OpenGraph;
}

/** A session; actions that arrive together are done one after the other. */
export interface LabelSession {
  view(): Promise<LabelView>;
  /** Does an action, saves it and returns the state after it. @throws S2Error for an action that does not fit or cannot be saved. */
  act(action: unknown): Promise<LabelView>;
  /** Returns the path of an image by its index; undefined for none. */
  pathOf(image: number): string | undefined;
  /** Returns the mask that is shown of an image. */
  mask(image: number): Promise<Mask | undefined>;
  /** Extracts the features of all images, first those that are asked for; ends with the last, or when the signal aborts. */
  extract(): Promise<void>;
  /** Resolves when every action that was begun is saved. */
  idle(): Promise<void>;
}

/** Images labeled before, as the page shows them. */
const RECENT = 12;

/** Opens a session, with what was saved before. @throws S2Error "data-set" or "write" for files that cannot be continued. */
export async function openLabeling(options: LabelingOptions): Promise<LabelSession> {
  const { task: taskName, folder, images, list, command, classes: given = [] } = options;
  const files = ownFiles(options.files);
  const indexOf = new Map(images.map((path, i) => [path, i]));
  const reasons = new Map<string, string>();
  const ready = new Set<string>();
  const skipped = new Set<string>();
  const wanted = new Set<string>();
  let issue: string | undefined;
  let shown: string | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** Features of the image used last, for each click needs them. */
  let kept: { readonly path: string; readonly tokens: Promise<ImageTokens | undefined> } | undefined;
  const extractOne = async (path: string): Promise<ImageTokens | undefined> => {
    for await (const each of extractImages([path], options)) {
      if ("issue" in each) reasons.set(path, each.issue);
      else {
        if (!ready.has(path)) task.add(path, each.tokens);
        ready.add(path);
        return each.tokens;
      }
    }
    return undefined;
  };
  const tokensOf = async (path: string, wait?: "wait") => {
    if (!ready.has(path) && !wait) {
      wanted.add(path);
      return undefined;
    }
    if (kept?.path !== path) kept = { path, tokens: extractOne(path) };
    const { tokens: making } = kept;
    const tokens = await making.catch((error) => {
      kept = undefined;
      throw error;
    });
    if (tokens || !wait) return tokens;
    kept = undefined;
    throw new S2Error("image-broken", `${path} cannot be used: ${reasons.get(path)}`);
  };

  const state = await openState({ ...options, files });
  const start = { files, list, images, state };
  const task: LabelTask =
    taskName === "classification"
      ? await openClassTask({ ...start, openGraph: options.openGraph })
      : await openMaskTask(start, tokensOf);
  for (const name of given) if (!task.classes().includes(name)) await task.addClass(name);

  const moveOn = async () => {
    const labels = task.labels();
    const open = images.filter((path) => !labels.has(path) && !reasons.has(path) && path !== shown);
    const fresh = open.filter((path) => !skipped.has(path));
    if (fresh.length === 0) skipped.clear();
    const isAlone = shown !== undefined && open.length === 0 && !labels.has(shown) && !reasons.has(shown);
    shown = (await task.next(fresh.length > 0 ? fresh : open)) ?? (isAlone ? shown : undefined);
  };
  const checked = (image: number, label?: number): string => {
    const path = images[image];
    if (path === undefined) throw new S2Error("labels", `There is no image ${image}; there are ${images.length}.`);
    if (label !== undefined && label >= task.classes().length)
      throw new S2Error("labels", `There is no class ${label}; there are ${task.classes().length}. Add it first.`);
    return path;
  };
  const perform = async (action: LabelAction): Promise<void> => {
    if (action.do === "class") return task.addClass(action.name);
    if (action.do === "undo") {
      shown = (await task.undo()) ?? shown;
      return;
    }
    const path = checked(action.image, "label" in action ? action.label : undefined);
    shown = path;
    if (action.do === "click") {
      if (!task.masks) throw new S2Error("option", "Clicks are for masks; start with --task segmentation.");
      return task.masks.click(path, action);
    }
    if (action.do === "show") return;
    if (action.do === "skip") skipped.add(path);
    else if (action.do === "label") {
      if (!task.setLabel) throw new S2Error("option", "A class for an image is for --task classification.");
      await task.setLabel(path, action.label);
      if (!ready.has(path)) wanted.add(path);
    } else {
      if (!task.masks) throw new S2Error("option", "Masks are for --task segmentation.");
      await task.masks.accept(path);
    }
    await moveOn();
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };

  const view = async (): Promise<LabelView> => {
    if (shown === undefined || reasons.has(shown)) await moveOn();
    const labels = task.labels();
    const classes = task.classes();
    const counts = new Int32Array(classes.length);
    const here = [...labels].filter(([path]) => indexOf.has(path));
    for (const [, ids] of here) for (const id of ids) counts[id]++;
    const nameOf = (ids: readonly number[]) => ids.map((id) => classes[id]).join(", ");
    return {
      ...{ task: taskName, folder, list, command, images: images.length, labeled: here.length, canUndo: task.canUndo() },
      classes: classes.map((name, id) => ({ name, color: `rgb(${classColor(id).join(" ")})`, count: counts[id] })),
      extracted: ready.size + reasons.size,
      failed: Array.from(reasons, ([path, reason]) => ({ path, reason })),
      ...(issue !== undefined && { issue }),
      ...(shown !== undefined && {
        shown: {
          ...{ image: indexOf.get(shown)!, path: shown, ready: ready.has(shown), labeled: labels.has(shown) },
          ...(await task.view(shown)),
        },
      }),
      recent: here
        .slice(-RECENT)
        .reverse()
        .map(([path, ids]) => ({ image: indexOf.get(path)!, path, label: nameOf(ids) })),
    };
  };

  return {
    view: () => inTurn(view),
    act: (action) =>
      inTurn(async () => {
        const advice = "Reload the page.";
        await perform(checkJson(actionSchema, action, { code: "option", name: "The action", advice }));
        return view();
      }),
    pathOf: (image) => images[image],
    mask: (image) => inTurn(async () => (images[image] === undefined ? undefined : task.masks?.of(images[image]))),
    async extract() {
      // Images with labels first: suggestions come from them.
      const rest = new Set([...task.labels().keys()].filter((path) => indexOf.has(path)).concat(images));
      try {
        while (rest.size > 0) {
          options.signal?.throwIfAborted();
          for (const path of wanted) if (!rest.has(path)) wanted.delete(path);
          const [first] = rest;
          const [path = first] = wanted;
          rest.delete(path);
          if (!ready.has(path) && !reasons.has(path)) await extractOne(path);
        }
      } catch (error) {
        if (!options.signal?.aborted) issue = (error as Error).message;
      }
    },
    idle: () => last.then(() => {}),
  };
}

/** Opens the file beside the list, which has its name and the extension .json. */
async function openState({ files, list, version, task }: LabelingOptions): Promise<SavedState> {
  const path = list.replace(/\.csv$/i, ".json");
  const bytes = await files.read(path);
  const advice = "Move it away to begin anew.";
  const saved = bytes && parseJson(stateSchema, bytes, { code: "data-set", name: path, advice });
  const classes = [...new Set(saved?.classes)];
  for (const { clicks } of saved?.clicks ?? [])
    for (const { label } of clicks)
      if (label >= classes.length)
        throw new S2Error("data-set", `${path} has clicks of class ${label}, which has no name. ${advice}`);
  let text = bytes && new TextDecoder().decode(bytes);
  return {
    classes,
    clicks: new Map(saved?.clicks.map((each) => [each.path, each.clicks])),
    async save(names, clicks) {
      const all = Array.from(clicks, ([image, points]) => ({ path: image, clicks: points }));
      const json = `${JSON.stringify({ s2_vision: version, task, classes: names, clicks: all })}\n`;
      if (json !== text) await files.write(path, new TextEncoder().encode(json));
      text = json;
    },
  };
}
