/** Intersections of rays with shapes in closed form, in the shape's own frame. */
import type { Shape } from "../geometry.ts";
import type { Vector } from "../vectors.ts";

/** Returns the smallest positive t of `o + t * d` on the shape's outside; 0 where the ray misses it. */
export function hit(shape: Shape, size: Vector, ox: number, oy: number, oz: number, dx: number, dy: number, dz: number): number {
  if (shape === "box") return hitBox(size, ox, oy, oz, dx, dy, dz);
  if (shape === "plane") return Math.max(0, -oz / dz);
  const radius = size[0];
  if (shape === "sphere") return hitSphere(radius, ox, oy, oz, dx, dy, dz);
  const half = size[1];
  const a = dx * dx + dy * dy;
  const b = ox * dx + oy * dy;
  const root = b * b - a * (ox * ox + oy * oy - radius * radius);
  if (root < 0) return 0; // beside the infinite cylinder, which holds the ends too
  if (a > 1e-12) {
    const t = (-b - Math.sqrt(root)) / a;
    if (t > 0 && Math.abs(oz + t * dz) <= half) return t;
  }
  if (shape === "capsule") {
    const low = hitSphere(radius, ox, oy, oz + half, dx, dy, dz);
    const high = hitSphere(radius, ox, oy, oz - half, dx, dy, dz);
    return low > 0 && (low < high || high <= 0) ? low : high;
  }
  const t = ((dz < 0 ? half : -half) - oz) / dz;
  const x = ox + t * dx;
  const y = oy + t * dy;
  return t > 0 && x * x + y * y <= radius * radius ? t : 0;
}

function hitBox(size: Vector, ox: number, oy: number, oz: number, dx: number, dy: number, dz: number): number {
  let near = 0;
  let far = Infinity;
  let inverse = 1 / dx;
  let half = size[0] * Math.abs(inverse);
  near = Math.max(near, -ox * inverse - half);
  far = Math.min(far, -ox * inverse + half);
  inverse = 1 / dy;
  half = size[1] * Math.abs(inverse);
  near = Math.max(near, -oy * inverse - half);
  far = Math.min(far, -oy * inverse + half);
  inverse = 1 / dz;
  half = size[2] * Math.abs(inverse);
  near = Math.max(near, -oz * inverse - half);
  far = Math.min(far, -oz * inverse + half);
  return near < far ? near : 0;
}

function hitSphere(radius: number, ox: number, oy: number, oz: number, dx: number, dy: number, dz: number): number {
  const a = dx * dx + dy * dy + dz * dz;
  const b = ox * dx + oy * dy + oz * dz;
  const root = b * b - a * (ox * ox + oy * oy + oz * oz - radius * radius);
  return root < 0 ? 0 : Math.max(0, (-b - Math.sqrt(root)) / a);
}

/** Writes the outward normal at a point of the shape's surface. */
export function normalAt(shape: Shape, size: Vector, x: number, y: number, z: number, normal: Float64Array): void {
  normal[0] = normal[1] = normal[2] = 0;
  if (shape === "plane") normal[2] = 1;
  else if (shape === "box") {
    const a = Math.abs(x) / size[0];
    const b = Math.abs(y) / size[1];
    const c = Math.abs(z) / size[2];
    if (a >= b && a >= c) normal[0] = Math.sign(x);
    else if (b >= c) normal[1] = Math.sign(y);
    else normal[2] = Math.sign(z);
  } else if (shape === "cylinder" && Math.abs(z) - size[1] > Math.hypot(x, y) - size[0]) normal[2] = Math.sign(z);
  else {
    normal[0] = x / size[0];
    normal[1] = y / size[0];
    if (shape === "sphere") normal[2] = z / size[0];
    else if (shape === "capsule") normal[2] = (z - Math.max(-size[1], Math.min(size[1], z))) / size[0];
  }
}
