/** The table of docs/architecture.md: a file imports from its own folder and from the folders named here, and only through an index. */
const floors = {
  core: [],
  images: ["core"],
  tensors: ["core"],
  onnx: ["tensors", "core"],
  models: ["onnx", "tensors", "images", "core"],
  features: ["tensors", "images", "core"],
  runtimes: ["retrieval", "store", "features", "models", "onnx", "tensors", "images", "core"],
  archive: ["runtimes", "retrieval", "store", "features", "tensors", "images", "core"],
  store: ["features", "tensors", "images", "core"],
  heads: ["features", "onnx", "tensors", "images", "core"],
  retrieval: ["store", "features", "tensors", "images", "core"],
  train: ["models", "onnx", "tensors", "images", "core"],
  datasets: ["tensors", "images", "core"],
  metrics: ["tensors", "core"],
  tasks: [
    "datasets",
    "metrics",
    "store",
    "retrieval",
    "train",
    "heads",
    "features",
    "models",
    "onnx",
    "tensors",
    "images",
    "core",
  ],
  label: ["datasets", "store", "heads", "features", "onnx", "tensors", "images", "core"],
  serve: ["tasks", "retrieval", "store", "heads", "features", "runtimes", "models", "onnx", "tensors", "images", "core"],
  cli: [
    "label",
    "serve",
    "archive",
    "tasks",
    "datasets",
    "metrics",
    "store",
    "retrieval",
    "train",
    "heads",
    "features",
    "runtimes",
    "models",
    "onnx",
    "tensors",
    "images",
    "core",
  ],
};

/** Files of research that the page of the robot's episodes shares. */
const renderer =
  "research/src/robot/(render/|(episode-file|packed-poses|replay|placements|geometry|vectors|scene|kinematics)[.]ts$)";

module.exports = {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    { name: "core-needs-nothing", severity: "error", from: { path: "^src/core" }, to: { pathNot: "^src/core" } },
    ...Object.entries(floors).map(([floor, below]) => ({
      name: `${floor}-imports-only-${below.join("-") || "itself"}`,
      severity: "error",
      from: { path: `^src/${floor}/` },
      to: { path: "^src/", pathNot: `^src/(${[floor, ...below].join("|")})/${floor === "cli" ? "|^src/[^/]+[.]ts$" : ""}` },
    })),
    {
      // Doors beside the indexes: transformers.js's models, an entry; the version and errors of the system, which the command prints without loading more; and single files for
      // pages without a bundler, which load all that an index names.
      name: "only-through-an-index",
      severity: "error",
      from: { path: "^src/([^/]+)/" },
      to: {
        path: "^src/[^/]+/",
        pathNot:
          "^src/($1/|[^/]+/(node/|web/)?index[.]ts$|runtimes/transformers[.]ts$|runtimes/node/(system-reason|version)[.]ts$|onnx/(embedded-metadata|image-input)[.]ts$|tensors/(git-lfs|float16|join-arrays|json)[.]ts$|images/image-size[.]ts$)",
      },
    },
    {
      name: "platform-only-in-runtimes-serve-and-cli",
      severity: "error",
      from: {
        path: "^src/(core|images|tensors|onnx|models|features|store|heads|retrieval|train|datasets|metrics|tasks|label)/",
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      // tsconfig's paths lead from "s2-vision/..." to an entry's source; a path to a file of the package is no public name.
      name: "research-and-playground-use-public-names",
      severity: "error",
      from: { path: "^(research|playground)/" },
      to: { path: "^(src|dist)/", dependencyTypesNot: ["aliased-tsconfig-paths"] },
    },
    {
      // What the playground replays: drawing and poses of the robot, without simulator, policies and Node.
      name: "playground-takes-the-robot-renderer-alone-from-research",
      severity: "error",
      from: { path: `^(playground/|${renderer})` },
      to: { path: "^research/", pathNot: `^${renderer}` },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^research/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
  },
};
