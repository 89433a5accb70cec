/** `s2 similar`: images, or regions of them, that are similar to an image or to a region of it. */
import { type Command, Option } from "commander";
import type { SimilarFlags } from "./find-similar.ts";
import { readCount, readPixels } from "./flag-values.ts";
import { addModelOptions, addSizeOptions, modelHelp, poolingOption } from "./flags.ts";

const examples = `
Examples:
  s2 similar photo.jpg --in photos/ --html similar.html
  s2 similar photo.jpg --at 320,240 --in photos/ --scales 1,2,3
  s2 similar --text "a red kite" --in photos/ --model models/clip --html kites.html
  s2 similar --in photos/
  s2 similar photo.jpg --box 300,200,80,80 --in "photos/**" --model onnx-community/dinov2-small-ONNX
  s2 similar photo.jpg --at 320,240 --scales 1,2,3

--in is a folder or a glob of images, whose index is made once and brought up to date, or an index that exists. Only new and changed images run
through the model; without IMAGE nothing else is done. Indexes are LanceDB's where @lancedb/lancedb is installed, else one file that is searched in
memory. With --text the model is a folder or hub name with both towers of a CLIP or SigLIP, and @huggingface/tokenizers is installed. The scale is 1x,
fitted as the model's own processor does it; --scales 1,2 takes the mean of the embeddings of all tiles. --html writes a page with the hits and their boxes; it is one file that works offline, and images link to their files. Without --in, --at and --box draw how similar all regions of the
image are to this one: the image, then its heat by the first scale, the first two, and so on, on the finest scale's grid.`;

export function defineSimilar(program: Command): void {
  const command = program
    .command("similar")
    .summary("find similar images or regions")
    .description(
      "Finds images that are similar to an image or to a region of it (--in), or draws the similarity over the image itself.",
    )
    .argument("[IMAGE]")
    .option("--model <model>", modelHelp)
    .option("--in <path>", "images (a folder, or a glob in quotes), an index, or db://NAME with LANCEDB_API_KEY")
    .addOption(
      new Option("--text <words>", "what to look for, in place of IMAGE: a CLIP or SigLIP as --model").conflicts(["at", "box"]),
    )
    .addOption(new Option("--at <x,y>", "the region around this pixel").argParser(readPixels("x,y")).conflicts("box"))
    .option("--box <x,y,w,h>", "the region in this box of pixels: left, top, width, height", readPixels("left,top,width,height"))
    .option("--window <tokens>", "side of the regions that are compared (default: 3 with --in, else 1)", readCount(1))
    .addOption(poolingOption("the vector of an image"))
    .option("--top <k>", "most images to print", readCount(1), 10)
    .option("--store <folder>", "where features and indexes are kept from run to run", "features/similar")
    .option("--html <file>", "with --in: a page with the image and its hits to write")
    .option("-o, --out <file>", "without --in: the .png to write (default: features/IMAGE.similar.png)")
    .option("--json", "one line of JSON: { image or text, box, hits, index, html } or { image, box, picture, grid }")
    .option("--quiet", "no progress, no notes");
  addModelOptions(addSizeOptions(command))
    .addHelpText("after", examples)
    .action(async (image: string | undefined, flags: SimilarFlags) => {
      const { oneImage } = await import("./standard-input.ts");
      const path = image === undefined ? undefined : await oneImage(image);
      process.exitCode = await (await import("./find-similar.ts")).findSimilar(path, flags);
    });
}
