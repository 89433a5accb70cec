/** All corpora of hostile files; one line each. */
import type { Corpus } from "./corpus.ts";
import { data } from "./data.ts";
import { models } from "./models.ts";
import { photos } from "./photos.ts";

export const corpora: readonly Corpus[] = [photos, models, data];
