//! helm, as the checks of the chart find it (`tests/checks/helm.sh`).
//! Without one the tests that render say so loudly, and pass.

use std::process::{Command, Output};

use quorate_tests::workspace;

use crate::objects::Objects;

/// helm, and the Kubernetes version to render for.
pub(crate) struct Helm {
    program: String,
    kubernetes: String,
}

impl Helm {
    pub(crate) fn find() -> Option<Self> {
        let script = ". tests/checks/helm.sh && printf '%s\\n%s' \"$helm\" \"$kube_version\"";
        let found = Command::new("bash").args(["-c", script]).current_dir(workspace()).output().expect("bash");
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        let Some((program, kubernetes)) = text.split_once('\n').filter(|_| found.status.success()) else {
            eprintln!("SKIPPED: {}", String::from_utf8_lossy(&found.stderr).trim());
            return None;
        };
        Some(Self { program: program.to_owned(), kubernetes: kubernetes.to_owned() })
    }

    /// The chart with these further arguments.
    #[track_caller]
    pub(crate) fn render(&self, arguments: &[&str]) -> Objects {
        let output = self.template(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "helm template {arguments:?}: {error}");
        Objects::read(&String::from_utf8_lossy(&output.stdout))
    }

    fn template(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.args(["template", "quorate", "deploy/chart", "--namespace", "quorate-system", "--kube-version"]);
        command.arg(&self.kubernetes).args(arguments).current_dir(workspace());
        command.output().expect("helm")
    }
}
