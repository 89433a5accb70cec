/** The parts of the measurement, the most wanted first: each a process with a time limit of its own. */

/** @returns [{ name, seconds, script, args }]; parts of one name are collected in a list. `has(file)`: the archive holds the file. */
export function listParts({ work, device, torch, python, s2wrapper, has, graphs, rehearsal }) {
  const [first, ...others] = rehearsal ? ["toy"] : ["tiny", "base", "small"];
  const where = ["--work", work, "--device", device];
  const theirs = s2wrapper && torch ? ["--torch", torch, "--s2wrapper", s2wrapper, "--python", python] : [];
  const compare = (size, seconds, limit) =>
    makePart(`compare ${size}`, limit, "compare", [...["--size", size, ...where, ...theirs, "--seconds", `${seconds}`]]);
  const session = (name, spec) => makePart(name, 20, "session", [...where, "--spec", JSON.stringify({ seconds: 1.5, ...spec })]);
  const profile = (size) => makePart(`profile ${size}`, 30, "profile", ["--size", size, ...where]);
  const batches = rehearsal ? { s2: [1], model: [1] } : { s2: [1, 2, 4, 8], model: [14, 28, 56, 112] };
  const ofSize = (size) => [
    session(`options ${size}: one file, by photos`, { size, batches: batches.s2, seconds: 3 }),
    session(`options ${size}: model alone, by tiles`, { size, kind: "model", batches: batches.model, seconds: 4 }),
    session(`options ${size}: output on the device`, { size, options: { preferredOutputLocation: "gpu-buffer" } }),
  ];
  return [
    compare(first, 8, 60),
    ...others.slice(0, 1).map((size) => compare(size, 18, 75)),
    ...(has("ours.mjs") ? [first, ...others.slice(0, 1)].map((size) => ours(size)) : []),
    ...(has("train.mjs") ? [makePart("train", 60, "train", trainOurs(device, rehearsal))] : []),
    ...(torch ? [makePart("train in PyTorch", 40, "train-torch", trainTorch({ python, torch, rehearsal }))] : []),
    profile(first),
    ...(has("../../dist/onnx/float16.js") ? [first, ...others.slice(0, 1)].map(float16) : []),
    ...graphs.map(({ name, ...spec }) => session(`graph ${name}`, spec)),
    ...providerOptions.map(([name, options]) => session(`options ${first}: ${name}`, { size: first, options })),
    ...ofSize(first),
    ...others.slice(0, 1).flatMap((size) => [profile(size), ...ofSize(size)]),
    ...others.slice(1).map((size) => compare(size, 8, 60)),
  ];

  function float16(size) {
    return session(`float16 ${size}: one file`, { size, float16: true });
  }

  function ours(size) {
    const args = ["--model", `${work}/${size}`, "--photos", "8", "--scales", "1,2,3", "--rounds", "10"];
    return makePart(`ours ${size}`, 40, "ours", args);
  }
}

/** All that onnxruntime-node 1.30 lets through to its WebGPU provider, one at a time; graph capture is not among it. */
const providerOptions = [
  ["defaults", {}],
  ["validationMode disabled", { provider: { validationMode: "disabled" } }],
  ["preferredLayout NHWC", { provider: { preferredLayout: "NHWC" } }],
  ["storageBufferCacheMode simple", { provider: { storageBufferCacheMode: "simple" } }],
  ["uniformBufferCacheMode bucket", { provider: { uniformBufferCacheMode: "bucket" } }],
  ["intraOpNumThreads 1", { intraOpNumThreads: 1 }],
  ["graphOptimizationLevel basic", { graphOptimizationLevel: "basic" }],
];

function makePart(name, seconds, script, args) {
  return { name, seconds, script: `${script}.mjs`, args };
}

function trainOurs(device, rehearsal) {
  const sizes = rehearsal ? ["--batch", "1", "--depth", "1", "--size", "32", "--steps", "2"] : ["--steps", "10"];
  return ["--device", device, "--forms", "gpu", "--cpu", "0", "--profile", rehearsal ? "none" : "gpu", ...sizes];
}

function trainTorch({ python, torch, rehearsal }) {
  return ["--python", python, "--torch", torch, "--batch", rehearsal ? "2" : "64", "--rounds", rehearsal ? "2" : "20"];
}
