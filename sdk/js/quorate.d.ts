/**
 * Quorate policies in JavaScript, on the contract quorate:policy@0.2.0.
 *
 * What is not there is `undefined`, never `null`. What is thrown makes the policy "not judged", with the error's text.
 */

/** manifest.json. Its whole form: contract/manifest.schema.json. */
export interface Manifest {
  manifest: 1;
  name: string;
  rules: { id: string }[];
  [key: string]: unknown;
}

/**
 * A policy: `export default policy({ manifest, validate });` What it may do is said by the world in world.wit.
 */
export function policy<Given = Settings, Configured = Given>(parts: {
  /** `import manifest from "quorate/manifest"`. */
  manifest: Manifest;
  /** Checks the settings, and makes of them what `validate` and `mutate` get: what it returns, or the settings as given. Throws `SettingsError`. */
  configure?: (settings: Given) => Configured;
  /** Tells findings with `deny`, `warn` and `notJudged`; returns nothing. */
  validate?: (settings: Configured) => void;
  /** Edits the object with `edits`; returns nothing. */
  mutate?: (settings: Configured) => void;
}): object;

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Settings = any;

// ---- Findings

export interface FindingOptions {
  /** Pointer into the object. Not given: the object as a whole. */
  at?: string;
  /** What to do instead, one line. */
  remedy?: string;
  /** Values behind the message, for machines and for translated messages: `{ voters: 5 }`. */
  evidence?: Record<string, string | number | boolean | bigint | Big>;
  /** The same request may succeed later: `true`, or in how many seconds. */
  retry?: true | number;
  /**
   * Names a defect that stays the same one while other things change: no positions, no counts, the bad value in it.
   * If the old object has it too, the host lowers the finding to a warning.
   */
  defect?: string;
}

/** Refuses the request. `text`: one line, no prefix, no final stop; the first 200 characters suffice by themselves. */
export function deny(rule: string, text: string, options?: FindingOptions): void;
/** Lets the request pass, with a warning. */
export function warn(rule: string, text: string, options?: FindingOptions): void;
/** This rule cannot say, and why. `rule` may be empty: the policy as a whole. */
export function notJudged(rule: string, text: string, options?: FindingOptions): void;
/** A pair for the audit log. */
export function annotate(key: string, value: string): void;

/** The policy cannot judge this request. Ends the call: findings told before stay, edits do not. */
export function cannotJudge(text: string): never;
export class NotJudged extends Error {}

/** Whether something exists is not known. Not caught, it makes the policy "not judged". */
export class LookupError extends NotJudged {}

/** One error of the settings, for `configure`. `at`: a pointer into the settings. */
export class SettingsError extends Error {
  constructor(at: string, message: string);
  readonly pointer: string;
}

// ---- Documents

/** The pointer (RFC 6901) of these keys and positions: `pointer("metadata", "labels", "app.kubernetes.io/name")`. */
export function pointer(...tokens: (string | number)[]): string;

/** A number that JavaScript would change, as it was sent. Arithmetic and comparisons with it throw. */
export class Big {
  constructor(text: string);
  readonly text: string;
}

/** An object or an array. `parse` costs more than some thirty reads by pointer, and rounds numbers above 2^53. */
export class Json {
  constructor(text: string);
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  parse(): any;
}

export type Value = null | boolean | number | string | Big | Json;

/** A JSON document. Pointers are RFC 6901: `""` is all of it. A text that is no pointer ends the call, not judged. */
export interface Document {
  /** The value there; `null` where null is written, `undefined` where nothing is. */
  get(pointer: string): Value | undefined;
  /** The string there; `undefined` where nothing is, or another type. */
  text(pointer: string): string | undefined;
  /** The whole number there, at most 2^53 - 1 either way. */
  integer(pointer: string): number | undefined;
  boolean(pointer: string): boolean | undefined;
  /** How many elements or members are there. */
  len(pointer: string): number | undefined;
  /** The keys there, in the document's order. */
  keys(pointer: string): string[];
  /** All that a pattern matches, with its pointer. A token `*` is any element or member: `/spec/containers/*`. */
  find(pattern: string): [pointer: string, value: Value][];
  /** The JSON text there, as it was sent. */
  json(pointer: string): string | undefined;
  /** Whether both hold the same there; the order of members does not count. True where both have nothing. */
  same(pointer: string, other: Document): boolean;
}

// ---- What is under review, and what stands beside it

export const request: {
  readonly uid: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  /** `admission`, `check` (a change in a repository), `scan` (an object that is there). Others may come. */
  readonly origin: string;
  /** Of the resource: `apps`, `v1`, `statefulsets`, `scale`. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subResource: string | undefined;
  /** Of the object: `autoscaling/v1`, `Scale`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  /** `undefined` where the server generates it, or where a collection is deleted. */
  readonly name: string | undefined;
  readonly user: string;
  readonly dryRun: boolean;
  /** The object as it will be; `undefined` with DELETE. A mutator's own edits are not in it. */
  readonly object: Document | undefined;
  /** The object as it is; `undefined` with CREATE. */
  readonly oldObject: Document | undefined;
  /** Pointer of the pod's spec in the object; `undefined` for kinds that hold no pod or are not known. */
  readonly podSpec: string | undefined;
  /** AdmissionReview.request without the objects. */
  readonly envelope: Document;
  inGroup(group: string): boolean;
};

/**
 * What the manifest asks for under this name. `undefined`: it does not exist.
 * @throws LookupError when it is not known whether it exists.
 */
export function related(name: string): Document[] | undefined;

/**
 * What the host's providers know. The world imports quorate:policy/facts. `undefined`: the object has no such fact.
 * @throws LookupError when it is not known.
 */
export function facts(name: string): Document[] | undefined;

/** When the request arrived, in milliseconds since 1970. The world imports quorate:policy/time. */
export function now(): number;

/** What the manifest's `reads` declare. The world imports quorate:policy/cluster. Throws LookupError. */
export const cluster: {
  get(apiVersion: string, kind: string, namespace: string | undefined, name: string): Document | undefined;
  list(apiVersion: string, kind: string, namespace: string | undefined, selector?: string): Document[] | undefined;
};

/** Kubernetes' own rules, as the host knows them. Throws where a text is no image or no quantity. */
export const kubernetes: {
  /** `nginx` is docker.io, library/nginx; `tag` is `undefined` where none is written. */
  image(reference: string): { registry: string; repository: string; tag: string | undefined; digest: string | undefined };
  compareQuantity(a: string, b: string): -1 | 0 | 1;
  /** Whether the label selector at `at` selects the labels at `labelsAt`. */
  selects(selector: Document, at: string, labels: Document, labelsAt: string): boolean;
};

/** What can be written as JSON. Other values are an error: undefined, NaN, functions. */
export type Writable = null | boolean | number | bigint | string | Big | Json | Writable[] | { [key: string]: Writable };

/** In `mutate` alone. Applied in order; each pointer is read after the edits before it. */
export const edits: {
  /** Replaces or adds, never inserts into an array. Missing parents become objects. */
  set(pointer: string, value: Writable): void;
  setText(pointer: string, text: string): void;
  /** To the end of an array, which is made where there is none. */
  append(pointer: string, value: Writable): void;
  remove(pointer: string): void;
  /** RFC 6902. */
  patch(operations: { op: string; path: string; from?: string; value?: Writable }[]): void;
};

/** The host's log; `console` writes there too. No part of the verdict. */
export const log: Record<"debug" | "info" | "warn" | "error", (...texts: unknown[]) => void>;
