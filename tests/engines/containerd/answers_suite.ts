/**
 * Random calls of the server and of containerd's own overlay snapshotter: both
 * have to answer the same, errors included.
 *
 * @module
 */

import { serveContainerd } from "../../../src/server/containerd/serve.ts";
import { assertEquals } from "../../assert.ts";
import { execute } from "../../cli/program.ts";
import { TempDir } from "../../fixtures.ts";
import {
  type Info,
  type Mount,
  Snapshots,
} from "../../server/containerd/client.ts";
import { settingsFor } from "../../server/containerd/fixture.ts";
import { Random } from "../../tree/random.ts";

const SUITE = new URL("suite/", import.meta.url).pathname;
const CALLS = 1500;
const KEYS = ["k0", "k1", "k2", "k3", "sha256:0 1/2"];
const NAMES = [...KEYS, "n0", "n1", "n2", "n3", "n4", "n5"];
const FILTERS = [
  "kind==active",
  "kind!=committed,labels.a",
  "parent==n0",
  'parent!=""',
  "labels.a==1",
  "name~=^n[0-3]$",
  "labels.b!=1",
  "kind=active",
  "kind==",
];
const MASKS = [[], ["labels"], ["labels.a"], ["labels.a", "labels.b"], [
  "parent",
]];

const hasGo = await execute(["go", "version"])
  .then(({ status }) => status === 0, () => false);

Deno.test({
  name: "serve containerd answers as containerd's own overlay snapshotter" +
    (hasGo ? "" : " (skipped: needs Go)"),
  ignore: !hasGo,
  async fn() {
    using temp = new TempDir("o2a");
    const binary = `${temp.path}/peer`;
    const built = await execute([
      "go",
      "-C",
      SUITE,
      "build",
      "-o",
      binary,
      "./peer",
    ]);
    assertEquals(built.status, 0, built.stderr);
    const peer = new Deno.Command(binary, {
      args: [`${temp.path}/theirs`, `${temp.path}/root`],
    }).spawn();
    const serving = await serveContainerd(
      settingsFor(`${temp.path}/ours`),
      `${temp.path}/home`,
    );
    try {
      await compare(`${temp.path}/ours`, `${temp.path}/theirs`);
    } finally {
      await serving.stop(10_000);
      peer.kill("SIGKILL");
      await peer.status;
    }
  },
});

async function compare(ours: string, theirs: string): Promise<void> {
  const seed = Number(Deno.env.get("OVERLAY2_SEED") ?? Date.now() % 1e6);
  const random = new Random(seed);
  using our = new Side(ours);
  using their = new Side(theirs);
  // There, nothing is found in a table that was never written.
  for (const side of [our, their]) await side.answer(["prepare", "k0", "", {}]);
  const history: string[] = [];
  for (let i = 0; i < CALLS; i++) {
    const call = randomCall(random);
    const [mine, other] = [await our.answer(call), await their.answer(call)];
    history.push(`${JSON.stringify(call)}: ${JSON.stringify(other)}`);
    assertEquals(mine, other, `seed ${seed}\n${history.slice(-30).join("\n")}`);
  }
}

type Call = readonly [name: string, ...words: (string | object)[]];

function randomCall(random: Random): Call {
  const one = <T>(of: readonly T[]) => random.pick(of);
  const labels = () => ({
    ...random.below(2) && { a: one(["1", "2", ""]) },
    ...random.below(3) === 0 && { b: "1" },
  });
  const calls: (() => Call)[] = [
    () => ["prepare", one(KEYS), one(["", ...NAMES]), labels()],
    () => ["prepare", one(KEYS), "", labels()],
    () => ["view", one(KEYS), one(["", ...NAMES]), labels()],
    () => ["commit", one(NAMES), one(KEYS), labels()],
    () => ["commit", one(NAMES), one(KEYS), labels()],
    () => ["mounts", one(NAMES)],
    () => ["remove", one(NAMES)],
    () => ["stat", one(NAMES)],
    () => ["usage", one(NAMES)],
    () => ["update", one(NAMES), labels(), one(MASKS)],
    () => ["list", ...random.below(2) ? [one(FILTERS)] : []],
    () => ["list", one(FILTERS), one(FILTERS)],
    () => [
      "write",
      one(NAMES),
      `${random.below(9)}`,
      `${random.below(20_000)}`,
    ],
    () => ["cleanup"],
  ];
  return one(calls)();
}

/** One of the two, with its answers in a form that can be compared. */
class Side implements Disposable {
  readonly #client: Snapshots;
  /** Layers in the order in which they showed. */
  readonly #layers = new Map<string, number>();

  constructor(socket: string) {
    this.#client = new Snapshots(socket);
  }

  async answer([name, ...words]: Call): Promise<unknown> {
    try {
      return await this.#run(name, words);
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      // There, a list is refused by an error without a code.
      return name === "list" ? "refused" : error.code;
    }
  }

  // deno-lint-ignore no-explicit-any -- a call's words fit its name
  async #run(name: string, words: any): Promise<unknown> {
    const client = this.#client;
    switch (name) {
      case "prepare":
        return this.#mounts(await client.prepare(words[0], words[1], words[2]));
      case "view":
        return this.#mounts(await client.view(words[0], words[1], words[2]));
      case "mounts":
        return this.#mounts(await client.mounts(words[0]));
      case "stat":
        return shown(await client.stat(words[0]));
      case "update":
        return shown(await client.update(words[0], words[1], words[2]));
      case "list":
        return (await client.list(...words)).map(shown);
      case "usage":
        return await client.usage(words[0]);
      case "commit":
        return await client.commit(words[0], words[1], words[2]);
      case "remove":
        return await client.remove(words[0]);
      case "cleanup":
        return await client.cleanup();
      default:
        return await this.#write(words[0], words[1], Number(words[2]));
    }
  }

  /** Writes a file where a snapshot's own files lie. */
  async #write(key: string, name: string, size: number): Promise<void> {
    const [mount] = await this.#client.mounts(key);
    const own = mount!.type === "bind" && mount!.options.includes("rw")
      ? mount!.source
      : mount!.options.find((option) => option.startsWith("upperdir="))
        ?.slice("upperdir=".length);
    if (own !== undefined) {
      Deno.writeFileSync(`${own}/${name}`, new Uint8Array(size).fill(1));
    }
  }

  #mounts(mounts: readonly Mount[]) {
    return mounts.map(({ type, source, options }) => ({
      type,
      source: this.#named(source),
      options: options.map((option) => this.#named(option)),
    }));
  }

  /** Calls directories by the order in which they showed. */
  #named(text: string): string {
    return text.replace(
      /\/[^:,=]*\/([^/:]+)\/(diff|fs|work)/g,
      (_, id, what) => {
        const number = this.#layers.get(id) ?? this.#layers.size;
        this.#layers.set(id, number);
        return `${number}/${what === "diff" ? "fs" : what}`;
      },
    );
  }

  [Symbol.dispose]() {
    this.#client[Symbol.dispose]();
  }
}

function shown({ name, parent, kind, labels }: Info) {
  return { name, parent, kind, labels };
}
