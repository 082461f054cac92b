/**
 * What is known of snapshots beside their layers: a database in the home.
 *
 * Each method is one transaction. Those that somebody would miss after a power
 * cut are on the disk when it returns, and with them all that were before.
 *
 * @module
 */

import {
  DatabaseSync,
  type SQLInputValue,
  type StatementSync,
} from "node:sqlite";
import { DriverError } from "../../errors.ts";
import type { Sync } from "../../driver/snapshots.ts";
import { quote, SnapshotError, unknownSnapshot } from "./fault.ts";
import type { Info, Kind, Labels, Timestamp, Usage } from "./messages.ts";

/** A snapshot on record. */
export interface Snapshot extends Info {
  /** Number of its layer. */
  readonly number: number;
  /** Number of the layer that it stands on; `undefined` for none. */
  readonly below: number | undefined;
  /** What it takes on the disk, known once it is committed. */
  readonly usage: Usage;
}

/** A snapshot to be recorded. */
export interface NewSnapshot {
  /** Number of its layer. */
  readonly number: number;
  /** Its key. */
  readonly key: string;
  /** Name of the snapshot that it stands on; `""` for none. */
  readonly parent: string;
  /** What it is. */
  readonly kind: Kind;
  /** Its labels. */
  readonly labels: Labels;
  /** Whether nobody misses it, should a power cut take it away. */
  readonly passing: boolean;
}

const VERSION = 1;
const SCHEMA = `
  CREATE TABLE home (
    -- Begins the ids of all layers that are snapshots of this database.
    tag TEXT NOT NULL
  ) STRICT;
  CREATE TABLE snapshots (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    below INTEGER REFERENCES snapshots (number),
    kind TEXT NOT NULL,
    -- Nanoseconds since 1970.
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0,
    inodes INTEGER NOT NULL DEFAULT 0,
    -- A JSON object.
    labels TEXT NOT NULL
  ) STRICT;
  CREATE INDEX snapshots_below ON snapshots (below);
  PRAGMA user_version = ${VERSION};
`;
const SELECT = `
  SELECT s.number, s.key AS name, coalesce(p.key, '') AS parent, s.below, s.kind,
    s.created / 1000000000 AS created_seconds, s.created % 1000000000 AS created_nanos,
    s.updated / 1000000000 AS updated_seconds, s.updated % 1000000000 AS updated_nanos,
    s.bytes, s.inodes, s.labels
  FROM snapshots s LEFT JOIN snapshots p ON p.number = s.below
`;
const BELOW = "SELECT number, below FROM snapshots WHERE below IS NOT NULL";

/** How long another process may keep the database, in milliseconds. */
const PATIENCE_MS = 5000;

type Row = Readonly<Record<string, unknown>>;

