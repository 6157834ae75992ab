//! Whether the live replicas show the same.

use std::collections::BTreeMap;

use scalesmall_crdt::Fingerprint;

/// How many live replicas have which fingerprint; follows each change at O(log n).
#[derive(Clone, Debug, Default)]
pub(crate) struct Agreement {
    replicas: BTreeMap<Fingerprint, usize>,
}

impl Agreement {
    /// Counts a replica's change from one fingerprint to another; none where it is not live.
    pub(crate) fn follow(&mut self, before: Option<Fingerprint>, after: Option<Fingerprint>) {
        if let Some(before) = before {
            let count = self.replicas.get_mut(&before).expect("it was counted before");
            *count -= 1;
            if *count == 0 {
                self.replicas.remove(&before);
            }
        }
        if let Some(after) = after {
            *self.replicas.entry(after).or_insert(0) += 1;
        }
    }

    /// How many fingerprints there are among live replicas.
    pub(crate) fn distinct(&self) -> usize {
        self.replicas.len()
    }

    /// The fingerprint of all live replicas, where there is but one.
    pub(crate) fn agreed(&self) -> Option<Fingerprint> {
        let mut fingerprints = self.replicas.keys();
        fingerprints.next().copied().filter(|_| fingerprints.next().is_none())
    }
}
