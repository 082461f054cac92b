/**
 * `deno task bench`: one table of how fast the driver is, beside Docker's own
 * and beside what cannot be beaten.
 *
 * Ratios of one run are what counts: machines differ, and change while they run.
 *
 * @module
 */

import { type Arguments, HELP, isWanted, readArguments } from "./arguments.ts";
import { makeDisk } from "./disk.ts";
import { priceDurability } from "./durability.ts";
import { describeRun } from "./machine.ts";
import { Results } from "./results.ts";
import { Room, type Setting } from "./room.ts";
import { type Area, measure } from "./row.ts";
import { applies } from "./rows/apply.ts";
import { batches } from "./rows/batches.ts";
import { changes } from "./rows/changes.ts";
import { diffs } from "./rows/diff.ts";
import { homes } from "./rows/homes.ts";
import { layers } from "./rows/layers.ts";
import { memory } from "./rows/memory.ts";
import { processes } from "./rows/processes.ts";
import { FULL, QUICK } from "./sizes.ts";
import {
  markdown,
  priceTextHead,
  priceTextRow,
  textHead,
  textRow,
} from "./table.ts";
import { note, say } from "./timing.ts";
import { buildTools } from "./tools.ts";

/** Name that chooses the price of durability, as rows are chosen. */
const DURABILITY = "durability";

function areas(portable: string | undefined): Area[] {
  return [
    layers,
    applies,
    diffs,
    changes,
    homes,
    memory,
    batches,
    processes(portable),
  ];
}

/** Names of all rows, whether they can be measured here or not. */
function allNames(): string[] {
  return areas("any").flatMap(({ rows }) => rows.map(({ name }) => name));
}

async function measureArea(
  area: Area,
  args: Arguments,
  setting: Setting,
  results: Results,
): Promise<void> {
  const rows = area.rows.filter(({ name }) => isWanted(args, name));
  if (rows.length === 0) return;
  await using room = await Room.open(setting);
  for (const row of rows) {
    const result = await measure(row, room, args.rounds);
    results.add(result);
    if (!args.markdown) say(textRow(result));
  }
}

async function measureAll(args: Arguments, results: Results): Promise<void> {
  await using tools = await buildTools();
  const sizes = args.quick ? QUICK : FULL;
  const setting = { tools, sizes, rootfs: args.rootfs };
  if (!args.markdown) say(textHead);
  for (const area of areas(tools.portable)) {
    await measureArea(area, args, setting, results);
  }
  if (!isWanted(args, DURABILITY)) return;
  await using disk = await makeDisk(sizes.disk);
  if (!args.markdown) say(`\n${priceTextHead}`);
  const prices = await priceDurability(
    disk.path,
    sizes,
    args.rounds,
    (price) => {
      if (!args.markdown) say(priceTextRow(price));
    },
  );
  results.addPrices(prices);
}

function show(args: Arguments, results: Results): void {
  const rows = results.inOrder(allNames());
  if (args.markdown) return say(markdown(results.facts, rows, results.prices));
  for (const fact of results.facts) say(fact);
  say(textHead);
  for (const row of rows) say(textRow(row));
  say(`\n${priceTextHead}`);
  for (const price of results.prices) say(priceTextRow(price));
}

async function main(list: string[]): Promise<number> {
  const args = readArguments(list);
  if (args.help) Deno.stdout.writeSync(new TextEncoder().encode(HELP));
  else if (args.list) say([...allNames(), DURABILITY].join("\n"));
  else if (args.show) show(args, new Results(args.output));
  else {
    const results = new Results(args.output, args.quick);
    results.facts = describeRun(args.quick ? QUICK : FULL, args.rootfs);
    for (const line of results.facts) note(line);
    await measureAll(args, results);
    if (args.markdown) show(args, results);
  }
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    note(`bench: ${error.message}; see deno task bench --help`);
    Deno.exit(2);
  }
}
