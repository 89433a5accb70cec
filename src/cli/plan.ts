/** `s2 plan`: the tiles that an image would be cut into, before any model runs. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Traits } from "../core/index.ts";
import { failingWith, inFlags, status } from "./errors.ts";
import { addModelOptions, addSizeOptions, type ModelFlags, modelHelp, type SizeFlags } from "./flags.ts";
import { inLines, jsonLine, writeResult } from "./output.ts";

const examples = `
Examples:
  s2 plan 1920x1080 --scales 1,2,3
  s2 plan photo.jpg --model onnx-community/dinov2-small-ONNX --img-sizes 224,448
  s2 plan 1920x1080 --dynamic --img-sizes 448,896,1344 --max-tiles 12 --patch-size 14

Sizes are WIDTHxHEIGHT, tiles and grids are rows x columns. With --max-split-size, --image-size, --patch-size, --prefix-tokens or --dynamic and
without --model no model is loaded: tiles are of the given size (default: 224 px), and token grids are known only with --patch-size.`;

type PlanFlags = SizeFlags & ModelFlags & { json?: boolean };

export function definePlan(program: Command): void {
  const command = program
    .command("plan")
    .summary("show the tiles that an image would be cut into")
    .description(
      "Shows the plan for an image, or for any image of WIDTHxHEIGHT pixels: sizes, tiles, token grids, cost, warnings.",
    )
    .argument("<IMAGE|WIDTHxHEIGHT>")
    .option("--model <model>", modelHelp)
    .option("--json", "the plan as JSON");
  addModelOptions(addSizeOptions(command))
    .addHelpText("after", examples)
    .action(async (image: string, flags: PlanFlags) => {
      const size = await readImageSize(image);
      const { traits, known } = await readTraits(flags);
      const { extractionFor } = await import("./plan-flags.ts");
      const { describePlan, planImage } = await import("../features/index.ts");
      const plan = planImage(size, extractionFor(flags), traits);
      const notes = plan.warnings.map((warning) => `note: ${inFlags(warning)}`);
      writeResult(flags.json ? jsonLine(plan) : inLines([...describePlan(plan, known), ...notes]));
    });
}

async function readImageSize(image: string) {
  const [, width, height] = /^(\d+)[x×](\d+)$/i.exec(image) ?? [];
  if (height && !existsSync(image)) return { height: Number(height), width: Number(width) };
  const { loadImage } = await import("../node.ts");
  const { oneImage } = await import("./standard-input.ts");
  const path = await oneImage(image);
  return failingWith(status.allFailed, () => loadImage(path));
}

async function readTraits(flags: PlanFlags): Promise<{ traits: Traits; known: string }> {
  const { maxSplitSize, imageSize, patchSize, prefixTokens, dynamic } = flags;
  const described = [maxSplitSize, imageSize, patchSize, prefixTokens, dynamic].some((each) => each !== undefined);
  if (flags.model !== undefined || !described) {
    const { openModel } = await import("./plan-flags.ts");
    try {
      const model = await openModel(flags);
      await model.dispose();
      return { traits: model.traits, known: `of ${flags.model ?? "s2-tiny"}` };
    } catch (error) {
      // Where nothing was asked for, a plan needs no runtime.
      if (flags.model !== undefined || (error as { code?: string }).code !== "runtime-missing") throw error;
    }
  }
  const given = maxSplitSize ?? imageSize;
  const tile = given ?? (dynamic && flags.imgSizes ? undefined : 224);
  const known = given === undefined && tile !== undefined ? "assumed; --model or --max-split-size say otherwise" : "given";
  const side = typeof tile === "number" ? ([tile, tile] as const) : tile;
  return { traits: { imageSize: side, dynamicSize: true, patchSize, prefixTokens }, known };
}
