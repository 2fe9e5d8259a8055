/** Whose vectors are learnt, and where they are kept. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { RoledText } from "../data/index.ts";
import {
  encoderTeacher,
  endpointTeacher,
  type Lesson,
  openVectorCache,
  type Teacher,
  teachTexts,
  type VectorCache,
} from "../distill/index.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import { joinFloats } from "../tensor/join-floats.ts";
import type { Context } from "./command.ts";
import type { DistillationData } from "./distillation-data.ts";
import { hubSettings, type ModelOptions } from "./model-reference.ts";
import { formatSeconds, trackTask } from "./progress.ts";

export interface TeacherOptions extends ModelOptions {
  readonly teacherUrl?: string;
  readonly teacherModel?: string;
  readonly teacherCache?: string;
}

/** What a teacher made of the data. */
export interface Taught {
  readonly teacher: { readonly name: string; readonly space?: Space };
  readonly train: Lesson;
  /** Absent where no texts were held out. */
  readonly heldOut: Lesson | undefined;
}

/** Where a service's key is, so that it stands in no list of processes. */
const KEY = "NEARFOLD_TEACHER_KEY";

/** A model's folder, or the service that the options name. @throws as `openEncoder`, `endpointTeacher` */
async function openTeacher(
  folder: string | undefined,
  { teacherUrl: url, teacherModel: model }: TeacherOptions,
  { report }: Pick<Context, "report">,
): Promise<Teacher> {
  if (folder !== undefined) return encoderTeacher(await openEncoder(folder));
  const key = process.env[KEY]?.trim() || undefined;
  if (url === undefined || model === undefined) {
    throw new NearfoldError("bad-argument", "nothing says who teaches", {
      at: "distill",
      wanted: "a model, or --teacher-url and --teacher-model",
    });
  }
  return endpointTeacher({
    url,
    model,
    ...(key !== undefined && { key }),
    onRetry: ({ reason, waitMs }) => {
      const text = `${model}: ${reason}; again in ${formatSeconds(waitMs / 1000)}`;
      report({ type: "note", text, data: { type: "retry", reason, waitMs } });
    },
  });
}

/**
 * The teacher's vectors of all texts: each is computed once, and kept for other students.
 * @throws aborted, after what was computed is kept; as `openVectorCache` and the teacher
 */
export async function askTeacher(
  folder: string | undefined,
  { texts, heldOut }: Pick<DistillationData, "texts" | "heldOut">,
  options: TeacherOptions,
  context: Context,
): Promise<Taught> {
  await using teacher = await openTeacher(folder, options, context);
  await using cache = await openTeacherCache(teacher, options);
  const before = cache.size;
  const lesson = async (all: readonly RoledText[]) => ask(teacher, cache, all, context);
  const measured = heldOut.length === 0 ? undefined : await lesson(heldOut);
  const train = await lesson(texts);
  const made = cache.size - before;
  const text = `${texts.length} texts to learn from, ${measured?.texts.length ?? 0} held out; ${made} vectors of ${teacher.name} computed, the others in ${cache.folder}`;
  context.report({ type: "note", text, data: { computed: made, cache: cache.folder } });
  const { name, space } = teacher;
  return { teacher: { name, ...(space && { space }) }, train, heldOut: measured };
}

/** The vectors that a teacher has made before. @throws as `openVectorCache` */
function openTeacherCache(
  { key }: Teacher,
  { teacherCache }: TeacherOptions,
): Promise<VectorCache> {
  const { cache } = hubSettings(process.env);
  const name = createHash("sha256").update(key).digest("hex").slice(0, 16);
  return openVectorCache(teacherCache ?? join(cache, "teachers", name), key);
}

async function ask(
  teacher: Teacher,
  cache: VectorCache,
  all: readonly RoledText[],
  { report, now, signal }: Context,
): Promise<Lesson> {
  const { document: documents = [], query: queries = [] } = Object.groupBy(all, ({ role }) => role);
  const texts = [...documents, ...queries];
  let advance: ReturnType<typeof trackTask> | undefined;
  const vectorsOf = (part: readonly RoledText[]) =>
    teachTexts(
      teacher,
      cache,
      part.map(({ text }) => text),
      {
        role: part[0]?.role ?? "document",
        signal,
        onProgress: ({ done, total }) => {
          advance ??= trackTask(
            report,
            { task: `asking ${teacher.name}`, unit: "texts", total },
            now,
          );
          if (done > 0) advance(done);
        },
      },
    );
  const parts = [await vectorsOf(documents), await vectorsOf(queries)];
  const { dims = 0 } = cache;
  const data = joinFloats(parts.map(({ data }) => data));
  return { texts, vectors: { dtype: "float32", shape: [texts.length, dims], data } };
}
