/**
 * Archives of the calls, and what the archives of layers hold.
 *
 * @module
 */

import { decodeName } from "../../../src/text.ts";
import { archive, file, type Member } from "../../tar_builder.ts";
import { entriesOf, expanded } from "../../tar/fixture.ts";
import type { Call } from "./call.ts";

const WHITEOUT_PREFIX = ".wh.";

/** The archive that a call applies. */
export function archiveOf({ texts = {}, gone = [], broken, time = 0 }: Call) {
  const fields = { mtime: { seconds: time, nanoseconds: 0 } };
  const files: Member[] = Object.entries(texts).map(([name, text]) =>
    file(name, text, fields)
  );
  if (broken) return archive(files[0]!, new Uint8Array(512).fill(0xff));
  const hidden = gone.map((name) => file(`${WHITEOUT_PREFIX}${name}`));
  return archive(...files, ...hidden);
}

/** Files in the archive of a layer, as the model writes them. */
export function filesIn(bytes: Uint8Array): string[] {
  return entriesOf(bytes).map((read) => {
    const { name, type, linkname } = read.entry;
    if (name.startsWith(WHITEOUT_PREFIX)) {
      return `${name.slice(WHITEOUT_PREFIX.length)}=w`;
    }
    return type === "2"
      ? `${name}=s${linkname}`
      : `${name}=f${decodeName(expanded(read))}`;
  }).sort();
}
