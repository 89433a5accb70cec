/** Which of a folder's JSON files says how images are prepared: a wrong choice gives features that are wrong without a word. */
import { describe, expect, it } from "vitest";
import { readPreprocessing } from "../../src/images/index.ts";
import { CONFIG_FILES, parseConfig, readConfigs } from "../../src/runtimes/config-files.ts";

const images = (value: number) => ({ image_mean: [value, value, value], image_std: [1, 1, 1] });
const meanOf = (files: Readonly<Record<string, object>>) => {
  const configs = readConfigs((name) => files[name] as never);
  return readPreprocessing(configs)?.mean[0];
};

describe("the table of config files", () => {
  it.each([
    ["processor_config.json of transformers 5", { "processor_config.json": { image_processor: images(0.1) } }, 0.1],
    [
      "its images win over preprocessor_config.json, as in transformers",
      { "processor_config.json": { image_processor: images(0.1) }, "preprocessor_config.json": images(0.2) },
      0.1,
    ],
    [
      "an older one without them leaves it to preprocessor_config.json",
      { "processor_config.json": { processor_class: "LlavaProcessor", patch_size: 14 }, "preprocessor_config.json": images(0.2) },
      0.2,
    ],
    ["images within preprocessor_config.json", { "preprocessor_config.json": { image_processor: images(0.2) } }, 0.2],
    [
      "images win over video frames",
      { "processor_config.json": { video_processor: images(0.3) }, "preprocessor_config.json": images(0.2) },
      0.2,
    ],
    ["video frames of a processor_config.json", { "processor_config.json": { video_processor: images(0.3) } }, 0.3],
    ["video_preprocessor_config.json", { "video_preprocessor_config.json": images(0.4) }, 0.4],
    ["timm's config.json", { "config.json": { architecture: "vit_tiny", pretrained_cfg: { mean: [0.5, 0.5, 0.5] } } }, 0.5],
    ["open_clip_config.json", { "open_clip_config.json": { preprocess_cfg: { mean: [0.6, 0.6, 0.6] } } }, 0.6],
    [
      "timm's config.json wins over open_clip_config.json beside it",
      {
        "config.json": { architecture: "vit_tiny", pretrained_cfg: { mean: [0.5, 0.5, 0.5] } },
        "open_clip_config.json": { preprocess_cfg: { mean: [0.6, 0.6, 0.6] } },
      },
      0.5,
    ],
    ["none of them", { "config.json": { model_type: "vit" } }, undefined],
  ])("%s", (_, files, mean) => {
    expect(Object.keys(files).every((name) => (CONFIG_FILES as readonly string[]).includes(name))).toBe(true);
    expect(meanOf(files)).toBe(mean);
  });

  it.each([
    ["half a file", '{"a":', /config\.json is not a JSON object/],
    ["a list", "[]", /is not a JSON object/],
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", /Git LFS pointer/],
    ["a web page", "<!DOCTYPE html><html>", /web page/],
  ])("%s is refused by what it is", (_, text, says) => {
    expect(() => parseConfig(new TextEncoder().encode(text), "config.json")).toThrow(
      expect.objectContaining({ code: "model-file", message: expect.stringMatching(says) }),
    );
  });
});
