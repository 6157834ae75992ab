//! Who of a room is linked with whom.

use crate::PeerId;

/// Among so many, all are. Nor does anybody part from those that it need not be linked with while
/// it has no more links than that.
pub(super) const FULL_MESH_MAX: usize = 12;
/// How many of more each one chooses. Twice as many links are what it has of them, more or less:
/// those that have chosen it as well.
const CHOSEN: usize = 4;

/// Whether `a` and `b` of the peers `all` are linked: all of a few are, and each of many is with
/// some that it has chosen at random, as everybody who knows of the same peers can tell.
///
/// The links connect everybody, but for chances that can be neglected (a graph in which each one of
/// 64 chooses 4 falls apart less than once in 10²⁰ times), and who comes or goes changes few of them.
pub(super) fn are_linked(a: PeerId, b: PeerId, all: &[PeerId]) -> bool {
    a != b && (all.len() <= FULL_MESH_MAX || has_chosen(a, b, all) || has_chosen(b, a, all))
}

fn has_chosen(who: PeerId, whom: PeerId, all: &[PeerId]) -> bool {
    let weight = weight(who, whom);
    let is_before = |&&other: &&PeerId| other != who && self::weight(who, other) < weight;
    all.iter().filter(is_before).count() < CHOSEN
}

/// The lower, the sooner is `whom` chosen by `who`. Names are random, and so is this.
fn weight(who: PeerId, whom: PeerId) -> u64 {
    let fold = |bits: u128| (bits >> 64) as u64 ^ bits as u64;
    let mixed = fold(who.bits()).rotate_left(32) ^ fold(whom.bits());
    // The last steps of SplitMix64 (Steele, Lea, Flood 2014).
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn peers(count: usize) -> Vec<PeerId> {
        let bits =
            (1..=count as u128).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        bits.map(PeerId::new).collect()
    }

    fn linked_with(peer: PeerId, all: &[PeerId]) -> Vec<PeerId> {
        all.iter().copied().filter(|&other| are_linked(peer, other, all)).collect()
    }

    #[test]
    fn few_are_all_linked() {
        let all = peers(FULL_MESH_MAX);
        assert!(all.iter().all(|&peer| linked_with(peer, &all).len() == FULL_MESH_MAX - 1));
    }

    #[test]
    fn many_are_connected_by_few_links() {
        for count in FULL_MESH_MAX + 1..=64 {
            let all = peers(count);
            for &peer in &all {
                let links = linked_with(peer, &all);
                assert!((CHOSEN..=4 * CHOSEN).contains(&links.len()), "{} of {count}", links.len());
                assert!(links.iter().all(|&other| are_linked(other, peer, &all)));
            }
            let mut reached = vec![all[0]];
            let mut next = 0;
            while let Some(&peer) = reached.get(next) {
                let new =
                    linked_with(peer, &all).into_iter().filter(|other| !reached.contains(other));
                reached.extend(new.collect::<Vec<_>>());
                next += 1;
            }
            assert_eq!(reached.len(), count);
        }
    }

    #[test]
    fn a_newcomer_changes_little_among_the_others() {
        let all = peers(48);
        let before = &all[..47];
        let links = |peer: &PeerId, of: &[PeerId]| linked_with(*peer, of);
        let changes = before.iter().map(|peer| {
            let (old, new) = (links(peer, before), links(peer, &all));
            old.iter().filter(|other| !new.contains(other)).count()
        });
        assert!(changes.sum::<usize>() <= 4 * CHOSEN);
    }
}
