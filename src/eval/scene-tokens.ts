/** Drawn scenes as an answerer sees them: each with its questions and its visual tokens, for every way of looking. */
import { S2Error } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { joinScales, takeScales } from "../features/index.ts";
import { questionsOf, type Scene, type SeenScene, type Sight } from "../language/index.ts";
import type { Look } from "../store/index.ts";
import { fromFloat16, toFloat16 } from "../tensors/index.ts";
import type { Lab, Which } from "./lab.ts";

/** Some tokens of a photo. */
export interface Part {
  readonly look: Look;
  /** Those scales of the look whose channels are kept. */
  readonly keep: readonly number[];
  /** Of the scenes' copies that are moved by half a token. */
  readonly moved?: boolean;
}

/** Parts side by side in the channels of each token, or one after the other as more tokens. */
export interface Way {
  readonly name: string;
  readonly which: Which;
  readonly parts: readonly Part[];
  readonly as: "channels" | "tokens";
}

export interface SeenPart extends Omit<Sight, "mean" | "deviation"> {
  readonly scenes: readonly SeenScene[];
}

/** Photos at a time, so that features of all of them are never in memory as float32. */
const chunk = 200;

export async function readScenes(lab: Lab, part: string): Promise<readonly Scene[]> {
  const folder = lab.data(`scenes/${part}`);
  try {
    return JSON.parse(new TextDecoder().decode(await folder.read("scenes.json"))).scenes;
  } catch (error) {
    throw new S2Error(
      "data-set",
      `There are no scenes in ${folder.name} (${(error as Error).message}); draw them with \`node scripts/draw-question-scenes.mjs --out FOLDER\` and give --data FOLDER.`,
    );
  }
}

/** All scenes of a part, looked at in one way. */
export async function seeScenes(lab: Lab, part: string, scenes: readonly Scene[], way: Way): Promise<SeenPart> {
  const seen: SeenScene[] = [];
  let grids: Sight["grids"] = [];
  let channels = 0;
  for (let i = 0; i < scenes.length; i += chunk) {
    const some = scenes.slice(i, i + chunk);
    const found = await Promise.all(way.parts.map((each) => tokensOf(lab, part, some, way.which, each)));
    for (const scene of some) {
      const parts = found.map((tokens) => tokens.get(scene.name));
      if (!parts.every((each) => each !== undefined)) continue; // noted among the lab's problems
      const one = way.as === "tokens" || parts.length === 1 ? parts : [joinScales(parts)];
      grids = one.map(({ grid }) => grid);
      channels = one[0].channels;
      const halves = one.map((each) => toFloat16(each.data.subarray(each.prefix * each.channels)));
      seen.push({ tokens: joined(halves), questions: questionsOf(scene) });
    }
    if (i % 1000 === 0) lab.say(`${part}, ${way.name}: ${seen.length} of ${scenes.length} scenes`);
  }
  return { scenes: seen, grids, channels };
}

async function tokensOf(
  lab: Lab,
  part: string,
  scenes: readonly Scene[],
  which: Which,
  { look, keep, moved }: Part,
): Promise<ReadonlyMap<string, PhotoTokens>> {
  const folder = lab.data(`scenes/${part}${moved ? "-moved" : ""}`);
  const names = scenes.map(({ name }) => name);
  const features = await lab.features(folder, names, look, which);
  return new Map([...features].map(([photo, tokens]) => [photo, takeScales(tokens, keep)]));
}

function joined(parts: readonly Uint16Array[]): Uint16Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** With each channel's mean and deviation, over the first scenes. */
export function sightOf({ scenes, grids, channels }: SeenPart): Sight {
  const [sum, squares] = [new Float64Array(channels), new Float64Array(channels)];
  let rows = 0;
  for (const { tokens } of scenes.slice(0, chunk)) {
    const values = fromFloat16(tokens);
    for (let i = 0; i < values.length; i++) {
      sum[i % channels] += values[i];
      squares[i % channels] += values[i] ** 2;
    }
    rows += values.length / channels;
  }
  const mean = Array.from(sum, (total) => total / rows);
  const deviation = mean.map((value, c) => Math.sqrt(Math.max(1e-6, squares[c] / rows - value ** 2)));
  const short = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(6)));
  return { grids, channels, mean: short(mean), deviation: short(deviation) };
}
