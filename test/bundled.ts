/** Facts of the bundled model, read from its config. */
import { readFileSync } from "node:fs";

/** Channels of s2-tiny. */
export const bundledWidth: number = JSON.parse(
  readFileSync(new URL("../models/s2-tiny/config.json", import.meta.url), "utf8"),
).num_features;
