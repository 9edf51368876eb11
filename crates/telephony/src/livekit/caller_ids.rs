//! Which of our numbers a person sees: one that no other call of this process uses, as long as there is one.

use domain::PhoneNumber;
use std::sync::{Arc, Mutex, PoisonError};

/// The numbers we may call from. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct CallerIds(Arc<Mutex<Pool>>);

#[derive(Debug)]
struct Pool {
    /// With the calls that use each.
    numbers: Vec<(PhoneNumber, u32)>,
    /// Where the search begins, so that each has its turn.
    turn: usize,
}

/// A number in use; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct CallerId {
    ids: CallerIds,
    place: usize,
    number: PhoneNumber,
}

impl CallerIds {
    pub(crate) fn new(numbers: Vec<PhoneNumber>) -> Self {
        let numbers = numbers.into_iter().map(|number| (number, 0)).collect();
        Self(Arc::new(Mutex::new(Pool { numbers, turn: 0 })))
    }

    /// The number that the fewest calls use; among equals, the next in turn. `None` if there are none: then the trunk
    /// chooses.
    pub(crate) fn take(&self) -> Option<CallerId> {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = pool.numbers.len();
        let place = (0..count)
            .map(|step| (pool.turn + step) % count)
            .min_by_key(|place| pool.numbers[*place].1)?;
        pool.turn = (place + 1) % count;
        pool.numbers[place].1 += 1;
        let number = pool.numbers[place].0.clone();
        drop(pool);
        Some(CallerId {
            ids: self.clone(),
            place,
            number,
        })
    }
}

impl CallerId {
    pub(crate) fn number(&self) -> &PhoneNumber {
        &self.number
    }
}

impl Drop for CallerId {
    fn drop(&mut self) {
        let mut pool = self.ids.0.lock().unwrap_or_else(PoisonError::into_inner);
        pool.numbers[self.place].1 -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: u32) -> CallerIds {
        CallerIds::new(
            (0..count)
                .map(|number| format!("+1415555{number:04}").parse().expect("valid"))
                .collect(),
        )
    }

    fn last_digit(id: &CallerId) -> char {
        id.number().e164().chars().last().expect("digits")
    }

    #[test]
    fn each_has_its_turn_and_a_free_one_comes_before_a_used_one() {
        let ids = ids(3);
        let (one, two, three) = (
            ids.take().expect("one"),
            ids.take().expect("two"),
            ids.take().expect("three"),
        );
        assert_eq!(
            [last_digit(&one), last_digit(&two), last_digit(&three)],
            ['0', '1', '2']
        );
        drop(two);
        let again = ids.take().expect("free");
        assert_eq!(last_digit(&again), '1');
        // All are in use: shared evenly.
        let shared: Vec<CallerId> = (0..3).filter_map(|_| ids.take()).collect();
        let mut digits: Vec<char> = shared.iter().map(last_digit).collect();
        digits.sort_unstable();
        assert_eq!(digits, ['0', '1', '2']);
    }

    #[test]
    fn without_numbers_the_trunk_chooses() {
        assert!(ids(0).take().is_none());
    }
}
