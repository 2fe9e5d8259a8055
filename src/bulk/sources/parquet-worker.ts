/** The other end of `openParquetReader`. */
import { parentPort, workerData } from "node:worker_threads";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "./parquet-codecs.ts";
import type { ParquetReply, ParquetRequest } from "./parquet-reader.ts";

const file = await asyncBufferFromFile(workerData as string);
const metadata = await parquetMetadataAsync(file);
parentPort!.on("message", async (request: ParquetRequest) => {
  const read = () => parquetReadObjects({ file, metadata, compressors, ...request });
  const reply: ParquetReply = await read().then(
    (rows) => ({ rows }),
    (error: unknown) => ({ failure: (error as Error).message }),
  );
  parentPort!.postMessage(reply);
});
