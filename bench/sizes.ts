/**
 * How much work there is.
 *
 * @module
 */

const MIB = 1 << 20;

/** Sizes of all inputs, and how often short works are repeated. */
export interface Sizes {
  /** Size of the disk. */
  readonly disk: string;
  /** Directories of 50 small files in the archive of small files. */
  readonly smallDirs: number;
  /** The same in the layer that ten files are changed in, and that is removed. */
  readonly manyDirs: number;
  /** Large files. */
  readonly bigFiles: number;
  /** Bytes of each. */
  readonly bigSize: number;
  /** Most bytes of each part of this machine that the root file system is made of. */
  readonly rootPart: number;
  /** Repetitions of a work that takes half a millisecond. */
  readonly times: number;
  /** Layers in the large home. */
  readonly homeLayers: number;
  /** Bytes of the archives whose memory is looked at. */
  readonly memory: readonly [number, number];
  /** Layers made in one measurement of `batch`. */
  readonly batch: number;
}

/** Files in each directory of small files. */
export const FILES_PER_DIR = 50;

/** What `docs/performance.md` is made with. */
export const FULL: Sizes = {
  disk: "12G",
  smallDirs: 400,
  manyDirs: 1000,
  bigFiles: 8,
  bigSize: 128 * MIB,
  rootPart: 120 * MIB,
  times: 200,
  homeLayers: 10_000,
  memory: [1024 * MIB, 4096 * MIB],
  batch: 2000,
};

/** Enough to see that everything runs. */
export const QUICK: Sizes = {
  disk: "1G",
  smallDirs: 4,
  manyDirs: 12,
  bigFiles: 2,
  bigSize: 2 * MIB,
  rootPart: MIB,
  times: 5,
  homeLayers: 40,
  memory: [4 * MIB, 8 * MIB],
  batch: 5,
};

/** Says what the words in the names of rows mean. */
export function legend(sizes: Sizes): string[] {
  const files = (dirs: number) => (dirs * FILES_PER_DIR).toLocaleString("en");
  return [
    `small files: ${
      files(sizes.smallDirs)
    } of 1 to 4 KiB in ${sizes.smallDirs} directories`,
    `large files: ${sizes.bigFiles} of ${sizes.bigSize / MIB} MiB`,
    `many files: ${files(sizes.manyDirs)} of 1 to 4 KiB`,
    `a large home: ${sizes.homeLayers.toLocaleString("en")} layers`,
  ];
}
