/** Hub configs leave out what transformers' classes have as a default: a default that differs from theirs is another model. */
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { vitTypes, withDefaults } from "../../src/models/vit-defaults.ts";

const file = new URL("../../../shared/fixtures/arch/hf_config_defaults.json", import.meta.url);

it.skipIf(!existsSync(file)).each(vitTypes)(
  `%s${existsSync(file) ? "" : " (skipped: ../shared/fixtures/arch is absent)"}`,
  (type) => {
    const { defaults } = JSON.parse(readFileSync(file, "utf8")) as { defaults: Record<string, object> };
    expect(defaults[type]).toMatchObject(withDefaults({}, type));
  },
);
