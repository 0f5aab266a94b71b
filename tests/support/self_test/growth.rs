//! Growth that is too fast is told, also on a slow machine.

use std::hint::black_box;

use crate::support::growth::assert_grows_with_its_size;

#[test]
fn a_look_at_each() {
    assert_grows_with_its_size(80_000, |count| assert_eq!((0..count).map(black_box).max(), Some(count - 1)));
}

#[test]
#[should_panic(expected = "and an eighth of that")]
fn a_search_in_all_for_each() {
    assert_grows_with_its_size(4_000, |count| {
        let all: Vec<usize> = (0..count).collect();
        assert!(all.iter().all(|one| all.iter().position(|other| black_box(other) == one).is_some()));
    });
}
