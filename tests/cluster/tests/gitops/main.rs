//! Quorate applied by Argo CD, by Flux and by Helm 3, as each of them does it, beside a platform that writes the webhook configurations too:
//! what they find different, that nobody fights, and that nothing is left when it is taken out. Values and words are those of `docs/gitops.md`.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]
#![expect(clippy::print_stderr, reason = "figures of a run")]

mod tools;

use std::path::PathBuf;

use quorate_cluster_tests::second_writer::{SecondWriter, await_added};
use quorate_cluster_tests::{ControlPlane, Installer, Quorate, await_nothing_left, manifests, page};

use crate::tools::Tool;

const PAGE: &str = "gitops.md";

/// What the page has written into the values.
#[track_caller]
fn values(plane: &ControlPlane) -> PathBuf {
    let file = plane.folder().join("values.yaml");
    std::fs::write(&file, page::yaml(PAGE, "webhooks:\n")).unwrap();
    file
}

/// From the installation to the end, beside a platform that adds whenever something is missing.
#[track_caller]
fn lives_beside_a_platform(plane: &ControlPlane, tool: Tool, installer: &Installer<'_>) {
    let quorate = installer.clone().install_by(|| tool.apply(plane, installer));
    let namespace = quorate.voters("beside_a_platform");
    assert_eq!(tool.differences(plane, installer), [""; 0], "what Quorate writes itself");
    let platform = SecondWriter::default();
    let end = platform.beside(plane, || {
        await_added(plane);
        assert_eq!(
            tool.differences(plane, installer),
            ["MutatingWebhookConfiguration/quorate webhooks", "ValidatingWebhookConfiguration/quorate webhooks"],
            "without the page's values"
        );
        let named = installer.clone().values(&values(plane));
        tool.apply(plane, &named);
        await_added(plane);
        let before = platform.writes();
        for _ in 0..5 {
            assert_eq!(tool.differences(plane, &named), [""; 0]);
            tool.apply(plane, &named);
        }
        assert_eq!(platform.writes(), before, "writes of the platform while it is applied again and again");
        // The server writes entries of its own for this set; they are nobody's difference.
        namespace.apply(&manifests::rqlite("store", 3)).ok();
        quorate.await_known(&namespace, "store");
        await_added(plane);
        assert_eq!(tool.differences(plane, &named), [""; 0]);
        let next = named.set("webhooks.timeoutSeconds.validate=4");
        assert_eq!(tool.differences(plane, &next), ["ValidatingWebhookConfiguration/quorate webhooks"]);
        tool.apply(plane, &next);
        await_added(plane);
        assert_eq!(tool.differences(plane, &next), [""; 0]);
        namespace.await_guarded("rqlite");
        eprintln!("writes of the platform: {}", platform.writes());
        assert!(platform.writes() <= 10, "{} writes of the platform", platform.writes());
        next
    });
    tool.take_out(plane, &end);
    quorate.stop();
    await_nothing_left(plane);
}

#[test]
fn argo_cd_applies_on_the_client() {
    let plane = ControlPlane::start("argo-client");
    lives_beside_a_platform(&plane, Tool::ArgoCd, &Quorate::installer(&plane));
}

#[test]
fn argo_cd_applies_on_the_server() {
    let plane = ControlPlane::start("argo-server");
    lives_beside_a_platform(&plane, Tool::ArgoCdOnTheServer, &Quorate::installer(&plane));
}

#[test]
fn flux_applies_manifests() {
    let plane = ControlPlane::start("flux-kustomize");
    lives_beside_a_platform(&plane, Tool::Kustomization, &Quorate::installer(&plane));
}

#[test]
fn flux_releases_the_chart_by_helm_3() {
    let plane = ControlPlane::start("flux-helm-3");
    lives_beside_a_platform(&plane, Tool::HelmRelease, &Quorate::installer(&plane).by_helm_3());
}

#[test]
fn flux_releases_the_chart_by_helm_4() {
    let plane = ControlPlane::start("flux-helm-4");
    lives_beside_a_platform(&plane, Tool::HelmRelease, &Quorate::installer(&plane));
}
