/** The features of each scale as colors, one color meaning the same in all of them, beside the image with its tiles. */
import { principalColors } from "s2-vision/web";
import { make } from "./dom.ts";
import { imageCanvas } from "./image-canvas.ts";
import { tilesOverlay } from "./plan.ts";
import { onChange, scaleNames, session } from "./session.ts";

export function setUpFeatures(panel: HTMLElement): void {
  const image = imageCanvas({ label: "The image with the tiles of each scale", caption: "Tiles of each scale" });
  const colors = make("div", { id: "colors", className: "contents" });
  panel.append(make("div", { className: "panels" }, image.figure, colors));
  onChange(["plan"], () => {
    const { shown, plan } = session;
    if (shown && plan) image.show(shown.drawn, shown.image.width, tilesOverlay(plan));
  });
  let drawn: unknown;
  const draw = () => {
    const { extracted, maps = extracted?.maps ?? [], shown, scales, plan } = session;
    if (panel.hidden || maps === drawn) return; // colors take a tenth of a second, which the first view has no use for
    drawn = maps;
    const pictures = principalColors(maps).map((picture, i) => {
      const name = scaleNames([scales[i]]);
      const { rows, cols } = plan?.scales[i]?.grid ?? { rows: picture.height, cols: picture.width };
      const label = `Features of ${name} as colors: tokens of similar color are similar to the model`;
      const figure = imageCanvas({ label, caption: `${name}: ${rows} × ${cols} tokens` });
      figure.canvas.classList.add("tokens");
      figure.show(picture, shown!.image.width);
      return figure.figure;
    });
    colors.replaceChildren(...pictures);
  };
  onChange(["plan", "maps", "extracted"], draw);
  panel.addEventListener("show", draw);
}
