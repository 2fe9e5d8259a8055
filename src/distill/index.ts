/** Distillation: a small model that sees texts as a large one does. */
export { agreementOf } from "./agreement.ts";
export { chooseLayers, type LayerChoice } from "./choose-layers.ts";
export { type EndpointOptions, endpointTeacher } from "./endpoint.ts";
export { type Lesson, lessonTasks, measureAgreement, scoredTasks } from "./lessons.ts";
export { type NarrowStudentOptions, narrowStudent } from "./narrow-student.ts";
export { alongAxes, principalAxes } from "./principal-axes.ts";
export { withProjection } from "./projection.ts";
export {
  type StaticStudentOptions,
  staticStudent,
  type TokenOutputOptions,
  tokenOutputs,
  withoutMean,
} from "./static-student.ts";
export { type TeachTextsOptions, teachTexts } from "./teach.ts";
export { encoderTeacher, type Teacher, type TeachOptions } from "./teacher.ts";
export { withTeacherScores } from "./teacher-scores.ts";
export { inverseFrequency, tokenFrequencies, zipfFrequencies } from "./token-frequency.ts";
export { openVectorCache, type VectorCache } from "./vector-cache.ts";
