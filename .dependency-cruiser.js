/** The one ordered list of layers: a folder imports only from folders before it (ARCHITECTURE.md). */
const layers = [
  "tensor",
  "graph",
  "onnx",
  "text",
  "hub",
  "fuse",
  "nn",
  "losses",
  "optim",
  "runtime",
  "models",
  "encoder",
  "data",
  "documents",
  "vectors",
  "evaluate",
  "stores",
  "mining",
  "merging",
  "train",
  "distill",
  "quantize",
  "plan",
  "serve",
  "bulk",
  "apps",
  "cli",
];

const upwards = layers.slice(0, -1).map((layer, index) => ({
  name: `layer-${layer}`,
  comment: `src/${layer}/ is below these folders and may not know them`,
  severity: "error",
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${layers.slice(index + 1).join("|")})/` },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...upwards,
    {
      name: "root-knows-no-layer",
      severity: "error",
      comment: "errors, durable, lock and space are below all layers; index.ts is above them",
      from: { path: "^src/[^/]+\\.ts$", pathNot: "^src/index\\.ts$" },
      to: { path: "^src/[^/]+/" },
    },
    {
      name: "no-way-around",
      comment: "src/index.ts is for those outside",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/index\\.ts$" },
    },
    {
      name: "unknown-layer",
      comment: "every folder of src/ has its place in the list",
      severity: "error",
      from: {},
      to: { path: "^src/[^/]+/", pathNot: `^src/(${layers.join("|")})/` },
    },
    {
      name: "only-runtime-runs",
      comment:
        "runtime/onnxruntime.ts is the only importer of onnxruntime-node: it keeps it from phoning home",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/runtime/onnxruntime\\.ts$" },
      to: { path: "onnxruntime-(node|common)" },
    },
    {
      name: "spans-when-asked-for",
      comment:
        "OpenTelemetry's packages cost a start that asks for no spans nothing: what needs them loads them by import()",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "@opentelemetry/", dynamic: false, preCompilationOnly: false },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-test-import",
      severity: "error",
      from: { path: "^src/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(test|bench|examples)/" },
    },
    {
      name: "no-dev-dependency",
      comment:
        "but Milvus' client, which who uses Milvus installs: a peer, and here for the tests; and types",
      severity: "error",
      from: { path: "^src/", pathNot: "\\.test\\.ts$" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        pathNot: "node_modules/(@zilliz/milvus2-sdk-node|@types)/",
      },
    },
    {
      name: "servers-when-asked-for",
      comment: "clients of servers are loaded by import() when a reference to one is opened",
      severity: "error",
      from: { path: "^src/", pathNot: "\\.test\\.ts$" },
      to: {
        path: "node_modules/(pg|pg-cursor|@zilliz/milvus2-sdk-node)/",
        dynamic: false,
        preCompilationOnly: false,
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["node", "import", "types"],
    },
  },
};
