//! Names that are drawn at random.

use scalesmall_crdt::{NodeId, ReplicaId};

/// A name that can be said, one of 200,000: consonants with a vowel between each two.
#[must_use]
pub fn sayable_name(mut bits: u128) -> String {
    const CONSONANTS: &[u8] = b"bcdfghjklmnpqrstvwxz";
    const VOWELS: &[u8] = b"aeiou";
    let mut draw = |letters: &[u8]| {
        let count = letters.len() as u128;
        let letter = letters[(bits % count) as usize];
        bits /= count;
        char::from(letter)
    };
    [CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS].map(&mut draw).into_iter().collect()
}

/// The replicas of so many nodes of a new peer, by random bits. A name may come again in a room that
/// many have been in; a replica must not.
#[must_use]
pub fn fresh_replicas(count: usize, bits: [u128; 2]) -> Vec<ReplicaId> {
    let (name, incarnation) = (sayable_name(bits[0]), bits[1] as u32 >> 1);
    let replica = |number| {
        let node = NodeId::new(&format!("{name}{number}")).expect("letters and a number");
        ReplicaId { node, incarnation }
    };
    (1..=count).map(replica).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_said() {
        assert_eq!([0, 1, 20].map(sayable_name), ["babab", "cabab", "bebab"]);
        assert_eq!(sayable_name(199_999), "zuzuz");
    }

    #[test]
    fn replicas_share_a_name_and_are_new() {
        let [one, two] = [1, 3].map(|bits| fresh_replicas(2, [0, bits]));
        assert_eq!(one.iter().map(|it| it.node.as_str()).collect::<Vec<_>>(), ["babab1", "babab2"]);
        assert!(one.iter().zip(&two).all(|(one, two)| one.incarnation != two.incarnation));
    }
}
