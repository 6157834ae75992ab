//! Sorting, at little expense of code.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;

/// The items in order, by heapsort. The sorts of slices are some times faster, and take three
/// kilobytes of WebAssembly for every type that is sorted. O(n log n), in place.
pub(crate) fn sorted<T: Ord>(items: Vec<T>) -> Vec<T> {
    BinaryHeap::from(items).into_sorted_vec()
}

/// The same, each once.
pub(crate) fn sorted_once<T: Ord>(items: Vec<T>) -> Vec<T> {
    let mut items = sorted(items);
    items.dedup();
    items
}
