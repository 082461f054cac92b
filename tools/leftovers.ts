/**
 * Finds what a run leaves behind: mounts, loop devices, processes and files.
 *
 * @module
 */

/** Where to look, taken before the run. */
export interface Watch {
  /** Only mounts and loop devices on files below this directory count. */
  readonly scope: string;
  /** Directory that the run used for temporary files. */
  readonly temp: string;
  /** Words in the environment of every process of the run, `NAME=VALUE`. */
  readonly mark: string;
  /** What was there before the run, and does not count. */
  readonly before: ReadonlySet<string>;
}

/** Something that a run left behind. */
export interface Leftover {
  readonly kind: "mount" | "loop device" | "process" | "file";
  /** Mount point, device, process id, or path. */
  readonly what: string;
  /** Where it lies; for a loop device its file, for a process nothing. */
  readonly place?: string;
  /** One line for the user. */
  readonly text: string;
}

/**
 * Notes the state before a run.
 *
 * @param scope See {@linkcode Watch.scope}; `"/"` watches the whole machine.
 * @param temp See {@linkcode Watch.temp}; empty at this time.
 * @param mark See {@linkcode Watch.mark}.
 */
export function watch(scope: string, temp: string, mark: string): Watch {
  const before = [...mounts(scope), ...loops(scope)].map(({ text }) => text);
  return { scope, temp, mark, before: new Set(before) };
}

/**
 * Lists what is there after a run and was not there before it.
 *
 * @param watch What {@linkcode watch} returned.
 * @returns Processes first and files last: the order in which to remove them.
 */
export function leftovers(watch: Watch): Leftover[] {
  const held = [...mounts(watch.scope), ...loops(watch.scope)];
  return [
    ...processes(watch.mark),
    ...held.filter(({ text }) => !watch.before.has(text)),
    ...files(watch.temp),
  ];
}

/**
 * Removes a leftover, as far as that is possible.
 *
 * @param leftover What to remove.
 */
export async function remove({ kind, what }: Leftover): Promise<void> {
  try {
    if (kind === "process") Deno.kill(Number(what), "SIGKILL");
    else if (kind === "file") await Deno.remove(what, { recursive: true });
    else if (kind === "mount") await run("umount", "-l", what);
    else await run("losetup", "-d", what);
  } catch {
    // It was reported as left behind; that it went away meanwhile is fine.
  }
}

async function run(command: string, ...args: string[]): Promise<void> {
  await new Deno.Command(command, { args }).output();
}

/** The mounts below `scope`, innermost first; of all of "/", overlays only. */
function mounts(scope: string): Leftover[] {
  return Deno.readTextFileSync("/proc/self/mountinfo")
    .trimEnd().split("\n").reverse()
    .map((line) => line.split(" "))
    .map((words) => ({
      id: words[0]!,
      target: unescapeMount(words[4]!),
      type: words[words.indexOf("-") + 1]!,
    }))
    .filter(({ target, type }) =>
      scope === "/" ? type === "overlay" : target.startsWith(`${scope}/`)
    )
    .map(({ id, target, type }) => ({
      kind: "mount",
      what: target,
      place: target,
      text: `mount ${id} of type ${type} on ${target}`,
    }));
}

/** Undoes the octal escapes of the mount table. */
function unescapeMount(text: string): string {
  return text.replace(
    /\\([0-7]{3})/g,
    (_, octal: string) => String.fromCharCode(parseInt(octal, 8)),
  );
}

function loops(scope: string): Leftover[] {
  return [...Deno.readDirSync("/sys/block")]
    .filter(({ name }) => name.startsWith("loop"))
    .flatMap(({ name }) => {
      const file = readOptional(`/sys/block/${name}/loop/backing_file`);
      const inScope = scope === "/" || file.startsWith(`${scope}/`);
      if (file === "" || !inScope) return [];
      const what = `/dev/${name}`;
      return [
        {
          kind: "loop device",
          what,
          place: file,
          text: `loop device ${what} on ${file}`,
        },
      ];
    });
}

function processes(mark: string): Leftover[] {
  return [...Deno.readDirSync("/proc")]
    .filter(({ name }) => /^\d+$/.test(name) && Number(name) !== Deno.pid)
    .filter(({ name }) =>
      readOptional(`/proc/${name}/environ`).split("\0").includes(mark)
    )
    .map(({ name }) => {
      const command = readOptional(`/proc/${name}/cmdline`)
        .replaceAll("\0", " ").trim();
      return {
        kind: "process",
        what: name,
        text: `process ${name}: ${command}`,
      };
    });
}

function files(temp: string): Leftover[] {
  return [...Deno.readDirSync(temp)].map(({ name }) => {
    const what = `${temp}/${name}`;
    return { kind: "file", what, place: what, text: `file ${what}` };
  });
}

/** Text of a file of /proc or /sys; empty if it is gone or says nothing. */
function readOptional(path: string): string {
  try {
    return Deno.readTextFileSync(path).trimEnd();
  } catch {
    return "";
  }
}
