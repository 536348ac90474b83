from quorate import deny, pointer, policy, request


def validate(settings):
    deployment = request.object
    for label in settings["labels"]:
        at = pointer("metadata", "labels", label)
        if deployment.text(at):
            continue
        deny(
            "label-missing",
            f"label {label} is missing",
            at=at,
            remedy=f"set metadata.labels.{label}",
            evidence={"label": label},
            defect=f"label {label}",
        )


policy(validate=validate)
