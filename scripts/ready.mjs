/** Makes a fresh clone ready: installs what package-lock.json names, builds when sources are newer than the build. Quiet when ready. */
import { buildWhenStale, installWhenStale, run } from "./stale.mjs";

installWhenStale();
buildWhenStale();

export { run };
