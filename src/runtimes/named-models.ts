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
];

/** Finds a model by its short name. */
export const findNamedModel = (name: string): NamedModel | undefined => NAMED_MODELS.find((each) => each.name === name);
