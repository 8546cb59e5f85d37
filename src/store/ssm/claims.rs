//! Who holds a lock in Parameter Store. Nothing there can be written only if it is still what was read;
//! but every write is a version of its own, in one order, with AWS's time. So each version of the
//! parameter is a claim, and whoever reads them all comes to the same holder.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{Holder, Lease};
use crate::time::Moment;

/// The value of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    #[serde(flatten)]
    pub holder: Holder,
    pub since: Timestamp,
    /// Whether it puts the end of an earlier claim off.
    #[serde(default)]
    pub renews: bool,
    /// For people; what counts is the time at which AWS stored the claim, and the lease.
    pub until: Timestamp,
}

/// One version: its number, when AWS stored it, and what it claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub version: u64,
    pub at: Timestamp,
    pub claim: Claim,
}

/// The holder after all of these versions, the oldest first. AWS keeps the last hundred: where the first
/// ones are gone, only one that puts an end off says surely who holds.
pub fn holder(versions: &[Stored], lease: Duration) -> Option<(&Holder, Lease)> {
    let cut = versions.first().is_some_and(|first| first.version > 1);
    let start = if cut { versions.iter().position(|one| one.claim.renews).unwrap_or(0) } else { 0 };
    let mut held: Option<(&Holder, Lease)> = None;
    for (number, Stored { at, claim: Claim { holder, since, renews, .. }, .. }) in
        versions[start..].iter().enumerate()
    {
        let since = match &held {
            Some((first, lease)) if first.token == holder.token => lease.since,
            // It came while another had the lock, so it is void.
            Some((_, lease)) if lease.until > *at => continue,
            // What it puts off is there no more: another had the lock in between.
            Some(_) | None if *renews && !(cut && number == 0) => continue,
            Some(_) | None => *since,
        };
        held = Some((holder, Lease { who: holder.who.clone(), since, until: at.later(lease) }));
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(100);

    /// Claims of tokens, each at a second.
    fn versions(claims: &[(i64, &str)]) -> Vec<Stored> {
        let claim = |(second, token): &(i64, &str)| {
            let at = Timestamp::from_second(*second).unwrap();
            let holder = Holder { token: (*token).into(), who: format!("{token}@ci") };
            let claim = Claim { holder, since: at, renews: false, until: at.later(LEASE) };
            Stored { version: 0, at, claim }
        };
        let stored = claims.iter().map(claim).zip(1..);
        stored.map(|(one, version)| Stored { version, ..one }).collect()
    }

    fn held_by(claims: &[(i64, &str)]) -> Option<(String, i64, i64)> {
        let versions = versions(claims);
        holder(&versions, LEASE)
            .map(|(holder, lease)| (holder.token.clone(), lease.since.as_second(), lease.until.as_second()))
    }

    #[test]
    fn the_first_claim_holds_and_its_holder_may_put_the_end_off() {
        assert_eq!(held_by(&[]), None);
        assert_eq!(held_by(&[(0, "a"), (60, "a")]), Some(("a".into(), 0, 160)));
    }

    #[test]
    fn a_claim_while_another_holds_is_void_and_one_after_its_end_is_not() {
        assert_eq!(held_by(&[(0, "a"), (99, "b")]), Some(("a".into(), 0, 100)));
        assert_eq!(held_by(&[(0, "a"), (100, "b")]), Some(("b".into(), 100, 200)));
    }

    #[test]
    fn of_two_that_take_over_at_once_the_first_to_be_stored_wins() {
        assert_eq!(held_by(&[(0, "a"), (101, "b"), (101, "c")]), Some(("b".into(), 101, 201)));
    }

    #[test]
    fn where_the_first_claims_are_gone_one_that_was_put_off_says_who_holds() {
        let mut cut = versions(&[(0, "late"), (1, "a"), (2, "late")]);
        cut.iter_mut().for_each(|one| one.version += 50);
        cut[1].claim.renews = true;
        assert_eq!(holder(&cut, LEASE).unwrap().0.token, "a");
    }

    #[test]
    fn a_claim_that_puts_off_what_another_had_in_between_is_void() {
        let renewing = |claims: &[(i64, &str)], at: usize| {
            let mut versions = versions(claims);
            versions[at].claim.renews = true;
            holder(&versions, LEASE).map(|(holder, _)| holder.token.clone())
        };
        assert_eq!(renewing(&[(0, "a"), (120, "a")], 1).as_deref(), Some("a"), "nobody came");
        assert_eq!(renewing(&[(0, "a")], 0), None, "the lock was taken and given back in between");
        assert_eq!(renewing(&[(0, "a"), (10, "b")], 0).as_deref(), Some("b"));
        assert_eq!(renewing(&[(0, "a"), (120, "b"), (240, "a")], 2).as_deref(), Some("b"), "its end is over");
    }

    #[test]
    fn a_holder_that_comes_too_late_to_put_its_end_off_has_lost_it() {
        assert_eq!(held_by(&[(0, "a"), (120, "b"), (121, "a")]), Some(("b".into(), 120, 220)));
        assert_eq!(held_by(&[(0, "a"), (120, "a")]), Some(("a".into(), 0, 220)), "nobody came meanwhile");
    }
}
