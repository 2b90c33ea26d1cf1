//! Somebody who is told how long each group of entries took: what an operator's metrics are made of.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

/// A group that was written and published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupWritten {
    /// Its entries.
    pub entries: u64,
    /// The one synced write of all it changes.
    pub synced: Duration,
    /// From there until readers see its checkpoint: witnesses, where there are any, and the mark.
    pub published: Duration,
}

/// Who is told. Called on the sequencer's thread, so it must only count.
pub type Watcher = Box<dyn Fn(GroupWritten) + Send + Sync>;

/// The one who is told, once there is one.
#[derive(Default)]
pub(crate) struct Watch(OnceLock<Watcher>);

impl Watch {
    /// Whether this is the one who is told from now on: the first who asks is.
    pub(crate) fn set(&self, watcher: Watcher) -> bool {
        self.0.set(watcher).is_ok()
    }

    pub(crate) fn tell(&self, group: GroupWritten) {
        if let Some(watcher) = self.0.get() {
            watcher(group);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({})", self.0.get().is_some())
    }
}
