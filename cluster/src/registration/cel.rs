//! The CEL that the API server evaluates before it calls: which requests concern rqlite, and which of them are dangerous.
//! Not which entry asks what (`built_in`, `known`, `own`), and no rule: what is evaluated is decided by the policies.
//!
//! Every expression is wider than `rqlite::cluster::RqliteSet::detect`, never narrower: what it leaves out is never evaluated. Out of its
//! reach are only launches under an image that does not name rqlite either, which spell `rqlited` or its flag out of pieces, or give the
//! program in a variable with characters that may be an address's (`rqlited-9:1`): `unseen` in `tests/data/launches.yaml`.
//!
//! An expression that fails refuses the request itself (403, without a call) where `failurePolicy` is Fail, for every StatefulSet of the
//! cluster. So nothing is read that may be absent without `has()`, and nothing costs much: one webhook's conditions have a budget of
//! 2.5 million units, and `matches` costs text times pattern. Absent in `request` is every empty field, `subResource` and `name` too.

use kubernetes::annotation;
use kubernetes::defaults::REPLICAS;
use kubernetes::users::SYSTEM_DELETERS;

use super::literal::{list, quoted};
use super::naming::NameList;

/// What every flag that only rqlited has begins with (a test holds the table against it): what tells rqlite's
/// `docker-entrypoint.sh` from the same script of a hundred other images.
pub(super) const DISTINCTIVE: [&str; 19] = [
    "auto-backup",
    "auto-optimize",
    "auto-restore",
    "auto-vacuum",
    "bootstrap-expect-timeout",
    "compress",
    "db-max-ro",
    "disco-",
    "http-adv",
    "http-verify",
    "join-as",
    "join-source",
    "node-encrypt",
    "node-no-verify",
    "node-verify",
    "on-disk",
    "raft-",
    "tls1011",
    "write-queue",
];

/// Where a collection is deleted, the request itself has no name (measured).
const DELETED: &str = "oldObject.metadata.name";

const NAMESPACE: &str = "request.namespace";

/// The old or the new object is, or may be, an rqlite set: a change must not take itself out of the guard.
pub(super) fn is_rqlite() -> String {
    either(&format!("{}.exists(c, {})", running_containers("o"), may_be_rqlite("o", "c")))
}

/// Nothing of it is, or was, but something speaks of rqlite: an image's name, a flag, an annotation of ours. Asked where this may be
/// new. The image's registry and tag count here too, which `rqlite::candidate` leaves out: cheaper, and no more is sent for it.
pub(super) fn may_want_guard() -> String {
    let annotated = format!("{}.exists(k, {})", optional("object.metadata.annotations", "{}"), is_own("k"));
    let speaks = format!("has(c.image) && c.image.contains('rqlite') || {}", has_flag("c"));
    let template = "object.spec.template != oldObject.spec.template";
    format!(
        "!({}) &&\n({annotated} || {}.exists(c, {speaks})) &&\n(oldObject == null || {template} || {})",
        is_rqlite(),
        running_containers("object"),
        annotations_changed(),
    )
}

/// What Quorate being down must not let through: creation, deletion, and an update by which ordinals leave or rqlited is started differently.
pub(super) fn dangerous() -> String {
    format!("request.operation != 'UPDATE' ||\n{}", dangerous_update())
}

/// An update that may be the cure, and one that changes what policies look at: growth, restart, another release, owners, annotations.
/// Status, labels, finalizers and managedFields alone are never sent, so no controller ever waits for us.
pub(super) fn harmless_change() -> String {
    format!("!({}) &&\n({})", dangerous_update(), looked_at())
}

/// Mutation looks at nothing but the spec.
pub(super) fn spec_changed() -> &'static str {
    "oldObject == null || object.spec != oldObject.spec"
}

/// What no policy looks at is not sent: metadata other than owners and `quorate.dev/` annotations, and status.
pub(super) fn looked_at() -> String {
    let owners = |object: &str| optional(&format!("{object}.metadata.ownerReferences"), "[]");
    format!(
        "object.spec != oldObject.spec || {} != {} || {}",
        owners("object"),
        owners("oldObject"),
        annotations_changed(),
    )
}

/// Not a deletion by one of [`SYSTEM_DELETERS`].
pub(super) fn not_a_system_deleter() -> String {
    format!("request.operation != 'DELETE' || !({})", is_system_deleter())
}

pub(super) fn is_system_deleter() -> String {
    format!("request.userInfo.username in {}", list(SYSTEM_DELETERS))
}

/// Of a Scale, which has neither template nor labels: its selector names rqlite, as `app: rqlite` does.
pub(super) fn selects_rqlite() -> String {
    either("has(o.status) && has(o.status.selector) && o.status.selector.contains('rqlite')")
}

