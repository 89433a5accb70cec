/** Opens an image from a file, the clipboard, a drop, the examples or the camera. */
import { loadImage, type Photo, resizePixels } from "s2-vision/web";
import shelf from "../../examples/scenes/shelf.png?url";
import street from "../../examples/scenes/street.png?url";
import words from "../../examples/scenes/words.png?url";
import { attempt, button, byId } from "./dom.ts";
import { set } from "./session.ts";

const examples = { Street: street, Shelf: shelf, Words: words };
const fieldset = byId("image-choice", HTMLFieldSetElement);

/** Longest side of the copy for the screen. */
const SCREEN = 640;

let choices = 0;

/** Makes it the image of the page, unless another is chosen while this one is decoded. */
export async function chooseImage(source: string | Blob, name: string): Promise<void> {
  const choice = ++choices;
  await attempt(fieldset, async () => {
    const image = await loadImage(source);
    if (choice < choices) return;
    set({ shown: { name, image, drawn: forScreen(image) }, extracted: undefined });
  });
}

/** The image at the size at which it is drawn. */
export function forScreen(image: Photo, longest = SCREEN) {
  const scale = Math.min(1, longest / Math.max(image.width, image.height));
  const size = [image.height, image.width].map((side) => Math.max(1, Math.round(side * scale)));
  return scale < 1 ? resizePixels(image, [size[0], size[1]], "bicubic") : image;
}

export function setUpImages(): void {
  const input = byId("image-file", HTMLInputElement);
  input.addEventListener("change", () => takeFile(input.files?.[0]));
  for (const [name, address] of Object.entries(examples)) {
    byId("examples", HTMLDivElement).append(button(name, () => chooseImage(address, name.toLowerCase())));
  }
  document.addEventListener("paste", (event) => takeFile(event.clipboardData?.files[0]));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    takeFile(event.dataTransfer?.files[0]);
  });
  setUpCamera();
  void chooseImage(street, "street");
}

function takeFile(file: File | undefined): void {
  if (file) void chooseImage(file, file.name.replace(/\.[^.]*$/, ""));
}

function setUpCamera(): void {
  const view = byId("camera-view", HTMLDivElement);
  const video = byId("camera-video", HTMLVideoElement);
  const stop = () => {
    for (const track of (video.srcObject as MediaStream | null)?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    view.hidden = true;
  };
  const start = () =>
    attempt(fieldset, async () => {
      if (!navigator.mediaDevices) throw new Error("Cameras need a page with https (or localhost); choose a file instead.");
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).catch((error: Error) => {
        throw new Error(`The camera cannot be used (${error.message}); allow it for this page, or choose a file.`);
      });
      video.srcObject = stream;
      await video.play(); // until then it has no size
      view.hidden = false;
    });
  byId("camera", HTMLButtonElement).addEventListener("click", start);
  byId("camera-stop", HTMLButtonElement).addEventListener("click", stop);
  const take = () =>
    attempt(fieldset, async () => {
      const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
      canvas.getContext("2d")!.drawImage(video, 0, 0);
      stop();
      await chooseImage(await canvas.convertToBlob(), "camera");
    });
  byId("camera-take", HTMLButtonElement).addEventListener("click", take);
}
