//! The container's environment as the kubelet makes it, and `$(VAR)` in texts, with what the manifest does not tell left as references.
//! Not the environment that the image or the shell adds.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::flag::Token;
use crate::value::{Source, Value};
use kubernetes::manifest::{Container, EnvFrom, EnvSource, EnvVar, FileKeyRef};

/// A text of which some pieces are references.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    /// The variable's name and where its value comes from. Shared: each of a thousand arguments may refer to it.
    Reference {
        name: Arc<str>,
        source: Source,
    },
}

impl Text {
    pub(super) fn literal(text: &str) -> Self {
        Text(vec![Piece::Literal(text.to_owned())])
    }

    pub(super) fn reference(name: &str, source: Source) -> Self {
        Text(vec![Piece::Reference { name: name.into(), source }])
    }

    pub(super) fn push(&mut self, literal: &str) {
        match self.0.last_mut() {
            Some(Piece::Literal(last)) => last.push_str(literal),
            Some(Piece::Reference { .. }) | None => self.0.push(Piece::Literal(literal.to_owned())),
        }
    }

    pub(super) fn extend(&mut self, other: Text) {
        for piece in other.0 {
            match piece {
                Piece::Literal(text) => self.push(&text),
                Piece::Reference { .. } => self.0.push(piece),
            }
        }
    }

    fn append(&mut self, other: &Text) {
        for piece in &other.0 {
            match piece {
                Piece::Literal(text) => self.push(text),
                Piece::Reference { .. } => self.0.push(piece.clone()),
            }
        }
    }

    /// In what is known of it.
    pub(super) fn has_blanks(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains(char::is_whitespace)))
    }

    /// Bytes, about.
    pub(super) fn len(&self) -> usize {
        let bytes = |piece: &Piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Reference { name, .. } => name.len(),
        };
        self.0.iter().map(bytes).sum()
    }

    /// What a copy of it takes, in bytes: a reference has an allocation or two of its own.
    fn cost(&self) -> usize {
        let bytes = |piece: &Piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Reference { name, source: Source::Composed { text, parts } } => {
                REFERENCE * (1 + parts.len()) + name.len() + text.len()
            }
            Piece::Reference { name, .. } => REFERENCE + name.len(),
        };
        self.0.iter().map(bytes).sum()
    }

    /// Known if there are no references; one reference alone is that reference.
    pub(super) fn into_value(self) -> Value<String> {
        let mut text = String::new();
        let mut parts = Vec::new();
        for piece in self.0 {
            match piece {
                Piece::Literal(literal) if text.is_empty() => text = literal,
                Piece::Literal(literal) => text.push_str(&literal),
                Piece::Reference { name, source } => {
                    text.push_str("$(");
                    text.push_str(&name);
                    text.push(')');
                    parts.push(source);
                }
            }
        }
        if parts.is_empty() { Value::Known(text) } else { Value::Deferred(Source::composed(text, parts)) }
    }
}

/// Bytes of one argument or variable that Linux passes to a program (MAX_ARG_STRLEN).
const LONGEST: usize = 131_072;

/// Bytes of a reference in memory beside its texts, about.
const REFERENCE: usize = 64;
/// Bytes that all uses of a container's variables may take together, eight of the longest: beyond, nothing is known of one. Forty variables
/// that each name the one before twice, or a thousand that each of a thousand `envFrom` may give, would else use up the time that a policy
/// has; no sensible container comes near.
const EXPANDED: usize = 8 * LONGEST;

/// The variables of a container, or of a program that it starts with others.
pub(super) struct Environment<'a> {
    /// None: taken away from those of `outer`.
    variables: BTreeMap<Cow<'a, str>, Option<Text>>,
    /// What a script sets, in whose place a reference to the script stands; `variables` go before it.
    by_script: Option<(&'a BTreeSet<String>, Arc<str>)>,
    /// What is in none of both is looked up there: a script may start thousands of programs, and each has all of them.
    outer: Option<&'a Environment<'a>>,
    /// ConfigMaps and Secrets of which every key is a variable; `variables` goes before them.
    from: &'a [EnvFrom],
    /// What is left of [`EXPANDED`].
    left: Cell<usize>,
}