/// autoscaling/v1 omits a count of zero: without `has()` the API server would refuse every scale to and from zero (403, "no such key").
pub(super) fn scale_shrinks() -> String {
    format!("{} < {}", scale_count("object"), scale_count("oldObject"))
}

pub(super) fn scale_grows() -> String {
    format!("{} > {}", scale_count("object"), scale_count("oldObject"))
}

/// The request's own object is one of these sets.
pub(super) fn is_known(sets: &NameList) -> String {
    sets.has(NAMESPACE, "request.name")
}

/// The request's name is `<set>-<ordinal>` of one of these sets.
pub(super) fn is_pod_of_known(sets: &NameList) -> String {
    ordinal_of("request.name", sets)
}

/// The autoscaler points, or pointed, at one of these sets.
pub(super) fn targets_known(sets: &NameList) -> String {
    let known = sets.has(NAMESPACE, "o.spec.scaleTargetRef.name");
    either(&format!("o.spec.scaleTargetRef.kind == 'StatefulSet' && {known}"))
}

/// The Namespace that is deleted is one of these.
pub(super) fn is_known_namespace(namespaces: &NameList) -> String {
    namespaces.has(DELETED, DELETED)
}

/// The object that is deleted is one of these.
pub(super) fn is_known_object(objects: &NameList) -> String {
    objects.has(NAMESPACE, DELETED)
}

/// The claim that is deleted is `<base>-<ordinal>` of one of these.
pub(super) fn is_claim_of_known(bases: &NameList) -> String {
    ordinal_of(DELETED, bases)
}

fn ordinal_of(name: &str, bases: &NameList) -> String {
    let known = bases.has(NAMESPACE, &format!("{name}.substring(0, {name}.lastIndexOf('-'))"));
    format!("{name}.matches('^.+-[0-9]+$') && {known}")
}

/// Never sent, whatever a policy of one's own matches: what nodes, schedulers and authentication need to work while we are down.
pub(super) fn not_vital() -> String {
    const RESOURCES: [&str; 10] = [
        "nodes",
        "leases",
        "events",
        "bindings",
        "tokenreviews",
        "subjectaccessreviews",
        "localsubjectaccessreviews",
        "selfsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "selfsubjectreviews",
    ];
    const SUB_RESOURCES: [&str; 3] = ["status", "binding", "token"];
    format!(
        "!(request.resource.resource in {}) && !(has(request.subResource) && request.subResource in {})",
        list(RESOURCES),
        list(SUB_RESOURCES),
    )
}

/// Every container that may be rqlite's is a non-voter by a literal, and none may bootstrap: as `rqlite::role`, but narrower, for a
/// script or a reference is not read here.
pub(super) fn is_read_only(object: &str) -> String {
    let words = words("c");
    let (yes, no) = ("(=(1|t|T|true|TRUE|True))?", "=(0|f|F|false|FALSE|False)");
    let literal = |value: &str| quoted(&format!("^--?raft-non-voter{value}$"));
    format!(
        "{containers}.all(c, {words}.exists(t, t.matches({yes})) && \
         !{words}.exists(t, t.contains('bootstrap-expect') || t.contains('$(') || t.matches({no})))",
        containers = rqlite_containers(object),
        yes = literal(yes),
        no = literal(no),
    )
}

/// The object carries the annotation with this value.
pub(super) fn annotated_with(object: &str, key: &str, value: &str) -> String {
    format!("{} && {object}.metadata.annotations[{}] == {}", has_annotation(object, key), quoted(key), quoted(value))
}

/// `absent` where the field is not there.
pub(super) fn optional(field: &str, absent: &str) -> String {
    format!("(has({field}) ? {field} : {absent})")
}

fn either(of_o: &str) -> String {
    format!("[object, oldObject].filter(o, o != null).exists(o, {of_o})")
}

fn dangerous_update() -> String {
    let count = |object: &str| optional(&format!("{object}.spec.replicas"), &REPLICAS.to_string());
    let start = |object: &str| {
        format!("(has({object}.spec.ordinals) && has({object}.spec.ordinals.start) ? {object}.spec.ordinals.start : 0)")
    };
    // `Delete` takes the data with the pods that leave, also with those that leave already.
    // Back to `Retain` is a cure.
    let when_scaled = |object: &str| {
        let policy = format!("{object}.spec.persistentVolumeClaimRetentionPolicy");
        format!("(has({policy}) && has({policy}.whenScaled) ? {policy}.whenScaled : 'Retain')")
    };
    let volumes = |object: &str| optional(&format!("{object}.spec.template.spec.volumes"), "[]");
    [
        format!("{} < {}", count("object"), count("oldObject")),
        format!("{} != {}", start("object"), start("oldObject")),
        format!("{} != {}", launches("object"), launches("oldObject")),
        format!("{} != {}", volumes("object"), volumes("oldObject")),
        format!("{} == 'Delete' && {} != 'Delete'", when_scaled("object"), when_scaled("oldObject")),
    ]
    .join(" ||\n")
}

