/**
 * Docker's graph driver plugin, protocol v1: each call as one on the driver.
 *
 * @module
 */

import { contextOf, type Driver } from "../../driver/driver.ts";
import { applyFrom, init } from "../../driver/init.ts";
import { DriverError, messageOf } from "../../errors.ts";
import { refuseAborted } from "../../giving_up.ts";
import { type Answer, errorAnswer } from "../watch.ts";
import { archiveAnswer, DrainedSource, textFrom } from "./bodies.ts";
import { isExact, withExact } from "./exact.ts";
import { LAYER_JOBS, type LayerJob, type Message } from "./layers.ts";
import { Memory } from "./memory.ts";
import {
  layerCall,
  parseAddress,
  parseBody,
  type Setup,
  setupOf,
  unescaped,
} from "./protocol.ts";

/** What a plugin is made of. */
export interface PluginSettings {
  /** Directory for what it must know after it was started anew. */
  readonly memory: string;
  /** Options of the driver, before those of dockerd. */
  readonly storageOpts: readonly string[];
  /** Is told of what layers leave out. */
  readonly onWarning: (message: string) => void;
}

type Job = (body: Message) => Message | Promise<Message>;

/** Calls whose answer is an archive, or that send one. */
const STREAMS = ["GraphDriver.Diff", "GraphDriver.ApplyDiff"];

/** A plugin without its socket. */
export class Plugin {
  readonly #settings: PluginSettings;
  readonly #memory: Memory;
  readonly #givingUp = new AbortController();
  readonly #retired: Driver[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #driver: Promise<Driver> | undefined;

  /**
   * Makes a plugin; no home is opened before the first call.
   *
   * @param settings What it is made of.
   */
  constructor(settings: PluginSettings) {
    this.#settings = settings;
    this.#memory = new Memory(settings.memory);
  }

  /**
   * Names the call that a request is.
   *
   * @returns Such as `"GraphDriver.Get"`; `"unknown"` if there is no such call.
   */
  nameOf({ url }: Request): string {
    const { call } = parseAddress(url);
    return STREAMS.includes(call) || this.#jobs.has(call) ? call : "unknown";
  }

  /**
   * Answers a request.
   *
   * @param request A request; its body is read to the end.
   */
  answer(request: Request): Promise<Answer> {
    const answer = this.#answer(request);
    const ended = answer.then(({ ended }) => ended).catch(() => {})
      .finally(() => this.#running.delete(ended));
    this.#running.add(ended);
    return answer;
  }

  async #answer(request: Request): Promise<Answer> {
    const source = new DrainedSource(request.body, this.#givingUp.signal);
    const { call, parameters } = parseAddress(request.url);
    const answer = call === "GraphDriver.ApplyDiff"
      ? await this.#applyDiff(source, parameters)
      : await this.#answerText(call, source);
    await source.drain();
    return answer;
  }

  async #answerText(call: string, source: DrainedSource): Promise<Answer> {
    // The body of an archive is the archive: only its status tells of an error.
    const failed = call === "GraphDriver.Diff" ? 500 : 200;
    let id: string | undefined;
    try {
      const body = parseBody(await textFrom(source));
      if (typeof body.ID === "string") id = body.ID;
      return { ...await this.#answerBody(call, body), ...id && { id } };
    } catch (error) {
      return { ...errorAnswer(messageOf(error), failed), ...id && { id } };
    }
  }

  async #answerBody(call: string, body: Message): Promise<Answer> {
    if (call === "GraphDriver.Diff") return await this.#diff(body);
    const job = this.#jobs.get(call);
    return job === undefined
      ? errorAnswer(`${call} is not implemented`, 404)
      : { response: Response.json(await job(body)) };
  }

