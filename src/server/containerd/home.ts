/**
 * A home of snapshots: its driver, and its records in a directory of their own.
 *
 * @module
 */

import type { Driver } from "../../driver/driver.ts";
import { init } from "../../driver/init.ts";
import { layerIds, RECORDS, syncOf } from "../../driver/snapshots.ts";
import { DriverError } from "../../errors.ts";
import { Dir } from "../../linux/dir.ts";
import { hasCode } from "../../linux/errno.ts";
import { syncFd } from "../../linux/file.ts";
import { tryLock } from "../../linux/lock.ts";
import { printableName } from "../../text.ts";
import { newTag, reconcile } from "./reconcile.ts";
import { Records } from "./records.ts";
import { Snapshotter } from "./snapshotter.ts";

const FILE = "snapshots.db";

/**
 * containerd splits lists of directories at colons and options at commas, and
 * has the kernel take the rest as it is.
 */
const UNFIT_REGEXP = /[:,\\\s]/;

/** How a home is opened. */
export interface HomeSettings {
  /** Absolute path of the home. */
  readonly home: string;
  /** Options of the driver. */
  readonly storageOpts: readonly string[];
  /** Is told of what is mended, and of what the driver leaves out. */
  readonly onWarning: (message: string) => void;
}

/** A home that is open. */
export interface OpenHome extends Disposable {
  /** Its snapshots. */
  readonly snapshotter: Snapshotter;
}

/**
 * Opens a home of snapshots and mends what a crash left. Only one process can
 * have it open.
 *
 * @param settings How.
 * @throws {DriverError} `EBUSY` if another process has it open; `EINVAL` if its
 * path is nothing for mount options; `EUCLEAN` if its records are unusable; what
 * the driver's `init` throws.
 */
export async function openSnapshots(
  { home, storageOpts, onWarning }: HomeSettings,
): Promise<OpenHome> {
  if (UNFIT_REGEXP.test(home)) {
    throw new DriverError(
      "EINVAL",
      `Cannot use the home ${
        printableName(home)
      }: containerd takes no spaces, colons, commas or backslashes in paths`,
    );
  }
  const driver = await init(home, { storageOpts, onWarning });
  const lock = takeHome(home);
  try {
    const records = openRecords(driver, onWarning);
    try {
      await reconcile(driver, records, onWarning);
      const snapshotter = new Snapshotter(driver, records);
      return {
        snapshotter,
        [Symbol.dispose]() {
          records[Symbol.dispose]();
          lock[Symbol.dispose]();
        },
      };
    } catch (error) {
      records[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

function openRecords(
  driver: Driver,
  warn: (message: string) => void,
): Records {
  const path = `${driver.home}/${RECORDS}/${FILE}`;
  return new Records(path, syncOf(driver), () => {
    const { length } = layerIds(driver);
    if (length > 0) {
      warn(
        `The home has ${length} layers and no records yet: they stay, and are no snapshots`,
      );
    }
    return newTag(driver);
  });
}

/**
 * Makes the directory of records and locks it.
 *
 * @throws {DriverError} `EEXIST` if a layer has its name; `EBUSY`.
 */
function takeHome(path: string): Dir {
  using home = Dir.open(path);
  try {
    home.mkdir(RECORDS, 0o700);
    syncFd(home.fd, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
  const dir = home.openDir(RECORDS);
  if (dir.tryStat("diff") !== undefined) {
    dir[Symbol.dispose]();
    throw new DriverError(
      "EEXIST",
      `Cannot keep records in ${printableName(dir.path)}: it is a layer`,
    );
  }
  if (tryLock(dir.fd, dir.path)) return dir;
  dir[Symbol.dispose]();
  throw new DriverError(
    "EBUSY",
    `Cannot use the home ${
      printableName(path)
    }: another process serves its snapshots`,
  );
}
