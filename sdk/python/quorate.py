"""Quorate policies in Python, on the contract quorate:policy@0.2.0.

What is not there is None. What is raised makes the policy "not judged", with the error's text.
Turns every mistake that the bare contract would pass in silence into "not judged". Knows no rule.
"""

from __future__ import annotations

import builtins
import datetime
import io
import json
import linecache
import os
import random
import sys
import time
import traceback
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Callable, List, Literal, Mapping, NoReturn, Optional, Sequence, Tuple, TypedDict, TypeVar, Union, Unpack

from componentize_py_types import Err
from wit_world.exports.guest import SettingsError as _RawSettingsError
from wit_world.imports import kubernetes as _kubernetes
from wit_world.imports import log as _log
from wit_world.imports import request as _request
from wit_world.imports import types as _types
from wit_world.imports import verdicts as _verdicts

# There only where the policy's world imports them.
try:
    from wit_world.imports import edits as _edits
except ImportError:
    _edits = None
try:
    from wit_world.imports import facts as _facts
except ImportError:
    _facts = None
try:
    from wit_world.imports import time as _time
except ImportError:
    _time = None
try:
    from wit_world.imports import cluster as _cluster
except ImportError:
    _cluster = None

_T = TypeVar("_T")


def _imported(capability: Any, name: str) -> Any:
    if capability is None:
        raise RuntimeError(f"the policy's world does not import quorate:policy/{name}@0.2.0")
    return capability


def _string(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what}: a string is wanted, not {value!r}")
    return value.encode("utf-8", "replace").decode("utf-8")


def _optional(value: Any, what: str) -> Optional[str]:
    return None if value is None else _string(value, what)


# ---- What cannot be judged


class NotJudged(Exception):
    """The policy cannot judge the request. Findings told before stay, edits do not."""


class LookupFailed(NotJudged):
    """Whether something exists is not known. Not caught, it makes the policy "not judged"."""


class SettingsError(Exception):
    """One error of the settings, for `configure`. `at`: a pointer into the settings."""

    def __init__(self, at: str, message: str) -> None:
        super().__init__(message)
        self.pointer = at


def cannot_judge(text: str) -> NoReturn:
    """The policy cannot judge this request. Ends the call."""
    raise NotJudged(_sentence(text, "cannot_judge"))


# ---- Findings

_rules: List[str] = []


class FindingOptions(TypedDict, total=False):
    """`at`: pointer into the object; not given: the object as a whole. `remedy`: what to do instead, one line.

    `evidence`: values behind the message, for machines and for translated messages: {"voters": 5}.
    `retry`: the same request may succeed later: True, or in how many seconds.
    `defect` names a defect that stays the same one while other things change: no positions, no counts, the bad value in
    it. If the old object has it too, the host lowers the finding to a warning.
    """

    at: Optional[str]
    remedy: Optional[str]
    evidence: Optional[Mapping[str, Union[str, int, float, bool, "Big"]]]
    retry: Union[None, Literal[True], int]
    defect: Optional[str]


def deny(rule: str, text: str, **options: Unpack[FindingOptions]) -> None:
    """Refuses the request. `text`: one line, no prefix, no final stop; the first 200 characters suffice by themselves."""
    _find("deny", _verdicts.Level.DENY, rule, text, options)


def warn(rule: str, text: str, **options: Unpack[FindingOptions]) -> None:
    """Lets the request pass, with a warning."""
    _find("warn", _verdicts.Level.WARN, rule, text, options)


def not_judged(rule: str, text: str, **options: Unpack[FindingOptions]) -> None:
    """This rule cannot say, and why. `rule` may be empty: the policy as a whole."""
    _find("not_judged", _verdicts.Level.NOT_JUDGED, rule, text, options)


def annotate(key: str, value: str) -> None:
    """A pair for the audit log."""
    _verdicts.annotate(_string(key, "annotate"), _string(value, "annotate"))


