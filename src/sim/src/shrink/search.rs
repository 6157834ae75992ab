//! Which elements of a list to leave out next.

use std::ops::Range;

/// A search for the fewest elements that are still enough: the minimising delta debugging of Zeller
/// and Hildebrandt (2002, section 3.2). The list is cut into two parts, then four, and so on;
/// first each part is tried alone, then all but each part, and what is enough is searched on.
///
/// Where all but a part is enough, the search goes on with the next part and does not begin with
/// the first one anew, which saves most of the tries. It ends when every single element has been
/// tried since the last one was left out.
#[derive(Clone, Debug)]
pub(super) struct Search {
    len: usize,
    /// Into how many parts the list is cut.
    parts: usize,
    /// The part in question.
    part: usize,
    /// Whether it is tried alone, and not left out.
    alone: bool,
    /// Whether something has been left out since the first part was in question.
    has_become_less: bool,
}

/// What to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proposal {
    /// These elements alone.
    Only(Range<usize>),
    /// All but these.
    Without(Range<usize>),
}

impl Proposal {
    /// Whether an element is to stay.
    pub(super) fn has(&self, element: usize) -> bool {
        match self {
            Self::Only(range) => range.contains(&element),
            Self::Without(range) => !range.contains(&element),
        }
    }
}

impl Search {
    /// A search through `len` elements, from large parts to small ones.
    pub(super) fn new(len: usize) -> Self {
        Self { len, parts: 2.min(len), part: 0, alone: false, has_become_less: false }
    }

    /// A search that leaves out one element at a time.
    pub(super) fn one_by_one(len: usize) -> Self {
        Self { len, parts: len, part: 0, alone: false, has_become_less: false }
    }

    /// What to try next; nothing once all has been tried.
    pub(super) fn propose(&self) -> Option<Proposal> {
        if self.part >= self.parts {
            return None;
        }
        let bound = |part: usize| part * self.len / self.parts;
        let range = bound(self.part)..bound(self.part + 1);
        Some(if self.alone { Proposal::Only(range) } else { Proposal::Without(range) })
    }

    /// What was proposed is enough, and is a list of `len` elements.
    pub(super) fn accept(&mut self, len: usize) {
        if self.alone {
            *self = Self::new(len);
            return;
        }
        let parts = if len < self.len { self.parts - 1 } else { self.parts };
        (self.len, self.parts) = (len, parts.max(2).min(len));
        self.has_become_less = true;
        self.go_on_with_smaller_parts();
    }

    /// What was proposed is not enough.
    pub(super) fn reject(&mut self) {
        self.part += 1;
        self.go_on_with_smaller_parts();
    }

    /// Where all parts have been tried: the other way round, and then parts of half the size.
    fn go_on_with_smaller_parts(&mut self) {
        if self.part < self.parts {
            return;
        }
        if self.alone {
            (self.alone, self.part) = (false, 0);
        } else if self.parts < self.len {
            self.parts = (2 * self.parts).min(self.len);
            // Of two parts, each alone is all but the other.
            (self.alone, self.part) = (self.parts > 2, 0);
        } else if self.has_become_less {
            self.part = 0;
        }
        self.has_become_less = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Which of `len` elements are left where these are needed, and how many tries it took.
    fn search(mut search: Search, needed: &[usize]) -> (Vec<usize>, usize) {
        let mut left: Vec<usize> = (0..search.len).collect();
        let mut tries = 0;
        while let Some(proposal) = search.propose() {
            tries += 1;
            let kept = left.iter().enumerate().filter(|&(at, _)| proposal.has(at));
            let kept: Vec<usize> = kept.map(|(_, &element)| element).collect();
            match needed.iter().all(|element| kept.contains(element)) {
                true => {
                    search.accept(kept.len());
                    left = kept;
                }
                false => search.reject(),
            }
        }
        (left, tries)
    }

    #[test]
    fn what_is_needed_is_left_and_nothing_else() {
        for len in 0..40 {
            for one in 0..len {
                for other in one..len {
                    let mut needed = vec![one, other];
                    needed.dedup();
                    for it in [Search::new(len), Search::one_by_one(len)] {
                        assert_eq!(search(it, &needed).0, needed, "of {len}");
                    }
                }
            }
            let all: Vec<usize> = (0..len).collect();
            assert_eq!(search(Search::new(len), &all).0, all);
            assert!(search(Search::new(len), &[]).0.is_empty());
        }
    }

    #[test]
    fn few_of_many_are_found_in_a_few_tries() {
        let (left, tries) = search(Search::new(10_000), &[17, 4_711, 9_001]);
        assert_eq!(left, [17, 4_711, 9_001]);
        assert!(tries < 250, "{tries} tries");
    }

    #[test]
    fn an_element_that_becomes_less_is_tried_again() {
        // The list keeps its length where a part of an element is left out.
        let (mut it, mut amounts) = (Search::one_by_one(2), [64, 100]);
        while let Some(Proposal::Without(range)) = it.propose() {
            let amount = &mut amounts[range.start];
            match *amount / 2 >= 3 {
                true => {
                    *amount /= 2;
                    it.accept(2);
                }
                false => it.reject(),
            }
        }
        assert_eq!(amounts, [4, 3]);
    }
}
