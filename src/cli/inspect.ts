/** `s2 inspect`: what loadModel found out about a model. */
import type { Command } from "commander";
import type { Model } from "../node.ts";
import { addModelOptions, type ModelFlags } from "./flags.ts";
import { table } from "./table.ts";

const examples = `
Examples:
  s2 inspect models/deit_tiny
  s2 inspect model.onnx --prefix-tokens 1 --json`;

export function defineInspect(program: Command): void {
  const command = program
    .command("inspect")
    .summary("what is known of a model")
    .description("Loads a model and shows what extract will take it for: image size, tokens, outputs, preprocessing.")
    .argument("[MODEL]", "a folder, an .onnx file, or owner/name on the hub")
    .option("--json", "as JSON: { source, outputs, traits, preprocessing }");
  addModelOptions(command)
    .addHelpText("after", examples)
    .action(async (source: string | undefined, flags: ModelFlags & { json?: boolean }) => {
      const { openModel } = await import("./plan-flags.ts");
      const model = await openModel({ ...flags, model: source });
      await model.dispose();
      process.stdout.write(flags.json ? `${inJson(model)}\n` : inWords(model));
    });
}

function inJson({ source, outputs, traits, preprocessing }: Model): string {
  return JSON.stringify({ source, outputs, traits, preprocessing: preprocessing ?? null });
}

function inWords({ source, outputs, traits, preprocessing }: Model): string {
  const { imageSize, dynamicSize, patchSize, prefixTokens, layout, channels, maxBatch, multiplyAdds } = traits;
  const size = imageSize ? `${imageSize[1]}x${imageSize[0]} px` : "any";
  const rows: string[][] = [
    ["model", source],
    ["image size", imageSize && dynamicSize ? `${size}; others run too, less well` : imageSize ? `${size} alone` : size],
    ["features", layout === "bnc" ? "tokens [b, n, c]" : "maps [b, c, h, w]"],
    ["channels", String(channels ?? "?")],
    ["patch", patchSize ? `${patchSize} px` : "?"],
    ["prefix tokens", String(prefixTokens)],
    ["images a run", maxBatch ? `at most ${maxBatch}` : "any number"],
    ["outputs", outputs.join(", ")],
  ];
  if (multiplyAdds) rows.push(["multiply-adds", `${(multiplyAdds / 1e9).toFixed(2)} billion a tile`]);
  if (preprocessing) {
    const three = (values: readonly number[]) => values.map((value) => Number(value.toFixed(4))).join(", ");
    const { mean, std, rescale, filter } = preprocessing;
    const factor = Math.abs(1 / rescale - 255) < 1e-3 ? "1/255" : String(rescale);
    rows.push(["pixels", `times ${factor}, less ${three(mean)}, divided by ${three(std)}; resized ${filter}`]);
  } else {
    rows.push(["pixels", "no config file says how they are prepared; ImageNet's mean and deviation are taken"]);
  }
  const [first, ...rest] = rows;
  return `${table(first, rest).join("\n")}\n`;
}
