/**
 * Docker's overlay2 storage driver for Deno: copy-on-write layers on Linux's
 * overlayfs, in Docker's own format on disk.
 *
 * {@linkcode init} opens a home directory and gives a {@linkcode Driver}. It
 * needs root, and Deno's permissions `-A`, since it calls libc.
 *
 * ```ts
 * import { init } from "@overlay2/driver";
 *
 * const temp = await Deno.makeTempDir();
 * const driver = await init(`${temp}/overlay2`);
 * await driver.create("base");
 * await driver.createReadWrite("work", "base");
 * const { path } = await driver.get("work");
 * await Deno.writeTextFile(`${path}/hello`, "hi");
 * console.log(await driver.changes("work")); // [{ path: "/hello", kind: "A" }]
 * await driver.put("work");
 * await Deno.remove(temp, { recursive: true });
 * ```
 *
 * @module
 */

export { Driver } from "./src/driver/driver.ts";
export { init } from "./src/driver/init.ts";
export { DriverError, type DriverErrorCode } from "./src/errors.ts";
export { SyscallError } from "./src/linux/errno.ts";
export type {
  ApplyOptions,
  ApplyProgress,
  Change,
  CheckOptions,
  CheckProgress,
  CreateOptions,
  DriverOptions,
  Finding,
  IdRange,
  Mount,
  Severity,
  WaitOptions,
} from "./src/types.ts";