def _find(what: str, level: _verdicts.Level, rule: str, text: str, options: FindingOptions) -> None:
    for name in options:
        if name not in FindingOptions.__annotations__:
            raise TypeError(f"{what}: unknown option `{name}`; known are {', '.join(FindingOptions.__annotations__)}")
    if rule not in _rules and not (rule == "" and level is _verdicts.Level.NOT_JUDGED):
        raise ValueError(f"{what}: no rule `{rule}` in the manifest; it has {', '.join(_rules)}")
    retry = options.get("retry")
    if retry is not None and retry is not True and not (type(retry) is int and 0 <= retry < 2**32):
        raise TypeError(f"{what}: `retry` is True or a number of seconds, not {retry!r}")
    message = _sentence(text, what)
    at = _optional(options.get("at"), f"{what}: at")
    remedy = _optional(options.get("remedy"), f"{what}: remedy")
    defect = _optional(options.get("defect"), f"{what}: defect")
    evidence = options.get("evidence") or {}
    pairs = [(_string(key, what), _plain(value, f"{what}: evidence `{key}`")) for key, value in evidence.items()]
    finding = _verdicts.add(rule, level, message)
    if at is not None:
        finding.at(at)
    if remedy is not None:
        finding.remedy(remedy)
    for key, value in pairs:
        finding.evidence(key, value)
    if retry is not None:
        finding.retry(None if retry is True else retry)
    if defect is not None:
        finding.defect(defect)


def _sentence(text: str, what: str) -> str:
    text = _string(text, what)
    if not text.strip():
        raise ValueError(f"{what}: the text is empty")
    return text


def _plain(value: Any, what: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Big)):
        return str(value)
    return _string(value, what)


# ---- Documents


def pointer(*tokens: Union[str, int]) -> str:
    """The pointer (RFC 6901) of these keys and positions: `pointer("metadata", "labels", "app.kubernetes.io/name")`."""
    return "".join("/" + _plain(token, "pointer").replace("~", "~0").replace("/", "~1") for token in tokens)


@dataclass(frozen=True)
class Big:
    """A number that a double would change, as it was sent. `int(big)` where it is whole, else `decimal.Decimal(big.text)`."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __int__(self) -> int:
        return int(self.text)


@dataclass(frozen=True)
class Json:
    """An object or an array. `parse` costs more than some thirty reads by pointer, and rounds fractions to doubles."""

    text: str

    def parse(self) -> Any:
        return json.loads(self.text)

    def __str__(self) -> str:
        return self.text


class Null(Enum):
    """The value where null is written; where nothing is, `get` gives None."""

    NULL = "null"

    def __str__(self) -> str:
        return "null"

    def __bool__(self) -> bool:
        return False


NULL = Null.NULL

Value = Union[Null, bool, int, float, str, Big, Json]


class Document:
    """A JSON document. Pointers are RFC 6901: "" is all of it. A text that is no pointer ends the call, not judged."""

    def __init__(self, raw: _types.Document) -> None:
        self._raw = raw

    def get(self, at: str) -> Optional[Value]:
        """The value there, NULL where null is written, None where nothing is."""
        found = self._raw.get(_string(at, "get"))
        return None if found is None else _value(found)

    def text(self, at: str) -> Optional[str]:
        """The string there; None where nothing is, or another type."""
        return self._raw.text(_string(at, "text"))

    def integer(self, at: str) -> Optional[int]:
        """The whole number there, at most 2^53 - 1 either way."""
        return self._raw.integer(_string(at, "integer"))

    def boolean(self, at: str) -> Optional[bool]:
        return self._raw.boolean(_string(at, "boolean"))

    def len(self, at: str) -> Optional[int]:
        """How many elements or members are there."""
        return self._raw.len(_string(at, "len"))

    def keys(self, at: str) -> List[str]:
        """The keys there, in the document's order."""
        return self._raw.keys(_string(at, "keys"))

    def find(self, pattern: str) -> List[Tuple[str, Value]]:
        """All that a pattern matches, with its pointer. A token `*` is any element or member: `/spec/containers/*/image`."""
        return [(at, _value(found)) for at, found in self._raw.find(_string(pattern, "find"))]

    def json(self, at: str) -> Optional[str]:
        """The JSON text there, as it was sent."""
        return self._raw.json(_string(at, "json"))

    def same(self, at: str, other: Document) -> bool:
        """Whether both hold the same there; the order of members does not count. True where both have nothing."""
        return self._raw.same(_string(at, "same"), _raw(other, "same"))


