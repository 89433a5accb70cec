/** Sets up all panels of the playground. */
import { setUpCompare } from "./compare.ts";
import { setUpPrecomputed } from "./examples.ts";
import { setUpExports } from "./exports.ts";
import { setUpFeatures } from "./features.ts";
import { setUpFind } from "./find.ts";
import { setUpImages } from "./images.ts";
import { setUpLabel } from "./label.ts";
import { setUpModel } from "./model.ts";
import { setUpOffline } from "./offline.ts";
import { setUpPlan } from "./plan.ts";
import { setUpExtraction } from "./run-extraction.ts";
import { setUpSegment } from "./segment.ts";
import { setUpSort } from "./sort.ts";
import { addTab } from "./tabs.ts";

setUpModel();
setUpPlan();
setUpExtraction();
setUpCompare(
  addTab(
    "compare",
    "Compare",
    "At 1x the model gets the whole image shrunk to its own size, so small things are a few pixels. S² adds the image at 2x and 3x, in tiles.",
  ),
);
setUpFeatures(
  addTab(
    "features",
    "Features",
    "The first three principal components of all scales as red, green and blue: tokens of similar color are similar to the model, in all panels alike.",
  ),
);
setUpSegment(
  addTab(
    "segment",
    "Segment",
    "Choose a label and click points that show it, then the next label; after every click both masks are fitted, with one scale and with all.",
  ),
);
setUpFind(
  addTab(
    "find",
    "Find",
    "Add your images, draw a box on any of them, and find similar regions in all, with one scale and with all. They stay in this browser.",
  ),
);
setUpSort(
  addTab("sort", "Sort", "Label a few of the images that you added under Find; the rest are sorted by their nearest neighbors."),
);
setUpLabel(
  addTab(
    "label",
    "Label",
    "Open a folder of photos, label a few by keys or clicks, and correct the suggestions for the rest. Labels are saved in the folder.",
  ),
);
setUpExports(addTab("export", "Export", "Download features and models."));
setUpPrecomputed();
setUpImages();
setUpOffline();
performance.mark("s2:interactive");
