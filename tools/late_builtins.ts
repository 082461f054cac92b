/**
 * Makes a bundled program load modules of the runtime when it first uses them.
 *
 * A bundle holds modules that are only run when they are asked for, but what they
 * import from `node:` is imported at the top, by every start: 15 to 20 ms.
 *
 * @module
 */

/** How `deno bundle` gives modules of CommonJS their `require`, of which only those of the runtime are left. */
const REQUIRE =
  /^import \{ createRequire as (\w+) \} from "node:module";\nvar (\w+) = \1\(import\.meta\.url\);$/m;

const IMPORT = /^import \{ ([^}]+) \} from "(node:[^"]+)";$/gm;

/** Stands for what a module exports, be it a function or a class. */
const HELPER = `var __builtin = (specifier) => {
  const module = process.getBuiltinModule(specifier);
  if (module === undefined) throw new Error("Cannot find module " + specifier);
  return module;
};
var __late = (specifier, name) => {
  const real = () => __builtin(specifier)[name];
  return new Proxy(function () {}, {
    apply: (_target, self, args) => Reflect.apply(real(), self, args),
    construct: (_target, args) => Reflect.construct(real(), args),
    get: (_target, key) => real()[key],
  });
};
`;

/**
 * Rewrites a bundle. What looks different from what is expected stays as it is,
 * which is only slower.
 *
 * @param bundle What `deno bundle` made.
 * @returns The same program.
 */
export function withLateBuiltins(bundle: string): string {
  const late = bundle
    .replace(REQUIRE, (_all, _create, require) => `var ${require} = __builtin;`)
    .replace(
      IMPORT,
      (_all, names: string, specifier: string) =>
        names.split(", ").map((name) => lateName(name, specifier)).join("\n"),
    );
  return late === bundle ? bundle : HELPER + late;
}

/** Declares a name, such as `"Buffer as Buffer2"`. */
function lateName(text: string, specifier: string): string {
  const [name, local = name] = text.trim().split(" as ");
  return `var ${local} = __late("${specifier}", "${name}");`;
}
