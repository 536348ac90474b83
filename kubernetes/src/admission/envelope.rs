//! The envelope of a request as JSON: what an AdmissionReview says beside the objects.
//! Written out of the fields; what no field holds is taken from what was sent.

use quorate_document::{Document, Limits, Pointer};
use serde_json::Value;

use super::{GroupVersionKind, GroupVersionResource, Request, RequestWire};

static USER: Pointer<'static> = Pointer::literal("/userInfo");

/// The members of a request that are documents of their own.
const OBJECTS: [&str; 2] = ["object", "oldObject"];

/// A member that the fields of a request hold: its key, and its JSON text where it is there.
type Field = (&'static str, fn(&Request) -> Option<String>);

/// In the order of Kubernetes' own type, `userInfo` apart.
const FIELDS: [Field; 9] = [
    ("uid", |request| Some(quoted(&request.uid))),
    ("kind", |request| Some(kind(&request.kind))),
    ("resource", |request| Some(resource(&request.resource))),
    ("subResource", |request| request.sub_resource.as_deref().map(quoted)),
    ("name", |request| request.name.as_deref().map(quoted)),
    ("namespace", |request| request.namespace.as_deref().map(quoted)),
    ("operation", |request| Some(quoted(request.operation.name()))),
    ("dryRun", |request| Some(request.dry_run.to_string())),
    ("options", |request| request.options.as_ref().map(|options| options.as_json().into_owned())),
];

/// Those of `userInfo`.
const USER_FIELDS: [Field; 2] = [
    ("username", |request| Some(&request.username).filter(|name| !name.is_empty()).map(|name| quoted(name))),
    ("groups", |request| Some(&request.groups).filter(|groups| !groups.is_empty()).map(|groups| list(groups))),
];

/// A member as the fields have it now.
struct Member {
    key: &'static str,
    /// None where it is absent.
    text: Option<String>,
    /// What was sent says the same, and stays.
    is_as_sent: bool,
}

impl Request {
    /// `request` of its AdmissionReview without `object` and `oldObject`: what no field of this type holds (userInfo's uid
    /// and extra, requestKind, requestResource, members that came later) is there too, and whatever was sent and still holds
    /// is as it was sent, in its order. A field that was changed since replaces what was sent; the uid and extra of another
    /// user than `username` are left out. Of a request made by hand, what its fields say.
    ///
    /// ```
    /// use kubernetes::admission::{GroupVersionKind, Operation, Request};
    /// use quorate_document::Pointer;
    ///
    /// let review = br#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
    ///     "uid": "3f0c", "operation": "DELETE", "namespace": "db", "name": "rqlite-0",
    ///     "kind": {"version": "v1", "kind": "Pod"}, "resource": {"version": "v1", "resource": "pods"},
    ///     "userInfo": {"username": "alice", "uid": "7"}, "oldObject": {"spec": {}}}}"#;
    /// let mut request = Request::decode(review)?;
    /// request.name = None;
    ///
    /// let envelope = request.envelope();
    /// assert_eq!(envelope.text(&Pointer::literal("/userInfo/uid")).as_deref(), Some("7"));
    /// assert_eq!(envelope.get(&Pointer::literal("/name")), None);
    /// assert_eq!(envelope.get(&Pointer::literal("/oldObject")), None);
    ///
    /// let by_hand = Request { dry_run: true, ..Request::new("3f0c", Operation::Create) }.envelope();
    /// assert_eq!(by_hand.boolean(&Pointer::literal("/dryRun")), Some(true));
    /// # Ok::<(), kubernetes::admission::EnvelopeError>(())
    /// ```
    pub fn envelope(&self) -> Document {
        let source = self.source.as_ref();
        let sent = source.and_then(|source| source.decode::<RequestWire>().ok()?.within(source.clone()).ok());
        let mut members = members(&FIELDS, self, sent.as_ref());
        members.push(self.user_info(sent.as_ref()));
        let text = merged(source, &members, &OBJECTS);
        // Deeper than this is nothing but options that were put in by hand, under limits of their own.
        let limits = Limits { bytes: usize::MAX, nodes: u32::MAX, depth: u8::MAX, ..Limits::DEFAULT };
        Document::parse(text, &limits).unwrap_or_else(|_| Document::empty_object())
    }

    fn user_info(&self, sent: Option<&Self>) -> Member {
        let fields = members(&USER_FIELDS, self, sent);
        let is_as_sent = fields.iter().all(|field| field.is_as_sent);
        let is_same_user = sent.is_some_and(|sent| sent.username == self.username);
        let source = self.source.as_ref().filter(|_| is_same_user).and_then(|source| source.part(&USER));
        Member { key: "userInfo", text: Some(merged(source.as_ref(), &fields, &[])), is_as_sent }
    }
}

fn members(fields: &[Field], now: &Request, sent: Option<&Request>) -> Vec<Member> {
    let member = |(key, text): &Field| {
        let now = text(now);
        let is_as_sent = sent.is_some_and(|sent| text(sent) == now);
        Member { key, text: now, is_as_sent }
    };
    fields.iter().map(member).collect()
}

/// The object that was sent, with the members as they are now and without some; those that it did not have stand at its end.
fn merged(source: Option<&Document>, members: &[Member], without: &[&str]) -> String {
    let keys = source.map(|source| source.keys(&Pointer::ROOT)).unwrap_or_default();
    let kept = keys.iter().filter(|key| !without.contains(&key.as_ref())).filter_map(|key| {
        let text = match members.iter().find(|member| member.key == key.as_ref() && !member.is_as_sent) {
            Some(changed) => changed.text.clone()?,
            None => source?.json(&[key].into_iter().collect())?.into_owned(),
        };
        Some(format!("{}:{text}", quoted(key)))
    });
    let is_new = |member: &&Member| !member.is_as_sent && !keys.iter().any(|key| key.as_ref() == member.key);
    let new = members.iter().filter(is_new);
    let new = new.filter_map(|member| Some(format!("{}:{}", quoted(member.key), member.text.as_ref()?)));
    format!("{{{}}}", kept.chain(new).collect::<Vec<_>>().join(","))
}

fn kind(kind: &GroupVersionKind) -> String {
    let GroupVersionKind { group, version, kind } = kind;
    format!(r#"{{"group":{},"version":{},"kind":{}}}"#, quoted(group), quoted(version), quoted(kind))
}

fn resource(resource: &GroupVersionResource) -> String {
    let GroupVersionResource { group, version, resource } = resource;
    format!(r#"{{"group":{},"version":{},"resource":{}}}"#, quoted(group), quoted(version), quoted(resource))
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::{Operation, Origin};

    /// All that Kubernetes 1.36 sends, a member that it does not know yet, and numbers that no double holds.
    const SENT: &str = r#""uid": "u-1",
        "kind": {"group":"autoscaling","version":"v1","kind":"Scale"},
        "resource": {"group":"apps","version":"v1","resource":"statefulsets"},
        "subResource": "scale",
        "requestKind": {"group":"autoscaling","version":"v1","kind":"Scale"},
        "requestResource": {"group":"apps","version":"v1beta2","resource":"statefulsets"},
        "requestSubResource": "scale",
        "name": "rqlite",
        "namespace": "db",
        "operation": "UPDATE",
        "userInfo": {"username": "alice", "uid": "7f", "groups": ["dev", "system:authenticated"],
            "extra": {"scopes.corp/a": ["r", "w"]}},
        "dryRun": false,
        "options": {"kind":"UpdateOptions", "fieldManager": "kubectl", "x": 1.10},
        "later": [9007199254740993, 1.0, "\u0061", null]"#;

    fn decoded(members: &str) -> Request {
        let review = format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"oldObject":{{"a":1}},{members},
                "object":{{"metadata":{{"managedFields":[]}}}}}}}}"#
        );
        Request::decode(review.as_bytes()).unwrap()
    }

    /// What was sent, with the white space between members as the envelope has it.
    fn compact(members: &str) -> String {
        let document = Document::parse(format!("{{{members}}}"), &Limits::DEFAULT).unwrap();
        let member = |key: &String| {
            let pointer: Pointer<'_> = [key].into_iter().collect();
            format!("{}:{}", quoted(key), document.json(&pointer).unwrap())
        };
        let keys: Vec<String> = document.keys(&Pointer::ROOT).into_iter().map(Into::into).collect();
        format!("{{{}}}", keys.iter().map(member).collect::<Vec<_>>().join(","))
    }

    #[track_caller]
    fn replaces(change: impl FnOnce(&mut Request), sent: &str, instead: &str) {
        assert!(SENT.contains(sent), "{sent}");
        let mut request = decoded(SENT);
        change(&mut request);
        assert_eq!(request.envelope().as_json(), compact(&SENT.replace(sent, instead)));
    }

    #[test]
    fn has_all_that_was_sent_but_the_objects() {
        assert_eq!(decoded(SENT).envelope().as_json(), compact(SENT));
        // What is left out, empty or null stays so.
        let few = r#""uid":"u","operation":"CREATE","kind":{"version":"v1","kind":"Pod"},"name":"","namespace":null,
            "resource":{"version":"v1","resource":"pods"}"#;
        assert_eq!(decoded(few).envelope().as_json(), compact(few));
        let nobody = format!(r#"{few},"userInfo":{{"extra":{{}}, "username":""}},"options":null"#);
        assert_eq!(decoded(&nobody).envelope().as_json(), compact(&nobody));
    }

    #[test]
    fn a_changed_field_replaces_what_was_sent() {
        replaces(|request| request.uid = "u-2".into(), r#""u-1""#, r#""u-2""#);
        replaces(
            |request| request.kind.version = "v2".into(),
            r#""version":"v1","kind":"Scale"},
        "resource""#,
            r#""version":"v2","kind":"Scale"},
        "resource""#,
        );
        replaces(
            |request| request.resource.resource = "pods".into(),
            r#""version":"v1","resource":"statefulsets""#,
            r#""version":"v1","resource":"pods""#,
        );
        replaces(|request| request.operation = Operation::Connect, "UPDATE", "CONNECT");
        replaces(|request| request.dry_run = true, "false", "true");
        replaces(|request| request.name = Some("a\"\n".into()), r#""rqlite""#, r#""a\"\n""#);
        replaces(|request| request.namespace = None, r#""namespace": "db","#, "");
        replaces(|request| request.sub_resource = None, r#""subResource": "scale","#, "");
        let options = Document::parse(r#"{"kind":"DeleteOptions"}"#, &Limits::DEFAULT).unwrap();
        let sent = r#"{"kind":"UpdateOptions", "fieldManager": "kubectl", "x": 1.10}"#;
        replaces(|request| request.options = Some(options), sent, r#"{"kind":"DeleteOptions"}"#);
        replaces(|request| request.options = None, &format!(r#""options": {sent},"#), "");
    }

    #[test]
    fn the_uid_and_extra_are_those_of_the_user() {
        let user = |request: &Request| request.envelope().json(&USER).unwrap().into_owned();
        let mut request = decoded(SENT);
        request.groups.pop();
        let kept = r#"{"username":"alice","uid":"7f","groups":["dev"],"extra":{"scopes.corp/a": ["r", "w"]}}"#;
        assert_eq!(user(&request), kept);
        request.username = "bob".into();
        assert_eq!(user(&request), r#"{"username":"bob","groups":["dev"]}"#);
        request.username.clear();
        request.groups.clear();
        assert_eq!(user(&request), "{}");
    }

    #[test]
    fn what_was_not_sent_stands_at_the_end() {
        let few = r#""uid":"u","operation":"DELETE","kind":{"version":"v1","kind":"Pod"},"later":1,
            "resource":{"version":"v1","resource":"pods"}"#;
        let request = Request { name: Some("a".into()), username: "alice".into(), ..decoded(few) };
        let expected = compact(&format!(r#"{few},"name":"a","userInfo":{{"username":"alice"}}"#));
        assert_eq!(request.envelope().as_json(), expected);
    }

    #[test]
    fn other_objects_and_another_origin_change_nothing() {
        let request = Request { object: None, old_object: None, origin: Origin::Scan, ..decoded(SENT) };
        assert_eq!(request.envelope().as_json(), compact(SENT));
    }

    #[test]
    fn one_made_by_hand_says_what_its_fields_say() {
        assert_eq!(
            Request::new("u", Operation::Create).envelope().as_json(),
            r#"{"uid":"u","kind":{"group":"","version":"","kind":""},"resource":{"group":"","version":"","resource":""},"operation":"CREATE","dryRun":false,"userInfo":{}}"#
        );
        // Read back, it has the same fields.
        let by_hand = Request { source: None, ..decoded(SENT) };
        let envelope = by_hand.envelope();
        let json = envelope.as_json();
        let read = decoded(json.strip_prefix('{').unwrap().strip_suffix('}').unwrap());
        assert_eq!(read.envelope(), envelope);
        let without = |request: &Request| Request { source: None, object: None, ..request.clone() };
        assert_eq!(format!("{:?}", without(&read)), format!("{:?}", without(&by_hand)));
    }

    #[test]
    fn a_source_that_is_no_request_is_not_believed() {
        for source in ["7", r#"{"uid":7,"userInfo":{"uid":"7f"},"later":1}"#] {
            let source = Document::parse(source, &Limits::DEFAULT).unwrap();
            let request =
                Request { source: Some(source), username: "alice".into(), ..Request::new("u", Operation::Delete) };
            let envelope = request.envelope();
            assert_eq!(envelope.text(&Pointer::literal("/uid")).as_deref(), Some("u"));
            assert_eq!(envelope.json(&USER).as_deref(), Some(r#"{"username":"alice"}"#));
        }
    }

    #[test]
    fn takes_options_as_deep_as_a_document_may_be() {
        let deep = format!("{}1{}", "[".repeat(126), "]".repeat(126));
        let options = Document::parse(deep.as_str(), &Limits::DEFAULT).unwrap();
        let request = Request { options: Some(options), ..Request::new("u", Operation::Create) };
        assert_eq!(request.envelope().json(&Pointer::literal("/options")).as_deref(), Some(deep.as_str()));
    }

    #[test]
    fn names_are_those_of_the_wire() {
        for operation in [Operation::Create, Operation::Update, Operation::Delete, Operation::Connect] {
            assert_eq!(serde_json::to_string(&operation).unwrap(), quoted(operation.name()));
        }
        for origin in [Origin::Admission, Origin::Check, Origin::Scan] {
            assert_eq!(serde_json::to_string(&origin).unwrap(), quoted(origin.name()));
        }
        assert_eq!(decoded(SENT).origin, Origin::Admission);
    }
}
