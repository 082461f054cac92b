/**
 * Debian's kernel for virtual machines, downloaded and unpacked, not installed.
 *
 * @module
 */

import { run } from "./needs.ts";

/** A kernel on the host's disk. */
export interface Kernel {
  /** Name of the Debian package. */
  readonly name: string;
  /** Its version, which is the name of the folder of its modules. */
  readonly version: string;
  /** Path of the bootable image. */
  readonly image: string;
  /** Path of the folder `modules/VERSION`. */
  readonly modules: string;
}

/** The package that depends on the current kernel of Debian's release. */
const META_PACKAGE = "linux-image-cloud-amd64";

/**
 * Finds the kernel in the cache, or downloads it with `apt-get`.
 *
 * @param cache Directory to keep it in.
 * @throws {Error} If it cannot be downloaded.
 */
export async function fetchKernel(cache: string): Promise<Kernel> {
  const found = [...readNames(cache)].find((name) =>
    name.startsWith("linux-image-") && !name.endsWith(".part")
  );
  const name = found ?? await download(cache);
  const root = `${cache}/${name}`;
  const version = [...readNames(`${root}/lib/modules`)][0]!;
  return {
    name,
    version,
    image: `${root}/boot/vmlinuz-${version}`,
    modules: `${root}/lib/modules/${version}`,
  };
}

async function download(cache: string): Promise<string> {
  const name = await currentPackage();
  const part = `${cache}/${name}.part`;
  await Deno.mkdir(part, { recursive: true });
  await run("apt-get", ["download", "-qq", name], { cwd: part });
  const deb = [...readNames(part)].find((file) => file.endsWith(".deb"))!;
  await run("dpkg-deb", ["-x", deb, "."], { cwd: part });
  await Deno.remove(`${part}/${deb}`);
  await Deno.rename(part, `${cache}/${name}`);
  return name;
}

async function currentPackage(): Promise<string> {
  const output = await run("apt-cache", ["depends", META_PACKAGE]);
  const text = new TextDecoder().decode(output);
  const name = text.match(/Depends: (linux-image-[0-9]\S*)/)?.[1];
  if (name !== undefined) return name;
  throw new Error(
    `Cannot find the kernel package ${META_PACKAGE}: run \`apt-get update\` ` +
      "on a Debian machine",
  );
}

function* readNames(dir: string): Generator<string> {
  try {
    for (const { name } of Deno.readDirSync(dir)) yield name;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
