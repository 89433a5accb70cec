/** The graphics card of this machine, and the reason when there is none to measure on. */
import { execFileSync } from "node:child_process";

/** @returns { card: { name, driver, memory } } or { reason }: a driver in software is no card. */
export function findCard() {
  const driver = `${process.env.VK_DRIVER_FILES ?? ""}:${process.env.VK_ICD_FILENAMES ?? ""}`;
  if (/swiftshader|lvp|lavapipe/i.test(driver))
    return { reason: "the Vulkan driver that is set draws in software (VK_DRIVER_FILES, VK_ICD_FILENAMES), which is no card" };
  try {
    const fields = "--query-gpu=name,driver_version,memory.total";
    const stdio = ["ignore", "pipe", "ignore"];
    const [line] = execFileSync("nvidia-smi", [fields, "--format=csv,noheader"], { encoding: "utf8", stdio }).split("\n");
    const [name, version, memory] = line.split(", ");
    return { card: { name, driver: version, memory } };
  } catch {
    return { reason: "there is no NVIDIA card or driver here (nvidia-smi does not answer)" };
  }
}