def _raw(document: Document, what: str) -> _types.Document:
    if not isinstance(document, Document):
        raise TypeError(f"{what}: a document is wanted, not {document!r}")
    return document._raw


def _value(found: _types.Value) -> Value:
    if isinstance(found, _types.Value_Null):
        return NULL
    if isinstance(found, _types.Value_Big):
        return Big(found.value)
    if isinstance(found, _types.Value_Json):
        return Json(found.value)
    return found.value


def _document(raw: Optional[_types.Document]) -> Optional[Document]:
    return None if raw is None else Document(raw)


# ---- What is under review, and what stands beside it


class _Request:
    """The request under review."""

    __slots__ = ()

    @property
    def uid(self) -> str:
        return _request.uid()

    @property
    def operation(self) -> Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]:
        return _request.operation().name

    @property
    def origin(self) -> str:
        """`admission`, `check` (a change in a repository), `scan` (an object that is there). Others may come."""
        return _request.origin()

    @property
    def group(self) -> str:
        """Of the resource: `apps`; then `v1`, `statefulsets`, `scale`."""
        return _request.group()

    @property
    def version(self) -> str:
        return _request.version()

    @property
    def resource(self) -> str:
        return _request.resource()

    @property
    def sub_resource(self) -> Optional[str]:
        return _request.sub_resource()

    @property
    def api_version(self) -> str:
        """Of the object: `autoscaling/v1`."""
        return _request.api_version()

    @property
    def kind(self) -> str:
        """Of the object: `Scale`."""
        return _request.kind()

    @property
    def namespace(self) -> Optional[str]:
        return _request.namespace()

    @property
    def name(self) -> Optional[str]:
        """None where the server generates it, or where a collection is deleted."""
        return _request.name()

    @property
    def user(self) -> str:
        return _request.user()

    @property
    def dry_run(self) -> bool:
        return _request.dry_run()

    @property
    def object(self) -> Optional[Document]:
        """The object as it will be; None with DELETE. A mutator's own edits are not in it."""
        return _document(_request.object())

    @property
    def old_object(self) -> Optional[Document]:
        """The object as it is; None with CREATE."""
        return _document(_request.old_object())

    @property
    def pod_spec(self) -> Optional[str]:
        """Pointer of the pod's spec in the object; None for kinds that hold no pod or are not known."""
        return _request.pod_spec()

    @property
    def envelope(self) -> Document:
        """AdmissionReview.request without the objects."""
        return Document(_request.envelope())

    def in_group(self, group: str) -> bool:
        return _request.in_group(_string(group, "in_group"))


request = _Request()

_MISSING = {
    "NotDeclared": "is not declared in the policy's manifest",
    "NotGranted": "is not granted to this policy",
    "NotReady": "is not known yet",
}


def _lookup(what: str, ask: Callable[[], _T]) -> Optional[_T]:
    """Absent is an answer: None. All else is not known, and raised."""
    try:
        return ask()
    except Err as error:
        missing = error.value
    if isinstance(missing, _types.Missing_Absent):
        return None
    if isinstance(missing, _types.Missing_Failed):
        raise LookupFailed(f"{what} could not be looked up: {missing.value}")
    raise LookupFailed(f"{what} {_MISSING[type(missing).__name__[len('Missing_'):]]}")


def related(name: str) -> Optional[List[Document]]:
    """What the manifest asks for under this name. None: it does not exist. Raises LookupFailed where that is not known."""
    _string(name, "related")
    return _lookup(f"related object `{name}`", lambda: [Document(raw) for raw in _request.related(name)])


def facts(name: str) -> Optional[List[Document]]:
    """What the host's providers know. The world imports quorate:policy/facts. None: the object has no such fact."""
    capability = _imported(_facts, "facts")
    _string(name, "facts")
    return _lookup(f"fact `{name}`", lambda: [Document(raw) for raw in capability.get(name)])


def now() -> int:
    """When the request arrived, in milliseconds since 1970. The world imports quorate:policy/time."""
    return _imported(_time, "time").now()


