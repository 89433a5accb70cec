/** Sorts images: the user labels a few, and the rest get the label of their nearest neighbors. */
import { argmax, fitNeighbors, openNeighbors } from "s2-vision/heads";
import { openGraph } from "s2-vision/web";
import { openAlbum } from "./album.ts";
import { attempt, button, make } from "./dom.ts";
import { albumChanged, thumbnail } from "./find.ts";
import { headButtons } from "./head-files.ts";
import { type KeptImage, keptImages } from "./kept.ts";

/** Labels by path. */
const labels = new Map<string, string>();
let head: Awaited<ReturnType<typeof fitNeighbors>> | undefined;

export function setUpSort(panel: HTMLElement): void {
  const images = make("ul", { className: "gallery" });
  const sorted = make("div");
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const fitted = () => {
    if (!head) throw new Error("There is no head yet; give some images labels and sort the rest.");
    return head;
  };
  panel.append(
    make(
      "div",
      { className: "row" },
      button("Sort the rest", () => void attempt(panel, () => sortRest(sorted, state)), "main"),
      ...headButtons(panel, fitted),
    ),
    state,
    sorted,
    make("h2", { textContent: "Your images" }),
    images,
  );
  const draw = () => void attempt(panel, async () => images.replaceChildren(...(await keptImages()).map(labeled)));
  albumChanged.addEventListener("change", () => {
    labels.clear();
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
  const channels = known[0].vector.length;
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
    state.textContent = `${known.length} images with labels sorted ${rest.length} others.`;
  } finally {
    await opened.close();
  }
}

function rowsOf(images: readonly KeptImage[], channels: number): Float32Array {
  const rows = new Float32Array(images.length * channels);
  for (const [i, { vector }] of images.entries()) rows.set(vector, i * channels);
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
