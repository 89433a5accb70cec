/** `s2 plan`: the tiles that an image would be cut into, before any model runs. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { S2Plan, Traits } from "../core/index.ts";
import { failingWith, inFlags } from "./errors.ts";
import { addModelOptions, addSizeOptions, type ModelFlags, type SizeFlags } from "./flags.ts";
import { jsonLine, writeResult } from "./output.ts";
import { status } from "./status.ts";
import { table } from "./table.ts";

const examples = `
Examples:
  s2 plan 1920x1080 --scales 1,2,3
  s2 plan photo.jpg --model onnx-community/dinov2-small-ONNX --img-sizes 224,448
  s2 plan 1920x1080 --dynamic --img-sizes 448,896,1344 --max-tiles 12 --patch-size 14

Sizes are WIDTHxHEIGHT, tiles and grids are rows x columns. Without --model tiles are of 224 px unless --max-split-size says otherwise,
and token grids are known only with --patch-size.`;

type PlanFlags = SizeFlags & ModelFlags & { json?: boolean };

export function definePlan(program: Command): void {
  const command = program
    .command("plan")
    .summary("show the tiles that an image would be cut into")
    .description(
      "Shows the plan for an image, or for any image of WIDTHxHEIGHT pixels: sizes, tiles, token grids, cost, warnings.",
    )
    .argument("<IMAGE|WIDTHxHEIGHT>")
    .option("--model <model>", "a folder, an .onnx file, or owner/name on the hub; its sizes and grids are used")
    .option("--json", "the plan as JSON");
  addModelOptions(addSizeOptions(command))
    .addHelpText("after", examples)
    .action(async (image: string, flags: PlanFlags) => {
      const size = await readImageSize(image);
      const { traits, known } = await readTraits(flags);
      const { planFor } = await import("./plan-flags.ts");
      const plan = planFor(size, flags, traits);
      writeResult(flags.json ? jsonLine(plan) : inWords(plan, known));
    });
}

async function readImageSize(image: string): Promise<{ height: number; width: number }> {
  const [, width, height] = /^(\d+)[x×](\d+)$/i.exec(image) ?? [];
  if (height && !existsSync(image)) return { height: Number(height), width: Number(width) };
  const { loadImage } = await import("../node.ts");
  return failingWith(status.allFailed, () => loadImage(image));
}

async function readTraits(flags: PlanFlags): Promise<{ traits: Traits; known: string }> {
  if (flags.model !== undefined) {
    const { openModel } = await import("./plan-flags.ts");
    const model = await openModel(flags);
    await model.dispose();
    return { traits: model.traits, known: `of ${model.source}` };
  }
  const given = flags.maxSplitSize ?? flags.imageSize;
  const { patchSize, prefixTokens } = flags;
  const { maxSplitSize: tile = flags.imageSize ?? (flags.dynamic && flags.imgSizes ? undefined : 224) } = flags;
  const imageSize = typeof tile === "number" ? ([tile, tile] as const) : tile;
  const known = given === undefined && tile !== undefined ? "assumed; --model or --max-split-size say otherwise" : "given";
  return { traits: { imageSize, dynamicSize: true, patchSize, prefixTokens }, known };
}

function inWords(plan: S2Plan, known: string): string {
  const { image, scales, outputScale, outputGrid, tiles, multiplyAdds } = plan;
  const region = plan.region ?? { width: image[1], height: image[0] };
  const rows = scales.map(({ size, canvas, padding, rows, cols, grid }, i) => [
    `${i}${i === outputScale ? " *" : ""}`,
    wide(size),
    wide(canvas),
    padding[0] + padding[1] === 0 ? "-" : wide(padding),
    `${rows} x ${cols} = ${rows * cols}`,
    grid ? `${grid.rows} x ${grid.cols}` : "?",
    `${trim(Math.max(size[0] / region.height, size[1] / region.width))}x`,
  ]);
  const lines = [
    `image   ${wide(image)} px`,
    `tile    ${wide(scales[outputScale].tile)} px (${known})`,
    "",
    ...table(["scale", "size", "canvas", "padding", "tiles", "grid", "of the image"], rows),
    "",
    `${tiles} tiles; the output has the grid of scale ${outputScale} (*)${outputGrid ? `: ${outputGrid.rows} x ${outputGrid.cols} tokens` : ""}${channels(plan)}`,
    ...(multiplyAdds === undefined ? [] : [`${(multiplyAdds / 1e9).toFixed(1)} billion multiply-adds`]),
    ...plan.warnings.map((warning) => `note: ${inFlags(warning)}`),
  ];
  return `${lines.join("\n")}\n`;
}

function channels({ scales, merge }: S2Plan): string {
  const each = scales.at(-1)!.channels;
  return each ? ` of ${merge === "concat" ? each[1] : each[1] - each[0]} channels` : "";
}

const wide = ([height, width]: readonly [number, number]) => `${width}x${height}`;
const trim = (times: number) => String(Number(times.toFixed(2)));
