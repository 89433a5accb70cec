import { loadModel } from "s2-vision/node";

for (let i = 0; i < 2; i++) {
  const m = await loadModel("/work/shared/models/deit_tiny_patch16_224", { threads: 1, optimize: true });
  console.log(m.optimization);
  await m.dispose();
}
