/** Pages: of a training run, of a collection. */
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
export { type MapCluster, type MapData, type MapPoint, renderMap, writeMap } from "./map-page.ts";
export { renderReport, writeReport } from "./page.ts";
