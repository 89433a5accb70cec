/** Sets up all panels of the playground. */
import { setUpExports } from "./exports.ts";
import { setUpFind } from "./find.ts";
import { setUpHeat } from "./heat.ts";
import { setUpImages } from "./images.ts";
import { setUpModel } from "./model.ts";
import { setUpPlan } from "./plan.ts";
import { setUpExtraction } from "./run-extraction.ts";
import { setUpSegment } from "./segment.ts";
import { setUpSort } from "./sort.ts";
import { addTab } from "./tabs.ts";

setUpModel();
setUpPlan();
setUpExtraction(
  addTab(
    "features",
    "Features",
    "The first three principal components of all scales as red, green and blue: tokens of similar color are similar to the model.",
  ),
);
setUpHeat(
  addTab(
    "heat",
    "Similar regions",
    "Click a point of the image: bright areas are similar to it. More scales separate smaller things.",
  ),
);
setUpSegment(
  addTab(
    "segment",
    "Segment",
    "Choose a label and click points that show it, then the next label; the mask is fitted after every click.",
  ),
);
setUpFind(
  addTab(
    "find",
    "Find",
    "Add your images, draw a box on any of them, and find similar regions in all. They stay in this browser.",
  ),
);
setUpSort(
  addTab("sort", "Sort", "Label a few of the images that you added under Find; the rest are sorted by their nearest neighbors."),
);
setUpExports(addTab("export", "Export", "Download features and models."));
setUpImages();
performance.mark("s2:interactive");
