/**
 * A process that makes, fills, mounts and removes layers until it is killed, and
 * tells on standard output what it begins and what it was told is done.
 *
 * Words: the home, a name for its layers, a seed.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { say } from "../../tools/say.ts";
import { streamOf } from "../fixtures.ts";
import { Random } from "../tree/random.ts";
import { archiveOf, ARCHIVES, BASE, SHARED, type Step } from "./kill_plan.ts";

const [home, name, seed] = Deno.args as [string, string, string];
const random = new Random(Number(seed));

function tell(step: Omit<Step, "state">, state: Step["state"]): void {
  say(JSON.stringify({ ...step, state }));
}

/** What may be refused of a layer that others work on, too. */
const COLLISIONS = ["EEXIST", "ENOENT", "EBUSY"];

async function step(
  what: Step["what"],
  id: string,
  detail: string,
  run: () => Promise<unknown>,
): Promise<boolean> {
  const step = { what, id, detail };
  tell(step, "begun");
  try {
    await run();
    tell(step, "done");
    return true;
  } catch (error) {
    if (!SHARED.includes(id) || !hasCode(error, ...COLLISIONS)) throw error;
    tell(step, "refused");
    return false;
  }
}

/** The life of one layer, or the first part of it. */
async function live(driver: Driver, id: string): Promise<void> {
  const parent = random.pick(["", BASE, BASE]);
  const number = String(random.below(ARCHIVES));
  const bytes = archiveOf(Number(number));
  // Compared with nothing, a layer that has a parent is filled through a mount.
  const against = random.pick([undefined, undefined, ""]);
  if (!await step("create", id, parent, () => driver.create(id, parent))) {
    return;
  }
  if (random.below(5) > 0) {
    await step(
      "apply",
      id,
      number,
      () => driver.applyDiff(id, against, streamOf(bytes)),
    );
  }
  if (random.below(2) === 0) {
    if (!await step("get", id, "", () => driver.get(id))) return;
    await step("put", id, "", () => driver.put(id));
  }
  if (random.below(3) > 0) {
    await step("remove", id, "", () => driver.remove(id));
  }
}

const driver = await init(home, { onWarning: () => {} });
say("ready");
for (let i = 0;; i++) {
  const shared = random.below(4) === 0;
  await live(driver, shared ? random.pick(SHARED) : `${name}-${i}`);
}
