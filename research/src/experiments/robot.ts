/** A robot that picks a cube (paper, Table 10): policies on frozen features of the first picture of an episode, in MuJoCo. */
import type { ExperimentContext } from "../context.ts";
import type { Experiment } from "../experiment.ts";
import { blindCondition, locationCondition, pictureCondition } from "../robot/conditions.ts";
import { type FeatureSet, featureSets } from "../robot/features.ts";
import { method } from "../robot/method.ts";
import { reportRobot } from "../robot/report.ts";
import { cloningRow, type LocalizedRow, localizedRow, localizingRow, nearestRow, type RobotRows } from "../robot/rows.ts";
import { clearance, fullSizes, openSetting, runExpert, type Setting, type Sizes, usual } from "../robot/setting.ts";

export const robot: Experiment = {
  name: "robot",
  title: "Robot: picking a cube",
  question: "Does a robot pick a small cube more often when its policy is given S² features, and is it due to the scales?",
  run: (context) => runRobot(context, fullSizes),
};

/** Runs the experiment at some sizes. */
export async function runRobot(context: ExperimentContext, sizes: Sizes): ReturnType<Experiment["run"]> {
  const rows: CurrentRows = { localized: [], episodes: [], experts: [], test: [] };
  const jobs = await jobsOf(context, rows, sizes);
  const pageOf = (missing: readonly string[]) => reportRobot({ ...rows, missing, sizes, method: method(sizes) });
  for (const [i, { run }] of jobs.entries()) {
    await run();
    const missing = jobs.slice(i + 1).map(({ name }) => name);
    if (missing.length > 0) await context.publish(pageOf(missing));
  }
  return pageOf([]);
}

/** The rows that are there so far. */
type CurrentRows = { [K in "localized" | "episodes" | "experts"]: RobotRows[K][number][] } & { test: RobotRows["test"] };

interface Job {
  readonly name: string;
  run(): Promise<void>;
}

/** Lists what there is to do, the most informative first: the usual setting, end-to-end cloning, other openings, other cubes. */
async function jobsOf(context: ExperimentContext, rows: CurrentRows, sizes: Sizes): Promise<Job[]> {
  const sets = await featureSets(context);
  const mainSets = sets.slice(0, 4); // 1x; three scales on the finest grid, merged, and of a picture without their detail
  const found = new Map<string, LocalizedRow>();
  let opened: Setting | undefined;
  const settingOf = async (opening: number, cube: number): Promise<Setting> => {
    if (opened?.opening === opening && opened.cube === cube) return opened;
    opened?.environment.close();
    opened = await openSetting(opening, cube, sizes);
    context.say(`${opened.name}: ${opened.demonstrations.length} demonstrations`);
    return opened;
  };
  const job = (name: string, opening: number, cube: number, run: (setting: Setting) => Promise<void>): Job => ({
    name: `${name}, ${1000 * cube} mm cube, ${1000 * opening} mm opening`,
    run: async () => run(await settingOf(opening, cube)),
  });
  /** Places are found in the pictures of the usual opening, which differ by less than a pixel from those of the others. */
  const localized = async (setting: Setting, set: FeatureSet): Promise<LocalizedRow> => {
    const key = `${set.name} ${setting.cube}`;
    if (!found.has(key)) {
      const row = await localizedRow(context, setting, set);
      found.set(key, row);
      rows.localized.push({ ...row, cube: setting.cube });
    }
    return found.get(key)!;
  };
  const known = (opening: number, cube: number): Job =>
    job("expert, true location and no location", opening, cube, async (setting) => {
      rows.test = setting.test;
      rows.experts.push({
        opening,
        cube,
        picked: (await runExpert(context, setting)).filter((each) => each === "picked").length,
      });
      const truth = setting.test.map((location) => ({ location }));
      rows.episodes.push(await localizingRow(context, setting, locationCondition, "true location", truth));
      if (opening !== usual.opening || cube !== usual.cube) return;
      const nothing = setting.test.map(() => ({}));
      rows.episodes.push(await localizingRow(context, setting, blindCondition, "nothing", nothing));
      rows.episodes.push(await nearestRow(context, setting, "true location", setting.test));
    });
  const featured = (set: FeatureSet, opening: number, cube: number): Job =>
    job(set.name, opening, cube, async (setting) => {
      const { locations } = await localized(setting, set);
      const visualInputs = locations.map((location) => ({ location }));
      rows.episodes.push(await localizingRow(context, setting, locationCondition, set.name, visualInputs));
      if (opening === usual.opening && cube === usual.cube)
        rows.episodes.push(await nearestRow(context, setting, set.name, locations));
    });
  const cloned = (set: FeatureSet): Job =>
    job(`cloning, ${set.name}`, usual.opening, usual.cube, async (setting) => {
      const row = await cloningRow(context, setting, set, ({ grid, channels }) => pictureCondition({ ...grid, channels }));
      rows.episodes.push(row);
    });
  const otherOpenings = sizes.openings.filter((opening) => opening !== usual.opening);
  const otherCubes = sizes.cubes.filter((cube) => cube !== usual.cube);
  return [
    known(usual.opening, usual.cube),
    ...sets.map((set) => featured(set, usual.opening, usual.cube)),
    ...mainSets.map(cloned),
    ...otherOpenings.flatMap((opening) => [known(opening, usual.cube), ...sets.map((set) => featured(set, opening, usual.cube))]),
    ...otherCubes.flatMap((cube) => [
      known(cube + clearance, cube),
      ...mainSets.map((set) => featured(set, cube + clearance, cube)),
    ]),
  ];
}
