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
        .map(|invalid| SettingsError { pointer: format!("/{}", invalid.topic.key), message: invalid.to_string() });
    let alone = asked.requests.iter().any(|request| request.topic.key == "auth-secret") && settings.join_as.is_none();
    let alone = alone.then(|| SettingsError {
        pointer: "/auth-secret".to_owned(),
        message: "nodes could not join each other: `join-as` must name one of these users".to_owned(),
    });
    errors.chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(settings: &str) -> Vec<(String, String)> {
        let settings = serde_json::from_str(settings).unwrap();
        errors(&settings).into_iter().map(|error| (error.pointer, error.message)).collect()
    }

    #[test]
    fn refuses_a_bad_name_at_its_key() {
        let bad = "`Users` is no name of a Secret: lower case letters, digits, `-` and `.` only";
        let join_as = r#"{"auth-secret": "Users", "join-as": "node"}"#;
        assert_eq!(found(join_as), [("/auth-secret".to_owned(), bad.to_owned())]);
        let empty = r#"{"auth-secret": "users", "join-as": ""}"#;
        assert_eq!(found(empty), [("/join-as".to_owned(), "the text is empty".to_owned())]);
    }

    #[test]
    fn refuses_users_without_one_to_join_as() {
        let pointers = |text: &str| found(text).into_iter().map(|(pointer, _)| pointer).collect::<Vec<_>>();
        assert_eq!(pointers(r#"{"auth-secret": "users"}"#), ["/auth-secret"]);
        assert_eq!(pointers(r#"{"join-as": "node"}"#), [""; 0]);
        assert_eq!(pointers(r#"{"auth-secret": "users", "join-as": "node"}"#), [""; 0]);
    }
}
