/** The page that shows a training run. */
export type {
  ReportAnswers,
  ReportCost,
  ReportData,
  ReportDimensions,
  ReportEvaluations,
  ReportExample,
  ReportHit,
  ReportLoss,
  ReportQuality,
  ReportScores,
  ReportSource,
  ReportSplit,
} from "./data.ts";
export { renderReport, writeReport } from "./page.ts";
