import struct
import time

from quorate import NULL, Big, Json, SettingsError, cannot_judge, deny, edits, facts, policy, related, request, warn


def say(line):
    warn("said", line)


def hexed(text):
    return f"[{' '.join(f'{ord(character):x}' for character in text)}]"


def shown(value):
    if value is None:
        return "nothing"
    if value is NULL:
        return "null"
    if isinstance(value, bool):
        return f"boolean {'true' if value else 'false'}"
    if isinstance(value, int):
        return f"integer {value}"
    if isinstance(value, float):
        return f"number {struct.pack('>d', value).hex()}"
    if isinstance(value, Big):
        return f"big {value.text}"
    if isinstance(value, Json):
        return f"json {hexed(value.text)}"
    return f"text {hexed(value)}"


def values(settings):
    object = request.object
    for at in settings["pointers"]:
        say(f"get {hexed(at)}: {shown(object.get(at))}")
        say(f"text {hexed(at)}: {shown(object.text(at))}")
        say(f"integer {hexed(at)}: {shown(object.integer(at))}")
        say(f"boolean {hexed(at)}: {shown(object.boolean(at))}")
        say(f"len {hexed(at)}: {shown(object.len(at))}")
        say(f"keys {hexed(at)}: [{', '.join(map(hexed, object.keys(at)))}]")
        say(f"json {hexed(at)}: {shown(object.json(at))}")
    for pattern in settings["patterns"]:
        for at, value in object.find(pattern):
            say(f"find {hexed(pattern)}: {hexed(at)}: {shown(value)}")


def namespace(settings):
    found = related("namespace")
    say("no namespace" if found is None else f"namespace {found[0].text('/metadata/name')}")


def absent(settings):
    seen = {
        "object": request.object,
        "oldObject": request.old_object,
        "name": request.name,
        "subResource": request.sub_resource,
        "podSpec": request.pod_spec,
    }
    for name, value in seen.items():
        say(f"{name} {'is not there' if value is None else 'is there'}")


def after(settings):
    say("before")
    cannot_judge("the rest is not known")


def forever(settings):
    while True:
        pass


def memory(settings):
    kept = []
    while True:
        kept.append(bytes(1 << 20))


WORK = {
    "values": values,
    "namespace": namespace,
    "absent": absent,
    "exception": lambda _: request.object.text("/data/none").upper(),
    "judge": lambda _: cannot_judge("the weather is not known"),
    "after": after,
    "returned": lambda _: False,
    "option": lambda _: deny("said", "x", rememdy="y"),
    "rule": lambda _: deny("siad", "x"),
    "empty": lambda _: deny("said", " "),
    "typo": lambda _: request.nmae,
    "member": lambda _: request.object.metadata,
    "arguments": lambda _: request.object.text(None),
    "big": lambda _: request.object.get("/data/big") > 5,
    "clock": lambda _: time.time(),
    "edits": lambda _: edits.remove("/data"),
    "facts": lambda _: facts("rqlite/current"),
    "undeclared": lambda _: related("owners"),
    "pointer": lambda _: request.object.get("data"),
    "exit": lambda _: exit(1),
    "forever": forever,
    "memory": memory,
}


def configure(settings):
    if settings.get("bad") == "said":
        raise SettingsError("/bad", "is bad")
    if settings.get("bad") == "thrown":
        settings["none"]


def validate(settings):
    return WORK[settings["does"]](settings)


policy(configure=configure, validate=validate)
