/** All corpora of hostile files; one line each. */
import type { Corpus } from "./corpus.ts";
import { data } from "./data.ts";
import { images } from "./images.ts";
import { models } from "./models.ts";

export const corpora: readonly Corpus[] = [images, models, data];
