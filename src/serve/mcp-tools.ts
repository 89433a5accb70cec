/** The tools of the MCP server: list, describe, search and predict; they read images of the allowed folders and write nothing. */
import { relative } from "node:path";
import { array, maxValue, minValue, number, object, optional, pipe, string } from "valibot";
import { S2Error } from "../core/index.ts";
import { depthPicture, describePlan, maskPicture, planImage } from "../features/index.ts";
import type { DepthMap } from "../heads/index.ts";
import type { Photo } from "../images/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { memoryVectors } from "../retrieval/index.ts";
import { encodePng, extractionSource, findSimilar, loadImage, type Model } from "../runtimes/node/index.ts";
import type { ExtractImagesOptions } from "../store/index.ts";
import { describePrediction, predictImages, type SavedHead } from "../tasks/index.ts";
import { checkJson } from "../tensors/json.ts";
import { type ImageFolders, shownPath } from "./image-folders.ts";
import { type JsonSchema, jsonSchema } from "./json-schema.ts";

export interface McpSettings {
  /** Folders whose images may be read. */
  readonly folders: readonly string[];
  readonly model: Model;
  readonly modelName: string;
  /** Heads by name, each with the model that it was fitted with. */
  readonly heads: Record<
    string,
    { readonly head: SavedHead; readonly source: Omit<ExtractImagesOptions, "extraction">; readonly openGraph: OpenGraph }
  >;
}

type Content = { type: "text"; text: string } | { type: "image"; data: string; mimeType: string };

export interface Tool {
  readonly description: string;
  readonly properties: Record<string, JsonSchema>;
  readonly required: readonly string[];
  call(
    given: Record<string, unknown>,
    context: { readonly signal: AbortSignal; readonly onProgress: (done: number, of: number) => void },
  ): Promise<Content[]>;
}

/** Images that a search looks through; more take minutes, and belong into an index of `s2 similar`. */
const MOST_SEARCHED = 1000;
const MOST_LISTED = 500;

const pixels = pipe(number(), minValue(0));
const schemas = {
  list_images: object({ folder: optional(string()) }),
  describe_image: object({ image: string(), scales: optional(array(pipe(number(), minValue(0.1), maxValue(8)))) }),
  find_similar: object({
    ...{ image: string(), folder: optional(string()), top: optional(pipe(number(), minValue(1), maxValue(100))) },
    ...{ x: optional(pixels), y: optional(pixels) },
  }),
  predict: object({ image: string(), head: optional(string()) }),
};

