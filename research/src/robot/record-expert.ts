/** Records episodes of the scripted expert: `node research/run.mjs research/src/robot/record-expert.ts -o expert.json`. */
import { Command } from "commander";
import { runCommand } from "../error.ts";
import { openEnvironment, placements } from "./environment.ts";
import { recordEpisode, writeRecording } from "./record.ts";

interface Flags {
  readonly episodes: string;
  readonly seed: string;
  readonly out: string;
}

const command = new Command("record-expert")
  .description("Records episodes of the scripted expert as JSON, for film.ts and the playground.")
  .option("--episodes <n>", "number of episodes", "3")
  .option("--seed <n>", "seed of the placements", "1")
  .option("-o, --out <file>", "file of the recording", "expert.json")
  .action(async ({ episodes, seed, out }: Flags) => {
    const environment = await openEnvironment();
    const records = [];
    for (const placement of placements(Number(episodes), Number(seed)))
      records.push(await recordEpisode(environment, placement, ({ expert }) => expert()));
    writeRecording(out, { name: "expert", geometries: environment.geometries, episodes: records });
    environment.close();
  });

await runCommand(command);
