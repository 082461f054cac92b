/**
 * How cost grows: each work at three sizes, and a straight line through them.
 * `deno run -A bench/fit.ts [NAME…]` prints a table in Markdown. Needs root.
 *
 * @module
 */

import { type Series, series } from "./growth.ts";
import { Room } from "./room.ts";
import { FULL } from "./sizes.ts";
import { calm, mebibytes, median, note, say, time } from "./timing.ts";

const ROUNDS = 3;

/** A straight line through some points. */
interface Line {
  readonly start: number;
  readonly slope: number;
  /** Largest distance of a point from the line, as a share of the point. */
  readonly off: number;
}

/** The line whose squared distances, as shares of the points, are least. */
export function fit(xs: readonly number[], ys: readonly number[]): Line {
  const weights = ys.map((y) => 1 / (y * y));
  const sum = (value: (i: number) => number) =>
    xs.reduce((all, _, i) => all + weights[i]! * value(i), 0);
  const [w, x, y] = [sum(() => 1), sum((i) => xs[i]!), sum((i) => ys[i]!)];
  const [xx, xy] = [sum((i) => xs[i]! ** 2), sum((i) => xs[i]! * ys[i]!)];
  const slope = (w * xy - x * y) / (w * xx - x * x);
  const start = (y - slope * x) / w;
  const off = Math.max(
    ...xs.map((x, i) => Math.abs(start + slope * x - ys[i]!) / ys[i]!),
  );
  return { start, slope, off };
}

async function measure(room: Room, one: Series): Promise<number[]> {
  note(`${one.name} …`);
  const contenders = [];
  for (const size of one.sizes) contenders.push(await one.prepare(room, size));
  const taken: number[][] = one.sizes.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, contender] of contenders.entries()) {
      await calm();
      taken[i]!.push(await contender.measure());
      await contender.undo?.();
    }
  }
  return taken.map(median);
}

function row({ name, sizes, unit, memory }: Series, ys: number[]): string {
  const show = memory ? mebibytes : time;
  const points = sizes.map((size, i) =>
    `${size.toLocaleString("en")}: ${show(ys[i]!)}`
  );
  const { start, slope, off } = fit(sizes, ys);
  const signed = (value: number) =>
    value < 0 ? `−${show(-value)}` : show(value);
  const each = memory
    ? `${Math.round(slope)} bytes`
    : slope < 1
    ? `${signed(slope * 1000).replace("µs", "ns")}`
    : signed(slope);
  return `| ${name} | ${points.join("; ")} | ${
    signed(start)
  } + ${each} a ${unit} | ${Math.round(off * 100)} % |`;
}

async function main(names: readonly string[]): Promise<void> {
  await using tools = {
    peer: undefined,
    limit: undefined,
    portable: undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  say("| work | cost at three sizes | line | off by at most |");
  say("| --- | --- | --- | --- |");
  for (const one of series) {
    const wanted = names.length === 0 ||
      names.some((part) => one.name.includes(part));
    if (!wanted) continue;
    await using room = await Room.open({
      tools,
      sizes: FULL,
      rootfs: undefined,
    });
    say(row(one, await measure(room, one)));
  }
}

if (import.meta.main) await main(Deno.args);
