/**
 * What dockerd says, as values.
 *
 * @module
 */

import {
  changeMessage,
  layerCall,
  parseAddress,
  parseBody,
  setupOf,
  unescaped,
} from "../../src/server/docker/protocol.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { assertCode } from "../fixtures.ts";

/** Values that JSON can have in the place of any other. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  "",
  "text",
  "\0",
  [],
  [null],
  [1],
  ["a"],
  [{}],
  {},
  { a: 1 },
  { size: "10M" },
];

/** Runs a parser, which must give a value or refuse with `EINVAL`. */
async function givesOrRefuses(
  about: string,
  parse: () => unknown,
): Promise<boolean> {
  try {
    parse();
    return true;
  } catch (error) {
    await assertCode(() => Promise.reject(error), "EINVAL", about);
    return false;
  }
}

Deno.test("parseBody() takes objects and nothing, and refuses all else", async () => {
  assertEquals(parseBody(""), {});
  assertEquals(parseBody(" \n"), {});
  assertEquals(parseBody('{"ID":"a"}\n'), { ID: "a" });
  for (const text of ["{", "null", "[]", "1", '"a"', "{}{}", "\0", "{a:1}"]) {
    await assertCode(() => parseBody(text), "EINVAL", text);
  }
});

Deno.test("parseBody() gives an object or EINVAL for any cut of a request", async () => {
  const text = '{"ID":"a","StorageOpt":{"size":"10M"},"Parent":"\\u00e9"}';
  for (let length = 1; length < text.length; length++) {
    const cut = text.slice(0, length);
    assertEquals(await givesOrRefuses(cut, () => parseBody(cut)), false, cut);
  }
});

Deno.test("layerCall() takes missing keys and nulls for what is empty", () => {
  const empty = { id: "", parent: "", label: "", storageOpt: {} };

  assertEquals(layerCall({ other: 1 }), empty);
  assertEquals(
    layerCall({ ID: null, Parent: null, MountLabel: null, StorageOpt: null }),
    empty,
  );
  assertEquals(
    layerCall({
      ID: "a",
      Parent: "b",
      MountLabel: "c",
      StorageOpt: { d: "e" },
    }),
    { id: "a", parent: "b", label: "c", storageOpt: { d: "e" } },
  );
});

Deno.test("layerCall() says of an empty body where it comes from", async () => {
  const error = await assertCode(() => layerCall(parseBody("")), "EINVAL");

  assertStringIncludes(error.message, "after its connection broke");
});

Deno.test("layerCall() takes strings alone, whatever comes in their place", async () => {
  for (const key of ["ID", "Parent", "MountLabel", "StorageOpt"]) {
    for (const value of VALUES) {
      const about = `${key}: ${JSON.stringify(value)}`;
      const taken = await givesOrRefuses(
        about,
        () => layerCall({ [key]: value }),
      );
      const fits = key === "StorageOpt"
        ? isTextMap(value)
        : value === null || typeof value === "string";
      assertEquals(taken, fits, about);
    }
  }
});

function isTextMap(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== "object" || Array.isArray(value)) return false;
  return Object.values(value).every((each) => typeof each === "string");
}

Deno.test("setupOf() takes what dockerd sends, with and without maps", () => {
  const ranges = [{ container_id: 0, host_id: 5, size: 9 }];

  assertEquals(
    setupOf({ Home: "/h", Opts: null, UIDMaps: null, GIDMaps: null }),
    { home: "/h", options: { storageOpts: [], uidMap: [], gidMap: [] } },
  );
  assertEquals(
    setupOf({ Home: "/h", Opts: ["a=b"], UIDMaps: ranges, GIDMaps: [] }),
    {
      home: "/h",
      options: {
        storageOpts: ["a=b"],
        uidMap: [{ containerId: 0, hostId: 5, size: 9 }],
        gidMap: [],
      },
    },
  );
});

Deno.test("setupOf() refuses anything else", async () => {
  for (const key of ["Home", "Opts", "UIDMaps", "GIDMaps"]) {
    for (const value of VALUES) {
      const about = `${key}: ${JSON.stringify(value)}`;
      const body = { Home: "/h", [key]: value };
      const fits = key === "Home"
        ? false
        : value === null || isListFor(key, value);
      assertEquals(
        await givesOrRefuses(about, () => setupOf(body)),
        fits,
        about,
      );
    }
  }
  for (const size of VALUES.filter((value) => value !== 0 && value !== -1)) {
    const range = { "container_id": 0, "host_id": 0, size };
    await assertCode(
      () => setupOf({ Home: "/h", UIDMaps: [range] }),
      "EINVAL",
      JSON.stringify(size),
    );
  }
});

function isListFor(key: string, value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  return value.length === 0 ||
    (key === "Opts" && value.every((each) => typeof each === "string"));
}

Deno.test("parseAddress() finds the call behind any host", () => {
  for (
    const host of [
      "http+unix://%2Frun%2Fx%2Esock",
      "http+unix:///run/docker/plugins/x.sock",
      "http://plugin.moby.localhost",
      "",
    ]
  ) {
    const { call, parameters } = parseAddress(
      `${host}/GraphDriver.ApplyDiff?id=a-init&parent=`,
    );
    assertEquals(call, "GraphDriver.ApplyDiff", host);
    assertEquals([...parameters], [["id", "a-init"], ["parent", ""]], host);
  }
});

Deno.test("parseAddress() leaves parameters as they are", () => {
  const { parameters } = parseAddress("/X?id=50%&parent=a%20b=c?d");

  assertEquals([...parameters], [["id", "50%"], ["parent", "a%20b=c?d"]]);
});

Deno.test("unescaped() undoes escapes and keeps what is none", () => {
  assertEquals(unescaped("a%20b"), "a b");
  assertEquals(unescaped("50%"), "50%");
  assertEquals(unescaped("%ff"), "%ff");
});

Deno.test("changeMessage() has the numbers of Docker's kinds", () => {
  assertEquals(
    (["C", "A", "D"] as const).map((kind) =>
      changeMessage({ path: "/x", kind })
    ),
    [0, 1, 2].map((Kind) => ({ Path: "/x", Kind })),
  );
});