impl<'a> Environment<'a> {
    pub(super) fn of(container: &'a Container) -> Self {
        let mut environment = Environment {
            variables: BTreeMap::new(),
            by_script: None,
            outer: None,
            from: &container.env_from,
            left: Cell::new(EXPANDED),
        };
        // A value may name variables defined above it; the last definition of a name wins.
        for variable in &container.env {
            let text = environment.text_of(variable);
            environment.variables.insert(Cow::Borrowed(&variable.name), Some(text));
        }
        environment
    }

    /// The same, where its uses may take no more than that.
    pub(super) fn with_left(container: &'a Container, left: usize) -> Self {
        Environment { left: Cell::new(left), ..Environment::of(container) }
    }

    /// Bytes that further uses of the variables may take.
    pub(super) fn left(&self) -> usize {
        self.left.get()
    }

    /// The same, for changes of its own.
    pub(super) fn inner(&'a self) -> Self {
        let left = self.left.clone();
        Environment { variables: BTreeMap::new(), by_script: None, outer: Some(self), from: self.from, left }
    }

    /// The variable, None if the manifest does not define it.
    pub(super) fn lookup(&self, name: &str) -> Option<Text> {
        self.defined(name).or_else(|| self.in_objects(name))
    }

    /// The variable, if `env` itself names it; a reference to nothing that is known where the variables' uses grow too long.
    pub(super) fn defined(&self, name: &str) -> Option<Text> {
        let text = self.text(name)?;
        Some(if self.affords(text.cost()) { text.into_owned() } else { unfollowed(name) })
    }

    fn text(&self, name: &str) -> Option<Cow<'_, Text>> {
        let mut here = self;
        loop {
            if let Some(text) = here.variables.get(name) {
                return text.as_ref().map(Cow::Borrowed);
            }
            if let Some((_, script)) = here.by_script.as_ref().filter(|(names, _)| names.contains(name)) {
                return Some(Cow::Owned(of_script(name, script)));
            }
            here = here.outer?;
        }
    }

    fn affords(&self, cost: usize) -> bool {
        let left = self.left.get().checked_sub(cost);
        left.inspect(|left| self.left.set(*left)).is_some()
    }

    /// The environment of a script's commands, where the script itself sets these variables.
    pub(super) fn within_script(&'a self, names: &'a BTreeSet<String>, script: &Arc<str>) -> Self {
        Environment { by_script: Some((names, Arc::clone(script))), ..self.inner() }
    }

    /// The script may set this variable too.
    pub(super) fn set_by_script(&mut self, name: &'static str, script: &Arc<str>) {
        self.variables.insert(Cow::Borrowed(name), Some(of_script(name, script)));
    }

    /// The environment of a program that `env` starts with these words before it: `NAME=VALUE`, `-i`, `-u NAME`.
    pub(super) fn behind_env(&'a self, words: &'a [Token]) -> Self {
        let mut environment = self.inner();
        let mut unset = false;
        for token in words {
            let text = token.value.known().map_or(token.text.as_str(), String::as_str);
            match (text, text.split_once('=')) {
                (name, _) if std::mem::take(&mut unset) => drop(environment.variables.insert(name.into(), None)),
                ("-i" | "-" | "--ignore-environment", _) => {
                    let left = environment.left;
                    environment =
                        Environment { variables: BTreeMap::new(), by_script: None, outer: None, from: &[], left };
                }
                ("-u" | "--unset", _) => unset = true,
                (_, Some(("--unset", name))) => drop(environment.variables.insert(name.into(), None)),
                (option, _) if option.starts_with('-') => {}
                (_, Some((name, value))) => {
                    let value = match &token.value {
                        Value::Deferred(source) => Text::reference(name, source.clone()),
                        Value::Known(_) | Value::Malformed(_) => Text::literal(value),
                    };
                    environment.variables.insert(name.into(), Some(value));
                }
                (_, None) => {}
            }
        }
        environment
    }

    /// Replaces `$(VAR)`; `$$` stands for `$`, and a variable that is not defined stays as it is written
    /// (k8s.io/kubernetes `third_party/forked/golang/expansion`).
    pub(super) fn expand(&self, template: &str) -> Text {
        if !template.contains('$') {
            return Text::literal(template);
        }
        let mut text = Text::default();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            text.push(before);
            rest = after;
            if let Some(after) = after.strip_prefix('$') {
                text.push("$");
                rest = after;
            } else if let Some((name, after)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
                self.put(name, &mut text);
                rest = after;
            } else {
                text.push("$");
            }
        }
        text.push(rest);
        // Variables that name each other twice grow without end; no program could be started with such a text.
        if text.len() > LONGEST.max(template.len()) {
            let source = Source::Composed { text: template.to_owned(), parts: vec![] };
            return Text::reference("too-long", source);
        }
        text
    }

    /// Appends what stands for `$(NAME)`.
    fn put(&self, name: &str, to: &mut Text) {
        match self.text(name) {
            Some(text) if self.affords(text.cost()) => to.append(&text),
            Some(_) => to.extend(unfollowed(name)),
            None => to.extend(self.in_objects(name).unwrap_or_else(|| Text::literal(&format!("$({name})")))),
        }
    }

    fn text_of(&self, variable: &EnvVar) -> Text {
        match (&variable.value, &variable.value_from) {
            (Some(value), None) => self.expand(value),
            (_, Some(source)) => Text::reference(&variable.name, source_of(&variable.name, source)),
            (None, None) => Text::literal(""),
        }
    }

    /// Which of the objects has the key cannot be known: with several, all of them are the reference.
    fn in_objects(&self, name: &str) -> Option<Text> {
        if !self.affords(REFERENCE * self.from.len()) {
            return Some(unfollowed(name));
        }
        let mut sources: Vec<Source> = self.from.iter().filter_map(|object| key_of(object, name)).collect();
        let source = match sources.len() {
            0 => return None,
            1 => sources.pop()?,
            _ => Source::Composed { text: format!("$({name})"), parts: sources },
        };
        Some(Text::reference(name, source))
    }
}

