//! What the mutating policies put into a StatefulSet's pod template, how it is listed, and when it may start, stay and go.
//! Does not know what any of it is for: that is the policy's.
//!
//! Everything injected is an [`Item`], and is listed, one entry per line, in the annotation [`INJECTED`] of the StatefulSet.
//! An entry opens with the name of the policy that owns it, so that two policies do not disturb each other:
//!
//! ```text
//! remove-on-shutdown flag rqlite args[0] -raft-cluster-remove-shutdown=true
//! remove-on-shutdown grace 30 was 10
//! secret-mounts flag rqlite args[0]=run -auth=/etc/quorate/auth/users.json
//! secret-mounts volume quorate-auth
//! secret-mounts mount rqlite quorate-auth /etc/quorate/auth
//! secret-mounts probe rqlite readinessProbe was HTTP
//! ```
//!
//! `args[0]=run`: the token stands in place of the image's keyword `run`. `was absent`: there was nothing before.
//!
//! An injection starts at a creation, or with an update that changes the pod template anyway: the old and the new template
//! differ after everything that the old object's list names is taken out of both ([`TemplateEditor::template_changes`]). Without such a
//! change, everything listed is put back at its old place, and the result is the live template: the manifest from git may be
//! applied over an injected set again and again, and no pod restarts. What nobody asks for any more goes with the next change.
//! [`TemplateEditor::reconcile`] is that decision.

mod edits;
mod entry;
mod injection_list;
mod item;
mod launch;
mod origin;
mod presence;
mod reconcile;
mod template_editor;
mod tree;

#[cfg(test)]
mod tests;

pub use entry::{InjectionEntry, InjectionMark};
pub use injection_list::InsertError;
pub use item::{Item, ProbeKind};
pub use reconcile::{PlacedItem, Reconciled};
pub use template_editor::{Injector, TemplateEditor, UninjectedSet};
