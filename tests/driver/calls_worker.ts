/**
 * Does one small job many times: `calls_worker.ts HOME JOB COUNT`.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";

const JOBS: Readonly<Record<string, (driver: Driver) => Promise<void>>> = {
  async exists(driver) {
    await driver.exists("base");
  },
  async mount(driver) {
    await driver.get("work");
    await driver.put("work");
  },
  async layer(driver) {
    await driver.create("new", "base");
    await driver.remove("new");
  },
};

const [home, job, count] = Deno.args;
const driver = await init(home!);
for (let i = 0; i < Number(count); i++) await JOBS[job!]!(driver);
