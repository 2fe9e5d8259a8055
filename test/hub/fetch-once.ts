/** A process of its own that fetches a model: `node fetch-once.ts CACHE ENDPOINT ID`. Prints the folder. */
import { fetchModel } from "../../src/hub/index.ts";

const [cache, endpoint, id] = process.argv.slice(2) as [string, string, string];
process.stdout.write(await fetchModel(id, { cache, endpoint }));