class cluster:
    """What the manifest's `reads` declare. The world imports quorate:policy/cluster."""

    @staticmethod
    def get(api_version: str, kind: str, namespace: Optional[str], name: str) -> Optional[Document]:
        capability = _imported(_cluster, "cluster")
        return _lookup(f"{kind} {name}", lambda: Document(capability.get(api_version, kind, namespace, name)))

    @staticmethod
    def list(api_version: str, kind: str, namespace: Optional[str], selector: str = "") -> Optional[List[Document]]:
        capability = _imported(_cluster, "cluster")
        found = lambda: [Document(raw) for raw in capability.list(api_version, kind, namespace, selector)]
        return _lookup(f"the list of {kind}", found)


@dataclass(frozen=True)
class Image:
    """The parts of an image reference."""

    registry: str
    repository: str
    tag: Optional[str]
    digest: Optional[str]


class kubernetes:
    """Kubernetes' own rules, as the host knows them. Raises ValueError where a text is no image or no quantity."""

    @staticmethod
    def image(reference: str) -> Image:
        """`nginx` is docker.io, library/nginx; `tag` is None where none is written."""
        return Image(*_or_error(lambda: _kubernetes.image(_string(reference, "image"))))

    @staticmethod
    def compare_quantity(a: str, b: str) -> int:
        """-1, 0 or 1."""
        a, b = _string(a, "compare_quantity"), _string(b, "compare_quantity")
        return _or_error(lambda: _kubernetes.compare_quantity(a, b))

    @staticmethod
    def selects(selector: Document, at: str, labels: Document, labels_at: str) -> bool:
        """Whether the label selector at `at` selects the labels at `labels_at`."""
        to = _string(labels_at, "selects")
        return _kubernetes.selects(_raw(selector, "selects"), _string(at, "selects"), _raw(labels, "selects"), to)


def _or_error(ask: Callable[[], _T]) -> _T:
    try:
        return ask()
    except Err as error:
        why = error.value
    raise ValueError(why)


# ---- Edits


class edits:
    """In `mutate` alone. Applied in order; each pointer is read after the edits before it."""

    @staticmethod
    def set(at: str, value: Any) -> None:
        """Replaces or adds, never inserts into an array. Missing parents become objects."""
        _imported(_edits, "edits").set(_string(at, "set"), _json(value, "set"))

    @staticmethod
    def set_text(at: str, text: str) -> None:
        _imported(_edits, "edits").set_text(_string(at, "set_text"), _string(text, "set_text"))

    @staticmethod
    def append(at: str, value: Any) -> None:
        """To the end of an array, which is made where there is none."""
        _imported(_edits, "edits").append(_string(at, "append"), _json(value, "append"))

    @staticmethod
    def remove(at: str) -> None:
        _imported(_edits, "edits").remove(_string(at, "remove"))

    @staticmethod
    def patch(operations: Sequence[Mapping[str, Any]]) -> None:
        """RFC 6902."""
        _imported(_edits, "edits").patch(_json(operations, "patch"))


def _json(value: Any, what: str) -> str:
    """As json.dumps, but numbers of the document stay as sent, and what is no JSON is an error. None is null."""
    if value is None or isinstance(value, Null):
        return "null"
    if isinstance(value, (Big, Json)):
        return value.text
    if isinstance(value, str):
        return json.dumps(_string(value, what))
    if isinstance(value, (bool, int, float)):
        return json.dumps(value, allow_nan=False)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(_string(key, what))}:{_json(of, what)}" for key, of in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_json(element, what) for element in value) + "]"
    raise TypeError(f"{what}: {type(value).__name__} is no JSON")


# ---- The log


class log:
    """The host's log; `print` writes there too. No part of the verdict."""

    @staticmethod
    def debug(message: str) -> None:
        _write(_log.Severity.DEBUG, message)

    @staticmethod
    def info(message: str) -> None:
        _write(_log.Severity.INFO, message)

    @staticmethod
    def warn(message: str) -> None:
        _write(_log.Severity.WARN, message)

    @staticmethod
    def error(message: str) -> None:
        _write(_log.Severity.ERROR, message)


def _write(severity: _log.Severity, message: str) -> None:
    _log.write(severity, str(message).encode("utf-8", "replace").decode("utf-8"))


class _Lines:
    """What is printed, as lines of the log."""

    def __init__(self, severity: _log.Severity) -> None:
        self._severity = severity
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            _write(self._severity, line)
        return len(text)

    def flush(self) -> None:
        pass


