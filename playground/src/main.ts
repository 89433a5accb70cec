/** The playground: puts its parts together. */
import { setUpExports } from "./exports.ts";
import { setUpFind } from "./find.ts";
import { setUpHeat } from "./heat.ts";
import { setUpImages } from "./images.ts";
import { setUpLook } from "./look.ts";
import { setUpModel } from "./model.ts";
import { setUpPlan } from "./plan.ts";
import { setUpSegment } from "./segment.ts";
import { setUpSort } from "./sort.ts";
import { addTab } from "./tabs.ts";

setUpModel();
setUpPlan();
setUpLook(
  addTab(
    "features",
    "Features",
    "The three main differences between places, as red, green and blue: what has one color looks alike to the model.",
  ),
);
setUpHeat(
  addTab(
    "heat",
    "Similar places",
    "Click a place: light is what looks alike to the model. More scales tell smaller things apart.",
  ),
);
setUpSegment(
  addTab("segment", "Segment", "Choose a label, click places of it, then of the next label; the mask follows every click."),
);
setUpFind(
  addTab(
    "find",
    "Find",
    "Add images of yours, draw a box around a thing on any image, and see where else it is. They stay in this browser.",
  ),
);
setUpSort(
  addTab(
    "sort",
    "Sort",
    "Give a handful of the images that you added under Find a label each; the images most like them sort the rest.",
  ),
);
setUpExports(addTab("export", "Export", "Take along what was made here."));
setUpImages();
performance.mark("s2:interactive");
