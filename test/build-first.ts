/** Builds `dist` before the tests when sources are newer: tests that run the command or import the package by name never see an older build. */
import { buildWhenStale } from "../scripts/stale.mjs";

export default function setup(): void {
  buildWhenStale();
}