/// What a script makes of a variable.
fn of_script(name: &str, script: &Arc<str>) -> Text {
    Text::reference(name, Source::Script(Arc::clone(script)))
}

/// A reference to nothing that is known.
fn unfollowed(name: &str) -> Text {
    Text::reference(name, Source::Composed { text: format!("$({name})"), parts: vec![] })
}

fn key_of(object: &EnvFrom, name: &str) -> Option<Source> {
    let key = name.strip_prefix(object.prefix.as_str()).filter(|key| !key.is_empty())?.to_owned();
    match (&object.config_map_ref, &object.secret_ref) {
        (Some(map), _) => Some(Source::ConfigMapKey { name: map.name.clone(), key }),
        (None, Some(secret)) => Some(Source::SecretKey { name: secret.name.clone(), key }),
        (None, None) => None,
    }
}

fn source_of(variable: &str, source: &EnvSource) -> Source {
    if let Some(reference) = &source.config_map_key_ref {
        Source::ConfigMapKey { name: reference.name.clone(), key: reference.key.clone() }
    } else if let Some(reference) = &source.secret_key_ref {
        Source::SecretKey { name: reference.name.clone(), key: reference.key.clone() }
    } else if let Some(FileKeyRef { volume_name, path, key }) = &source.file_key_ref {
        Source::FileKey { file: format!("{path} of volume {volume_name}"), key: key.clone() }
    } else if let Some(reference) = &source.field_ref {
        Source::Field(reference.field_path.clone())
    } else if let Some(reference) = &source.resource_field_ref {
        Source::Resource(reference.resource.clone())
    } else {
        // A kind of source that this build does not know.
        Source::Composed { text: format!("$({variable})"), parts: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(json: &str) -> Container {
        serde_json::from_str(json).unwrap()
    }

    #[track_caller]
    fn expanded(container_json: &str, template: &str) -> Value<String> {
        Environment::of(&container(container_json)).expand(template).into_value()
    }

    fn known(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    fn config(name: &str, key: &str) -> Source {
        Source::ConfigMapKey { name: name.to_owned(), key: key.to_owned() }
    }

    #[test]
    fn literals_resolve_and_later_definitions_win() {
        let env = r#"{"env":[{"name":"A","value":"1"},{"name":"B","value":"x$(A)$(C)"},{"name":"A","value":"2"},{"name":"C","value":"late"}]}"#;
        assert_eq!(expanded(env, "$(A)-$(B)"), known("2-x1$(C)"));
    }

    #[test]
    fn escapes_and_odd_dollars_are_the_kubelets() {
        let env = r#"{"env":[{"name":"A","value":"1"}]}"#;
        for (template, text) in [
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$$$$(A)", "$$(A)"),
            ("$A", "$A"),
            ("a$", "a$"),
            ("$(A", "$(A"),
            ("$(NO)", "$(NO)"),
            ("$()", "$()"),
            ("$$", "$"),
        ] {
            assert_eq!(expanded(env, template), known(text), "{template}");
        }
    }

    #[test]
    fn references_are_told_by_object_and_key() {
        let env = r#"{"env":[
            {"name":"N","valueFrom":{"configMapKeyRef":{"name":"peers","key":"count"}}},
            {"name":"S","valueFrom":{"secretKeyRef":{"name":"pw","key":"p"}}},
            {"name":"P","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},
            {"name":"L","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}},
            {"name":"F","valueFrom":{"fileKeyRef":{"volumeName":"v","path":"p.env","key":"k"}}},
            {"name":"U","valueFrom":{}},
            {"name":"M","value":"a$(N)b$(P)"}]}"#;
        assert_eq!(expanded(env, "$(N)"), Value::Deferred(config("peers", "count")));
        assert_eq!(expanded(env, "$(S)"), Value::Deferred(Source::SecretKey { name: "pw".into(), key: "p".into() }));
        assert_eq!(expanded(env, "$(L)"), Value::Deferred(Source::Resource("limits.cpu".into())));
        let file = Source::FileKey { file: "p.env of volume v".into(), key: "k".into() };
        assert_eq!(expanded(env, "$(F)"), Value::Deferred(file));
        assert!(matches!(expanded(env, "$(U)"), Value::Deferred(Source::Composed { parts, .. }) if parts.is_empty()));
        let parts = vec![config("peers", "count"), Source::Field("metadata.name".into())];
        let composed = Source::Composed { text: "-x=a$(N)b$(P)".into(), parts };
        assert_eq!(expanded(env, "-x=$(M)"), Value::Deferred(composed));
    }

    #[test]
    fn env_goes_before_env_from_and_prefixes_are_cut() {
        let env = r#"{"env":[{"name":"RQ_A","value":"1"}],"envFrom":[{"prefix":"RQ_","configMapRef":{"name":"m"}}]}"#;
        assert_eq!(expanded(env, "$(RQ_A)"), known("1"));
        assert_eq!(expanded(env, "$(RQ_B)"), Value::Deferred(config("m", "B")));
        assert_eq!(expanded(env, "$(OTHER)"), known("$(OTHER)"));
    }

    #[test]
    fn a_variable_that_several_objects_could_give_is_deferred_to_all_of_them() {
        let env = r#"{"envFrom":[{"configMapRef":{"name":"m"}},{"secretRef":{"name":"s"}}]}"#;
        let Value::Deferred(Source::Composed { parts, .. }) = expanded(env, "$(V)") else { panic!("not composed") };
        assert_eq!(parts, [config("m", "V"), Source::SecretKey { name: "s".into(), key: "V".into() }]);
    }

    #[test]
    fn variables_that_grow_without_end_are_not_followed() {
        let doubling = (1..60).map(|n| format!(r#"{{"name":"V{n}","value":"$(V{0})$(V{0})"}}"#, n - 1));
        let variables: Vec<String> =
            std::iter::once(r#"{"name":"V0","value":"long"}"#.to_owned()).chain(doubling).collect();
        let env = format!(r#"{{"env":[{}]}}"#, variables.join(","));
        assert!(matches!(expanded(&env, "$(V59)"), Value::Deferred(_)));
        assert_eq!(expanded(&env, "$(V1)"), known("longlong"));
        // All uses together are bounded, and a long text that is used a few times stays known.
        let long = "x".repeat(100_000);
        let env = format!(r#"{{"env":[{{"name":"A","value":"{long}"}}]}}"#);
        let container = container(&env);
        let environment = Environment::of(&container);
        let is_known = |_: &usize| environment.expand("$(A)").into_value().known().is_some();
        assert_eq!((0..1_000).filter(is_known).count(), 10);
    }
}
