/** The shape of keypoints in a YOLO pose data set, from the `kpt_shape` of its YAML file. */
import * as v from "valibot";
import { S2Error } from "../core/index.ts";
import { readBytes } from "./invalid-file.ts";
import type { Listing } from "./listing.ts";

const SHAPE = v.object({
  kpt_shape: v.optional(v.strictTuple([v.pipe(v.number(), v.integer(), v.minValue(1)), v.picklist([2, 3])])),
});

/** Reads the number of keypoints after each box and of the numbers of each, or nothing where no file has them. */
export async function readKeypoints({ folder, paths, options }: Listing): Promise<readonly [number, number] | undefined> {
  const given = typeof options.classes === "string" && /\.ya?ml$/i.test(options.classes) ? [options.classes] : [];
  const path = [...given, "data.yaml", "dataset.yaml"].find((name) => paths.includes(name));
  if (path === undefined) return undefined;
  const text = new TextDecoder().decode(await readBytes(folder, path));
  if (!/kpt_shape/.test(text)) return undefined;
  const { parse } = await import("yaml");
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    throw new S2Error("data-set", `"${path}" is no YAML (${(error as Error).message.split("\n")[0]}). Correct it.`, {
      cause: error,
    });
  }
  const result = v.safeParse(SHAPE, content);
  if (result.success) return result.output.kpt_shape;
  throw new S2Error("data-set", `"${path}" has a kpt_shape that is not [number of keypoints, 2 or 3]. Correct it.`);
}