# ---- No clock, no chance: the same request gets the same verdict


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refused(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(f"{what}: a verdict depends on the request alone")

    return refused


_no_clock = _refuse("there is no clock; now() is when the request arrived")


class _Datetime(datetime.datetime):
    now = utcnow = today = _no_clock


class _Date(datetime.date):
    today = _no_clock


datetime.datetime, datetime.date = _Datetime, _Date
for _name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep", "gmtime", "localtime"):
    setattr(time, _name, _no_clock)
for _name in ("random", "randint", "randrange", "choice", "choices", "sample", "shuffle", "uniform", "getrandbits"):
    setattr(random, _name, _refuse(f"there is no random.{_name}"))
os.urandom = _refuse("there is no os.urandom")


def _close_files() -> None:
    """A policy may read files while it is built."""
    builtins.open = io.open = _refuse("there are no files")
    # A traceback would read the sources again.
    linecache.checkcache = lambda filename=None: None
    linecache.updatecache = lambda filename, module_globals=None: []
    sys.stdout, sys.stderr = _Lines(_log.Severity.INFO), _Lines(_log.Severity.WARN)


# ---- The exports

exports: dict[str, type] = {}


def policy(
    *,
    configure: Optional[Callable[[Any], Any]] = None,
    validate: Optional[Callable[[Any], None]] = None,
    mutate: Optional[Callable[[Any], None]] = None,
) -> None:
    """Makes the policy. Its manifest is manifest.json, and what it may do is said by the world in world.wit.

    `configure` checks the settings, and makes of them what `validate` and `mutate` get: what it returns, or the
    settings as given. Raises SettingsError.
    `validate` tells findings with `deny`, `warn` and `not_judged`; `mutate` edits with `edits`. They return nothing.
    """
    if validate is None and mutate is None:
        raise TypeError("policy: neither `validate` nor `mutate` is given")
    if mutate is not None and _edits is None:
        raise TypeError("policy: `mutate` is given, and the world in world.wit is not `mutating`")
    if mutate is None and _edits is not None:
        raise TypeError("policy: the world in world.wit is `mutating`, and no `mutate` is given")
    manifest = Path(__file__).with_name("manifest.json").read_text(encoding="utf-8")
    _rules[:] = [rule["id"] for rule in json.loads(manifest)["rules"]]
    settings: List[Any] = [None]

    class Guest:
        def manifest(self) -> str:
            return manifest

        def configure(self, text: str) -> None:
            try:
                given = json.loads(text)
                made = None if configure is None else configure(given)
                settings[0] = given if made is None else made
                return
            except SettingsError as error:
                refused = _RawSettingsError(error.pointer, str(error))
            except BaseException as error:
                refused = _RawSettingsError("", _told(error))
            raise Err([refused])

    class Validator:
        def validate(self) -> None:
            _run("validate", validate, settings[0])

    class Mutator:
        def mutate(self) -> None:
            _run("mutate", mutate, settings[0])

    # Build lays them into the module of the component.
    exports["Guest"] = Guest
    if validate is not None:
        exports["Validator"] = Validator
    if mutate is not None:
        exports["Mutator"] = Mutator
    _close_files()


def _run(name: str, call: Callable[[Any], None], settings: Any) -> None:
    try:
        returned = call(settings)
    except BaseException as error:
        why = _told(error)
    else:
        if returned is None:
            return
        kind = type(returned).__name__
        why = f"{name} returned {kind}; a finding is told with deny or warn, and nothing is returned"
    raise Err(why)


def _told(error: BaseException) -> str:
    """Type, message and line; the calls go to the log. Not by `traceback`'s formatting, which compiles source lines."""
    if isinstance(error, NotJudged):
        return _string(str(error), "error")
    here = os.path.dirname(__file__)
    calls = [(frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [f" ({os.path.relpath(file, here)}:{line})" for file, line, _ in calls if file.startswith(here) and file != __file__]
    place = own[-1] if own else ""
    lines = [f"  {os.path.basename(file)}:{line} in {name}" for file, line, name in calls[:2] + calls[2:][-10:]]
    log.error("\n".join([f"{type(error).__name__}: {error}", *lines]))
    return _string(f"{type(error).__name__}: {error}{place}", "error")
