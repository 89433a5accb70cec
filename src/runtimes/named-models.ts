/** Models with short names: their repositories on the Hugging Face hub, sizes and licenses. */

/** A model that `loadModel` and `--model` take by a short name. */
export interface NamedModel {
  readonly name: string;
  /** owner/name on the hub; undefined for the model that comes with the package. */
  readonly hub?: string;
  /** Parameters in millions, of the image model alone. */
  readonly parameters: number;
  readonly license: string;
  readonly use: string;
}

/** Sizes and licenses as the models' cards and papers state them. */
export const NAMED_MODELS: readonly NamedModel[] = [
  { name: "s2-tiny", parameters: 2.4, license: "MIT", use: "included; a first try, phones, pages" },
  { name: "deit-tiny", hub: "facebook/deit-tiny-patch16-224", parameters: 5.7, license: "Apache-2.0", use: "classes" },
  { name: "dino-small", hub: "facebook/dino-vits16", parameters: 22, license: "Apache-2.0", use: "search, masks" },
  {
    name: "dinov2-small",
    hub: "facebook/dinov2-small",
    parameters: 22,
    license: "Apache-2.0",
    use: "all tasks; a good second try",
  },
  {
    name: "dinov2-base",
    hub: "facebook/dinov2-base",
    parameters: 87,
    license: "Apache-2.0",
    use: "all tasks, four times the work",
  },
  { name: "vit-base", hub: "google/vit-base-patch16-224", parameters: 86, license: "Apache-2.0", use: "classes" },
  { name: "clip-base", hub: "openai/clip-vit-base-patch32", parameters: 88, license: "MIT", use: "search by text, classes" },
  {
    name: "siglip-base",
    hub: "google/siglip-base-patch16-224",
    parameters: 93,
    license: "Apache-2.0",
    use: "search by text, classes",
  },
  { name: "convnext-tiny", hub: "facebook/convnext-tiny-224", parameters: 29, license: "Apache-2.0", use: "maps of four sizes" },
  {
    name: "swin-tiny",
    hub: "microsoft/swin-tiny-patch4-window7-224",
    parameters: 28,
    license: "Apache-2.0",
    use: "maps of four sizes",
  },
  { name: "hiera-tiny", hub: "facebook/hiera-tiny-224-hf", parameters: 28, license: "CC-BY-NC-4.0", use: "maps of four sizes" },
  {
    name: "resnet-50",
    hub: "microsoft/resnet-50",
    parameters: 24,
    license: "Apache-2.0",
    use: "maps of four sizes, convolutions",
  },
  {
    name: "mobilenet-v2",
    hub: "timm/mobilenetv2_100.ra_in1k",
    parameters: 2.2,
    license: "Apache-2.0",
    use: "phones; maps of five sizes",
  },
  { name: "focalnet-tiny", hub: "microsoft/focalnet-tiny", parameters: 28, license: "MIT", use: "maps of four sizes" },
  { name: "mvitv2-tiny", hub: "timm/mvitv2_tiny.fb_in1k", parameters: 23, license: "Apache-2.0", use: "maps of four sizes" },
  { name: "crossvit-15", hub: "timm/crossvit_15_240.in1k", parameters: 27, license: "Apache-2.0", use: "two grids of tokens" },
];

/** Finds a model by its short name. */
export const findNamedModel = (name: string): NamedModel | undefined => NAMED_MODELS.find((each) => each.name === name);
