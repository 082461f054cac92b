/**
 * What the driver's jobs share.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { sameFile } from "../linux/stat.ts";
import { isMountpoint } from "../overlay/mount.ts";
import type { Support } from "../overlay/support.ts";
import { Uses } from "../overlay/uses.ts";
import {
  type Layer,
  parentId,
  readLayer,
  readLayerWith,
  wentAway,
} from "../store/layer.ts";
import { checkId, quote } from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import { Turns } from "../store/turns.ts";
import type { Owners } from "../tree/owners.ts";
import type { PackSettings } from "../tree/pack.ts";
import { Background } from "./background.ts";
import { Later } from "./later.ts";
import type { Settings } from "./options.ts";
import type { Quota } from "./quota.ts";

/** Code that is loaded when it is first needed. */
interface Jobs {
  readonly apply: Later<typeof import("./apply.ts")>;
  readonly changes: Later<typeof import("./changes.ts")>;
  readonly cleanup: Later<typeof import("./cleanup.ts")>;
  readonly diff: Later<typeof import("./diff.ts")>;
  readonly record: Later<typeof import("./record.ts")>;
}

/** Parts of one driver. */
export class Context {
  /** Mounts by use. */
  readonly uses: Uses = new Uses(isMountpoint);
  /** Who may work on which layer. */
  readonly turns: Turns = new Turns();
  /** What goes on after calls have answered. */
  readonly background: Background = new Background();
  /** Larger jobs, which bring along most of the program. */
  readonly jobs: Jobs = {
    apply: new Later(() => import("./apply.ts")),
    changes: new Later(() => import("./changes.ts")),
    cleanup: new Later(() => import("./cleanup.ts")),
    diff: new Later(() => import("./diff.ts")),
    record: new Later(() => import("./record.ts")),
  };
  /** Mountpoints that this driver mounted. */
  readonly mounted: Set<string> = new Set();

  /** Joins the parts. */
  constructor(
    readonly store: Store,
    readonly support: Support,
    readonly owners: Owners,
    readonly settings: Settings,
    readonly quota: Quota,
    readonly warn: (message: string) => void,
  ) {}

  /**
   * Loads the larger jobs, so that they come to their turns in the order in which
   * they are asked for, and need no file but those of layers.
   */
  async loadJobs(): Promise<void> {
    const { record, ...always } = this.jobs;
    await Promise.all(Object.values(always).map((job) => job.load()));
    if (this.settings.manifest) await record.load();
  }

  /** Absolute path of the home. */
  get home(): string {
    return this.store.home;
  }

  /** Absolute path of something that a {@linkcode Layer} names. */
  path(relative: string): string {
    return `${this.home}/${relative}`;
  }

  /** What a packer needs to know. */
  get packing(): PackSettings {
    return {
      namespace: this.support.namespace,
      owners: this.owners,
      warn: this.warn,
    };
  }

  /** Whether the layer is mounted, by this driver or anybody else. */
  inUse(layer: Layer): boolean {
    return layer.lowers.length > 0 &&
      this.uses.inUse(this.path(layer.merged), layer.link);
  }

  /** Refuses to change a layer that is mounted. */
  refuseMounted(layer: Layer, doing: string): void {
    if (!this.inUse(layer)) return;
    throw new DriverError(
      "EBUSY",
      `Cannot ${doing} layer ${quote(layer.id)}: it is mounted`,
    );
  }

  /**
   * Makes sure that a layer's files stayed while they were read. Removal, and
   * filling, take the directory away before anything in it.
   *
   * @throws {DriverError} `EIO` otherwise.
   */
  confirm(layer: Layer, root: Dir): void {
    const now = this.store.withHome((home) => home.tryStat(layer.diff));
    if (now !== undefined && sameFile(now, root.self())) return;
    throw wentAway(layer);
  }

  /**
   * Reads a layer together with what it is to be compared with.
   *
   * @param id Id of the layer.
   * @param parent Id as the caller gave it: `undefined` for the one on record,
   * `""` for none.
   */
  relation(id: string, parent: string | undefined): Relation {
    checkId(id);
    return this.store.withHome((home) => {
      const [layer, recorded] = readLayerWith(
        home,
        id,
        (layer) => [layer, parentId(home, layer) ?? ""],
      );
      const against = parent ?? recorded;
      if (against !== "" && against !== recorded) readLayer(home, against);
      return { layer, against, direct: against === recorded };
    });
  }

  /** Whether a layer's own directory tells how it differs from what it is compared with. */
  readsUpper(relation: Relation): boolean {
    return relation.direct && this.support.nativeDiffObstacle === undefined;
  }
}

/** A layer and the layer it is compared with. */
export interface Relation {
  /** The layer. */
  readonly layer: Layer;
  /** Id of the other layer; `""` for none. */
  readonly against: string;
  /** Whether the other one is the layer's own parent, or neither is there. */
  readonly direct: boolean;
}
