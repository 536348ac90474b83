#!/usr/bin/env bash
# Packs what a release has for one architecture: the binary, its completions, its man pages and the licence. Prints the archive's path.
# The same commit and binary give the same bytes.
#
#   archive.sh <x86_64 or aarch64> <binary, of this machine's architecture> <folder for the archive>
set -euo pipefail
architecture=$1
binary=$(realpath "$2")
folder=$(realpath "$3")
cd "$(dirname "$0")/../.."

version=$("$binary" --version)
version=${version#quorate }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install -m 755 "$binary" "$work/quorate"
install -m 644 LICENSE "$work/LICENSE"
mkdir "$work/completions"
"$binary" completions bash >"$work/completions/quorate.bash"
"$binary" completions zsh >"$work/completions/_quorate"
"$binary" completions fish >"$work/completions/quorate.fish"
"$binary" completions powershell >"$work/completions/quorate.ps1"
"$binary" man "$work/man"

archive=$folder/quorate-$version-linux-$architecture.tar.gz
tar --create --directory "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=gnu \
    --mtime="@$(git log --max-count=1 --format=%ct)" quorate LICENSE completions man | gzip --no-name >"$archive"
echo "$archive"
