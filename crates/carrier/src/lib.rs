//! A carrier for tests and rehearsal.
