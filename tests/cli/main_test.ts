/**
 * From arguments to the driver's methods, and from outcomes to exit statuses.
 *
 * @module
 */

import { DriverError } from "../../src/errors.ts";
import type { Change, CreateOptions } from "../../src/types.ts";
import { ClosedPipeError } from "../../src/cli/streams.ts";
import { assert, assertEquals, assertStringIncludes, fail } from "../assert.ts";
import { runFake } from "./fake_host.ts";

const missing = new DriverError("ENOENT", "Cannot find it: it does not exist");

Deno.test("wrong usage is one line, with a hint, and status 2", async () => {
  const cases: [string[], string][] = [
    [[], 'overlay2: No command is given; see "overlay2 --help"'],
    [
      ["crate"],
      'overlay2: Unknown command "crate" (did you mean "create"?); ' +
      'see "overlay2 --help"',
    ],
    [["zzz"], 'overlay2: Unknown command "zzz"; see "overlay2 --help"'],
    [
      ["--nope", "get"],
      'overlay2: Unknown option --nope; see "overlay2 --help"',
    ],
    [
      ["get", "--nope"],
      'overlay2: get: Unknown option --nope; see "overlay2 get --help"',
    ],
    [
      ["get"],
      'overlay2: get: Operand ID is missing; see "overlay2 get --help"',
    ],
    [
      ["status", "x"],
      'overlay2: status: Operand "x" is one too many; ' +
      'see "overlay2 status --help"',
    ],
  ];
  for (const [args, line] of cases) {
    const { status, stdout, stderr, opened } = await runFake(args);
    assertEquals([status, stdout, stderr], [2, "", `${line} (EUSAGE)\n`]);
    assertEquals(opened, []);
  }
});

Deno.test("wrong usage is one object with --json", async () => {
  const { status, stderr } = await runFake(["get", "--json", "--nope"]);

  assertEquals(status, 2);
  assertEquals(JSON.parse(stderr), {
    error: {
      code: "EUSAGE",
      message: 'Unknown option --nope; see "overlay2 get --help"',
      command: "get",
      id: null,
    },
  });
});

Deno.test("an error is one line, with command, layer and code", async () => {
  const driver = { put: () => Promise.reject(missing) };
  const { status, stdout, stderr } = await runFake(
    ["put", "a\n\udcffb"],
    driver,
  );

  assertEquals([status, stdout], [1, ""]);
  assertEquals(
    stderr,
    "overlay2: put a\\x0a\\xffb: Cannot find it: it does not exist (ENOENT)\n",
  );
});

Deno.test("an error is one object with --json", async () => {
  const driver = { put: () => Promise.reject(missing) };
  const { status, stderr } = await runFake(
    ["--json", "put", "a\udcff"],
    driver,
  );

  assertEquals(status, 1);
  assertEquals(
    stderr,
    '{"error":{"code":"ENOENT","message":"Cannot find it: it does not exist",' +
      '"command":"put","id":"a\\udcff"}}\n',
  );
});

Deno.test("an internal error is one line that tells how to see more", async () => {
  const driver = { put: () => Promise.reject(new RangeError("too far")) };
  const quiet = await runFake(["put", "a"], driver);
  const loud = await runFake(["put", "a"], driver, { trace: true });

  assertEquals(quiet.status, 1);
  assertEquals(
    quiet.stderr,
    "overlay2: put a: Cannot go on: internal error: too far; " +
      "set OVERLAY2_TRACE=1 for the stack (EINTERNAL)\n",
  );
  assertStringIncludes(loud.stderr, "\nRangeError: too far\n    at ");
});

Deno.test("a driver that cannot be opened is an error of the command", async () => {
  const { status, stderr } = await runFake(["get", "a"]);

  assertEquals(status, 1);
  assertEquals(
    stderr,
    "overlay2: get a: Cannot open it: it is a fake (EPERM)\n",
  );
});

Deno.test("home and options reach the driver from both sides", async () => {
  const driver = { put: () => Promise.resolve() };
  const { opened } = await runFake(
    ["--storage-opt", "a=1", "put", "--home", "/h", "x", "--uid-map=0:5:6"],
    driver,
  );

  assertEquals(opened, [{
    home: "/h",
    options: {
      storageOpts: ["a=1"],
      uidMap: [{ containerId: 0, hostId: 5, size: 6 }],
    },
  }]);
});

Deno.test("a parent left out differs from an empty one", async () => {
  const parents: (string | undefined)[] = [];
  const driver = {
    create: (_: string, parent?: string) => {
      parents.push(parent);
      return Promise.resolve();
    },
  };
  await runFake(["create", "a"], driver);
  await runFake(["create", "a", ""], driver);
  await runFake(["create", "a", "b"], driver);

  assertEquals(parents, [undefined, "", "b"]);
});

Deno.test("create-rw passes the size on", async () => {
  const calls: unknown[] = [];
  const driver = {
    createReadWrite: (
      id: string,
      parent?: string,
      { signal, ...others }: CreateOptions = {},
    ) => {
      calls.push([id, parent, signal instanceof AbortSignal, others]);
      return Promise.resolve();
    },
  };
  await runFake(["create-rw", "a", "--size", "10G"], driver);
  await runFake(["create-rw", "a", "b"], driver);

  assertEquals(calls, [
    ["a", undefined, true, { storageOpt: { size: "10G" } }],
    ["a", "b", true, {}],
  ]);
});

