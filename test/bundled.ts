/** What tests know of the model that comes along, from its own config. */
import { readFileSync } from "node:fs";

/** Channels of s2-tiny. */
export const bundledWidth: number = JSON.parse(
  readFileSync(new URL("../models/s2-tiny/config.json", import.meta.url), "utf8"),
).num_features;
