//! A client of an API server, from a kubeconfig that we wrote.
//! Asks nothing.

use std::path::Path;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// It belongs to the runtime in which it is made.
pub(crate) async fn of(kubeconfig: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("the kubeconfig that we wrote");
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.expect("a whole kubeconfig")).expect("a client")
}
