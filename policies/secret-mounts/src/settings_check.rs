//! What of the settings cannot be meant, by the key that says it.
//! Does not know what an annotation says instead.

use quorate_sdk::SettingsError;

use crate::credential_request::in_settings;
use crate::settings::Settings;

/// Texts that no Secret, key, user or host can be called, and users without the one as which nodes join each other.
pub fn errors(settings: &Settings) -> Vec<SettingsError> {
    let asked = in_settings(settings);
    let errors = asked
        .invalid
        .into_iter()
        .map(|invalid| SettingsError { path: format!("/{}", invalid.topic.key), message: invalid.to_string() });
    let alone = asked.requests.iter().any(|request| request.topic.key == "auth-secret") && settings.join_as.is_none();
    let alone = alone.then(|| SettingsError {
        path: "/auth-secret".to_owned(),
        message: "nodes could not join each other: `join-as` must name one of these users".to_owned(),
    });
    errors.chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use quorate_sdk::settings;

    use super::*;

    #[test]
    fn refuses_a_bad_name_with_its_path_also_under_a_namespace() {
        let text = r#"{"auth-secret": "Users", "namespaces": {"db": {"join-as": ""}}}"#;
        let found: Vec<(String, String)> =
            settings::check(text, errors).into_iter().map(|error| (error.path, error.message)).collect();
        assert_eq!(
            found,
            [
                (
                    "/auth-secret".to_owned(),
                    "`Users` is no name of a Secret: lower case letters, digits, `-` and `.` only".to_owned()
                ),
                ("/namespaces/db/join-as".to_owned(), "the text is empty".to_owned()),
            ]
        );
    }

    #[test]
    fn refuses_users_without_one_to_join_as() {
        let paths = |text: &str| settings::check(text, errors).into_iter().map(|error| error.path).collect::<Vec<_>>();
        assert_eq!(paths(r#"{"auth-secret": "users"}"#), ["/auth-secret"]);
        assert_eq!(paths(r#"{"namespaces": {"db": {"auth-secret": "users"}}}"#), ["/namespaces/db/auth-secret"]);
        assert_eq!(paths(r#"{"join-as": "node", "namespaces": {"db": {"auth-secret": "users"}}}"#), [""; 0]);
        assert_eq!(paths(r#"{"auth-secret": "users", "join-as": "node"}"#), [""; 0]);
    }

    #[test]
    fn refuses_a_value_of_another_type() {
        let found = settings::check::<Settings>(r#"{"auth-secret": 3}"#, errors);
        assert_eq!(found.len(), 1);
        assert!(found[0].path.contains("auth-secret"), "{found:?}");
    }
}
