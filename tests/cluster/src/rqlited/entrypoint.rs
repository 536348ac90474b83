//! What the official image brings to a container: `rqlited`, and the entrypoint's defaults around its arguments.
//! Leaves out the entrypoint's start delay, its SQLite extensions, and what releases before 8.29 did with blanks in arguments.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::binaries::{Rqlited, Version};
use super::rewrite::Rewrite;

/// The name of the image's entrypoint.
pub(super) const ENTRYPOINT: &str = "docker-entrypoint.sh";

/// Where an image may have its programs.
const FOLDERS: [&str; 4] = ["", "/bin", "/usr/bin", "/usr/local/bin"];

/// In front of the user's words: the last one wins in rqlited, and the entrypoint does not repeat what the user gave.
/// Up to 8.28 the image's command was `rqlite`, since then it is `run`; all other words are lost behind `run`.
const SCRIPT: &str = r#"#!/bin/sh
case $1 in
run) set -- ;;
@OLD_RUN@) set -- ;;
-*) ;;
*) exec "$@" ;;
esac
[ -z "$ENABLE_FK" ] || set -- -fk "$@"
exec rqlited -node-id="${NODE_ID:-@NODE@}" \
    -http-addr="${HTTP_ADDR:-@ADDRESS@:4001}" -http-adv-addr="${HTTP_ADV_ADDR:-@ADDRESS@:4001}" \
    -raft-addr="${RAFT_ADDR:-@ADDRESS@:4002}" -raft-adv-addr="${RAFT_ADV_ADDR:-@ADDRESS@:4002}" \
    "$@" "${DATA_DIR:-@DATA@}"
"#;

/// A container's host name is its Pod's; long or as an address it is the address, which others can reach.
const HOSTNAME: &str = r#"#!/bin/sh
case $1 in
-f | -i) echo @ADDRESS@ ;;
*) echo @NODE@ ;;
esac
"#;

/// Where the entrypoint puts the data of a container that says nothing else.
pub(super) const DATA: &str = "/rqlite/file/data";

/// Writes all of it into the folder, and has the usual places rewritten to it; where [`DATA`] is must be known by then.
pub(super) fn write(
    folder: &Path,
    rqlited: &Rqlited,
    (pod, address): (&str, &str),
    rewrite: &mut Rewrite,
) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let binary = folder.join("rqlited");
    if binary.is_symlink() {
        fs::remove_file(&binary)?;
    }
    symlink(&rqlited.path, &binary)?;
    let old = rqlited.version < Version(8, 29, 0);
    let data = rewrite.apply(DATA);
    for (name, script) in [(ENTRYPOINT, SCRIPT), ("hostname", HOSTNAME)] {
        let script = script
            .replace("@OLD_RUN@", if old { "rqlite" } else { "run" })
            .replace("@NODE@", pod)
            .replace("@ADDRESS@", address)
            .replace("@DATA@", &data);
        let path = folder.join(name);
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    for place in FOLDERS {
        for name in ["rqlited", ENTRYPOINT] {
            rewrite.path(&format!("{place}/{name}"), &folder.join(name));
        }
    }
    Ok(())
}
