/** Finding things: the user's photos are indexed, a box on any photo is what is looked for, results come with boxes. */
import { regionVector, search } from "s2-vision/retrieval";
import type { Box } from "s2-vision/web";
import { addFiles, emptyAlbum, openAlbum } from "./album.ts";
import { attempt, button, make, showProgress } from "./dom.ts";
import { outline } from "./draw.ts";
import { type KeptPhoto, keptPhotos } from "./kept.ts";
import { see } from "./look.ts";
import { photoCanvas } from "./photo-canvas.ts";
import { choosePhoto } from "./photos.ts";
import { onChange, session } from "./session.ts";

/** Hears when photos came or went. */
export const albumChanged = new EventTarget();
const changed = () => albumChanged.dispatchEvent(new Event("change"));

/** A picker of files and one of folders, and what empties the album: the parts that finding and sorting share. */
export function setUpFind(panel: HTMLElement): void {
  const bar = make("progress", { hidden: true });
  bar.setAttribute("aria-label", "Photos indexed");
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const results = make("div", { className: "panels small" });
  results.setAttribute("aria-label", "Results");
  results.setAttribute("role", "group");
  const gallery = make("ul", { className: "gallery" });
  let running: AbortController | undefined;
  const take = (input: HTMLInputElement) =>
    attempt(panel, async () => {
      const files = [...(input.files ?? [])].filter(({ type }) => type.startsWith("image/"));
      running = new AbortController();
      try {
        const refused = await addFiles(files, (done) => showProgress(bar, done, files.length), running.signal);
        if (refused.length > 0) throw new Error(refused.join(" "));
      } finally {
        bar.hidden = true;
        input.value = "";
        changed();
      }
    });
  const query = (box: Box) =>
    attempt(panel, async () => {
      const { tokens } = await see();
      const { index, photos } = await openAlbum();
      photo.redraw((context, scale) => outline(context, box, scale, "#fbbf24"));
      const start = performance.now();
      const hits = await search(index, { region: regionVector(tokens, box) }, { top: 12 });
      const took = performance.now() - start;
      results.replaceChildren(...(await Promise.all(hits.map((hit) => resultOf(photos.get(hit.photo)!, hit)))));
      state.textContent = `${hits.length} of ${photos.size} photos, the most alike first, in ${Math.round(took)} ms.`;
    });
  const photo = photoCanvas({ label: "The photo: draw a box around what is looked for", caption: "Draw a box", onBox: query });
  onChange(["shown"], () => {
    const { shown } = session;
    if (shown) photo.show(shown.drawn, shown.photo.width);
  });
  const empty = () =>
    attempt(panel, async () => {
      running?.abort();
      await emptyAlbum();
      results.replaceChildren();
      changed();
    });
  panel.append(
    make(
      "div",
      { className: "row" },
      ...picker("album-files", "Add photos…", take),
      ...picker("album-folder", "Add a folder…", take, true),
    ),
    make(
      "div",
      { className: "row" },
      button("Stop", () => running?.abort()),
      button("Forget all photos", empty),
    ),
    bar,
    gallery,
    make("div", { className: "panels wide" }, photo.figure),
    state,
    results,
  );
  albumChanged.addEventListener("change", () => void attempt(panel, () => drawGallery(gallery)));
  void attempt(panel, () => drawGallery(gallery));
}

function picker(id: string, text: string, take: (input: HTMLInputElement) => void, folder = false): HTMLElement[] {
  const input = make("input", {
    type: "file",
    id,
    className: "away",
    accept: "image/*",
    multiple: true,
    webkitdirectory: folder,
  });
  input.addEventListener("change", () => take(input));
  return [make("label", { className: "button", htmlFor: id, textContent: text }), input];
}

/** Every photo as a button that makes it the photo of the page, to draw a box on. */
async function drawGallery(gallery: HTMLElement): Promise<void> {
  const photos = await keptPhotos();
  gallery.replaceChildren(
    ...photos.map(({ path, picture }) => {
      const open = button("", () => choosePhoto(picture, path));
      open.append(thumbnail(picture, `Look at ${path}`));
      return make("li", {}, open);
    }),
  );
}

/** A picture whose address is given back once it is drawn. */
export function thumbnail(picture: Blob, alt: string): HTMLImageElement {
  const image = make("img", { src: URL.createObjectURL(picture), alt });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  return image;
}

async function resultOf(photo: KeptPhoto, { box, score }: { box: Box; score: number }): Promise<HTMLElement> {
  const caption = `${photo.path}, ${score.toFixed(2)}`;
  const canvas = make("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${caption}: at ${Math.round(box.left)}, ${Math.round(box.top)}`);
  const bitmap = await createImageBitmap(photo.picture);
  [canvas.width, canvas.height] = [256, Math.round((256 * bitmap.height) / bitmap.width)];
  const context = canvas.getContext("2d")!;
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  outline(context, box, canvas.width / photo.size[1], "#fbbf24");
  bitmap.close();
  return make("figure", {}, canvas, make("figcaption", { textContent: caption }));
}
