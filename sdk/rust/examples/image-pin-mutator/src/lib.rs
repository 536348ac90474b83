//! Makes the kubelet ask the registry for images whose tag may move: sets `imagePullPolicy: Always` on their containers.

use quorate_policy::prelude::*;

const NOT_PINNED: Rule = Rule::new("not-pinned", "an image has no digest", Severity::Low, Judges::Object);

struct ImagePin;

impl Policy for ImagePin {
    type Settings = NoSettings;

    fn manifest() -> Manifest {
        Manifest::new("image-pin-mutator", env!("CARGO_PKG_VERSION"), "images without a digest are always pulled")
            .rule(NOT_PINNED)
            .matches(Matches::new("", "v1", "pods", &[Operation::Create]))
    }
}

impl Mutate for ImagePin {
    fn mutate(
        request: &Request<'_>,
        _: &NoSettings,
        verdict: &mut Verdict,
        edits: &mut Edits,
    ) -> Result<(), NotJudged> {
        let object = request.object().ok_or("the request has no object")?;
        let pod = request.pod_spec().ok_or("the object holds no pod")?;
        for index in 0..object.len(&format!("{pod}/containers")).unwrap_or(0) {
            let container = format!("{pod}/containers/{index}");
            let at = format!("{container}/image");
            let Some(reference) = object.text(&at) else { continue };
            let pull_policy = format!("{container}/imagePullPolicy");
            let image = request.kubernetes().image(&reference)?;
            if image.digest.is_none() && object.text(&pull_policy).as_deref() != Some("Always") {
                verdict.push(NOT_PINNED.warn(format!("{reference} has no digest, and is pulled at each start")).at(at));
                edits.set_text(pull_policy, "Always");
            }
        }
        Ok(())
    }
}

quorate_policy::export!(ImagePin: mutator);

#[cfg(test)]
mod tests;
