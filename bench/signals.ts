/**
 * Leaving nothing behind when a signal ends the process.
 *
 * @module
 */

const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** Has something done before a signal ends the process; gives a way to forget it. */
export function onSignal(clean: () => void): () => void {
  const forgets = SIGNALS.map(([signal, status]) => {
    const listener = () => {
      clean();
      // Later: others have something to clean, too.
      setTimeout(() => Deno.exit(status), 0);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return () => forgets.forEach((forget) => forget());
}
