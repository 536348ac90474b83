//! The one binary, run as its users run it: in a folder, with arguments, a kubeconfig, a repository.
//! What a rule says is tested with the rule.

mod check;
mod check_differential;
mod common;
mod compiled;
mod config;
mod kubeconfig;
mod own_policy;
mod packaged;
mod policy;
mod review;
mod serve;
mod webhooks;
