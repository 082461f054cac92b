/**
 * What the host needs for the virtual machine.
 *
 * @module
 */

/** Command that shows a Debian package to be installed, and the package. */
export type Need = readonly [command: string, debian: string];

const NEEDS: readonly Need[] = [
  ["qemu-system-x86_64", "qemu-system-x86"],
  ["busybox", "busybox-static"],
  ["cpio", "cpio"],
  ["depmod", "kmod"],
  ["mkfs.ext4", "e2fsprogs"],
  ["mkfs.xfs", "xfsprogs"],
  ["apt-get", "apt"],
  ["dpkg-deb", "dpkg"],
];

/** Directories of administrators' commands, which a user's PATH may lack. */
const SEARCH = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin:/usr/bin:/bin`;

/**
 * Finds a command.
 *
 * @param name Its name.
 * @returns Its path; `undefined` if there is none.
 */
export function findCommand(name: string): string | undefined {
  return SEARCH.split(":").filter((dir) => dir.startsWith("/"))
    .map((dir) => `${dir}/${name}`)
    .find((path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    });
}

/**
 * Says in one line what has to be installed, if anything.
 *
 * @param more What is needed beside what every run needs.
 * @returns `undefined` if nothing is missing.
 */
export function findMissing(more: readonly Need[] = []): string | undefined {
  const packages = [...NEEDS, ...more]
    .filter(([command]) => findCommand(command) === undefined)
    .map(([, debian]) => debian);
  return packages.length === 0
    ? undefined
    : "Cannot start the virtual machine: run `apt-get install -y " +
      `--no-install-recommends ${packages.join(" ")}\``;
}

/** How to run a command. */
export interface RunOptions {
  readonly cwd?: string;
  /** Bytes for its standard input. */
  readonly input?: Uint8Array<ArrayBuffer>;
}

/**
 * Runs a command of the host to its end.
 *
 * @returns What it wrote on standard output.
 * @throws {Error} If it fails; the message has what it wrote on standard error.
 */
export async function run(
  command: string,
  args: string[],
  options: RunOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const child = new Deno.Command(findCommand(command) ?? command, {
    args,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = options.input === undefined
    ? undefined
    : feed(child.stdin, options.input);
  const { success, stdout, stderr } = await child.output();
  await feeding;
  if (success) return stdout;
  const why = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot run ${command} ${args.join(" ")}: ${why}`);
}

async function feed(
  stdin: WritableStream<Uint8Array>,
  input: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(input);
  await writer.close();
}
