/**
 * One run of the virtual machine, from power on to power off.
 *
 * @module
 */

import type { Kernel } from "./kernel.ts";
import { findCommand } from "./needs.ts";

/** What to run. */
export interface MachineOptions {
  readonly kernel: Kernel;
  /** Arguments of QEMU that choose the processors. */
  readonly processor: readonly string[];
  /** Path of the initial RAM disk. */
  readonly initrd: string;
  /** Paths of raw disk images: /dev/vda, /dev/vdb, and so on. */
  readonly disks: readonly string[];
  /** Path of the file for what the guest writes on its console. */
  readonly consoleLog: string;
  /** Time in milliseconds after which the machine is switched off. */
  readonly timeout: number;
}

/** How a run ended. */
export type MachineEnd = "power off" | "timeout" | "failure";

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
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, options.timeout);
  try {
    const lines = child.stdout.pipeThrough(new TextDecoderStream());
    let rest = "";
    for await (const text of lines) {
      const parts = (rest + text).split(/\r?\n/);
      rest = parts.pop()!;
      parts.forEach(onLine);
    }
    const { success } = await child.status;
    return timedOut ? "timeout" : success ? "power off" : "failure";
  } finally {
    clearTimeout(timer);
  }
}

function qemuArgs(options: MachineOptions): string[] {
  const drives = options.disks.flatMap((path) => [
    "-drive",
    `file=${path},if=virtio,format=raw,cache=unsafe`,
  ]);
  return [
    ...options.processor,
    ...["-M", "q35"],
    ...["-m", "2048", "-smp", "2"],
    ...["-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot"],
    ...["-kernel", options.kernel.image, "-initrd", options.initrd],
    ...["-append", "console=ttyS0 panic=-1 quiet mitigations=off"],
    ...["-serial", `file:${options.consoleLog}`, "-serial", "stdio"],
    ...drives,
  ];
}
