/**
 * What a process asks of a home, and what it is told.
 *
 * @module
 */

/** Content of files by name. */
export type Texts = Readonly<Record<string, string>>;

/** One call. */
export interface Call {
  readonly name:
    | "create"
    | "createReadWrite"
    | "get"
    | "put"
    | "write"
    | "unlink"
    | "read"
    | "applyDiff"
    | "diff"
    | "diffSize"
    | "changes"
    | "exists"
    | "getMetadata"
    | "remove"
    | "check"
    | "cleanup";
  readonly id: string;
  /** Whether other processes use the layer as well. */
  readonly shared: boolean;
  /** Whether the command does it, a process that ends with the call. */
  readonly cli: boolean;
  /** Parent of a new layer, or `""` to compare with none. */
  readonly parent?: string;
  /** What an archive holds, or what is written. */
  readonly texts?: Texts;
  /** Names that an archive hides, or that are deleted. */
  readonly gone?: readonly string[];
  /** Whether the archive breaks off after its first file. */
  readonly broken?: boolean;
  /** Milliseconds after which the caller gives up. */
  readonly patience?: number;
  /** Seconds that all files of the archive are dated with. */
  readonly time?: number;
}

/** What a call answered. */
export interface Outcome {
  /** `"OK"`, the code of an error, or `"TORN"`: written while the mount went. */
  readonly code: string;
  /** What it gave. */
  readonly value?: unknown;
  /** Message of an error. */
  readonly message?: string;
}

/** A call as the log has it. */
export interface Entry {
  /** Number of the process. */
  readonly process: number;
  readonly call: Call;
  readonly outcome: Outcome;
  /** Line of the log that was written before the call. */
  readonly begin: number;
  /** Line of the log that was written after it. */
  readonly end: number;
}

/** The two lines that a process writes for each call. */
export interface Line {
  readonly process: number;
  readonly call?: Call;
  readonly outcome?: Outcome;
}

/**
 * Reads a log.
 *
 * All processes append to one file, so that the order of its lines is an order
 * in time: a call whose second line stands above the first line of another had
 * ended before the other began.
 *
 * @param text The log; calls that never ended are an error.
 */
export function parseLog(text: string): Entry[] {
  const open = new Map<number, { call: Call; begin: number }>();
  const entries: Entry[] = [];
  for (const [at, line] of text.trimEnd().split("\n").entries()) {
    const { process, call, outcome } = JSON.parse(line) as Line;
    const begun = open.get(process);
    if (call) open.set(process, { call, begin: at });
    else if (outcome && begun) {
      entries.push({ process, ...begun, outcome, end: at });
      open.delete(process);
    } else throw new Error(`Cannot read the log: line ${at + 1} ends no call`);
  }
  if (open.size === 0) return entries.sort((a, b) => a.begin - b.begin);
  throw new Error("Cannot read the log: some calls never ended");
}

/** A call and its outcome on one line. */
export function describeEntry({ process, call, outcome, ...at }: Entry) {
  const { name, id, cli, shared: _, ...rest } = call;
  const details = Object.keys(rest).length > 0 ? JSON.stringify(rest) : "";
  const value = outcome.value === undefined
    ? ""
    : JSON.stringify(outcome.value);
  const said = outcome.message ? ` “${outcome.message}”` : "";
  return `${at.begin + 1}–${at.end + 1} process ${process}${
    cli ? " (command)" : ""
  }: ${name} ${id} ${details} → ${outcome.code} ${value}${said}`;
}
