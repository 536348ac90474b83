// Quorate policies in JavaScript, on the contract quorate:policy@0.2.0. Types and their documentation: quorate.d.ts.
// Turns every mistake that the bare contract would pass in silence into "not judged". Knows no rule.

import host from "quorate:policy/request@0.2.0";
import verdicts from "quorate:policy/verdicts@0.2.0";
import helpers from "quorate:policy/kubernetes@0.2.0";
import logging from "quorate:policy/log@0.2.0";

// There only where the policy's world imports them.
const hostEdits = await optional(() => import("quorate:policy/edits@0.2.0"));
const hostFacts = await optional(() => import("quorate:policy/facts@0.2.0"));
const hostTime = await optional(() => import("quorate:policy/time@0.2.0"));
const hostCluster = await optional(() => import("quorate:policy/cluster@0.2.0"));

async function optional(load) {
  try {
    return (await load()).default;
  } catch {
    return undefined;
  }
}

function imported(capability, name) {
  if (capability === undefined) throw new Error(`the policy's world does not import quorate:policy/${name}@0.2.0`);
  return capability;
}

// An unknown property is an error and not `undefined`, which a condition would take for "not set".
function strict(target, what) {
  const get = (_, key) => {
    if (typeof key === "symbol" || key in Object.prototype || key === "toJSON" || key === "then") {
      return Object.prototype[key];
    }
    throw new TypeError(`${what} has no \`${key}\``);
  };
  return Object.setPrototypeOf(target, new Proxy(Object.freeze({}), { get }));
}

const orUndefined = (value) => value ?? undefined;

function string(value, what) {
  if (typeof value !== "string") throw new TypeError(`${what}: a string is wanted, not ${describe(value)}`);
  return value.toWellFormed();
}

function describe(value) {
  if (value === undefined || value === null) return String(value);
  if (typeof value === "object") return value.constructor?.name ?? "object";
  return `the ${typeof value} ${String(value)}`;
}

function known(options, names, what) {
  for (const key of Object.keys(options)) {
    if (!names.includes(key)) throw new TypeError(`${what}: unknown option \`${key}\`; known are ${names.join(", ")}`);
  }
}

// ---- What cannot be judged

export class NotJudged extends Error {}

export class LookupError extends NotJudged {
  constructor(what, why) {
    super(`${what} ${why}`);
  }
}

export class SettingsError extends Error {
  constructor(at, message) {
    super(string(message, "SettingsError"));
    this.pointer = string(at, "SettingsError");
  }
}

export function cannotJudge(text) {
  throw new NotJudged(sentence(text, "cannotJudge"));
}

// ---- Findings

const OPTIONS = ["at", "remedy", "evidence", "retry", "defect"];
let rules;

export const deny = (rule, text, options) => find("deny", "deny", rule, text, options);
export const warn = (rule, text, options) => find("warn", "warn", rule, text, options);
export const notJudged = (rule, text, options) => find("notJudged", "not-judged", rule, text, options);

export function annotate(key, value) {
  verdicts.annotate(string(key, "annotate"), string(value, "annotate"));
}

function find(what, level, rule, text, options = {}) {
  known(options, OPTIONS, what);
  const isNone = rule === "" && level === "not-judged";
  if (!isNone && !rules.includes(rule)) throw new TypeError(`${what}: no rule \`${rule}\` in the manifest; it has ${rules.join(", ")}`);
  const { at, remedy, evidence = {}, retry, defect } = options;
  if (retry !== undefined && retry !== true && !(Number.isInteger(retry) && retry >= 0 && retry < 2 ** 32)) {
    throw new TypeError(`${what}: \`retry\` is true or a number of seconds, not ${describe(retry)}`);
  }
  const pairs = Object.entries(evidence).map(([key, value]) => [key, plain(value, `${what}: evidence \`${key}\``)]);
  const given = {
    message: sentence(text, what),
    at: at === undefined ? undefined : string(at, `${what}: at`),
    remedy: remedy === undefined ? undefined : string(remedy, `${what}: remedy`),
    defect: defect === undefined ? undefined : string(defect, `${what}: defect`),
  };
  const finding = verdicts.add(rule, level, given.message);
  if (given.at !== undefined) finding.at(given.at);
  if (given.remedy !== undefined) finding.remedy(given.remedy);
  for (const [key, value] of pairs) finding.evidence(key, value);
  if (retry !== undefined) finding.retry(retry === true ? null : retry);
  if (given.defect !== undefined) finding.defect(given.defect);
}

function sentence(text, what) {
  if (string(text, what).trim() === "") throw new TypeError(`${what}: the text is empty`);
  return text.toWellFormed();
}

function plain(value, what) {
  if (value instanceof Big) return value.text;
  if (["number", "boolean", "bigint"].includes(typeof value)) return String(value);
  return string(value, what);
}

// ---- Documents

export function pointer(...tokens) {
  return tokens.map((token) => "/" + plain(token, "pointer").replaceAll("~", "~0").replaceAll("/", "~1")).join("");
}

