/** Distillation: a small model that sees texts as a large one does. */
export { agreementOf } from "./agreement.ts";
export { chooseLayers, type LayerChoice } from "./choose-layers.ts";
export { type EndpointOptions, endpointTeacher } from "./endpoint.ts";
export { type Lesson, lessonTasks, measureAgreement } from "./lessons.ts";
export { type TeachTextsOptions, teachTexts } from "./teach.ts";
export { encoderTeacher, type Teacher, type TeachOptions } from "./teacher.ts";
export { openVectorCache, type VectorCache } from "./vector-cache.ts";
