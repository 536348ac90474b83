import datetime

from quorate import facts, now, policy, warn


def validate(settings):
    at = datetime.datetime.fromtimestamp(now() / 1000, datetime.timezone.utc)
    warn("said", f"{now()} {at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}")
    warn("said", ",".join(fact.json("") for fact in facts("rqlite/current")))
    warn("said", "no dependents" if facts("rqlite/dependents") is None else "dependents")


policy(validate=validate)
