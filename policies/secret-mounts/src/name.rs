//! What Kubernetes and rqlite take as a name: of a Secret, a key, a user, a host. Not whether anything is called so.

/// A DNS subdomain of RFC 1123, as Kubernetes wants an object's name (apimachinery `IsDNS1123Subdomain`).
pub fn is_secret_name(name: &str) -> bool {
    let label = |label: &str| {
        let outer = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let bytes = label.as_bytes();
        outer(bytes.first())
            && outer(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// A key of a Secret (apimachinery `IsConfigMapKey`).
pub fn is_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !key.is_empty() && key.len() <= 253 && key.bytes().all(allowed) && key != "." && !key.starts_with("..")
}

/// rqlite takes any name but `*`, which stands for everybody. Blanks and wildcards would be taken apart by the shell of
/// images before 8.29.0 (rqlite/rqlite `docker-entrypoint.sh`: `$@` unquoted), and `$` by the kubelet.
pub fn is_user_name(name: &str) -> bool {
    let taken_apart = |letter: char| letter.is_whitespace() || letter.is_control() || "*?[$".contains(letter);
    name.len() <= 253 && !name.contains(taken_apart)
}

/// A host name or an IP address.
pub fn is_host_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    name.len() <= 253 && name.bytes().all(allowed)
}
