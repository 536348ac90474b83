//! Why something that is asked for cannot be put into a launch, and how a message says it.
//! Does not find that out.

use std::fmt;

use rqlite::flag::UsageError;
use rqlite::launch::NoInsertion;

/// Why something asked for is not put into a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountObstacle {
    /// That many containers run rqlite.
    Containers(usize),
    /// The launch takes no flag; `start`: nor can be seen what it gives rqlited, and how it could be.
    Launch { reason: NoInsertion, start: Option<&'static str> },
    /// This release has no such flag.
    NoFlag { flag: &'static str, release: String },
    /// rqlited does not start with the launch as it is; what it says.
    Refused(UsageError),
    /// rqlited would not start with it; what it would say.
    WouldRefuse(String),
    /// The author's own volume or mount has the name or the path: `volume quorate-auth`.
    Taken(String),
    /// The pod template has no place for it; why.
    Template(String),
    /// Users without one as which nodes join each other.
    NoUser,
}

impl fmt::Display for MountObstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MountObstacle::Containers(count) => write!(f, "{count} containers of the pod run rqlite"),
            MountObstacle::Launch { reason: NoInsertion::Refused, .. } => {
                f.write_str("one more flag would change how rqlited reads the others")
            }
            MountObstacle::Launch { reason, .. } => reason.fmt(f),
            MountObstacle::NoFlag { flag, release } => write!(f, "rqlite {release} has no `-{flag}`"),
            MountObstacle::Refused(error) => f.write_str(&error.exit()),
            MountObstacle::WouldRefuse(message) => write!(f, "rqlited would refuse it: {message}"),
            MountObstacle::Taken(what) => write!(f, "`{what}` is there already, and not Quorate's"),
            MountObstacle::Template(reason) => f.write_str(reason),
            MountObstacle::NoUser => f.write_str("without `-join-as` nodes cannot join each other"),
        }
    }
}