export async function makeTools(
  { model, modelName, heads }: McpSettings,
  folders: ImageFolders,
): Promise<Readonly<Record<string, Tool>>> {
  const text = (value: unknown): Content => ({ type: "text", text: JSON.stringify(value) });
  const tool = <Name extends keyof typeof schemas>(
    name: Name,
    description: string,
    call: (given: ReturnType<typeof read<Name>>, context: Parameters<Tool["call"]>[1]) => Promise<Content[]>,
  ): Tool => {
    const { properties, required = [] } = jsonSchema(schemas[name]) as {
      properties: Record<string, JsonSchema>;
      required?: string[];
    };
    return { description, properties, required, call: async (given, context) => call(read(name, given), context) };
  };
  const source = await extractionSource(model, { model: modelName }, { base: "/" });
  const stores = new Map<string, ReturnType<typeof memoryVectors>>();
  const locateFolder = (folder?: string) => (folder === undefined ? folders.roots[0] : folders.locate(folder));

  const tools: Record<string, Tool> = {
    list_images: tool(
      "list_images",
      `Lists images of a folder, at most ${MOST_LISTED}. Allowed folders: ${folders.roots.join(", ")}.`,
      async ({ folder }) => {
        const root = locateFolder(folder);
        const images = await folders.images(root);
        return [
          text({ folder: root, images: images.slice(0, MOST_LISTED).map((path) => shownPath(path, root)), total: images.length }),
        ];
      },
    ),
    describe_image: tool(
      "describe_image",
      "Describes an image's size, the model, and the plan by which it is cut into tiles at several scales (default 1 and 2 times the model's size).",
      async ({ image, scales }, { signal }) => {
        const path = folders.locate(image);
        const photo = await loadImage(path, { signal });
        const plan = planImage(photo, scales ? { scales } : {}, model.traits);
        const { width, height } = photo;
        return [
          text({
            image: path,
            width,
            height,
            model: { name: modelName, ...model.traits },
            plan: describePlan(plan, `of ${modelName}`),
            warnings: plan.warnings.map(({ message }) => message),
          }),
        ];
      },
    ),
    find_similar: tool(
      "find_similar",
      `Finds the images of a folder that are most similar to an image, or, with x and y, those with a region similar to the one around that pixel. Searches at most ${MOST_SEARCHED} images; the first search takes longer.`,
      async ({ image, folder, top = 10, x, y }, { signal, onProgress }) => {
        const path = folders.locate(image);
        const root = locateFolder(folder);
        const images = await folders.images(root);
        if (images.length > MOST_SEARCHED)
          throw new S2Error(
            "option",
            `${root} has ${images.length} images; the limit is ${MOST_SEARCHED}. Give a folder inside it, or make an index with "s2 similar".`,
          );
        const asRegion = x !== undefined && y !== undefined;
        const key = `${root} ${asRegion}`;
        const store = stores.get(key) ?? memoryVectors();
        stores.set(key, store);
        let done = 0;
        const { hits } = await findSimilar(
          path,
          // Names in the index start at the root of the file system, for links may lead from one allowed folder to another.
          {
            base: "/",
            prefix: "/",
            home: "",
            images: images.map((each) => relative("/", each)),
            undecoded: [],
            open: async () => ({ store, inFile: true, save: async () => {} }),
          },
          { ...source, extraction: { scales: asRegion ? [1, 2] : [1] }, signal },
          {
            window: 3,
            top: Math.round(top),
            ...(asRegion && { at: [x, y] as const }),
            onIndexed: () => onProgress(++done, images.length),
          },
        );
        return [
          text(
            hits.map(({ image: found, score, box }) => ({
              image: found,
              score: Number(score.toFixed(4)),
              ...(asRegion && { box }),
            })),
          ),
        ];
      },
    ),
  };
  if (Object.keys(heads).length === 0) return tools;
  const known = Object.entries(heads).map(
    ([name, { head }]) => `${name} (${head.task}: ${head.classes.slice(0, 40).join(", ") || "meters"})`,
  );
  tools.predict = tool(
    "predict",
    `Predicts the class, the segmentation, the depth or the objects of an image; masks and depths come with a picture. Heads: ${known.join("; ")}.`,
    async ({ image, head: name = Object.keys(heads)[0] }, { signal }) => {
      if (!Object.hasOwn(heads, name))
        throw new S2Error("option", `There is no head "${name}"; there are ${Object.keys(heads).join(", ")}.`);
      const { head, source: from, openGraph } = heads[name];
      const path = folders.locate(image);
      for await (const each of predictImages(head, [relative("/", path)], { ...from, openGraph, signal })) {
        if ("issue" in each) throw new S2Error("image-broken", each.issue);
        const { prediction } = each;
        const described = text({ head: name, ...describePrediction(prediction, head).fields });
        if (prediction.task !== "segmentation" && prediction.task !== "depth") return [described];
        const photo = await loadImage(path, { signal });
        const drawn =
          prediction.task === "segmentation" ? maskPicture(photo, prediction.mask) : drawDepth(photo, prediction.depth);
        return [
          described,
          { type: "image", data: Buffer.from(await encodePng(drawn)).toString("base64"), mimeType: "image/png" },
        ];
      }
      throw new S2Error("image-not-found", `There is no "${image}".`);
    },
  );
  return tools;
}

function drawDepth(photo: Photo, depth: DepthMap) {
  const sorted = depth.data.toSorted();
  return depthPicture(photo, depth, { near: sorted[0], far: sorted[sorted.length - 1] });
}

function read<Name extends keyof typeof schemas>(name: Name, given: Record<string, unknown>) {
  return checkJson(schemas[name], given, { code: "option", name, advice: "The tool's schema says what it takes." });
}