export class Big {
  constructor(text) {
    this.text = string(text, "Big");
    Object.freeze(this);
  }
  [Symbol.toPrimitive](hint) {
    if (hint === "string") return this.text;
    throw new TypeError(`the number ${this.text} does not fit a JavaScript number; its digits are in \`text\``);
  }
}

export class Json {
  constructor(text) {
    this.text = string(text, "Json");
    Object.freeze(this);
  }
  parse() {
    return JSON.parse(this.text);
  }
  toString() {
    return this.text;
  }
}

export class Document {
  #raw;
  constructor(raw) {
    this.#raw = raw;
  }
  static raw(document, what) {
    if (!(document instanceof Document)) throw new TypeError(`${what}: a document is wanted, not ${describe(document)}`);
    return document.#raw;
  }
  get(at) {
    return value(this.#raw.get(string(at, "get")));
  }
  text(at) {
    return orUndefined(this.#raw.text(string(at, "text")));
  }
  integer(at) {
    return orUndefined(this.#raw.integer(string(at, "integer")));
  }
  boolean(at) {
    return orUndefined(this.#raw.boolean(string(at, "boolean")));
  }
  len(at) {
    return orUndefined(this.#raw.len(string(at, "len")));
  }
  keys(at) {
    return this.#raw.keys(string(at, "keys"));
  }
  find(pattern) {
    return this.#raw.find(string(pattern, "find")).map(([at, found]) => [at, value(found)]);
  }
  json(at) {
    return orUndefined(this.#raw.json(string(at, "json")));
  }
  same(at, other) {
    return this.#raw.same(string(at, "same"), Document.raw(other, "same"));
  }
}

strict(Big.prototype, "Big");
strict(Json.prototype, "Json");
strict(Document.prototype, "a document");

function value(found) {
  switch (found?.tag) {
    case undefined: return undefined;
    case "null": return null;
    case "big": return new Big(found.val);
    case "json": return new Json(found.val);
    default: return found.val;
  }
}

const document = (raw) => raw ? new Document(raw) : undefined;

// ---- What is under review, and what stands beside it

export const request = strict({
  get uid() { return host.uid(); },
  get operation() { return host.operation().toUpperCase(); },
  get origin() { return host.origin(); },
  get group() { return host.group(); },
  get version() { return host.version(); },
  get resource() { return host.resource(); },
  get subResource() { return orUndefined(host.subResource()); },
  get apiVersion() { return host.apiVersion(); },
  get kind() { return host.kind(); },
  get namespace() { return orUndefined(host.namespace()); },
  get name() { return orUndefined(host.name()); },
  get user() { return host.user(); },
  get dryRun() { return host.dryRun(); },
  get object() { return document(host.object()); },
  get oldObject() { return document(host.oldObject()); },
  get podSpec() { return orUndefined(host.podSpec()); },
  get envelope() { return document(host.envelope()); },
  inGroup(group) { return host.inGroup(string(group, "inGroup")); },
}, "the request");

const MISSING = {
  "not-declared": "is not declared in the policy's manifest",
  "not-granted": "is not granted to this policy",
  "not-ready": "is not known yet",
};

// Absent is an answer: `undefined`. All else is not known, and thrown.
function lookup(what, ask) {
  try {
    return ask();
  } catch (error) {
    const missing = error.payload;
    if (missing?.tag === undefined) throw error;
    if (missing.tag === "absent") return undefined;
    throw new LookupError(what, MISSING[missing.tag] ?? `could not be looked up: ${missing.val}`);
  }
}

export function related(name) {
  return lookup(`related object \`${name}\``, () => host.related(string(name, "related")).map(document));
}

export function facts(name) {
  const capability = imported(hostFacts, "facts");
  return lookup(`fact \`${name}\``, () => capability.get(string(name, "facts")).map(document));
}

export function now() {
  return imported(hostTime, "time").now();
}

export const cluster = strict({
  get(apiVersion, kind, namespace, name) {
    const [api, of, within, called] = reference([apiVersion, kind, namespace, name], "cluster.get");
    const capability = imported(hostCluster, "cluster");
    return lookup(`${kind} ${name}`, () => document(capability.get(api, of, within, called)));
  },
  list(apiVersion, kind, namespace, selector = "") {
    const [api, of, within, labels] = reference([apiVersion, kind, namespace, selector], "cluster.list");
    const capability = imported(hostCluster, "cluster");
    return lookup(`the list of ${kind}`, () => capability.list(api, of, within, labels).map(document));
  },
}, "cluster");

function reference([apiVersion, kind, namespace, last], what) {
  const within = namespace === undefined ? null : string(namespace, `${what}: namespace`);
  return [string(apiVersion, `${what}: apiVersion`), string(kind, `${what}: kind`), within, string(last, what)];
}

export const kubernetes = strict({
  image(text) {
    const [registry, repository, tag, digest] = orError(() => helpers.image(string(text, "image")));
    return strict({ registry, repository, tag: orUndefined(tag), digest: orUndefined(digest) }, "an image");
  },
  compareQuantity(a, b) {
    return orError(() => helpers.compareQuantity(string(a, "compareQuantity"), string(b, "compareQuantity")));
  },
  selects(selector, at, labels, labelsAt) {
    const [from, to] = [Document.raw(selector, "selects"), Document.raw(labels, "selects")];
    return helpers.selects(from, string(at, "selects"), to, string(labelsAt, "selects"));
  },
}, "kubernetes");

function orError(ask) {
  try {
    return ask();
  } catch (error) {
    throw typeof error.payload === "string" ? new Error(error.payload) : error;
  }
}

// ---- Edits

export const edits = strict({
  set(at, value) { imported(hostEdits, "edits").set(string(at, "set"), json(value, "set")); },
  setText(at, text) { imported(hostEdits, "edits").setText(string(at, "setText"), string(text, "setText")); },
  append(at, value) { imported(hostEdits, "edits").append(string(at, "append"), json(value, "append")); },
  remove(at) { imported(hostEdits, "edits").remove(string(at, "remove")); },
  patch(operations) { imported(hostEdits, "edits").patch(json(operations, "patch")); },
}, "edits");

// As JSON.stringify, but what it leaves out or makes `null` of is an error, and numbers of the document stay as sent.
function json(value, what) {
  if (value instanceof Big || value instanceof Json) return value.text;
  if (value === null || typeof value === "boolean" || Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return JSON.stringify(string(value, what));
  if (Array.isArray(value)) return `[${value.map((element) => json(element, what)).join(",")}]`;
  const prototype = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== null && prototype !== Object.prototype) throw new TypeError(`${what}: ${describe(value)} is no JSON`);
  return `{${Object.entries(value).map(([key, member]) => `${JSON.stringify(string(key, what))}:${json(member, what)}`)}}`;
}

// ---- The log

const writing = (severity) => (...texts) => logging.write(severity, texts.map(String).join(" ").toWellFormed());

export const log = strict({
  debug: writing("debug"), info: writing("info"), warn: writing("warn"), error: writing("error"),
}, "log");

globalThis.console = { debug: log.debug, log: log.info, info: log.info, warn: log.warn, error: log.error };

// ---- No clock, no chance: the same request gets the same verdict

const refuse = (what) => {
  throw new Error(`${what}: a verdict depends on the request alone`);
};
const noClock = () => refuse("there is no clock; `now()` is when the request arrived");
globalThis.Date = class Date extends globalThis.Date {
  constructor(...given) {
    if (given.length === 0) noClock();
    super(...given);
  }
  static now() {
    noClock();
  }
};
delete globalThis.performance;
Math.random = () => refuse("there is no Math.random");

// ---- The exports

export function policy(parts) {
  known(parts, ["manifest", "configure", "validate", "mutate"], "policy");
  const { manifest, configure = () => undefined, validate, mutate } = parts;
  if (!Array.isArray(manifest?.rules)) throw new TypeError("policy: `manifest` is the content of manifest.json");
  if (!validate && !mutate) throw new TypeError("policy: neither `validate` nor `mutate` is given");
  if (mutate && !hostEdits) throw new TypeError("policy: `mutate` is given, and the world in world.wit is not `mutating`");
  if (!mutate && hostEdits) throw new TypeError("policy: the world in world.wit is `mutating`, and no `mutate` is given");
  rules = manifest.rules.map((rule) => rule.id);
  let settings;
  const guest = {
    manifest: () => JSON.stringify(manifest),
    configure(text) {
      try {
        const given = JSON.parse(text);
        settings = configure(given) ?? given;
        if (settings instanceof Promise) throw new TypeError("configure is async; the host waits for nothing");
      } catch (error) {
        throw [{ pointer: error instanceof SettingsError ? error.pointer : "", message: told("configure", error) }];
      }
    },
  };
  // What is not given is exported all the same, so that a world that wants it gets words and no trap.
  const validator = { validate: () => run("validate", () => (validate ?? missing("validate"))(settings)) };
  const mutator = { mutate: () => run("mutate", () => (mutate ?? missing("mutate"))(settings)) };
  return { guest, validator, mutator };
}

const missing = (name) => cannotJudge(`the policy's world exports ${name}, and the policy has none`);

// What is thrown here is the `err` of the export's result; it must be a string.
function run(name, call) {
  let returned;
  try {
    returned = call();
  } catch (error) {
    throw told(name, error);
  }
  if (returned !== undefined) {
    throw `${name} returned ${describe(returned)}; a finding is told with deny or warn, and nothing is returned`;
  }
}

function told(name, error) {
  if (error instanceof NotJudged || error instanceof SettingsError) return error.message;
  if (!(error instanceof Error)) return `${name} threw ${String(error).toWellFormed()}`;
  const places = (error.stack ?? "").match(/[^/\s(]+:\d+(?=:\d+\)?$)/gm) ?? [];
  const place = places.find((called) => !called.startsWith("quorate.js:"));
  log.error(`${error}\n${error.stack}`);
  return `${error.name}: ${error.message}${place ? ` (${place})` : ""}`.toWellFormed();
}
