/**
 * The messages of containerd's snapshot service; pure.
 *
 * Source: `api/services/snapshots/v1/snapshots.proto` and `api/types/mount.proto`
 * of containerd, and what containerd 1.6 sends. Numbers of fields are all there
 * is to the wire.
 *
 * @module
 */

import { addEntry, fieldsOf, Message, textOf } from "./wire.ts";

/** Labels of a snapshot, by name. */
export type Labels = Readonly<Record<string, string>>;

/** What a snapshot is: written to, looked at, or finished. */
export type Kind = "view" | "active" | "committed";

/** A moment, as protocol buffers have it. */
export interface Timestamp {
  /** Seconds since 1970. */
  readonly seconds: number;
  /** Nanoseconds after that. */
  readonly nanos: number;
}

/** What is known of a snapshot. */
export interface Info {
  /** Its key, or its name once it is committed. */
  readonly name: string;
  /** Name of the snapshot that it stands on; `""` for none. */
  readonly parent: string;
  /** What it is. */
  readonly kind: Kind;
  /** When it was made, or committed. */
  readonly created: Timestamp;
  /** When its labels were changed last. */
  readonly updated: Timestamp;
  /** Its labels. */
  readonly labels: Labels;
}

/** A mount that containerd is to make. */
export interface MountSpec {
  /** Type of the file system, such as `"overlay"`, or `"bind"`. */
  readonly type: string;
  /** What to mount. */
  readonly source: string;
  /** Options, as for mount(8). */
  readonly options: readonly string[];
}

/** Arguments of calls about one snapshot. */
export interface KeyRequest {
  /** Key of the snapshot. */
  readonly key: string;
  /** Name of its parent, for a new one. */
  readonly parent: string;
  /** Its labels, for a new one. */
  readonly labels: Labels;
}

/** Arguments of `Commit`. */
export interface CommitRequest {
  /** Name that the snapshot gets. */
  readonly name: string;
  /** Key that it has. */
  readonly key: string;
  /** Labels that it gets. */
  readonly labels: Labels;
}

/** Arguments of `Update`. */
export interface UpdateRequest {
  /** Name of the snapshot. */
  readonly name: string;
  /** New labels. */
  readonly labels: Labels;
  /** What to change, such as `"labels.a"`; none means all labels. */
  readonly paths: readonly string[];
}

/** Arguments of `List`. */
export interface ListRequest {
  /** Filters, of which one has to match; none matches all. */
  readonly filters: readonly string[];
}

/** Answer of `Usage`. */
export interface Usage {
  /** Bytes on the disk. */
  readonly bytes: number;
  /** How many files. */
  readonly inodes: number;
}

/** What a message holds, by number of field. */
class Parts {
  readonly #texts = new Map<number, string[]>();
  readonly #labels = new Map<string, string>();

  /** Reads a message whose labels have a certain number. */
  constructor(message: Uint8Array, labels: number) {
    for (const { number, bytes } of fieldsOf(message)) {
      if (number === labels) addEntry(this.#labels, bytes);
      else this.texts(number).push(textOf(bytes));
    }
  }

  text(number: number): string {
    return this.#texts.get(number)?.at(-1) ?? "";
  }

  texts(number: number): string[] {
    const known = this.#texts.get(number) ?? [];
    this.#texts.set(number, known);
    return known;
  }

  get labels(): Labels {
    return Object.fromEntries(this.#labels);
  }
}

/** Reads the request of `Prepare`, `View`, `Mounts`, `Stat`, `Remove` and `Usage`. */
export function decodeKey(message: Uint8Array): KeyRequest {
  const parts = new Parts(message, 4);
  return { key: parts.text(2), parent: parts.text(3), labels: parts.labels };
}

/** Reads the request of `Commit`. */
export function decodeCommit(message: Uint8Array): CommitRequest {
  const parts = new Parts(message, 4);
  return { name: parts.text(2), key: parts.text(3), labels: parts.labels };
}

/** Reads the request of `List`. */
export function decodeList(message: Uint8Array): ListRequest {
  return { filters: new Parts(message, -1).texts(2) };
}

/** Reads the request of `Update`. */
export function decodeUpdate(message: Uint8Array): UpdateRequest {
  let info: Pick<UpdateRequest, "name" | "labels"> = { name: "", labels: {} };
  const paths: string[] = [];
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 2) info = decodeMutable(bytes);
    if (number === 3) paths.push(...new Parts(bytes, -1).texts(1));
  }
  return { ...info, paths };
}

/** Reads of an `Info` what may be changed. Its times are no texts. */
function decodeMutable(
  message: Uint8Array,
): Pick<UpdateRequest, "name" | "labels"> {
  let name = "";
  const labels = new Map<string, string>();
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) name = textOf(bytes);
    if (number === 6) addEntry(labels, bytes);
  }
  return { name, labels: Object.fromEntries(labels) };
}

/** Answer of calls that only succeed. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** Writes the answer of `Prepare`, `View` and `Mounts`. */
export function encodeMounts(mounts: readonly MountSpec[]): Uint8Array {
  const answer = new Message();
  for (const { type, source, options } of mounts) {
    answer.message(
      1,
      (mount) => mount.text(1, type).text(2, source).texts(4, options),
    );
  }
  return answer.bytes;
}

/** Writes the answer of `Stat` and `Update`. */
export function encodeInfo(info: Info): Uint8Array {
  return encodeInfos([info]);
}

/** Writes one message of the answer of `List`. */
export function encodeInfos(infos: readonly Info[]): Uint8Array {
  const answer = new Message();
  for (const info of infos) {
    answer.message(1, (message) => writeInfo(message, info));
  }
  return answer.bytes;
}

const KINDS: Readonly<Record<Kind, number>> = {
  view: 1,
  active: 2,
  committed: 3,
};

function writeInfo(message: Message, info: Info): void {
  message.text(1, info.name).text(2, info.parent).number(3, KINDS[info.kind])
    .message(4, (time) => writeTime(time, info.created))
    .message(5, (time) => writeTime(time, info.updated))
    .map(6, info.labels);
}

function writeTime(message: Message, { seconds, nanos }: Timestamp): void {
  message.number(1, seconds).number(2, nanos);
}

/** Writes the answer of `Usage`. */
export function encodeUsage({ bytes, inodes }: Usage): Uint8Array {
  return new Message().number(1, bytes).number(2, inodes).bytes;
}
