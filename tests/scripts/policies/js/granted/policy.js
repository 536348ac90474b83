import { facts, now, policy, warn } from "quorate";
import manifest from "quorate/manifest";

function validate() {
  warn("said", `${now()} ${new Date(now()).toISOString()}`);
  warn("said", facts("rqlite/current").map((fact) => fact.json("")).join());
  warn("said", facts("rqlite/dependents") === undefined ? "no dependents" : "dependents");
}

export default policy({ manifest, validate });
