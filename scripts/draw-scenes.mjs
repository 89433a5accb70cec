/** Draws the project's example pictures, examples/scenes/*.png: full of small things, free of anyone's rights, the same at every run. */

import { shelf } from "./scenes/shelf.mjs";
import { street } from "./scenes/street.mjs";
import { wordsOfAllSizes } from "./scenes/words.mjs";

await street();
await shelf();
await wordsOfAllSizes();
