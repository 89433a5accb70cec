/** Exports: the features as files, and the model with S² in it as one ONNX file. */
import { exportS2 } from "s2-vision/models";
import { writeNpy, writeSafetensors } from "s2-vision/web";
import { attempt, button, download, make } from "./dom.ts";
import { load } from "./model.ts";
import { extractAll } from "./run-extraction.ts";
import { scaleNames, session, stem } from "./session.ts";

export function setUpExports(panel: HTMLElement): void {
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const give = (text: string, make: () => Promise<[name: string, content: Uint8Array]>) =>
    button(text, () =>
      attempt(panel, async () => {
        const [name, content] = await make();
        download(name, content);
        state.textContent = `${name}: ${(content.byteLength / 1e6).toFixed(1)} MB.`;
      }),
    );
  panel.append(
    make("h2", { textContent: "Features of the image" }),
    make("div", { className: "row" }, give("safetensors", safetensors), give("npy", npy)),
    make("h2", { textContent: "The model with these scales" }),
    make("p", {
      className: "hint",
      textContent:
        "One ONNX file that takes the pixels of a square image and returns the features of all scales, for any runtime. It runs all tiles.",
    }),
    make("div", { className: "row" }, give("ONNX file", onnx)),
    make("p", { className: "hint", textContent: "Download masks and heads under Segment and Sort." }),
    state,
  );
}

async function safetensors(): Promise<[string, Uint8Array]> {
  const { features } = await extractAll();
  const { name, image } = session.shown!;
  const metadata = {
    plan: JSON.stringify(features.plan),
    model: JSON.stringify({ source: session.loaded!.name, traits: session.loaded!.model.traits }),
    image: JSON.stringify({ source: name, width: image.width, height: image.height }),
  };
  const { dims, data } = features;
  return [`${stem(name)}.safetensors`, writeSafetensors({ features: { dtype: "F32", dims, data } }, metadata)];
}

async function npy(): Promise<[string, Uint8Array]> {
  const { dims, data } = (await extractAll()).features;
  return [`${stem(session.shown!.name)}.npy`, writeNpy(dims, data)];
}

/** Images are squares of the largest scale's size, as bytes. */
async function onnx(): Promise<[string, Uint8Array]> {
  if (!session.loaded) await load();
  const { model, name, file } = session.loaded!;
  const { imageSize = [224, 224], prefixTokens, layout } = model.traits;
  const sizes = session.scales.map((scale): [number, number] => [
    Math.round(imageSize[0] * scale),
    Math.round(imageSize[1] * scale),
  ]);
  const baked = exportS2(await file(), {
    imageSize: sizes[sizes.length - 1],
    imgSizes: sizes,
    maxSplitSize: imageSize,
    outputScale: "finest",
    fusion: "bilinear",
    splitMode: "pad",
    numPrefixToken: prefixTokens,
    outputShape: layout,
    antialias: true,
    ...(model.preprocessing && { pixels: model.preprocessing }),
  });
  return [`${name.replace(/[^\w.-]+/g, "-").replace(/\.\w+$/, "")}-${scaleNames(session.scales)}.onnx`, baked];
}
