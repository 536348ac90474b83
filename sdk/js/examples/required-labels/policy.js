import { deny, pointer, policy, request } from "quorate";
import manifest from "quorate/manifest";

function validate({ labels }) {
  const object = request.object;
  for (const label of labels) {
    const at = pointer("metadata", "labels", label);
    if (object.text(at)) continue;
    deny("label-missing", `label ${label} is missing`, {
      at,
      remedy: `set metadata.labels.${label}`,
      evidence: { label },
      defect: `label ${label}`,
    });
  }
}

export default policy({ manifest, validate });
