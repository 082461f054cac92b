/**
 * Puts a module that few starts need into a bundle as packed text.
 *
 * The runtime reads and checks a module as a whole, so that each start would pay
 * for what only one command needs; of a text it pays for the length alone.
 *
 * @module
 */

import { gzipSync } from "node:zlib";

const HELPER = `var __unpacked = async (packed) => {
  const bytes = new Blob([Uint8Array.fromBase64(packed)]).stream();
  const plain = bytes.pipeThrough(new DecompressionStream("gzip"));
  const code = [await new Response(plain).bytes()];
  const url = URL.createObjectURL(new Blob(code, { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
};
`;

/**
 * Replaces the `import()` of a module by the module itself.
 *
 * @param bundle A program, bundled without the module.
 * @param specifier The module, as the program names it.
 * @param module The module, bundled with all it imports.
 * @returns The same program, complete.
 */
export function withPackedModule(
  bundle: string,
  specifier: string,
  module: string,
): string {
  const packed = gzipSync(module, { level: 9 }).toString("base64");
  return HELPER +
    bundle.replaceAll(
      `import(${JSON.stringify(specifier)})`,
      `__unpacked("${packed}")`,
    );
}
