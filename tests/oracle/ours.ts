/**
 * The driver of this project, behind the face that both drivers share.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import type { Change } from "../../src/types.ts";
import {
  type Outcome,
  type Side,
  type SideOptions,
  sortChanges,
} from "./side.ts";

/** Our driver on one home. */
export class OurSide implements Side {
  readonly #driver: Driver;

  private constructor(driver: Driver) {
    this.#driver = driver;
  }

  /**
   * Opens a home.
   *
   * @param options How to open it.
   */
  static async open(options: SideOptions): Promise<OurSide> {
    const { home, ids, storageOpts } = options;
    const driver = await init(home, {
      ...(storageOpts === undefined ? {} : { storageOpts }),
      ...(ids === undefined ? {} : { uidMap: ids, gidMap: ids }),
    });
    return new OurSide(driver);
  }

  create(id: string, parent?: string): Promise<Outcome<void>> {
    return outcome(() => this.#driver.create(id, parent));
  }

  createReadWrite(
    id: string,
    parent?: string,
    size?: string,
  ): Promise<Outcome<void>> {
    const options = size === undefined ? {} : { storageOpt: { size } };
    return outcome(() => this.#driver.createReadWrite(id, parent, options));
  }

  get(id: string): Promise<Outcome<string>> {
    return outcome(async () => (await this.#driver.get(id)).path);
  }

  put(id: string): Promise<Outcome<void>> {
    return outcome(() => this.#driver.put(id));
  }

  exists(id: string): Promise<Outcome<boolean>> {
    return outcome(() => this.#driver.exists(id));
  }

  remove(id: string): Promise<Outcome<void>> {
    return outcome(() => this.#driver.remove(id));
  }

  metadata(id: string): Promise<Outcome<Record<string, string>>> {
    return outcome(() => this.#driver.getMetadata(id));
  }

  status(): Promise<Outcome<[string, string][]>> {
    return outcome(() => Promise.resolve(this.#driver.status()));
  }

  applyDiff(
    id: string,
    parent: string | undefined,
    file: string,
  ): Promise<Outcome<number>> {
    return outcome(async () => {
      const { readable } = await Deno.open(file);
      return await this.#driver.applyDiff(id, parent, readable);
    });
  }

  diff(id: string, parent?: string): Promise<Outcome<Uint8Array>> {
    return outcome(() =>
      new Response(this.#driver.diff(id, parent) as BodyInit).bytes()
    );
  }

  changes(id: string, parent?: string): Promise<Outcome<Change[]>> {
    return outcome(async () =>
      sortChanges(await this.#driver.changes(id, parent))
    );
  }

  diffSize(id: string, parent?: string): Promise<Outcome<number>> {
    return outcome(() => this.#driver.diffSize(id, parent));
  }

  cleanup(): Promise<Outcome<void>> {
    return outcome(() => this.#driver.cleanup());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#driver[Symbol.asyncDispose]();
  }
}

async function outcome<T>(call: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    const text = `${error}`;
    const code = (error as { code?: unknown }).code;
    if (typeof code === "string") return { ok: false, error: text, code };
    return { ok: false, error: text };
  }
}
