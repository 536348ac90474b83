//! Paths within a tree, as texts with `/`: what they lead to, what lies around and below them.
//! Touches no file.

/// The names that kustomize itself looks for.
pub(crate) const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// `../base` of `overlays/prod` is `overlays/base`. A path that leaves the tree keeps its dots, an absolute one its slash.
pub(crate) fn joined(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let is_absolute = path.starts_with('/') || folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", None | Some(&"..")) => parts.push(part),
            ("..", Some(_)) => drop(parts.pop()),
            (part, _) => parts.push(part),
        }
    }
    format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("/"))
}

/// The folder that a path within the tree names, in the tree's own words.
pub(crate) fn folder_of(path: &str) -> String {
    joined("", path)
}

/// The path itself and every folder around it, the tree's own root last.
pub(crate) fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| match path.rsplit_once('/') {
        Some((folder, _)) => Some(folder),
        None => (!path.is_empty()).then_some(""),
    })
}

/// Whether the path is the folder, or lies in it.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder that a path lies in; the tree's own root is empty.
pub(crate) fn parent_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path as the folder names it; none for what does not lie in it.
pub(crate) fn within<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// Whether a chart keeps the file, named as the chart's folder names it, for itself: none of these are values of an installation.
pub(crate) fn is_part_of_chart(within: &str) -> bool {
    ["templates/", "charts/", "crds/", "tests/", "ci/"].iter().any(|part| within.starts_with(part))
}

pub(crate) fn has_extension(path: &str, extensions: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
}

pub(crate) fn is_kustomization_file(path: &str) -> bool {
    KUSTOMIZATIONS.contains(&path.rsplit('/').next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::{folder_of, joined, within};

    #[test]
    fn paths_are_resolved_within_the_tree() {
        assert_eq!(joined("overlays/prod", "../../base"), "base");
        assert_eq!(joined("", "./a/./b/"), "a/b");
        assert_eq!(joined("/tmp/repo/overlays", "../base"), "/tmp/repo/base");
        assert_eq!(joined("../repo/overlays", "../base"), "../repo/base");
        assert_eq!(folder_of("./apps/"), "apps");
    }

    #[test]
    fn a_path_is_within_its_folder_only() {
        assert_eq!(within("apps/a.yaml", ""), Some("apps/a.yaml"));
        assert_eq!(within("apps/a.yaml", "apps"), Some("a.yaml"));
        assert_eq!(within("apps-old/a.yaml", "apps"), None);
        assert_eq!(within("apps", "apps"), None);
    }
}
