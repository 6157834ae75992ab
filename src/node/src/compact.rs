//! Sorting, and filling collections, at little expense of code: what `sort_by` and `collect`
//! come to takes three kilobytes of WebAssembly for every type.

use std::cmp::Ordering;

/// The items in a map or a set, put in one by one, where `collect` would sort them first.
pub fn gathered<T, C: Default + Extend<T>>(items: impl IntoIterator<Item = T>) -> C {
    let mut gathered = C::default();
    gathered.extend(items);
    gathered
}

/// The items in order; those that compare as equal stay in the order in which they were.
pub fn sorted_by<T>(items: Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let order = order(items.len(), &|one, other| compare(&items[one], &items[other]));
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| items[index].take()).collect()
}

/// The numbers below `len` in the order of what they stand for. One for all types.
fn order(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|&one, &other| compare(one, other));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_equal_stays_in_order() {
        let words = vec!["of", "all", "in", "a", "may", "row"];
        let sorted = sorted_by(words, |one, other| one.len().cmp(&other.len()));
        assert_eq!(sorted, ["a", "of", "in", "all", "may", "row"]);
    }

    #[test]
    fn of_what_has_the_same_key_a_map_holds_the_last() {
        let map: BTreeMap<u8, char> = gathered([(2, 'a'), (1, 'b'), (2, 'c')]);
        assert_eq!(map, BTreeMap::from([(1, 'b'), (2, 'c')]));
    }
}
