/**
 * One time that the virtual machine is on, until its power is cut.
 *
 * @module
 */

import {
  type Drive,
  type MachineEnd,
  runMachine,
} from "../../../tools/vm/machine.ts";
import { run } from "../../../tools/vm/needs.ts";
import type { Setup } from "../../../tools/vm/setup.ts";
import type { Cut } from "./plan.ts";

/** What a guest says. */
export interface Said {
  readonly say: string;
  readonly operation?: string;
}

/** Operations that give a layer its files. */
const FILLS = ["apply", "commit"];

/** Milliseconds after which a machine is given up. */
const PATIENCE = 240_000;

/**
 * Switches the machine on.
 *
 * @param setup The machine.
 * @param environment Variables of the guest.
 * @param cut When the power is cut; `undefined` lets the guest come to its end.
 * @param onMessage Called for what the guest says.
 */
export async function boot<Message extends Said>(
  setup: Setup,
  environment: Record<string, string>,
  cut: Cut | undefined,
  onMessage: (message: Message) => void,
): Promise<MachineEnd> {
  const power = new AbortController();
  const trigger = cut && new Trigger(cut, () => power.abort());
  const drives = cut?.disk === "cached"
    ? await cacheDrives(setup.options.drives)
    : setup.options.drives;
  try {
    return await runMachine({
      ...setup.options,
      drives,
      environment,
      timeout: PATIENCE,
      powerCut: power.signal,
    }, (line) => {
      const message = parse<Message>(line);
      if (message === undefined) return;
      onMessage(message);
      trigger?.notice(message);
    });
  } finally {
    trigger?.disarm();
    if (cut?.disk === "cached") await settleDrives(drives);
  }
}

function parse<Message extends Said>(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isMessage = typeof value === "object" && value !== null &&
      "say" in value;
    return isMessage ? value as Message : undefined;
  } catch {
    // The last line before a cut, or something that the kernel says.
    return undefined;
  }
}

/** Cuts the power at the planned moment. */
class Trigger {
  readonly #cut: Cut;
  readonly #pull: () => void;
  #loading = false;
  #fills = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(cut: Cut, pull: () => void) {
    this.#cut = cut;
    this.#pull = pull;
  }

  notice(message: Said): void {
    if (message.say === "load") this.#loading = true;
    const isFill = message.say === "done" &&
      FILLS.includes(message.operation ?? "");
    if (this.#loading && isFill) this.#fills++;
    if (this.#timer !== undefined || !this.#isDue(message)) return;
    this.#timer = setTimeout(this.#pull, this.#cut.delay);
  }

  #isDue(message: Said): boolean {
    const { after, count } = this.#cut;
    return after === "fills" ? this.#fills >= count : message.say === after;
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Puts disks behind a cache that is lost with the power: QEMU keeps in its own
 * memory where it put blocks that are new in a qcow2 image, until the guest
 * flushes. Clusters as small as the file systems' blocks let each block be lost
 * or kept by itself.
 */
async function cacheDrives(drives: readonly Drive[]): Promise<Drive[]> {
  const options = ["-F", "raw", "-o", "cluster_size=4k"];
  const cached = drives.map(({ path }) => `${path}.cache`);
  for (const [i, { path }] of drives.entries()) {
    const backing = ["-b", await Deno.realPath(path)];
    const kind = ["create", "-q", "-f", "qcow2"];
    await run("qemu-img", [...kind, ...backing, ...options, cached[i]!]);
  }
  return cached.map((path) => ({ path, format: "qcow2" }));
}

/** Writes what outlived the cut to the disks. */
async function settleDrives(drives: readonly Drive[]): Promise<void> {
  for (const { path } of drives) {
    await run("qemu-img", ["commit", "-q", path]);
    await Deno.remove(path);
  }
}
