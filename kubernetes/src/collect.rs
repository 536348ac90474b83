//! Collections made element by element. To `collect` into an ordered map or set brings a sort of its own for each type, some kilobytes of
//! a guest; nothing here does.

use std::collections::{BTreeMap, BTreeSet};

/// The last of equal keys stays.
pub fn map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(entries);
    map
}

/// Each once.
pub fn set<T: Ord>(elements: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(elements);
    set
}

/// Sorts some tens of elements at most; equal ones stay in their order.
pub fn sort_few<T, K: PartialOrd>(list: &mut [T], key: impl Fn(&T) -> K) {
    for end in 1..list.len() {
        let mut at = end;
        while at > 0 && list.get(at).map(&key) < list.get(at - 1).map(&key) {
            list.swap(at - 1, at);
            at -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_sorted_and_equal_ones_keep_their_order() {
        let mut list = [(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e')];
        sort_few(&mut list, |(key, _)| *key);
        assert_eq!(list, [(1, 'b'), (1, 'e'), (2, 'd'), (3, 'a'), (3, 'c')]);
        sort_few(&mut [0; 0], |key| *key);
    }

    #[test]
    fn collections_are_what_collect_makes_of_them() {
        assert_eq!(map([(2, 'a'), (1, 'b'), (2, 'c')]), [(2, 'a'), (1, 'b'), (2, 'c')].into_iter().collect());
        assert_eq!(set([3, 1, 3]), [3, 1, 3].into_iter().collect());
    }
}
