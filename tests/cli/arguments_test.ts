/**
 * Arguments become options and operands, however they are written.
 *
 * @module
 */

import {
  checkOperands,
  mergeValues,
  parseHead,
  parseTail,
} from "../../src/cli/arguments.ts";
import {
  type Command,
  defineCommand,
  type Operand,
  UsageError,
} from "../../src/cli/command.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { parseArgs } from "../parse_args.ts";

const command: Command = defineCommand({
  name: "try",
  summary: "Try",
  operands: [{ name: "ID", help: "" }, { name: "P", help: "", optional: true }],
  options: {
    file: { type: "string", short: "f", value: "FILE", help: "" },
    loud: { type: "boolean", short: "l", help: "" },
  },
  examples: [],
  run: () => Promise.resolve(),
});

function tail(...args: string[]) {
  const { operands, values } = parseTail(command, args);
  return { operands: [...operands], values };
}

Deno.test("parseHead stops at the command word", () => {
  const { values, rest } = parseHead(["--home", "/x", "-q", "get", "--json"]);

  assertEquals(values.home, "/x");
  assertEquals(values.quiet, true);
  assertEquals(values.json, false);
  assertEquals(rest, ["get", "--json"]);
});

Deno.test("parseHead takes what follows -- for the command", () => {
  assertEquals(parseHead(["--json", "--", "get", "x"]).rest, ["get", "x"]);
  assertEquals(parseHead(["--", "-x"]).rest, ["-x"]);
});

Deno.test("parseHead collects options that may be repeated", () => {
  const { values } = parseHead([
    "--storage-opt",
    "a=1",
    "--uid-map=0:1:2",
    "--storage-opt=b=2",
  ]);

  assertEquals(values["storage-opt"], ["a=1", "b=2"]);
  assertEquals(values["uid-map"], ["0:1:2"]);
  assertEquals(values["gid-map"], []);
});

Deno.test("parseTail takes a value in every form", () => {
  for (
    const form of [
      ["--file", "x"],
      ["--file=x"],
      ["-f", "x"],
      ["-fx"],
      ["-lf", "x"],
      ["-qlfx"],
    ]
  ) {
    const { operands, values } = tail("id", ...form);
    assertEquals([operands, values["file"]], [["id"], "x"]);
  }
});

Deno.test("parseTail takes any text as a value", () => {
  for (
    const value of ["", "-", "--", "-x", "--json", "1e3", "true", "a=b\nc"]
  ) {
    assertEquals(tail("id", "--file", value).values["file"], value);
    assertEquals(tail("id", `--file=${value}`).values["file"], value);
    assertEquals(tail("id", "-f", value).values["file"], value);
  }
});

Deno.test("parseTail keeps operands as they are", () => {
  for (const operand of ["", "-", "12", "0x10", "true", "a=b", "é\udcff"]) {
    assertEquals(tail("--json", operand).operands, [operand]);
    assertEquals(tail(operand, "-l").operands, [operand]);
  }
});

Deno.test("parseTail takes options between and after operands", () => {
  const { operands, values } = tail("a", "-l", "b", "--json");

  assertEquals(operands, ["a", "b"]);
  assertEquals([values["loud"], values["json"]], [true, true]);
});

Deno.test("parseTail takes everything after -- as an operand", () => {
  const { operands, values } = tail("--loud", "--", "--json", "-f", "--");

  assertEquals(operands, ["--json", "-f", "--"]);
  assertEquals([values["loud"], values["json"]], [true, false]);
});

Deno.test("parseTail lets the last of several values win", () => {
  assertEquals(tail("-f", "a", "--file=b").values["file"], "b");
});

Deno.test("parseTail agrees with @std/cli on words that both understand", () => {
  const words = ["a", "-", "--file=x", "--file=y=z", "--loud", "--json"];
  const lists = ["--uid-map=0:1:2", "--uid-map=3:4:5", "--storage-opt=k=v"];
  const listed = ["storage-opt", "uid-map", "gid-map"];
  for (let from = 0; from < words.length; from++) {
    const line = [...words.slice(from), ...lists, ...words.slice(0, from)];
    const { _, ...theirs } = parseArgs([...line, "--", "--json"], {
      boolean: ["loud", "json", "quiet", "help", "version"],
      string: ["file", "home", ...listed, "_"],
      collect: listed,
      unknown: () => true,
    });
    assertEquals(tail(...line, "--", "--json"), {
      operands: [..._],
      values: theirs,
    });
  }
});

Deno.test("parseTail names an option that it does not know", () => {
  for (
    const [word, named] of [
      ["--nope", "--nope"],
      ["--nope=1", "--nope"],
      ["-x", "-x"],
      ["-lx", "-x"],
      ["--no-json", "--no-json"],
      ["--constructor", "--constructor"],
      ["--__proto__=1", "--__proto__"],
      ["--file.x=1", "--file.x"],
      ["--a\x1bb", "--a\\x1bb"],
    ] as const
  ) {
    const error = assertThrows(() => tail("id", word), UsageError);
    assertEquals(error.message, `Unknown option ${named}`);
  }
});

Deno.test("parseTail names an option that lacks its value", () => {
  const error = assertThrows(() => tail("id", "--file"), UsageError);
  assertEquals(error.message, "Option --file lacks its value FILE");
  assertThrows(() => tail("id", "-lf"), UsageError, "Option -f lacks");
});

Deno.test("parseTail refuses a value where none is taken", () => {
  const error = assertThrows(() => tail("--json=no"), UsageError);
  assertEquals(error.message, "Option --json takes no value");
});

Deno.test("checkOperands counts", () => {
  const [id, optional] = command.operands as [Operand, Operand];
  const many = { name: "ID", help: "", repeated: true };

  checkOperands([], []);
  checkOperands([id, optional], ["a"]);
  checkOperands([id, optional], ["a", ""]);
  checkOperands([many], ["a", "b", "c"]);
  assertThrows(() => checkOperands([id], []), UsageError, "ID is missing");
  assertThrows(() => checkOperands([many], []), UsageError, "ID is missing");
  assertThrows(() => checkOperands([], ["x"]), UsageError, '"x" is one too');
  assertThrows(
    () => checkOperands([id, optional], ["a", "b", "c\n"]),
    UsageError,
    '"c\\x0a" is one too many',
  );
});

Deno.test("mergeValues joins what is given on both sides of the word", () => {
  const head = parseHead([
    "--home=/a",
    "--json",
    "--storage-opt=a=1",
  ]).values;
  const { values } = parseTail(command, ["--home=/b", "--storage-opt=b=2"]);
  const merged = mergeValues(head, values);

  assertEquals(merged.home, "/b");
  assertEquals(merged.json, true);
  assertEquals(merged.quiet, false);
  assertEquals(merged["storage-opt"], ["a=1", "b=2"]);
  assertEquals(mergeValues(head, parseTail(command, []).values).home, "/a");
});
