/**
 * Long work in short turns; see `src/pace.ts`.
 *
 * @module
 */

export { begun, Pace, paced } from "../pace.ts";
