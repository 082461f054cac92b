/**
 * One run of the virtual machine, from power on to power off.
 *
 * @module
 */

import type { Kernel } from "./kernel.ts";
import { findCommand } from "./needs.ts";

/** A disk of the machine: /dev/vda, /dev/vdb, and so on. */
export interface Drive {
  /** Path of its image. */
  readonly path: string;
  readonly format: "raw" | "qcow2";
}

/** What to run. */
export interface MachineOptions {
  readonly kernel: Kernel;
  /** Arguments of QEMU that choose the processors. */
  readonly processor: readonly string[];
  /** Path of the initial RAM disk. */
  readonly initrd: string;
  readonly drives: readonly Drive[];
  /** Path of the file for what the guest writes on its console. */
  readonly consoleLog: string;
  /** Time in milliseconds after which the machine is switched off. */
  readonly timeout: number;
  /** Variables of the guest's first process, of values without blanks. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Cuts the power when it aborts. */
  readonly powerCut?: AbortSignal;
}

/** How a run ended. */
export type MachineEnd = "power off" | "power cut" | "timeout" | "failure";

/**
 * Runs the machine, and hands on each line that the guest writes on its second
 * serial port, /dev/ttyS1.
 *
 * @param options What to run.
 * @param onLine Called for each line, without the line's end.
 * @returns How it ended.
 */
export async function runMachine(
  options: MachineOptions,
  onLine: (line: string) => void,
): Promise<MachineEnd> {
  const child = new Deno.Command(findCommand("qemu-system-x86_64")!, {
    args: qemuArgs(options),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const limit = AbortSignal.timeout(options.timeout);
  const off = AbortSignal.any([limit, options.powerCut ?? limit]);
  const kill = () => child.kill("SIGKILL");
  off.addEventListener("abort", kill);
  try {
    const lines = child.stdout.pipeThrough(new TextDecoderStream());
    let rest = "";
    for await (const text of lines) {
      const parts = (rest + text).split(/\r?\n/);
      rest = parts.pop()!;
      parts.forEach(onLine);
    }
    const { success } = await child.status;
    if (!off.aborted) return success ? "power off" : "failure";
    return limit.aborted ? "timeout" : "power cut";
  } finally {
    off.removeEventListener("abort", kill);
  }
}

function qemuArgs(options: MachineOptions): string[] {
  // What the guest flushes has to outlive QEMU, not the host.
  const drives = options.drives.flatMap(({ path, format }) => [
    "-drive",
    `file=${path},if=virtio,format=${format},cache=unsafe`,
  ]);
  const environment = Object.entries(options.environment ?? {})
    .map(([name, value]) => ` ${name}=${value}`).join("");
  return [
    ...options.processor,
    ...["-M", "q35"],
    ...["-m", "2048", "-smp", "2"],
    ...["-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot"],
    ...["-kernel", options.kernel.image, "-initrd", options.initrd],
    ...[
      "-append",
      "console=ttyS0 panic=-1 quiet mitigations=off" + environment,
    ],
    ...["-serial", `file:${options.consoleLog}`, "-serial", "stdio"],
    ...drives,
  ];
}
