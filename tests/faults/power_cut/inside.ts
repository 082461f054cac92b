/**
 * What a test by cuts does inside the virtual machine, whatever it works at.
 *
 * @module
 */

import { report } from "../../vm/port.ts";
import { type Mode, modeOf, MODES, PLACES } from "./messages.ts";

/** What the content of all work follows from. */
export const seed = Number(Deno.env.get("POWER_SEED"));

/** Number of this boot. */
export const cut = Number(Deno.env.get("POWER_CUT"));

/** Number of the first thing that is made after a cut. */
export const FIRST = cut * 10_000;

/** Things that are kept in a home from one cut to the next. */
export const KEPT = 5;

/** Milliseconds after which nobody seems to be there who cuts the power. */
export const MOST = 100_000;

/** The work of a test. */
export interface Work<Lie> {
  /** Reports on a home; gives what lies there if work can go on. */
  look(home: string): Promise<Lie | undefined>;
  /** Does everything once in a home that a cut went through. */
  tryWork(home: string, lie: Lie): Promise<void>;
  /** What else is done on a disk before the load, which has a mode unless none follows. */
  before?(place: string, mode: Mode | undefined): Promise<void>;
  /** Works in a home until the power is cut. */
  load(home: string): Promise<void>;
}

/** Looks at what the last cut left, and works until the next. */
export async function beInside<Lie>(work: Work<Lie>): Promise<void> {
  const mode = MODES.find((name) => name === Deno.env.get("POWER_MODE"));
  requireMounts();
  report({ say: "up" });
  writeContentLate();
  for (const home of PLACES.flatMap(homesOf)) await lookAndTry(work, home);
  for (const place of PLACES) await work.before?.(place, mode);
  report({ say: "load" });
  if (mode === undefined) return;
  const homes = PLACES.map((place) => homeOf(place, mode));
  await Promise.all(homes.map((home) => tell({ home }, () => work.load(home))));
}

function requireMounts(): void {
  const mounts = Deno.readTextFileSync("/proc/mounts");
  for (const place of PLACES) {
    if (mounts.includes(` /mnt/${place} ${place} `)) continue;
    throw new Error(`The disk ${place} is not mounted`);
  }
}

/** Has metadata written soon and content late: the worst that can be for it. */
function writeContentLate(): void {
  const hundredths = {
    "fs/xfs/xfssyncd_centisecs": 100,
    "vm/dirty_expire_centisecs": 60_000,
    "vm/dirty_writeback_centisecs": 100,
  };
  for (const [name, value] of Object.entries(hundredths)) {
    Deno.writeTextFileSync(`/proc/sys/${name}`, `${value}`);
  }
}

/** Homes on a disk, beside which `init` may have left what it tried out. */
function homesOf(place: string): string[] {
  return [...Deno.readDirSync(`/mnt/${place}`)]
    .filter(({ name }) => MODES.some((mode) => name.startsWith(mode)))
    .map(({ name }) => `${place}/${name}`).sort();
}

/** Name of the home of a load. */
function homeOf(place: string, mode: Mode): string {
  // What is lost without sync stays lost, so each such load has a home of its own.
  return mode === "none" ? `${place}/none-${cut}` : `${place}/${mode}`;
}

async function lookAndTry<Lie>(work: Work<Lie>, home: string): Promise<void> {
  const lie = await work.look(home);
  if (modeOf(home) === "none") {
    report({ say: "discard", home });
    await Deno.remove(`/mnt/${home}`, { recursive: true });
  } else if (lie !== undefined) {
    await tell({ home }, () => work.tryWork(home, lie));
  }
}

/** Runs a task in a home, and reports how it ended. */
export async function tell(
  about: { readonly home: string; readonly id?: string },
  task: () => Promise<void>,
): Promise<void> {
  try {
    await task();
    report({ say: "works", ...about });
  } catch (error) {
    const fault = error instanceof Error ? error.stack : `${error}`;
    report({ say: "works", ...about, fault });
  }
}