/** The records of one home. */
export class Records implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #sync: Sync;
  /** What `PRAGMA synchronous` says. */
  #synchronous = "";
  /** What each snapshot stands on, by number; none for those on nothing. */
  readonly #below = new Map<number, number>();
  /** Begins the ids of all layers that are snapshots. */
  readonly tag: string;

  /**
   * Opens the database, or makes it.
   *
   * @param path Path of the file; others are made beside it.
   * @param sync What is to be on the disk when it is answered: nothing; what
   * would be missed; everything.
   * @param newTag Called for the tag of a new database.
   * @throws {DriverError} `EUCLEAN` if the file is no such database.
   */
  constructor(path: string, sync: Sync, newTag: () => string) {
    this.#sync = sync;
    try {
      this.#db = new DatabaseSync(path, { timeout: PATIENCE_MS });
      this.#db.exec("PRAGMA journal_mode = WAL");
      this.tag = this.#transaction(() => this.#open(newTag));
      for (const { number, below } of this.#all(BELOW)) {
        this.#below.set(Number(number), Number(below));
      }
    } catch (error) {
      throw unusable(path, error);
    }
  }

  #open(newTag: () => string): string {
    const version = this.#one("PRAGMA user_version")?.user_version;
    if (version === 0) {
      this.#db.exec(SCHEMA);
      this.#run("INSERT INTO home VALUES (?)", newTag());
    } else if (version !== VERSION) {
      throw new Error(`it has version ${version}, above ${VERSION}`);
    }
    return String(this.#one("SELECT tag FROM home")?.tag);
  }

  /**
   * Finds a snapshot.
   *
   * @param key Its key or name.
   * @param doing What for, such as `"remove"`.
   * @throws {SnapshotError} `NOT_FOUND`.
   */
  get(key: string, doing: string): Snapshot {
    const row = this.#one(`${SELECT} WHERE s.key = ?`, key);
    if (row === undefined) throw unknownSnapshot(doing, key);
    return snapshotOf(row);
  }

  /** All snapshots, by the bytes of their names. */
  all(): Snapshot[] {
    return this.#all(`${SELECT} ORDER BY s.key`).map(snapshotOf);
  }

  /**
   * Refuses a key or name that is taken, or cannot be one.
   *
   * @throws {SnapshotError} `ALREADY_EXISTS`, `INVALID_ARGUMENT`.
   */
  requireFree(key: string, doing: string): void {
    if (key === "") {
      throw new SnapshotError(
        "INVALID_ARGUMENT",
        `Cannot ${doing} a snapshot: its key is empty`,
      );
    }
    if (this.#one("SELECT 1 FROM snapshots WHERE key = ?", key)) {
      throw new SnapshotError(
        "ALREADY_EXISTS",
        `Cannot ${doing} snapshot ${quote(key)}: it exists already`,
      );
    }
  }

  /**
   * Finds a snapshot that others may stand on.
   *
   * @throws {SnapshotError} `NOT_FOUND`; `INVALID_ARGUMENT` if it is not committed.
   */
  requireParent(name: string): Snapshot {
    const parent = this.get(name, "stand on");
    if (parent.kind === "committed") return parent;
    throw new SnapshotError(
      "INVALID_ARGUMENT",
      `Cannot stand on snapshot ${quote(name)}: it is not committed`,
    );
  }

  /** Numbers of a snapshot and of all that it stands on, nearest first. */
  stackFrom(number: number): number[] {
    const stack: number[] = [];
    for (
      let next: number | undefined = number;
      next !== undefined;
      next = this.#below.get(next)
    ) stack.push(next);
    return stack;
  }

  /** Name of a snapshot that stands on another; `undefined` if none does. */
  childOf(number: number): string | undefined {
    const row = this.#one("SELECT key FROM snapshots WHERE below = ?", number);
    return row && String(row.key);
  }

  /**
   * Records a snapshot.
   *
   * @throws {SnapshotError} `ALREADY_EXISTS`, `NOT_FOUND`, `INVALID_ARGUMENT`.
   */
  add({ number, key, parent, kind, labels, passing }: NewSnapshot): void {
    const below = this.#transaction(() => {
      const below = parent === "" ? null : this.requireParent(parent).number;
      this.requireFree(key, "make");
      const now = Temporal.Now.instant().epochNanoseconds;
      this.#run(
        `INSERT INTO snapshots (number, key, below, kind, created, updated, labels)
          VALUES (?, ?, ?, ?, ?, ?, ?)`,
        ...[number, key, below, kind, now, now, labelText(labels)],
      );
      return below;
    }, passing);
    if (below !== null) this.#below.set(number, below);
  }

  /**
   * Makes an active snapshot a committed one. Its labels are not kept.
   *
   * @throws {SnapshotError} `NOT_FOUND`, `ALREADY_EXISTS`, `FAILED_PRECONDITION`.
   */
  commit(key: string, name: string, labels: Labels, usage: Usage): void {
    this.#transaction(() => {
      const { number } = this.requireActive(key, name);
      const now = Temporal.Now.instant().epochNanoseconds;
      this.#run(
        `UPDATE snapshots SET key = ?, kind = 'committed', created = ?,
          updated = ?, labels = ?, bytes = ?, inodes = ? WHERE number = ?`,
        ...[name, now, now, labelText(labels), usage.bytes, usage.inodes],
        number,
      );
    });
  }

  /**
   * Finds a snapshot that may be committed.
   *
   * @throws {SnapshotError} as {@linkcode Records.commit}.
   */
  requireActive(key: string, name: string): Snapshot {
    const snapshot = this.get(key, "commit");
    this.requireFree(name, "commit to");
    if (snapshot.kind === "active") return snapshot;
    throw new SnapshotError(
      "FAILED_PRECONDITION",
      `Cannot commit snapshot ${quote(key)}: it is not active`,
    );
  }

  /**
   * Changes the labels of a snapshot.
   *
   * @param key Its key or name.
   * @param change Makes the new labels of the old ones.
   * @returns The snapshot as it is then.
   * @throws {SnapshotError} `NOT_FOUND`, or what `change` throws.
   */
  relabel(key: string, change: (labels: Labels) => Labels): Snapshot {
    return this.#transaction(() => {
      const { number, labels } = this.get(key, "update");
      this.#run(
        "UPDATE snapshots SET labels = ?, updated = ? WHERE number = ?",
        labelText(change(labels)),
        Temporal.Now.instant().epochNanoseconds,
        number,
      );
      return this.get(key, "update");
    });
  }

  /**
   * Forgets a snapshot on which none stands. It may be back after a power cut:
   * as a record without a layer, or with it, and then it is removed again.
   */
  delete(number: number): void {
    this.#transaction(
      () => this.#run("DELETE FROM snapshots WHERE number = ?", number),
      true,
    );
    this.#below.delete(number);
  }

  /**
   * Runs a transaction.
   *
   * @param task What it does.
   * @param passing Whether nobody misses it, should a power cut undo it.
   */
  #transaction<T>(task: () => T, passing = false): T {
    const waits = this.#sync === "strict" || this.#sync === "layer" && !passing;
    this.#setSynchronous(waits ? "FULL" : "NORMAL");
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = task();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** With `NORMAL`, the next transaction that waits makes all before it last. */
  #setSynchronous(synchronous: "FULL" | "NORMAL"): void {
    if (this.#synchronous === synchronous) return;
    this.#db.exec(`PRAGMA synchronous = ${synchronous}`);
    this.#synchronous = synchronous;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepared(sql).run(...values);
  }

  #one(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values);
  }

  #all(sql: string): Row[] {
    return this.#prepared(sql).all();
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#db.close();
  }
}

function unusable(path: string, error: unknown): DriverError {
  const why = error instanceof Error ? error.message : String(error);
  return new DriverError("EUCLEAN", `Cannot use the records ${path}: ${why}`, {
    cause: error,
  });
}

function snapshotOf(row: Row): Snapshot {
  const number = (name: string) => Number(row[name]);
  const time = (name: string): Timestamp => ({
    seconds: number(`${name}_seconds`),
    nanos: number(`${name}_nanos`),
  });
  return {
    number: number("number"),
    below: row.below === null ? undefined : number("below"),
    name: String(row.name),
    parent: String(row.parent),
    kind: kindOf(String(row.kind)),
    created: time("created"),
    updated: time("updated"),
    usage: { bytes: number("bytes"), inodes: number("inodes") },
    labels: JSON.parse(String(row.labels)),
  };
}

function kindOf(text: string): Kind {
  return text === "view" || text === "active" ? text : "committed";
}

/** Labels as they are kept; one without a value is none, as in containerd. */
function labelText(labels: Labels): string {
  const kept = Object.entries(labels).filter(([, value]) => value !== "");
  return JSON.stringify(Object.fromEntries(kept));
}
