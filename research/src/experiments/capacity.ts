/** Capacity (paper, §4.1, Tables 2 and 3): how much of a larger model's features a linear map of S² features makes, and how well labels are fitted from them. */
import { memorizationRows } from "../capacity/memorization-rows.ts";
import { openFamilies } from "../capacity/pairs.ts";
import { openPhotoSets, photosOf } from "../capacity/photos.ts";
import { reconstructionRows } from "../capacity/reconstruction-rows.ts";
import { reportCapacity } from "../capacity/report.ts";
import { ResearchError } from "../error.ts";
import type { Experiment } from "../experiment.ts";
import { MODELS } from "../ladder/tables.ts";

export const capacity: Experiment = {
  name: "capacity",
  title: "Capacity: a larger model's features from a smaller one's",
  question:
    "How much of a larger model's features can be reconstructed from a smaller one's with S², beyond what width alone gives?",
  ladder: MODELS.map(({ path }) => path),
  async run(context) {
    const families = await openFamilies(context);
    if (families.length === 0)
      throw new ResearchError("--models has no small model with a larger one of its family; give --models with both.");
    const sets = await openPhotoSets(context);
    // Every second photo: all stages of all models take hours as it is.
    const photos = photosOf(sets.values()).filter((_, i) => i % 2 === 0);
    const memorization = await memorizationRows(context, families, sets);
    const rows = await reconstructionRows(context, families, photos, (rows) =>
      context.publish(reportCapacity({ rows, memorization, photos, isDone: false })),
    );
    return reportCapacity({ rows, memorization, photos, isDone: true });
  },
};
