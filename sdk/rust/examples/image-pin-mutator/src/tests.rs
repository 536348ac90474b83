//! The edit, natively.

use quorate_policy::testing::Review;
use quorate_policy::{Edit, Image};

use super::ImagePin;

fn review(image: &str, digest: Option<&str>) -> Review {
    let spec = format!(r#"{{"containers": [{{"name": "web", "image": "{image}"}}]}}"#);
    let pod = format!(r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "web"}}, "spec": {spec}}}"#);
    let parts = Image {
        registry: "docker.io".to_owned(),
        repository: "library/nginx".to_owned(),
        tag: None,
        digest: digest.map(str::to_owned),
    };
    Review::create("pods", &pod).image(image, Ok(parts))
}

#[test]
fn sets_the_pull_policy_of_an_image_without_digest() {
    let outcome = review("nginx", None).mutate::<ImagePin>("{}");
    assert_eq!(outcome.messages(), ["not-pinned: nginx has no digest, and is pulled at each start"]);
    let pointer = "/spec/containers/0/imagePullPolicy".to_owned();
    assert_eq!(outcome.edits, [Edit::SetText { pointer, text: "Always".to_owned() }]);
}

#[test]
fn leaves_a_pinned_image_alone() {
    let outcome = review("nginx@sha256:aa", Some("sha256:aa")).mutate::<ImagePin>("{}");
    assert_eq!((outcome.findings.len(), outcome.edits.len()), (0, 0));
}
