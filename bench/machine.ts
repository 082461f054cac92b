/**
 * What a table was measured on and with.
 *
 * @module
 */

import { legend, type Sizes } from "./sizes.ts";

/**
 * Says it, a line for each fact.
 *
 * @param sizes How much work there was.
 * @param rootfs Directory of the root file system, if one was given.
 */
export function describeRun(
  sizes: Sizes,
  rootfs: string | undefined,
): string[] {
  return [
    `${processors()}; Linux ${Deno.osRelease()}; ${memory()} of memory`,
    [`Deno ${Deno.version.deno}`, firstLine("go", "version")]
      .concat(firstLine("gcc", "--version"), firstLine("tar", "--version"))
      .filter(Boolean).join("; "),
    ...legend(sizes),
    `root file system: ${described(sizes, rootfs)}`,
  ];
}

function processors(): string {
  const [, model = "unknown"] =
    /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo")) ?? [];
  return `${navigator.hardwareConcurrency} × ${model}`;
}

function memory(): string {
  return `${Math.round(Deno.systemMemoryInfo().total / 2 ** 30)} GiB`;
}

function firstLine(program: string, option: string): string {
  try {
    const { stdout } = new Deno.Command(program, { args: [option] })
      .outputSync();
    return new TextDecoder().decode(stdout).split("\n")[0]!;
  } catch {
    return "";
  }
}

function described(sizes: Sizes, rootfs: string | undefined): string {
  if (rootfs === undefined) {
    const part = sizes.rootPart >> 20;
    return `this machine's, ${part} MiB each of /etc, /usr/bin, /usr/lib and /usr/share`;
  }
  const bootstrapped = isFile(`${rootfs}/var/log/bootstrap.log`);
  return bootstrapped ? `debootstrap, ${release(rootfs)}` : release(rootfs);
}

function release(rootfs: string): string {
  const path = `${rootfs}/etc/os-release`;
  const text = isFile(path) ? Deno.readTextFileSync(path) : "";
  return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? "unknown";
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
