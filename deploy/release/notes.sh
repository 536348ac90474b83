#!/usr/bin/env bash
# Prints the text of a release: what CHANGELOG.md says of it under `## <version> - <date>`, its links as those of the repository at that tag.
# Fails for a tag that is not the version of Cargo.toml, and without such a section.
#
#   notes.sh <tag> <address of the repository>
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=$1
repository=$2

fail() {
    echo "notes: $1" >&2
    exit 1
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
[ "$tag" = "v$version" ] || fail "the tag is $tag, the version of Cargo.toml $version"
grep -qE "^## ${version//./\\.} - [0-9]{4}-[0-9]{2}-[0-9]{2}\$" CHANGELOG.md || fail "CHANGELOG.md has no section \`## $version - <date>\`"
text=$(awk -v version="$version" '/^## / { ours = $2 == version; next } ours' CHANGELOG.md)
grep -q '^- ' <<<"$text" || fail "the section $version of CHANGELOG.md has no line"
echo "Lines with a star change a verdict. How to verify these files: $repository/blob/$tag/docs/releasing.md#verify-a-release"
sed -E "s#\]\(([^):]+)\)#]($repository/blob/$tag/\1)#g" <<<"$text"
