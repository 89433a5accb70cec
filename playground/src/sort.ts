/** Sorts images: the user labels a few, and the rest get the label of their nearest neighbors. */
import { argmax, fitNeighbors, openNeighbors } from "s2-vision/heads";
import { imageVector } from "s2-vision/tasks";
import { openGraph } from "s2-vision/web";
import { openAlbum } from "./album.ts";
import { attempt, button, download, make } from "./dom.ts";
import { csvOf, headButtons } from "./files.ts";
import { albumChanged, thumbnail } from "./find.ts";
import { type KeptImage, keptImages } from "./kept.ts";

/** Labels by path. */
const labels = new Map<string, string>();
let head: Awaited<ReturnType<typeof fitNeighbors>> | undefined;
/** Rows of the table that leaves as CSV. */
let table: readonly (readonly string[])[] = [];

export function setUpSort(panel: HTMLElement): void {
  const images = make("ul", { className: "gallery" });
  const sorted = make("div");
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const fitted = () => {
    if (!head) throw new Error("There is no head yet; give some images labels and sort the rest.");
    return head;
  };
  const saveLabels = () => {
    fitted(); // there is no table before
    download("labels.csv", csvOf(table));
  };
  panel.append(
    make(
      "div",
      { className: "row" },
      button("Sort the rest", () => void attempt(panel, sort), "main"),
      button("Labels as CSV", () => void attempt(panel, saveLabels)),
      button("classes.txt", () => void attempt(panel, () => download("classes.txt", `${fitted().classes.join("\n")}\n`))),
      ...headButtons(panel, fitted),
    ),
    state,
    sorted,
    make("h2", { textContent: "Your images" }),
    images,
  );
  const sort = () => {
    head = undefined;
    sorted.replaceChildren();
    state.textContent = "";
    return sortRest(sorted, state);
  };
  const draw = () =>
    void attempt(panel, async () => {
      const kept = await keptImages();
      for (const path of labels.keys()) if (!kept.some((image) => image.path === path)) labels.delete(path);
      images.replaceChildren(...kept.map(labeled));
    });
  albumChanged.addEventListener("change", () => {
    sorted.replaceChildren();
    draw();
  });
  draw();
}

/** Returns an image with a field for its label. */
function labeled({ path, picture }: KeptImage): HTMLElement {
  const field = make("input", { type: "text", placeholder: "label", autocomplete: "off", value: labels.get(path) ?? "" });
  field.setAttribute("aria-label", `Label of ${path}`);
  field.addEventListener("input", () => {
    const label = field.value.trim();
    if (label) labels.set(path, label);
    else labels.delete(path);
  });
  return make("li", {}, thumbnail(picture, path), field);
}

async function sortRest(sorted: HTMLElement, state: HTMLElement): Promise<void> {
  const { images } = await openAlbum();
  const known = [...images.values()].filter(({ path }) => labels.has(path));
  const rest = [...images.values()].filter(({ path }) => !labels.has(path));
  const classes = [...new Set(known.map(({ path }) => labels.get(path)!))].sort();
  if (classes.length < 2)
    throw new Error(`There ${classes.length ? "is one label" : "are no labels"}; give images at least two different ones.`);
  if (rest.length === 0) throw new Error("Every image has a label; there is nothing left to sort.");
  const { channels } = known[0].tokens;
  const features = rowsOf(known, channels);
  const wanted = Int32Array.from(known, ({ path }) => classes.indexOf(labels.get(path)!));
  head = await fitNeighbors(() => [{ features, labels: wanted }], {
    classes,
    channelsPerScale: [channels],
    k: Math.min(5, known.length),
  });
  const opened = await openNeighbors(head, openGraph);
  try {
    const scores = await opened.predict(rowsOf(rest, channels));
    const predictions = rest.map((image, i) => {
      const ofImage = scores.subarray(i * classes.length, (i + 1) * classes.length);
      const label = argmax(ofImage);
      return { image, label, score: ofImage[label] };
    });
    sorted.replaceChildren(
      ...classes.flatMap((name, label) =>
        groupOf(
          name,
          predictions.filter((prediction) => prediction.label === label),
        ),
      ),
    );
    table = [
      ["file", "label", "score"],
      ...known.map(({ path }) => [path, labels.get(path)!, ""]),
      ...predictions.map(({ image, label, score }) => [image.path, classes[label], score.toFixed(4)]),
    ];
    state.textContent = `${known.length} images with labels sorted ${rest.length} others.`;
  } finally {
    await opened.close();
  }
}

function rowsOf(images: readonly KeptImage[], channels: number): Float32Array {
  const rows = new Float32Array(images.length * channels);
  for (const [i, { tokens }] of images.entries()) rows.set(imageVector(tokens, "mean"), i * channels);
  return rows;
}

/** Lists the images of a class, highest score first. */
function groupOf(name: string, predictions: readonly { image: KeptImage; score: number }[]): HTMLElement[] {
  const items = [...predictions]
    .sort((a, b) => b.score - a.score)
    .map(({ image: { picture, path }, score }) =>
      make("li", {}, thumbnail(picture, path), make("span", { textContent: `${path}, ${Math.round(100 * score)} %` })),
    );
  const list = make("ul", { className: "gallery" }, ...items);
  list.setAttribute("aria-label", name);
  return [make("h2", { textContent: `${name} (${items.length})` }), list];
}
