/** Cameras of the replay: the policy's own and others. Backgrounds of a camera are drawn once, which takes longer than a picture. */
import type { Placement } from "../../research/src/robot/placements.ts";
import { aimCamera, type Camera, experimentCamera } from "../../research/src/robot/render/camera.ts";
import { openView, type View } from "../../research/src/robot/render/draw.ts";

/** Side of a picture in pixels; less where pictures are small. */
export const SIDE = matchMedia("(max-width: 800px)").matches ? 336 : 448;

export const cameras: readonly { readonly name: string; aim(placement: Placement): Camera }[] = [
  { name: "policy's", aim: () => experimentCamera(SIDE) },
  { name: "close-up", aim: ({ x, y }) => aimCamera([x + 0.34, y + 0.14, 0.26], [x, y, 0.03], 40, SIDE) },
  { name: "side", aim: () => aimCamera([0.95, -0.85, 0.65], [0.33, 0, 0.16], 40, SIDE) },
];

const views = new Map<number, { readonly placement: Placement | undefined; readonly view: View }>();

/** Returns the view of a camera, made once; a close-up is made for each placement, and the last one stays. */
export function viewOf(index: number, placement: Placement): View {
  const its = index === 1 ? placement : undefined;
  let kept = views.get(index);
  if (!kept || kept.placement !== its) {
    kept = { placement: its, view: openView(cameras[index].aim(placement)) };
    views.set(index, kept);
  }
  return kept.view;
}
