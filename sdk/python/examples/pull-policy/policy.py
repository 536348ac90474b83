from quorate import edits, kubernetes, policy, request


def mutate(settings):
    pod = request.object
    for at, text in pod.find("/spec/containers/*/image"):
        image = kubernetes.image(text)
        changes = image.digest is None and (image.tag or "latest") == "latest"
        if changes:
            edits.set_text(at.removesuffix("image") + "imagePullPolicy", "Always")


policy(mutate=mutate)
