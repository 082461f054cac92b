/**
 * Finds out whether the processor can run the virtual machine itself.
 *
 * A machine that is virtual itself may have a /dev/kvm that hangs or aborts, so
 * the only test that counts is to boot a kernel until it says its name.
 *
 * @module
 */

import type { Kernel } from "./kernel.ts";
import { findCommand } from "./needs.ts";

/** Time in milliseconds in which a kernel says its first line under KVM. */
const PATIENCE = 3000;

/** Arguments of QEMU for emulated processors. */
const EMULATED = ["-accel", "tcg,thread=multi", "-cpu", "max"];

/** Arguments of QEMU for those of the host. */
const NATIVE = ["-accel", "kvm", "-cpu", "host"];

/**
 * Chooses how the guest's processors are run.
 *
 * @param kernel Kernel to try with.
 * @returns Arguments for QEMU.
 */
export async function chooseProcessor(kernel: Kernel): Promise<string[]> {
  return await kvmWorks(kernel) ? NATIVE : EMULATED;
}

async function kvmWorks(kernel: Kernel): Promise<boolean> {
  try {
    using _ = Deno.openSync("/dev/kvm", { read: true, write: true });
  } catch {
    return false;
  }
  const child = new Deno.Command(findCommand("qemu-system-x86_64")!, {
    args: [
      ...NATIVE,
      ...["-M", "q35", "-m", "256", "-display", "none", "-monitor", "none"],
      ...["-nic", "none", "-no-reboot", "-serial", "stdio"],
      ...["-kernel", kernel.image],
      ...["-append", "console=ttyS0 panic=-1"],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => kill(child), PATIENCE);
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("Linux version")) kill(child);
  }
  clearTimeout(timer);
  await child.status;
  return text.includes("Linux version");
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
