/**
 * Go's `archive/tar`, asked through a small program that is built for a test.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { TarEntry } from "../../src/tar/entry.ts";
import { encodeName } from "../../src/text.ts";
import { expanded, type Read } from "./fixture.ts";

/** Files of this size and more are not read by the peer, nor compared. */
const READ_LIMIT = 1 << 22;

/** A header as the peer prints it; see `peer/main.go`. */
export interface PeerEntry {
  name: string;
  linkname: string;
  type: string;
  size: string;
  mode: string;
  uid: string;
  gid: string;
  mtime: string;
  atime: string;
  devmajor: string;
  devminor: string;
  xattrs: Record<string, string>;
  body: string;
}

/** What Go makes of an archive; the error is empty if there is none. */
export interface PeerArchive {
  entries: PeerEntry[];
  error: string;
}

/** Tells whether a program is on the path. */
export function hasProgram(name: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(name, { args, stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** Whether the peer can be built here. */
export const HAS_GO: boolean = hasProgram("go", "version");

/** The program, built into a directory of its own. */
export class Peer implements Disposable {
  readonly #directory = Deno.makeTempDirSync({ prefix: "overlay2_peer_" });

  /** Builds the program. */
  constructor() {
    const built = new Deno.Command("go", {
      args: ["build", "-o", `${this.#directory}/peer`, "."],
      cwd: new URL("peer", import.meta.url),
    }).outputSync();
    if (built.success) return;
    this[Symbol.dispose]();
    throw new Error(new TextDecoder().decode(built.stderr));
  }

  /** Removes the program. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.#directory, { recursive: true });
  }

  async #run(command: string, input: Uint8Array): Promise<Uint8Array> {
    const child = new Deno.Command(`${this.#directory}/peer`, {
      args: [command],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const written = writer.write(input).then(() => writer.close());
    const { stdout, success } = await child.output();
    await written;
    if (!success) throw new Error(`peer ${command} failed`);
    return stdout;
  }

  /** Reads archives. */
  async read(archives: Uint8Array[]): Promise<PeerArchive[]> {
    const parts = archives.flatMap((archive) => {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, archive.length, true);
      return [length, archive];
    });
    const input = await new Blob(parts as BlobPart[]).arrayBuffer();
    const output = await this.#run("read", new Uint8Array(input));
    return linesOf(output).map((line) => JSON.parse(line));
  }

  /** Encodes headers; gives the blocks, or the reason why there are none. */
  async encode(entries: TarEntry[]): Promise<(Uint8Array | string)[]> {
    const input = entries.map((entry) => wantedLine(entry)).join("");
    const output = await this.#run("encode", new TextEncoder().encode(input));
    return linesOf(output).map((line) =>
      line.startsWith("error: ") ? line : Uint8Array.fromBase64(line)
    );
  }

  /** Decompresses bzip2. */
  bunzip2(input: Uint8Array): Promise<Uint8Array> {
    return this.#run("bunzip2", input);
  }
}

function linesOf(output: Uint8Array): string[] {
  return new TextDecoder().decode(output).split("\n").slice(0, -1);
}

function wantedLine(entry: TarEntry): string {
  const xattrs = [...entry.xattrs ?? []].map(([name, value]) =>
    [hexOf(name), value.toHex()] as const
  );
  return JSON.stringify({
    Name: hexOf(entry.name),
    Linkname: hexOf(entry.linkname),
    Type: hexOf(entry.type),
    Size: entry.size,
    Mode: entry.mode,
    UID: entry.uid,
    GID: entry.gid,
    Seconds: entry.mtime.seconds,
    Nanoseconds: entry.mtime.nanoseconds,
    Atime: entry.atime && [entry.atime.seconds, entry.atime.nanoseconds],
    Devmajor: entry.devmajor,
    Devminor: entry.devminor,
    Xattrs: Object.fromEntries(xattrs),
  }) + "\n";
}

function hexOf(name: string): string {
  return encodeName(name).toHex();
}

/** Puts what the reader told into the form that the peer prints. */
export function asPeerEntry({ entry, ...rest }: Read): PeerEntry {
  const number = (value: number) => BigInt(value).toString();
  const time = (time: TarEntry["atime"]) =>
    time === undefined
      ? ""
      : `${number(time.seconds)}.${`${time.nanoseconds}`.padStart(9, "0")}`;
  const xattrs = [...entry.xattrs ?? []].map(([name, value]) =>
    [hexOf(name), value.toHex()] as const
  );
  const hash = createHash("sha256");
  if (entry.size <= READ_LIMIT) hash.update(expanded({ entry, ...rest }));
  return {
    name: hexOf(entry.name),
    linkname: hexOf(entry.linkname),
    type: entry.type.charCodeAt(0).toString(16).padStart(2, "0"),
    size: number(entry.size),
    mode: number(entry.mode),
    uid: number(entry.uid),
    gid: number(entry.gid),
    mtime: time(entry.mtime),
    atime: time(entry.atime),
    devmajor: number(entry.devmajor),
    devminor: number(entry.devminor),
    xattrs: Object.fromEntries(xattrs),
    body: entry.size <= READ_LIMIT ? hash.digest("hex") : "",
  };
}