  readonly #jobs: ReadonlyMap<string, Job> = new Map<string, Job>([
    ["Plugin.Activate", () => ({ Implements: ["GraphDriver"] })],
    ["GraphDriver.Capabilities", async () => ({
      Capabilities: { ReproducesExactDiffs: await this.#isExact() },
    })],
    ["GraphDriver.Init", (body) => this.#init(body)],
    ["GraphDriver.Status", async () => ({
      Status: (await this.#open()).status(),
    })],
    ["GraphDriver.Cleanup", async () => {
      await (await this.#open()).cleanup();
      return {};
    }],
    ...[...LAYER_JOBS].map(([name, job]): [string, Job] => [
      `GraphDriver.${name}`,
      (body) => this.#layerJob(name, job, body),
    ]),
  ]);

  async #layerJob(name: string, job: LayerJob, body: Message) {
    const call = layerCall(body);
    const driver = await this.#open();
    const message = await job(driver, call, this.#givingUp.signal);
    if (name.startsWith("Create")) this.#memory.noteMade(call.id);
    else if (name === "Remove") this.#memory.noteGone(call.id);
    this.#memory.settle(call.id);
    this.#memory.settle(call.parent);
    return message;
  }

  /** The driver of an earlier dockerd is let go; what it mounted stays mounted. */
  async #init(body: Message): Promise<Message> {
    const { home } = setupOf(body);
    const decided = withExact(body, home, this.#settings.storageOpts);
    const earlier = await this.#driver?.catch(() => undefined);
    const driver = await this.#start(setupOf(decided));
    this.#memory.writeSetup(decided);
    this.#driver = Promise.resolve(driver);
    if (earlier === undefined) return {};
    this.#retired.push(earlier);
    if (earlier.home !== driver.home) {
      this.#settings.onWarning(
        `The home is now ${driver.home} and was ${earlier.home}: each dockerd needs a plugin of its own`,
      );
    }
    return {};
  }

  /** dockerd asks after `Init`; others may ask before. */
  async #isExact(): Promise<boolean> {
    if (this.#driver === undefined && this.#memory.readSetup() === undefined) {
      return isExact(this.#settings.storageOpts);
    }
    return contextOf(await this.#open()).settings.exact;
  }

  async #start({ home, options }: Setup): Promise<Driver> {
    const above = home.slice(0, home.lastIndexOf("/")) || "/";
    await Deno.mkdir(above, { recursive: true, mode: 0o711 });
    const { storageOpts, onWarning } = this.#settings;
    return await init(home, {
      ...options,
      storageOpts: [...storageOpts, ...options.storageOpts ?? []],
      onWarning,
    });
  }

  /** The driver; after a restart, by what dockerd said to the one before. */
  async #open(): Promise<Driver> {
    refuseAborted(this.#givingUp.signal);
    this.#driver ??= this.#restart();
    const driver = this.#driver;
    try {
      return await driver;
    } catch (error) {
      if (this.#driver === driver) this.#driver = undefined;
      throw error;
    }
  }

  // deno-lint-ignore require-await -- errors must reject, not throw
  async #restart(): Promise<Driver> {
    const setup = this.#memory.readSetup();
    if (setup !== undefined) return this.#start(setup);
    throw new DriverError(
      "EINVAL",
      "Cannot answer: dockerd has not called Init yet",
    );
  }

  async #applyDiff(
    source: DrainedSource,
    parameters: ReadonlyMap<string, string>,
  ): Promise<Answer> {
    let id = parameters.get("id") ?? "";
    try {
      const driver = await this.#open();
      id = await layerNamed(driver, id);
      const parent = await layerNamed(driver, parameters.get("parent") ?? "");
      const Size = await this.#receive(driver, id, parent, source);
      return { response: Response.json({ Size }), id };
    } catch (error) {
      // dockerd must have sent everything before it is told.
      await source.drain();
      return { ...errorAnswer(messageOf(error), 200), id };
    }
  }

  async #receive(
    driver: Driver,
    id: string,
    parent: string,
    source: DrainedSource,
  ): Promise<number> {
    const { signal } = this.#givingUp;
    const apply = () => applyFrom(driver, id, parent, source, { signal });
    // For a layer that is not there, there is nothing to remember.
    return await driver.exists(id)
      ? await this.#memory.receive(id, source, apply)
      : await apply();
  }

  async #diff(body: Message): Promise<Answer> {
    const { id, parent } = layerCall(body);
    const driver = await this.#open();
    const { signal } = this.#givingUp;
    return await archiveAnswer(driver.diff(id, parent), signal);
  }

  /** Gives up what is not answered yet: layers that are being filled are emptied. */
  async giveUp(): Promise<void> {
    this.#givingUp.abort(new Error("the server ends"));
    await Promise.all(this.#running);
  }

  /** Waits for what calls left for later. */
  async settle(): Promise<void> {
    const driver = await this.#driver?.catch(() => undefined);
    for (const each of driver ? [driver, ...this.#retired] : this.#retired) {
      await contextOf(each).background.idle();
    }
  }
}

/** The id as dockerd sends it, without escapes; by other clients, with them. */
async function layerNamed(driver: Driver, text: string): Promise<string> {
  const other = unescaped(text);
  if (other === text || await driver.exists(text)) return text;
  return other;
}