Deno.test("exists answers by its status", async () => {
  const driver = { exists: (id: string) => Promise.resolve(id === "a") };

  const yes = await runFake(["exists", "a"], driver);
  const no = await runFake(["exists", "b"], driver);
  const json = await runFake(["exists", "b", "--json"], driver);

  assertEquals([yes.status, yes.stdout, yes.stderr], [0, "", ""]);
  assertEquals([no.status, no.stdout, no.stderr], [1, "", ""]);
  assertEquals([json.status, json.stdout], [1, '{"exists":false}\n']);
});

Deno.test("remove tries all, and reports each failure", async () => {
  const tried: string[] = [];
  const driver = {
    remove: (id: string) => {
      tried.push(id);
      return id === "b" ? Promise.resolve() : Promise.reject(missing);
    },
  };
  const { status, stderr } = await runFake(["remove", "a", "b", "c"], driver);

  assertEquals(status, 1);
  assertEquals(tried, ["a", "b", "c"]);
  assertEquals(
    stderr,
    "overlay2: remove a: Cannot find it: it does not exist (ENOENT)\n" +
      "overlay2: remove c: Cannot find it: it does not exist (ENOENT)\n",
  );
  assertEquals((await runFake(["remove", "b"], driver)).status, 0);
});

Deno.test("remove stops between layers when the user gives up", async () => {
  const controller = new AbortController();
  const tried: string[] = [];
  const driver = {
    remove: (id: string) => {
      tried.push(id);
      controller.abort();
      return Promise.resolve();
    },
  };
  const { signal } = controller;
  const outcome = await runFake(["remove", "a", "b"], driver, { signal });

  assertEquals(tried, ["a"]);
  assertEquals(outcome.status, 1);
  assertStringIncludes(outcome.stderr, "interrupted (ECANCELED)");
});

const CHANGES: Change[] = [
  { path: "/a\udcff\x1b", kind: "A" },
  { path: "/é\nx", kind: "D" },
];

Deno.test("changes prints names byte for byte", async () => {
  const driver = { changes: () => Promise.resolve(CHANGES) };

  const plain = await runFake(["changes", "a"], driver);
  const json = await runFake(["changes", "a", "--json"], driver);
  const none = { changes: () => Promise.resolve([]) };

  assertEquals(plain.stdout, "A /a\udcff\x1b\nD /é\nx\n");
  assertEquals(
    json.stdout,
    '[{"path":"/a\\udcff\\u001b","kind":"A"},{"path":"/é\\nx","kind":"D"}]\n',
  );
  assertEquals((await runFake(["changes", "a"], none)).stdout, "");
});

Deno.test("changes shields a terminal from control characters", async () => {
  const driver = { changes: () => Promise.resolve(CHANGES) };
  const terminal = { outputIsTerminal: true };
  const { stdout } = await runFake(["changes", "a"], driver, terminal);

  assertEquals(stdout, "A /a\\xff\\x1b\nD /é\\x0ax\n");
});

Deno.test("changes prints more lines than fit one write, or the arguments of a call", async () => {
  const many = Array.from({ length: 300_000 }, (_, i) => ({
    path: `/${i}`,
    kind: "A" as const,
  }));
  const driver = { changes: () => Promise.resolve(many) };
  const { stdout } = await runFake(["changes", "a"], driver);

  assertEquals(stdout, many.map(({ path }) => `A ${path}\n`).join(""));
});

Deno.test("a command that only reads is left when the user gives up", async () => {
  const controller = new AbortController();
  let disposed = false;
  const driver = {
    changes: () => {
      setTimeout(() => controller.abort());
      return new Promise<never>(() => {});
    },
    [Symbol.asyncDispose]: () => {
      disposed = true;
      return Promise.resolve();
    },
  };
  const { signal } = controller;
  const outcome = await runFake(["changes", "a"], driver, { signal });

  assertEquals(outcome.status, 1);
  assertEquals(
    outcome.stderr,
    "overlay2: changes a: Cannot go on: interrupted (ECANCELED)\n",
  );
  assert(disposed);
});

Deno.test("nothing is begun once the user has given up", async () => {
  const signal = AbortSignal.abort();
  const driver = { create: () => fail("it was begun") };
  const outcome = await runFake(["create", "a"], driver, { signal });

  assertEquals(outcome.status, 1);
  assertStringIncludes(outcome.stderr, "interrupted (ECANCELED)");
});

Deno.test("a mount whose path cannot be printed is taken back", async () => {
  let disposed = 0;
  const driver = {
    get: () =>
      Promise.resolve({
        id: "a",
        path: "/m",
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    [Symbol.asyncDispose]: () => {
      disposed += 1;
      return Promise.resolve();
    },
  };
  const write = () => Promise.reject(new ClosedPipeError("closed"));
  const good = await runFake(["get", "a"], driver);
  assertEquals([good.status, good.stdout, disposed], [0, "/m\n", 0]);

  const bad = await runFake(["get", "a"], driver, { write });
  assertEquals([bad.status, bad.stderr, disposed], [141, "", 1]);
});
