/**
 * Docker's graph driver plugin, protocol v1: each call as one on the driver.
 *
 * An engine is told what Docker's own driver would tell it: a layer that is gone
 * is removed, and one that was made already by a call whose answer was lost is
 * made.
 *
 * @module
 */

import { contextOf, type Driver } from "../../driver/driver.ts";
import { applyFrom, init } from "../../driver/init.ts";
import { giveUpUses } from "../../driver/mounting.ts";
import { isPristine } from "../../driver/layers.ts";
import { DriverError, messageOf } from "../../errors.ts";
import { hasCode } from "../../linux/errno.ts";
import { type Answer, errorAnswer } from "../watch.ts";
import { begun, DrainedSource } from "./bodies.ts";
import {
  changeMessage,
  type LayerCall,
  layerCall,
  parseAddress,
  parseBody,
  type Setup,
  setupOf,
} from "./protocol.ts";
import { readSetup, writeSetup } from "./setup_file.ts";

type Message = Readonly<Record<string, unknown>>;

/** What a plugin is made of. */
export interface PluginSettings {
  /** Where to remember what dockerd said at `Init`. */
  readonly setupFile: string;
  /** Options of the driver, before those of dockerd. */
  readonly storageOpts: readonly string[];
  /** Is told of what layers leave out. */
  readonly onWarning: (message: string) => void;
}

/** A plugin without its socket. */
export class Plugin {
  readonly #settings: PluginSettings;
  #driver: Promise<Driver> | undefined;

  /**
   * Makes a plugin; nothing is opened before the first call.
   *
   * @param settings What it is made of.
   */
  constructor(settings: PluginSettings) {
    this.#settings = settings;
  }

  /**
   * Answers a request.
   *
   * @param request A request; its body is read to the end.
   */
  async answer(request: Request): Promise<Answer> {
    const { call, parameters } = parseAddress(request.url);
    if (call === "GraphDriver.ApplyDiff") {
      return await this.#applyDiff(request, parameters);
    }
    const text = await request.text();
    const answer = await this.#answerText(call, text);
    const [, id] = /"ID":"([^"\\]+)"/.exec(text) ?? [];
    return id === undefined ? answer : { ...answer, id };
  }

  async #answerText(call: string, text: string): Promise<Answer> {
    if (call === "GraphDriver.Diff") return await this.#diff(text);
    const job = this.#jobs[call];
    if (job === undefined) {
      return errorAnswer(`${call} is not implemented`, 404);
    }
    return await answered(async () => await job(parseBody(text)));
  }

  readonly #jobs: Readonly<
    Record<string, (body: Message) => Message | Promise<Message>>
  > = {
    "Plugin.Activate": () => ({ Implements: ["GraphDriver"] }),
    "GraphDriver.Capabilities": () => ({
      Capabilities: { ReproducesExactDiffs: false },
    }),
    "GraphDriver.Init": (body) => this.#init(body),
    "GraphDriver.Status": async () => ({
      Status: (await this.#open()).status(),
    }),
    "GraphDriver.Cleanup": async () => {
      await (await this.#open()).cleanup();
      return {};
    },
    ...this.#layerJobs({
      Create: (driver, call) => create(driver, call, false),
      CreateReadWrite: (driver, call) => create(driver, call, true),
      Remove: remove,
      Get: async (driver, { id, label }) => ({
        Dir: (await driver.get(id, label)).path,
      }),
      Put: (driver, { id }) => unlessGone(driver.put(id)),
      Exists: async (driver, { id }) => ({ Exists: await driver.exists(id) }),
      GetMetadata: async (driver, { id }) => ({
        Metadata: await driver.getMetadata(id),
      }),
      Changes: async (driver, { id, parent }) => ({
        Changes: (await driver.changes(id, parent)).map(changeMessage),
      }),
      DiffSize: async (driver, { id, parent }) => ({
        Size: await driver.diffSize(id, parent),
      }),
    }),
  };

  #layerJobs(
    jobs: Readonly<
      Record<string, (driver: Driver, call: LayerCall) => Promise<Message>>
    >,
  ): Record<string, (body: Message) => Promise<Message>> {
    return Object.fromEntries(
      Object.entries(jobs).map(([name, job]) => [
        `GraphDriver.${name}`,
        async (body: Message) => job(await this.#open(), layerCall(body)),
      ]),
    );
  }

  async #init(body: Message): Promise<Message> {
    const setup = setupOf(body);
    this.#driver = this.#start(setup);
    await this.#driver;
    writeSetup(this.#settings.setupFile, body);
    return {};
  }

  async #start({ home, options }: Setup): Promise<Driver> {
    await Deno.mkdir(home.slice(0, home.lastIndexOf("/")) || "/", {
      recursive: true,
      mode: 0o711,
    });
    return await init(home, {
      ...options,
      storageOpts: [
        ...this.#settings.storageOpts,
        ...options.storageOpts ?? [],
      ],
      onWarning: this.#settings.onWarning,
    });
  }

  /** The driver; after a restart, by what dockerd said to the one before. */
  async #open(): Promise<Driver> {
    if (this.#driver === undefined) {
      const setup = readSetup(this.#settings.setupFile);
      if (setup === undefined) {
        throw new DriverError(
          "EINVAL",
          "Cannot answer: dockerd has not called Init yet",
        );
      }
      this.#driver = this.#start(setup);
    }
    const driver = this.#driver;
    driver.catch(() => {
      if (this.#driver === driver) this.#driver = undefined;
    });
    return await driver;
  }

  async #applyDiff(
    { body }: Request,
    parameters: ReadonlyMap<string, string>,
  ): Promise<Answer> {
    const source = new DrainedSource(body);
    const id = parameters.get("id") ?? "";
    const parent = parameters.get("parent") ?? "";
    const answer = await answered(async () => ({
      Size: await applyFrom(await this.#open(), id, parent, source),
    }));
    await source.drain();
    return { ...answer, id };
  }

  /** An error must have another status than 200: any such body is an archive. */
  async #diff(text: string): Promise<Answer> {
    try {
      const { id, parent } = layerCall(parseBody(text));
      const driver = await this.#open();
      const archive = await begun(driver.diff(id, parent));
      return { response: new Response(archive) };
    } catch (error) {
      return errorAnswer(messageOf(error), 500);
    }
  }

  /** Waits for what calls left for later. */
  async settle(): Promise<void> {
    const driver = await this.#driver?.catch(() => undefined);
    if (driver) await contextOf(driver).background.idle();
  }
}

async function answered(task: () => Promise<Message>): Promise<Answer> {
  try {
    return { response: Response.json(await task()) };
  } catch (error) {
    return errorAnswer(messageOf(error), 200);
  }
}

async function unlessGone(work: Promise<void>): Promise<Message> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  return {};
}

async function create(
  driver: Driver,
  { id, parent, storageOpt }: LayerCall,
  writable: boolean,
): Promise<Message> {
  try {
    await (writable
      ? driver.createReadWrite(id, parent, { storageOpt })
      : driver.create(id, parent, { storageOpt }));
  } catch (error) {
    const again = hasCode(error, "EEXIST") &&
      isPristine(contextOf(driver), id, parent);
    if (!again) throw error;
  }
  return {};
}

/** Docker unmounts a layer that is removed while its engine has lost count. */
async function remove(driver: Driver, { id }: LayerCall): Promise<Message> {
  try {
    await driver.remove(id);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return {};
    if (!hasCode(error, "EBUSY")) throw error;
    await giveUpUses(contextOf(driver), id);
    await driver.remove(id);
  }
  return {};
}
