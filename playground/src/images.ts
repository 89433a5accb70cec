/** Opens an image from a file, the clipboard, a drop, the examples or the camera. */
import { loadImage, type Photo, resizePixels } from "s2-vision/web";
import { attempt, button, byId } from "./dom.ts";
import { examples } from "./examples.ts";
import { onChange, type Shown, session, setInput, stem } from "./session.ts";

const fieldset = byId("image-choice", HTMLFieldSetElement);

/** Longest side of the copy for the screen. */
const SCREEN = 640;

let choices = 0;

/** Makes it the image of the page, unless another is chosen while this one is decoded. */
export async function chooseImage(
  source: string | Blob,
  name: string,
  origin: Pick<Shown, "example" | "kept"> = {},
): Promise<void> {
  const choice = ++choices;
  await attempt(fieldset, async () => {
    const image = await loadImage(source).catch((error) => {
      if (choice === choices) throw error;
    });
    if (!image || choice < choices) return;
    for (const alert of document.querySelectorAll('#stage [role="alert"]')) alert.textContent = ""; // of the image before
    setInput({ shown: { name, image, drawn: forScreen(image), ...origin } });
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
  input.addEventListener("change", () => {
    takeFile(input.files?.[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  for (const example of examples) {
    const name = stem(example.name);
    const choose = () => chooseImage(example.address, example.name, { example });
    byId("examples", HTMLDivElement).append(button(name[0].toUpperCase() + name.slice(1), choose));
  }
  onChange(["shown"], () => {
    const { name, image } = session.shown!;
    byId("image-name", HTMLParagraphElement).textContent = `${name}, ${image.width} × ${image.height} pixels`;
  });
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
  void chooseImage(examples[0].address, examples[0].name, { example: examples[0] });
}

function takeFile(file: File | undefined): void {
  if (file) void chooseImage(file, file.name);
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
      await chooseImage(await canvas.convertToBlob(), "camera.png");
    });
  byId("camera-take", HTMLButtonElement).addEventListener("click", take);
}
