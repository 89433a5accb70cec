/** Reading the hub's preprocessing files: who loads a model by name relies on its own mean, std and filter being used. */
import { describe, expect, test } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { imagenet, readPreprocessing } from "../../src/images/index.ts";

const half = [0.5, 0.5, 0.5];
const clip = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] };

// As on the hub: google/vit-base-patch16-224
const vit = {
  do_normalize: true,
  do_resize: true,
  image_mean: half,
  image_processor_type: "ViTFeatureExtractor",
  image_std: half,
  resample: 2,
  size: 224,
};
// openai/clip-vit-large-patch14-336: older than do_rescale
const clipFile = {
  crop_size: 336,
  do_center_crop: true,
  do_normalize: true,
  do_resize: true,
  feature_extractor_type: "CLIPFeatureExtractor",
  image_mean: clip.mean,
  image_std: clip.std,
  resample: 3,
  size: 336,
};
// google/siglip-so400m-patch14-384
const siglip = {
  do_convert_rgb: null,
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  image_mean: half,
  image_processor_type: "SiglipImageProcessor",
  image_std: half,
  processor_class: "SiglipProcessor",
  resample: 3,
  rescale_factor: 0.00392156862745098,
  size: { height: 384, width: 384 },
};
// facebook/dinov2-base
const dinov2 = {
  crop_size: { height: 224, width: 224 },
  do_center_crop: true,
  do_convert_rgb: true,
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  image_mean: [0.485, 0.456, 0.406],
  image_processor_type: "BitImageProcessor",
  image_std: [0.229, 0.224, 0.225],
  resample: 3,
  rescale_factor: 0.00392156862745098,
  size: { shortest_edge: 256 },
};
// facebook/convnext-base-224
const convnext = {
  crop_pct: 0.875,
  do_normalize: true,
  do_resize: true,
  feature_extractor_type: "ConvNextFeatureExtractor",
  image_mean: [0.485, 0.456, 0.406],
  image_std: [0.229, 0.224, 0.225],
  resample: 3,
  size: 224,
};
// timm/vit_base_patch16_clip_224.openai
const timm = {
  architecture: "vit_base_patch16_clip_224",
  num_classes: 512,
  num_features: 768,
  pretrained_cfg: {
    tag: "openai",
    input_size: [3, 224, 224],
    fixed_input_size: true,
    interpolation: "bicubic",
    crop_pct: 0.9,
    crop_mode: "center",
    mean: clip.mean,
    std: clip.std,
  },
};

describe("configs as they are on the hub", () => {
  const rescale = 1 / 255;
  test.each([
    ["ViT", vit, { mean: half, std: half, rescale, filter: "bilinear" }],
    ["CLIP", clipFile, { ...clip, rescale, filter: "bicubic" }],
    ["SigLIP", siglip, { mean: half, std: half, rescale, filter: "bicubic" }],
    ["DINOv2", dinov2, imagenet],
    ["ConvNext", convnext, imagenet],
  ])("%s's preprocessor_config.json", (_, preprocessor, expected) => {
    expect(readPreprocessing({ preprocessor })).toEqual(expected);
  });

  test.each([
    ["SiglipImageProcessor", half, "bicubic"],
    ["SiglipImageProcessorFast", half, "bicubic"],
    ["ViTFeatureExtractor", half, "bilinear"],
    ["CLIPImageProcessor", clip.mean, "bicubic"],
    ["BitImageProcessor", clip.mean, "bicubic"],
    ["DINOv3ViTImageProcessorFast", imagenet.mean, "bilinear"],
    ["VJEPA2VideoProcessor", imagenet.mean, "bilinear"],
  ])("%s without numbers has those of its class in transformers", (name, mean, filter) => {
    const field = name.includes("Video")
      ? "video_processor_type"
      : name.includes("Extractor")
        ? "feature_extractor_type"
        : "image_processor_type";
    expect(readPreprocessing({ preprocessor: { [field]: name } })).toMatchObject({ mean, filter });
    expect(readPreprocessing({ preprocessor: { [field]: name, do_normalize: false } })).toMatchObject({
      mean: [0, 0, 0],
      filter,
    });
  });

  test("OpenCLIP's preprocess_cfg, and CLIP's numbers where it names none", () => {
    const siglipCfg = { mean: half, std: half, interpolation: "bicubic", resize_mode: "squash" };
    expect(readPreprocessing({ preprocessor: { model_cfg: {}, preprocess_cfg: siglipCfg } })).toMatchObject({
      mean: half,
      std: half,
    });
    expect(readPreprocessing({ preprocessor: { model_cfg: {} } })).toMatchObject(clip);
  });

  test("timm's pretrained_cfg, and the same fields at top level as its older files have them", () => {
    const expected = { ...clip, rescale, filter: "bicubic" };
    expect(readPreprocessing({ config: timm })).toEqual(expected);
    const old = { architecture: "vit_base_patch16_clip_224", interpolation: "bicubic", ...clip };
    expect(readPreprocessing({ config: old })).toEqual(expected);
  });

  test("what a timm config leaves out is ImageNet's, as in timm's resolve_data_config", () => {
    expect(readPreprocessing({ config: { pretrained_cfg: { interpolation: "bilinear" } } })).toEqual({
      ...imagenet,
      filter: "bilinear",
    });
    expect(readPreprocessing({ config: { pretrained_cfg: { mean: half, std: half } } })).toMatchObject({
      mean: half,
      filter: "bicubic",
    });
  });

  test("the preprocessor wins over config.json; one that says nothing lets config.json speak", () => {
    expect(readPreprocessing({ preprocessor: vit, config: timm })).toMatchObject({ mean: half, filter: "bilinear" });
    expect(readPreprocessing({ preprocessor: { crop_size: 224, resample: null }, config: timm })).toMatchObject({
      mean: clip.mean,
    });
  });

  test("newer files: the image processor nested, the filter as a word", () => {
    const nested = { processor_class: "SiglipProcessor", image_processor: { ...siglip, resample: "PILImageResampling.LANCZOS" } };
    expect(readPreprocessing({ preprocessor: nested })).toMatchObject({ mean: half, filter: "lanczos" });
  });

  test("steps that are switched off are not done: a model trained on raw 0 .. 255 must get them", () => {
    const off = { ...siglip, do_rescale: false, do_normalize: false };
    expect(readPreprocessing({ preprocessor: off })).toEqual({ mean: [0, 0, 0], std: [1, 1, 1], rescale: 1, filter: "bicubic" });
    // Swin2SR's: no mean, no std, no do_normalize
    const swin2sr = { do_pad: true, do_rescale: true, rescale_factor: 0.00392156862745098 };
    expect(readPreprocessing({ preprocessor: swin2sr })).toMatchObject({ mean: [0, 0, 0], std: [1, 1, 1], rescale });
  });

  test("undefined when no file says anything, so that the caller can choose what then", () => {
    expect(readPreprocessing({})).toBeUndefined();
    expect(readPreprocessing({ preprocessor: null, config: null })).toBeUndefined();
    // a transformers config.json, whose `std` (were there one) would be of weights
    expect(readPreprocessing({ preprocessor: {}, config: { architectures: ["ViTModel"], std: 0.02 } })).toBeUndefined();
    expect(readPreprocessing({ config: { architecture: "vit", num_features: 768 } })).toBeUndefined();
  });
});

