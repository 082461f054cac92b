/**
 * Two homes on one file system, one filled by Docker's driver and one by ours,
 * each also open in the other's driver.
 *
 * @module
 */

import type { IdRange } from "../../src/types.ts";
import { Looks } from "./looks.ts";
import { OurSide } from "./ours.ts";
import { buildPeer, PeerSide } from "./peer.ts";
import { SELF } from "./setup.ts";
import type { Side, SideOptions } from "./side.ts";
import { WorkDir } from "./work_dir.ts";

/** One home and the drivers that have it open. */
export interface Home {
  /** Directory of the home. */
  readonly path: string;
  /** The driver that fills it. */
  readonly own: Side;
  /** Docker's driver. */
  readonly docker: Side;
  /** Our driver. */
  readonly ours: Side;
  /** The driver that does not fill it. */
  readonly other: Side;
}

/** How a pair is opened. */
export interface PairOptions {
  /** Maps of user and of group ids. */
  readonly ids?: readonly IdRange[];
  /** Directories put between the work directory and the homes. */
  readonly below?: string;
}

/** Both homes, and what is needed to judge them. */
export class Pair implements AsyncDisposable {
  /** Directory of everything. */
  readonly dir: string;
  /** How the homes are opened. */
  readonly options: PairOptions;
  /** Independent eyes. */
  readonly looks: Looks;
  /** The home that Docker's driver fills. */
  readonly docker: Home;
  /** The home that ours fills. */
  readonly ours: Home;
  readonly #work: WorkDir;
  readonly #all: AsyncDisposable[];
  #cases = 0;

  private constructor(
    work: WorkDir,
    looks: Looks,
    homes: { docker: Home; ours: Home },
    options: PairOptions,
  ) {
    this.options = options;
    this.#work = work;
    this.dir = work.path;
    this.looks = looks;
    this.docker = homes.docker;
    this.ours = homes.ours;
    const sides = [homes.docker, homes.ours];
    this.#all = [looks, ...sides.flatMap((home) => [home.docker, home.ours])];
  }

  /** Makes the homes and starts the drivers. */
  static async open(options: PairOptions = {}): Promise<Pair> {
    const since = Math.floor(Date.now() / 1000) * 1000;
    const work = await WorkDir.make();
    const dir = work.path;
    await buildPeer(`${dir}/peer`);
    const root = options.below === undefined ? dir : `${dir}/${options.below}`;
    await Deno.mkdir(root, { recursive: true });
    const docker = await openHome(dir, `${root}/docker`, true, options);
    const ours = await openHome(dir, `${root}/ours`, false, options);
    return new Pair(work, new Looks(since), { docker, ours }, options);
  }

  /** Both homes, Docker's first. */
  get homes(): [Home, Home] {
    return [this.docker, this.ours];
  }

  /** A prefix for the ids of one case. */
  nextCase(): string {
    return `c${++this.#cases}`;
  }

  /** Opens a home, perhaps once more, in a driver of its own. */
  openSide(home: string, dockers: boolean): Promise<Side> {
    const open = dockers ? openDocker : openOurs;
    return open(this.dir, { home }, "again");
  }

  /** Stops the drivers and deletes the homes. */
  async [Symbol.asyncDispose](): Promise<void> {
    const left: string[] = [];
    for (const home of this.homes) {
      const mounts = Object.keys(await this.looks.mounts(home.path));
      left.push(...mounts.map((at) => `${home.path}/${at}`));
    }
    for (const each of this.#all) await each[Symbol.asyncDispose]();
    for (const path of left) await unmount(path);
    await this.#work[Symbol.asyncDispose]();
    if (left.length > 0) {
      throw new Error(`Cannot end cleanly: ${left.join(", ")} still mounted`);
    }
  }
}

/** Takes a mount away that a failed test left, whatever state it is in. */
async function unmount(path: string): Promise<void> {
  await new Deno.Command("umount", { args: ["-l", path], stderr: "null" })
    .output();
}

async function openHome(
  dir: string,
  path: string,
  dockers: boolean,
  options: PairOptions,
): Promise<Home> {
  const side: SideOptions = {
    home: path,
    ...(options.ids === undefined ? {} : { ids: options.ids }),
  };
  const dockerFirst = () => openDocker(dir, side, dockers ? "d" : "o");
  const oursFirst = () => openOurs(dir, side, dockers ? "d" : "o");
  if (dockers) {
    const docker = await dockerFirst();
    const ours = await oursFirst();
    return { path, own: docker, docker, ours, other: ours };
  }
  const ours = await oursFirst();
  const docker = await dockerFirst();
  return { path, own: ours, docker, ours, other: docker };
}

/** Opens a home in Docker's driver and waits until it is initialised. */
async function openDocker(
  dir: string,
  options: SideOptions,
  name: string,
): Promise<Side> {
  const side = new PeerSide(
    `${dir}/peer`,
    `${dir}/scratch-docker-${name}`,
    options,
  );
  await side.status();
  return side;
}

async function openOurs(
  dir: string,
  options: SideOptions,
  name: string,
): Promise<Side> {
  if (SELF) return await openDocker(dir, options, `self-${name}`);
  return await OurSide.open(options);
}
