/** The playground: puts its parts together. */
import { setUpLook } from "./look.ts";
import { setUpModel } from "./model.ts";
import { setUpPhotos } from "./photos.ts";
import { setUpPlan } from "./plan.ts";
import { addTab } from "./tabs.ts";

setUpModel();
setUpPlan();
setUpLook(
  addTab("features", "Features", "The three main differences between places, as red, green and blue: what has one colour looks alike to the model."),
);
setUpPhotos();
performance.mark("s2:interactive");
