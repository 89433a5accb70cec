/** Labels a folder in the page: the model runs here, files are written in the folder, and the interface covers the page until it is closed. */
import { imagesToLabel, type LabelingOptions, openLabeling, showLabeling } from "s2-vision/label";
import { modelFingerprint } from "s2-vision/tasks";
import { loadImage, openGraph } from "s2-vision/web";
import { make } from "./dom.ts";
import { openFolder } from "./folder-files.ts";
import { hashOf } from "./hash.ts";
import { keptFeatures } from "./kept-features.ts";
import { labelPictures } from "./label-pictures.ts";
import { load } from "./model.ts";
import { planOptions, session } from "./session.ts";

/** Version of the package, which files of labels name. */
declare const VERSION: string;
/** Bytes that show whether a PNG is of this package. */
const START = 256;

/** Resolves when the person closes the folder, with what was done and how to go on. */
export async function labelFolder(
  handle: FileSystemDirectoryHandle,
  task: LabelingOptions["task"],
  onState: (text: string) => void,
): Promise<{ readonly summary: string; readonly command: string }> {
  const { name } = handle;
  const folder = openFolder(handle);
  const bytesOf = async (path: string, length?: number) =>
    new Uint8Array(await (await folder.file(path)).slice(0, length).arrayBuffer());
  onState(`Reading ${name} …`);
  const images = await imagesToLabel(name, await folder.list(), (path) => bytesOf(path, START));
  const list = task === "classification" ? "labels.csv" : "masks.csv";
  if (!session.loaded) {
    onState("Loading the model …");
    await load();
  }
  const { name: modelName, model, file } = session.loaded!;
  const { traits, preprocessing } = model;
  const closed = new AbortController();
  const { signal } = closed;
  const command = fitCommand(name, list, task);
  const labeling = await openLabeling({
    ...{ task, folder: name, images, list, command, openGraph, signal, files: folder.files },
    ...{
      model,
      modelName,
      version: VERSION,
      read: bytesOf,
      decode: (bytes) => loadImage(bytes),
      store: await keptFeatures(name),
    },
    modelHash: await modelFingerprint({ files: await hashOf(await file()), traits, preprocessing }),
    extraction: { ...planOptions(), outputScale: task === "segmentation" ? "finest" : "coarsest" },
  });
  const pathOf = (image: number) => labeling.pathOf(image)!;
  const pictures = labelPictures((image) => folder.file(pathOf(image)), labeling.mask);
  const view = make("div", { id: "labeling" });
  const page = [...document.body.children].filter((element): element is HTMLElement => element instanceof HTMLElement);
  for (const element of page) element.hidden = true;
  document.body.append(view);
  onState("");
  try {
    await new Promise<void>((close) => {
      const { picture } = pictures;
      const ending = "End with “Close folder” or by closing the page; opening the folder again goes on from here.";
      const send = (action?: object) => (action ? labeling.act(action) : labeling.view());
      showLabeling(view, { send, picture, ending, close }, signal);
      void labeling.extract();
    });
    const { labeled } = await labeling.view(); // after the actions before it
    return { summary: `${labeled} of ${images.length} labeled, in ${name}/${list}. Fit a head beside the folder:`, command };
  } finally {
    closed.abort();
    pictures.forget();
    view.remove();
    for (const element of page) element.hidden = false;
  }
}

/** Writes the command that fits a head to the list, with names as words of a shell. */
function fitCommand(folder: string, list: string, task: LabelingOptions["task"]): string {
  const word = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const ofTask = task === "segmentation" ? " --task segmentation" : "";
  return `s2 fit ${word(folder)} --list ${list}${ofTask} --test-fraction 0.2 -o ${word(`heads/${folder}`)}`;
}
