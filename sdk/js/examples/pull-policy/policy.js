import { edits, kubernetes, policy, request } from "quorate";
import manifest from "quorate/manifest";

function mutate() {
  const pod = request.object;
  for (const [at, text] of pod.find("/spec/containers/*/image")) {
    const image = kubernetes.image(text);
    const changes = image.digest === undefined && (image.tag ?? "latest") === "latest";
    if (changes) edits.setText(at.replace(/image$/, "imagePullPolicy"), "Always");
  }
}

export default policy({ manifest, mutate });
