/**
 * What the driver's jobs share.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Support } from "../overlay/support.ts";
import { isMountpoint, Uses } from "../overlay/uses.ts";
import type { Layer } from "../store/layer.ts";
import { quote } from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import { Turns } from "../store/turns.ts";
import type { Owners } from "../tree/owners.ts";
import type { PackSettings } from "../tree/pack.ts";
import { Background } from "./background.ts";
import { Jobs } from "./jobs.ts";
import type { Settings } from "./options.ts";

/** Parts of one driver. */
export class Context {
  /** Mounts by use. */
  readonly uses: Uses = new Uses(isMountpoint);
  /** Who may work on which layer. */
  readonly turns: Turns = new Turns();
  /** What goes on after calls have answered. */
  readonly background: Background = new Background();
  /** What it can do. */
  readonly jobs: Jobs = new Jobs();
  /** Mountpoints that this driver mounted. */
  readonly mounted: Set<string> = new Set();

  /** Joins the parts. */
  constructor(
    readonly store: Store,
    readonly support: Support,
    readonly owners: Owners,
    readonly settings: Settings,
    readonly warn: (message: string) => void,
  ) {}

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
}
