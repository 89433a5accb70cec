/** Defaults by the processor's class name: a file that leaves out its mean must be read as transformers reads it, or features shift silently. */
import { expect, it } from "vitest";
import { clipNormalization, imagenetNormalization, processorDefaults } from "../../src/images/processor-defaults.ts";

const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

it.each([
  ["SiglipImageProcessor", half, "bicubic"],
  ["DeiTFeatureExtractor", half, "bicubic"],
  ["ViTImageProcessorFast", half, "bilinear"],
  ["MobileNetV1ImageProcessor", half, "bilinear"],
  ["MobileNetV2ImageProcessorPil", half, "bilinear"],
  ["SmolVLMVideoProcessor", half, "lanczos"],
  ["CLIPImageProcessor", clipNormalization, "bicubic"],
  ["LlavaImageProcessor", clipNormalization, "bicubic"],
  ["LlavaNextImageProcessor", clipNormalization, "bicubic"],
  ["Owlv2ImageProcessor", clipNormalization, "bilinear"],
  ["PoolFormerImageProcessor", imagenetNormalization, "bicubic"],
  ["VJEPA2VideoProcessor", imagenetNormalization, "bilinear"],
  ["SamImageProcessor", imagenetNormalization, "bilinear"],
  ["Sam2ImageProcessor", imagenetNormalization, "bilinear"],
  ["MaskFormerImageProcessor", imagenetNormalization, "bilinear"],
])("%s", (name, normalization, filter) => {
  expect(processorDefaults(name)).toEqual({ ...normalization, filter });
});

it.each([
  ...["Siglip", "ImageProcessor", "SiglipImageProcessorSlow", "SiglipImageProcessor2", "XSiglipImageProcessor"],
  ...[
    "Siglip3ImageProcessor",
    "MobileNetV3ImageProcessor",
    "XOwlv2ImageProcessor",
    "Owlv2LargeImageProcessor",
    "-CLIPImageProcessor",
  ],
  ...["MyViTImageProcessor", "SmolVLM2ImageProcessor", "XSmolVLMImageProcessor", "CLIPSegImageProcessor", "MyCLIPImageProcessor"],
  ...["PvtV2ImageProcessor", "XPvtImageProcessor", "XDetrImageProcessor", "DetrXImageProcessor", undefined, 7],
])("has none for %s, whose class is not known", (name) => {
  expect(processorDefaults(name)).toBeUndefined();
});
