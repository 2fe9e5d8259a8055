/** `npm run quickstart`: the whole life of a model on real data, offline, in minutes. */
import { runProcess } from "../../src/cli/process.ts";
import { quickstart } from "./quickstart.ts";

await runProcess(["quickstart", ...process.argv.slice(2)], { quickstart });
