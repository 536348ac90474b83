//! What the API server would do with a request: which entries' rules and conditions it fits. Conditions are evaluated by another
//! implementation of CEL than the API server's; that both agree is shown on a real one (`tests/`, crate `quorate-cluster-tests`).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use k8s_openapi::api::admissionregistration::v1::{MatchCondition, RuleWithOperations};
use serde_json::{Value, json};

use crate::registration::entry::{FailurePolicy, WebhookEntry};

static ENVIRONMENT: LazyLock<Arc<cel::Env>> = LazyLock::new(|| {
    let mut environment = cel::Env::stdlib();
    // `lastIndexOf` and `substring`, which the API server has since 1.25.
    environment.add_extension(cel::extensions::strings).unwrap();
    Arc::new(environment)
});

/// A request of somebody, on the object `db/rqlite`.
#[derive(Debug, Clone)]
pub(super) struct Request(Value);

impl Request {
    /// As an AdmissionReview has it.
    pub(super) fn of(review: &Value) -> Self {
        Self(review["request"].clone())
    }

    /// On a StatefulSet; null for an object that is not there.
    pub(super) fn on_set(old: &Value, new: &Value) -> Self {
        let operation = match (old, new) {
            (Value::Null, _) => "CREATE",
            (_, Value::Null) => "DELETE",
            _ => "UPDATE",
        };
        Self::on("apps", "statefulsets", operation, old, new)
    }

    pub(super) fn on(group: &str, resource: &str, operation: &str, old: &Value, new: &Value) -> Self {
        let (resource, sub_resource) = resource.split_once('/').unwrap_or((resource, ""));
        let mut request = json!({
            "resource": {"group": group, "version": "v1", "resource": resource},
            "namespace": "db", "name": "rqlite", "operation": operation,
            "userInfo": {"username": "alice"}, "object": new, "oldObject": old, "options": {},
        });
        if !sub_resource.is_empty() {
            request["subResource"] = json!(sub_resource);
        }
        Self(request)
    }

    pub(super) fn by(mut self, user: &str) -> Self {
        self.0["userInfo"]["username"] = json!(user);
        self
    }

    pub(super) fn named(mut self, name: &str) -> Self {
        self.0["name"] = json!(name);
        self
    }

    /// As one object of a collection comes.
    pub(super) fn unnamed(mut self) -> Self {
        self.0.as_object_mut().unwrap().remove("name");
        self
    }

    pub(super) fn within(mut self, namespace: &str) -> Self {
        self.0["namespace"] = json!(namespace);
        self
    }

    pub(super) fn with_options(mut self, options: Value) -> Self {
        self.0["options"] = options;
        self
    }

    /// The names of the entries that would be called.
    pub(super) fn entries(&self, entries: &[WebhookEntry]) -> Vec<String> {
        entries.iter().filter(|entry| self.fits(entry)).map(|entry| entry.name.clone()).collect()
    }

    /// Whether the request would be refused if nobody answered.
    pub(super) fn is_refused(&self, entries: &[WebhookEntry]) -> bool {
        entries.iter().any(|entry| entry.failure_policy == FailurePolicy::Fail && self.fits(entry))
    }

    fn fits(&self, entry: &WebhookEntry) -> bool {
        self.fits_rule(&entry.rule) && self.holds(&entry.conditions)
    }

    fn fits_rule(&self, rule: &RuleWithOperations) -> bool {
        let text = |pointer: &str| self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let resource = match text("/subResource").as_str() {
            "" => text("/resource/resource"),
            sub_resource => format!("{}/{sub_resource}", text("/resource/resource")),
        };
        let lists = |list: &Option<Vec<String>>, found: String| list.iter().flatten().any(|item| *item == found);
        // As apiserver's `rules.Matcher`: a Namespace is cluster-scoped, whatever its request says.
        let scope = if text("/resource/resource") == "namespaces" { "Cluster" } else { "Namespaced" };
        rule.scope.as_deref().is_some_and(|wanted| wanted == scope || wanted == "*")
            && lists(&rule.api_groups, text("/resource/group"))
            && lists(&rule.operations, text("/operation"))
            && lists(&rule.resources, resource)
    }

    /// As in the API server each is evaluated, also behind one that does not hold. There an error behind such a one does no harm; here
    /// none may fail at all.
    #[track_caller]
    pub(super) fn holds(&self, conditions: &[MatchCondition]) -> bool {
        let decisions: Vec<bool> =
            conditions.iter().map(|condition| self.decides(&condition.expression, &[])).collect();
        !decisions.contains(&false)
    }

    #[track_caller]
    pub(super) fn decides(&self, expression: &str, variables: &[(String, String)]) -> bool {
        let cel::Value::Bool(decision) = self.evaluate(expression, variables) else { panic!("no bool: {expression}") };
        decision
    }

    /// With the variables of a ValidatingAdmissionPolicy, by name and expression.
    #[track_caller]
    pub(super) fn evaluate(&self, expression: &str, variables: &[(String, String)]) -> cel::Value {
        let mut context = cel::Context::with_env(Arc::clone(&ENVIRONMENT));
        context.add_variable_from_value("object", value(&self.0["object"]));
        context.add_variable_from_value("oldObject", value(&self.0["oldObject"]));
        context.add_variable_from_value("request", value(&self.0));
        let known: HashMap<String, cel::Value> =
            variables.iter().map(|(name, expression)| (name.clone(), self.evaluate(expression, &[]))).collect();
        context.add_variable_from_value("variables", known);
        let executed = compiled(expression).execute(&context);
        executed.unwrap_or_else(|error| panic!("{error}\n{expression}\n{}", self.0))
    }
}

/// Each once: compiling takes longer than evaluating.
#[track_caller]
fn compiled(expression: &str) -> Arc<cel::Program> {
    static PROGRAMS: LazyLock<Mutex<HashMap<String, Arc<cel::Program>>>> = LazyLock::new(Mutex::default);
    let mut programs = PROGRAMS.lock().unwrap();
    let program = programs.entry(expression.to_owned()).or_insert_with(|| {
        Arc::new(ENVIRONMENT.compile(expression).unwrap_or_else(|error| panic!("{error}\n{expression}")))
    });
    Arc::clone(program)
}

/// Whole numbers are `int`, as in the API server.
fn value(json: &Value) -> cel::Value {
    match json {
        Value::Null => cel::Value::Null,
        Value::Bool(flag) => cel::Value::Bool(*flag),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| cel::Value::Float(number.as_f64().unwrap()), cel::Value::Int)
        }
        Value::String(text) => text.clone().into(),
        Value::Array(items) => items.iter().map(value).collect::<Vec<_>>().into(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, member)| (key.clone(), value(member)));
            members.collect::<HashMap<_, _>>().into()
        }
    }
}
