/** Corners of zones and lines: shares of the frame here, shares or pixels in the configuration (docs/zones.md). */

/** Whether a configuration's corners are shares: all of their numbers lie within 0 to 1. */
export function areShares(points) {
  return points.flat().every((number) => number >= 0 && number <= 1);
}

/** Corners of a configuration as shares. size: [width, height] of the frame. */
export function toShares(points, size) {
  if (areShares(points)) return points.map((point) => [...point]);
  return points.map(([x, y]) => [x / size[0], y / size[1]]);
}

/** Shares as corners of a configuration: shares to 1/10000, or pixels to 1/10. */
export function written(points, inPixels, size) {
  const [width, height] = inPixels ? size : [1, 1];
  const steps = inPixels ? 10 : 10000;
  return points.map(([x, y]) => [Math.round(x * width * steps) / steps, Math.round(y * height * steps) / steps]);
}

/** Within the frame: beyond it, shares would be taken for pixels. */
export function within([x, y]) {
  return [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
}

/** All points moved together, as far as the frame lets them. */
export function moved(points, dx, dy) {
  const room = (axis, by) =>
    Math.min(Math.max(by, -Math.min(...points.map((p) => p[axis]))), 1 - Math.max(...points.map((p) => p[axis])));
  const [byX, byY] = [room(0, dx), room(1, dy)];
  return points.map(([x, y]) => [x + byX, y + byY]);
}

export function between([ax, ay], [bx, by]) {
  return [(ax + bx) / 2, (ay + by) / 2];
}

export function distance([ax, ay], [bx, by]) {
  return Math.hypot(ax - bx, ay - by);
}

/** A unit vector to the right of one who goes from a to b; y grows downwards. */
export function rightOf([ax, ay], [bx, by]) {
  const length = distance([ax, ay], [bx, by]) || 1;
  return [-(by - ay) / length, (bx - ax) / length];
}

/** The mean of the corners: near enough to the middle for a name to stand there. */
export function middle(points) {
  const sum = points.reduce(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
