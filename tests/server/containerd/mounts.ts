/**
 * Mounts as a snapshotter wants them.
 *
 * @module
 */

import { MountContext } from "../../../src/linux/mount.ts";
import { assertEquals } from "../../assert.ts";
import type { Mount } from "./client.ts";

/** Makes a mount as containerd does. */
export async function mountAt(
  { type, source, options }: Mount,
  target: string,
): Promise<void> {
  if (type === "overlay") return mountOptions(options, target);
  assertEquals(type, "bind");
  await run("mount", "--rbind", source, target);
  if (options.includes("ro")) {
    await run("mount", "-o", "remount,bind,ro", target);
  }
}

/** Gives lowers one by one where the kernel takes them so: they need no room in a page. */
function mountOptions(options: readonly string[], target: string): void {
  using context = new MountContext("overlay");
  for (const option of options) {
    const cut = option.indexOf("=");
    const key = option.slice(0, cut);
    const value = option.slice(cut + 1);
    if (cut < 0) context.setFlag(option);
    else if (key !== "lowerdir") context.setString(key, value);
    else {for (const lower of value.split(":")) {
        context.setString("lowerdir+", lower);
      }}
  }
  context.mount(target);
}

/** Undoes {@linkcode mountAt}. */
export function unmountAt(target: string): Promise<void> {
  return run("umount", target);
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}
