//! Who listens in an account, as streams ask.

use midge_jetstream::Interest;

use crate::account::Account;
use crate::batch::API_DESTINATION;

/// An account's interest.
pub(super) struct AccountInterest<'a>(pub(super) &'a Account);

impl Interest for AccountInterest<'_> {
    fn has_interest(&self, subject: &[u8]) -> bool {
        let mut found = false;
        self.0.for_each_match(subject, |_| found = true);
        found
    }

    fn is_bound(&self, subject: &[u8], group: &[u8]) -> bool {
        // What streams capture counts, the API does not.
        self.0
            .is_bound(subject, group, |target| target.shard < API_DESTINATION)
    }
}
