/**
 * Archives made by other programs, read here.
 *
 * @module
 */

import { encodeName } from "../../src/text.ts";
import { assert, assertEquals } from "../assert.ts";
import { entriesOf, expanded, join, type Read } from "./fixture.ts";
import { hasProgram } from "./peer.ts";

const NEEDS_PYTHON = { ignore: !hasProgram("python3", "--version") };
const NEEDS_GNU_TAR = { ignore: !hasGnuTar() };

function hasGnuTar(): boolean {
  if (!hasProgram("tar", "--version")) return false;
  const { stdout } = new Deno.Command("tar", { args: ["--version"] })
    .outputSync();
  return new TextDecoder().decode(stdout).includes("GNU tar");
}

function run(program: string, args: string[], cwd?: string): Uint8Array {
  const output = new Deno.Command(program, { args, ...(cwd && { cwd }) })
    .outputSync();
  if (output.success) return output.stdout;
  throw new Error(new TextDecoder().decode(output.stderr));
}

/** A directory that goes away with the test. */
function tempDirectory(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "overlay2_tar_" });
  return {
    path,
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

function byName(reads: Read[]): Map<string, Read> {
  return new Map(reads.map((read) => [read.entry.name, read]));
}

const MIB = 1 << 20;

/** A file of 3 MiB and some bytes: data at both ends and in the middle. */
function writeSparse(path: string, pieces: number): Uint8Array {
  using file = Deno.openSync(path, { write: true, create: true });
  const content = new Uint8Array(3 * MIB + 100);
  for (let i = 0; i < pieces; i++) {
    const at = Math.floor(i * (content.length - 5000) / pieces / 4096) * 4096;
    content.fill(65 + i % 26, at, at + 4096);
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(content.subarray(at, at + 4096));
  }
  file.truncateSync(content.length);
  return content;
}

const SPARSE_FORMS: Record<string, string[]> = {
  "old GNU": ["--format=gnu"],
  "PAX 0.0": ["--format=posix", "--sparse-version=0.0"],
  "PAX 0.1": ["--format=posix", "--sparse-version=0.1"],
  "PAX 1.0": ["--format=posix", "--sparse-version=1.0"],
};

for (const [form, args] of Object.entries(SPARSE_FORMS)) {
  for (const pieces of [0, 1, 3, 60, 300]) {
    Deno.test(
      `TarReader expands ${pieces} pieces of GNU tar's ${form} (needs GNU tar)`,
      NEEDS_GNU_TAR,
      () => {
        using directory = tempDirectory();
        const content = writeSparse(`${directory.path}/sparse`, pieces);
        Deno.writeTextFileSync(`${directory.path}/z`, "after");
        const archive = run(
          "tar",
          ["-c", "--sparse", ...args, "-f", "-", "sparse", "z"],
          directory.path,
        );

        const reads = byName(entriesOf(archive));

        const sparse = reads.get("sparse")!;
        assertEquals([sparse.entry.type, sparse.entry.size], [
          "0",
          content.length,
        ]);
        assert(isSame(expanded(sparse), content), "content differs");
        assert(
          sparse.content.some((part) => typeof part === "number"),
          "no hole",
        );
        assertEquals(expanded(reads.get("z")!), encodeName("after"));
      },
    );
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

for (const format of ["v7", "oldgnu", "gnu", "ustar", "posix"]) {
  Deno.test(
    `TarReader reads what GNU tar writes as ${format} (needs GNU tar)`,
    NEEDS_GNU_TAR,
    () => {
      using directory = tempDirectory();
      const root = directory.path;
      const long = format === "v7"
        ? "long"
        : `${"d".repeat(80)}/${"e".repeat(60)}`;
      Deno.mkdirSync(`${root}/${long}`, { recursive: true });
      Deno.writeTextFileSync(`${root}/a-ünï`, "body");
      Deno.chmodSync(`${root}/a-ünï`, 0o4751);
      Deno.utimeSync(`${root}/a-ünï`, 5, 1234567890);
      Deno.linkSync(`${root}/a-ünï`, `${root}/zlink`);
      Deno.symlinkSync("a/target", `${root}/symlink`);
      const owner = ["--owner=:1234", "--group=:2345", "--sort=name"];
      const archive = run(
        "tar",
        ["-c", `--format=${format}`, ...owner, "-f", "-", "."],
        root,
      );

      const reads = byName(entriesOf(archive));

      const { entry, content } = reads.get("./a-ünï")!;
      assertEquals([entry.type, entry.mode], ["0", 0o4751]);
      assertEquals([entry.uid, entry.gid], [1234, 2345]);
      assertEquals(entry.mtime, { seconds: 1234567890, nanoseconds: 0 });
      assertEquals(content, [encodeName("body")]);
      const link = reads.get("./zlink")!.entry;
      assertEquals([link.type, link.linkname], ["1", entry.name]);
      const symlink = reads.get("./symlink")!.entry;
      assertEquals([symlink.type, symlink.linkname], ["2", "a/target"]);
      assertEquals(reads.get(`./${long}/`)!.entry.type, "5");
    },
  );
}

/** Python that writes one archive with every kind of entry to stdout. */
const PYTHON = `
import io, sys, tarfile
form = getattr(tarfile, sys.argv[1])
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w", format=form) as archive:
    def add(name, type=tarfile.REGTYPE, body=b"", **fields):
        info = tarfile.TarInfo(name)
        info.type, info.size, info.mode = type, len(body), 0o640
        for key, value in fields.items():
            setattr(info, key, value)
        archive.addfile(info, io.BytesIO(body))
    add("plain", body=b"body", mtime=1234567890, uid=1000, gid=100)
    add("dir", tarfile.DIRTYPE)
    add("link", tarfile.LNKTYPE, linkname="plain")
    add("sym", tarfile.SYMTYPE, linkname="t/" * 30)
    add("dev", tarfile.CHRTYPE, devmajor=1, devminor=3)
    add("fifo", tarfile.FIFOTYPE)
    if form != tarfile.USTAR_FORMAT:
        add("x" * 300, body=b"long", uid=3000000)
        add("s", tarfile.SYMTYPE, linkname="y" * 300)
        add("raw\\udcff\\udc80", body=b"raw")
        add("before", mtime=-2)
    if form == tarfile.PAX_FORMAT:
        add("fraction", mtime=1.5)
        add("attributes", pax_headers={"SCHILY.xattr.user.a": "\\u00e9=\\n"})
        add("gib", pax_headers={"comment": "c" * 5000})
sys.stdout.buffer.write(out.getvalue())
`;

for (const format of ["USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT"]) {
  Deno.test(
    `TarReader reads what Python writes as ${format} (needs python3)`,
    NEEDS_PYTHON,
    () => {
      const reads = byName(entriesOf(run("python3", ["-c", PYTHON, format])));

      const plain = reads.get("plain")!;
      assertEquals(plain.content, [encodeName("body")]);
      assertEquals([plain.entry.uid, plain.entry.gid], [1000, 100]);
      assertEquals(plain.entry.mtime, { seconds: 1234567890, nanoseconds: 0 });
      assertEquals(plain.entry.mode, 0o640);
      assertEquals(reads.get("dir/")!.entry.type, "5");
      assertEquals(reads.get("link")!.entry.linkname, "plain");
      assertEquals(reads.get("sym")!.entry.linkname, "t/".repeat(30));
      const { devmajor, devminor } = reads.get("dev")!.entry;
      assertEquals([devmajor, devminor], [1, 3]);
      assertEquals(reads.get("fifo")!.entry.type, "6");
      if (format !== "USTAR_FORMAT") checkLong(reads);
      if (format === "PAX_FORMAT") checkPax(reads);
    },
  );
}

function checkLong(reads: Map<string, Read>): void {
  const long = reads.get("x".repeat(300))!;
  assertEquals(join(expanded(long)), encodeName("long"));
  assertEquals(long.entry.uid, 3000000);
  assertEquals(reads.get("s")!.entry.linkname, "y".repeat(300));
  assertEquals(expanded(reads.get("raw\udcff\udc80")!), encodeName("raw"));
  assertEquals(reads.get("before")!.entry.mtime, {
    seconds: -2,
    nanoseconds: 0,
  });
}

function checkPax(reads: Map<string, Read>): void {
  const { mtime } = reads.get("fraction")!.entry;
  assertEquals(mtime, { seconds: 1, nanoseconds: 500000000 });
  const { xattrs } = reads.get("attributes")!.entry;
  assertEquals(xattrs, new Map([["user.a", encodeName("é=\n")]]));
}
