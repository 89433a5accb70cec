/** Hub configs leave out what transformers' classes have as a default: a default that differs from theirs is another model. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { vitTypes, withDefaults } from "../../src/models/transformers-vit.ts";

const file = new URL("../fixtures/arch/hf_config_defaults.json", import.meta.url);
const { defaults } = JSON.parse(readFileSync(file, "utf8")) as { defaults: Record<string, object> };

it.each(vitTypes)("%s", (type) => {
  expect(defaults[type]).toMatchObject(withDefaults({}, type));
});
