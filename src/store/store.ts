/**
 * A home: its layers as directories. Mounts nothing.
 *
 * A layer is built beside its place and renamed in; a layer that goes is renamed
 * away first and deleted afterwards. So a name in the home is a whole layer.
 *
 * @module
 */

import { AT_FDCWD } from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { tryStatAt } from "../linux/stat.ts";
import type { BuildSettings } from "./build.ts";
import type { Children } from "./children.ts";
import { openHome } from "./home.ts";
import { checkId, DIFF, isLayerName } from "./layout.ts";

/** How a {@linkcode Store} makes layers. */
export interface StoreSettings extends BuildSettings {
  /** Most lowers that a layer may have. */
  readonly maxDepth: number;
  /** Whether two changes of a directory never carry the same time. */
  readonly fineTimes: boolean;
}

/** The layers below a home directory. */
export class Store {
  /** Absolute path of the home. */
  readonly home: string;
  /** How layers are made. */
  readonly settings: StoreSettings;
  /** Who stands on whom, as far as somebody had to know. */
  children: Children | undefined;

  /**
   * Opens a home, which nobody may have made yet.
   *
   * @param home Absolute path.
   * @param settings How layers are made.
   */
  constructor(home: string, settings: StoreSettings) {
    this.home = home;
    this.settings = settings;
  }

  /** Runs `task` with the open home. */
  withHome<T>(task: (home: Dir) => T): T {
    using home = openHome(this.home);
    return task(home);
  }

  /** Whether there is a layer `id`. */
  exists(id: string): boolean {
    checkId(id);
    const status = tryStatAt({ fd: AT_FDCWD, path: "" }, `${this.home}/${id}`);
    if (status !== undefined) return status.type === "dir";
    // Only a home that is one can say no.
    return this.withHome((home) => home.tryStat(id)?.type === "dir");
  }

  /** Ids of all layers, in no order. */
  list(): string[] {
    return this.withHome((home) =>
      home.names().map((entry) => entry.name).filter((name) =>
        isLayerName(name) && home.tryStat(name)?.type === "dir" &&
        home.tryStat(`${name}/${DIFF}`)?.type === "dir"
      )
    );
  }
}
