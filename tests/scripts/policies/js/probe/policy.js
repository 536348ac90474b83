import { Big, Json, SettingsError, cannotJudge, deny, edits, facts, policy, related, request, warn } from "quorate";
import manifest from "quorate/manifest";

const say = (line) => warn("said", line);
const hex = (text) => `[${[...text].map((character) => character.codePointAt(0).toString(16)).join(" ")}]`;

function bits(number) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

function shown(value) {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "boolean") return `boolean ${value}`;
  if (Number.isSafeInteger(value)) return `integer ${value}`;
  if (typeof value === "number") return `number ${bits(value)}`;
  if (value instanceof Big) return `big ${value.text}`;
  if (value instanceof Json) return `json ${hex(value.text)}`;
  return `text ${hex(value)}`;
}

function values({ pointers, patterns }) {
  const object = request.object;
  for (const at of pointers) {
    say(`get ${hex(at)}: ${shown(object.get(at))}`);
    say(`text ${hex(at)}: ${shown(object.text(at))}`);
    say(`integer ${hex(at)}: ${shown(object.integer(at))}`);
    say(`boolean ${hex(at)}: ${shown(object.boolean(at))}`);
    say(`len ${hex(at)}: ${shown(object.len(at))}`);
    say(`keys ${hex(at)}: [${object.keys(at).map(hex).join(", ")}]`);
    say(`json ${hex(at)}: ${shown(object.json(at))}`);
  }
  for (const pattern of patterns) {
    for (const [at, value] of object.find(pattern)) say(`find ${hex(pattern)}: ${hex(at)}: ${shown(value)}`);
  }
}

function namespace() {
  const [found] = related("namespace") ?? [];
  say(found ? `namespace ${found.text("/metadata/name")}` : "no namespace");
}

function absent() {
  const seen = { object: request.object, oldObject: request.oldObject, name: request.name, subResource: request.subResource, podSpec: request.podSpec };
  for (const [name, value] of Object.entries(seen)) say(`${name} ${value === undefined ? "is not there" : "is there"}`);
}

const MISTAKES = {
  exception: () => request.object.text("/data/none").length,
  string: () => { throw "no error, but \ud800 a text"; },
  judge: () => cannotJudge("the weather is not known"),
  after: () => { say("before"); cannotJudge("the rest is not known"); },
  returned: () => ({ tag: "err", val: "no" }),
  promised: async () => 1,
  option: () => deny("said", "x", { rememdy: "y" }),
  rule: () => deny("siad", "x"),
  empty: () => deny("said", " "),
  typo: () => request.nmae,
  member: () => request.object.metadata,
  arguments: () => request.object.text(),
  big: () => request.object.get("/data/big") > 5,
  clock: () => Date.now(),
  chance: () => Math.random(),
  edits: () => edits.remove("/data"),
  facts: () => facts("rqlite/current"),
  undeclared: () => related("owners"),
  pointer: () => request.object.get("data"),
  forever: () => { for (;;); },
  memory: () => { const all = []; for (;;) all.push("x".repeat(1 << 20) + all.length); },
};

function configure(settings) {
  if (settings.bad === "said") throw new SettingsError("/bad", "is bad");
  if (settings.bad === "thrown") settings.none.none;
}

function validate(settings) {
  const work = { values, namespace, absent, ...MISTAKES };
  return work[settings.does](settings);
}

export default policy({ manifest, configure, validate });