describe("malformed files are refused by the name of their field, instead of giving NaN features", () => {
  test.each<[string, Parameters<typeof readPreprocessing>[0], RegExp]>([
    ["two means", { preprocessor: { ...vit, image_mean: [0.5, 0.5] } }, /Got image_mean \[0\.5,0\.5\]; expected three/],
    [
      "no mean, of a class that is not known",
      { preprocessor: { ...vit, image_processor_type: "OwnImageProcessor", image_mean: undefined } },
      /Got image_mean nothing/,
    ],
    ["a word among the means", { preprocessor: { ...vit, image_mean: [0.5, "0.5", 0.5] } }, /image_mean/],
    ["std 0", { preprocessor: { ...vit, image_std: [0.5, 0, 0.5] } }, /Got image_std \[0\.5,0,0\.5\]; expected three .* above 0/],
    ["rescale 0", { preprocessor: { ...siglip, rescale_factor: 0 } }, /rescale_factor 0/],
    [
      "rescale below 0",
      { preprocessor: { ...siglip, rescale_factor: -1 } },
      /rescale_factor -1; expected a finite number above 0/,
    ],
    ["rescale in words", { preprocessor: { ...siglip, rescale_factor: "1" } }, /rescale_factor 1;/],
    ["std without mean", { preprocessor: { image_std: half } }, /Got image_mean nothing/],
    ["mean without std", { preprocessor: { image_mean: half } }, /Got image_std nothing/],
    ["four means", { preprocessor: { ...vit, image_mean: [0, 0, 0, 0] } }, /Got image_mean \[0,0,0,0\]/],
    ["a word for a number", { preprocessor: { ...vit, resample: "9" } }, /resample 9;/],
    ["nearest", { preprocessor: { ...vit, resample: 0 } }, /resample 0 \(nearest\)/],
    ["hamming", { preprocessor: { ...vit, resample: "hamming" } }, /resample hamming/],
    ["unknown number", { preprocessor: { ...vit, resample: 9 } }, /resample 9;/],
    ["BGR", { preprocessor: { ...vit, do_flip_channel_order: true } }, /do_flip_channel_order true/],
    ["a list", { preprocessor: [vit] }, /as preprocessor_config\.json; expected a JSON object/],
    ["unparsed text", { config: "{}" }, /as config\.json/],
    ["timm's std", { config: { pretrained_cfg: { ...timm.pretrained_cfg, std: 0.5 } } }, /Got std 0\.5/],
    [
      "timm's filter",
      { config: { pretrained_cfg: { ...timm.pretrained_cfg, interpolation: "random" } } },
      /interpolation random/,
    ],
  ])("%s", (_, files, says) => {
    const read = () => readPreprocessing(files);
    expect(read).toThrow(S2Error);
    expect(read).toThrow(expect.objectContaining({ code: "preprocessing", message: expect.stringMatching(says) }));
  });
});