/// How the containers that may be rqlite's are started. Without their images, so that a release can be rolled back while we are down;
/// but an image that is not rqlite's any more takes its container off this list, and so is a difference.
fn launches(object: &str) -> String {
    let parts = ["command", "args", "env", "envFrom", "volumeMounts"].map(|part| optional(&format!("c.{part}"), "[]"));
    format!("{}.map(c, [{}])", rqlite_containers(object), parts.join(", "))
}

fn rqlite_containers(object: &str) -> String {
    format!("{}.filter(c,\n  {})", running_containers(object), may_be_rqlite(object, "c"))
}

/// Native sidecars too, as `kubernetes::manifest::PodSpec::running_containers` has them.
fn running_containers(object: &str) -> String {
    let pod = format!("{object}.spec.template.spec");
    format!(
        "({pod}.containers + {}.filter(i, has(i.restartPolicy) && i.restartPolicy == 'Always'))",
        optional(&format!("{pod}.initContainers"), "[]")
    )
}

/// The annotation names it, or it may run rqlite. An annotation that names no container counts as absent.
fn may_be_rqlite(object: &str, container: &str) -> String {
    let annotation = quoted(annotation::CONTAINER);
    format!(
        "{annotated} && has({container}.name) && {object}.metadata.annotations[{annotation}] == {container}.name ||\n  {}",
        may_run_rqlite(container),
        annotated = has_annotation(object, annotation::CONTAINER),
    )
}

/// By image, by launch, or by a launch whose program stands in a literal environment variable.
fn may_run_rqlite(container: &str) -> String {
    let (words, variables) = (words(container), variables(container));
    let program = |name: &str| {
        // As a word of a shell or of `env -S`, with a release or without: `http://rqlited:4001` and `rqlited-0.db,rqlited-1.db` are
        // addresses. `contains` first: it costs a tenth.
        let pattern = quoted(&format!(
            r#"(^|[\s/"';|&()=\\`}}]|-S){}(-[0-9A-Za-z._+~-]*)?([\s"';|&()<>\\`$]|$)"#,
            name.replace('.', r"\.")
        ));
        let name = quoted(name);
        format!(
            "({words}.exists(t, t.contains({name})) || {variables}.exists(e, e.value.contains({name}) && e.value.matches({pattern})))"
        )
    };
    format!(
        "(has({container}.image) && {container}.image.matches('(^|/)rqlite([:@]|$)') ||\n  {rqlited} ||\n  {entrypoint} &&\n  {flagged})",
        rqlited = program("rqlited"),
        entrypoint = program("docker-entrypoint.sh"),
        flagged = has_flag(container),
    )
}

/// A flag that only rqlited has, in its words or in a literal environment variable.
fn has_flag(container: &str) -> String {
    let flags = list(DISTINCTIVE.map(|flag| format!("-{flag}")));
    format!(
        "{flags}.exists(f, {}.exists(t, t.contains(f)) || {}.exists(e, e.value.contains(f)))",
        words(container),
        variables(container)
    )
}

fn variables(container: &str) -> String {
    format!("{}.filter(e, has(e.value))", optional(&format!("{container}.env"), "[]"))
}

fn words(container: &str) -> String {
    let of = |field: &str| optional(&format!("{container}.{field}"), "[]");
    format!("({} + {})", of("command"), of("args"))
}

fn has_annotation(object: &str, key: &str) -> String {
    format!("has({object}.metadata.annotations) && {} in {object}.metadata.annotations", quoted(key))
}

fn annotations_changed() -> String {
    let of = |object: &str| optional(&format!("{object}.metadata.annotations"), "{}");
    let (new, old) = (of("object"), of("oldObject"));
    // Not the filtered maps themselves: a macro turns a map into a list of keys in no order.
    let own = is_own("k");
    format!(
        "{new}.exists(k, {own} && !(k in {old} && {old}[k] == {new}[k])) || {old}.exists(k, {own} && !(k in {new}))"
    )
}

/// The key of an annotation that speaks to Quorate.
fn is_own(key: &str) -> String {
    format!("{key}.startsWith({})", quoted(annotation::PREFIX))
}

fn scale_count(object: &str) -> String {
    format!("(has({object}.spec) && has({object}.spec.replicas) ? {object}.spec.replicas : 0)")
}
