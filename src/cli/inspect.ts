/** `s2 inspect`: the properties of a model that loadModel finds, and those that its graph declares. */
import type { Command } from "commander";
import type { Model } from "../node.ts";
import type { ModelReport } from "../onnx/index.ts";
import { failingWith, status } from "./errors.ts";
import { addModelOptions, type ModelFlags, modelHelp } from "./flags.ts";
import { inLines, jsonLine, writeResult } from "./output.ts";

const examples = `
Examples:
  s2 inspect
  s2 inspect onnx-community/dinov2-small-ONNX --json`;

export function defineInspect(program: Command): void {
  const command = program
    .command("inspect")
    .summary("show the properties of a model")
    .description("Loads a model and shows the properties that extract uses: image size, tokens, outputs, preprocessing.")
    .argument("[MODEL]", modelHelp)
    .option("--json", "as JSON: { source, outputs, traits, preprocessing, report }");
  addModelOptions(command)
    .addHelpText("after", examples)
    .action(async (source: string | undefined, flags: ModelFlags & { json?: boolean }) => {
      const { openModel } = await import("./plan-flags.ts");
      const model = await openModel({ ...flags, model: source, quiet: true }); // the table has the note on preprocessing
      await model.dispose();
      const { inspectProto } = await import("../onnx/index.ts");
      const { describeModel, openModelSource } = await import("../runtimes/node/index.ts");
      const { imageSize } = model.traits;
      const report = await failingWith(status.model, async () =>
        inspectProto(await openModelSource(model.source), { imageSize }),
      );
      writeResult(flags.json ? inJson(model, report) : inLines(describeModel(model, report)));
    });
}

function inJson({ source, outputs, traits, preprocessing }: Model, report: ModelReport): string {
  const multiplyAdds = traits.multiplyAdds ?? report.multiplyAdds.value;
  return jsonLine({
    ...{ source, outputs, traits: { ...traits, ...(multiplyAdds && { multiplyAdds }) } },
    ...{ preprocessing: preprocessing ?? null, report },
  });
}
