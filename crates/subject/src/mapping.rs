//! The subject mappings of an account: which publish subjects are rewritten,
//! and to what, by weight (client-protocol.md 14.1 to 14.4).

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::interest::InterestTable;
use crate::matching::covers;
use crate::rules::{ANY_TOKEN, REST, is_valid_subject, tokens};
use crate::transform::{Transform, TransformError, check_mapping_destination};
use crate::{SubjectArc, quote};

/// The sum of the weights of a set is a share of this.
const FULL: u32 = 100;

/// One destination of a mapping as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// A transform's destination.
    pub subject: String,
    /// Share of the messages, 0 to 100.
    pub weight: u8,
    /// Only for servers of the cluster with this name.
    pub cluster: Option<String>,
}

/// A mapping that was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{cause}")]
pub struct MappingError {
    /// Source of the mapping.
    pub source_subject: String,
    /// What is wrong with it.
    pub cause: MappingCause,
}

/// Why a mapping is refused; the texts are the peer's causes.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MappingCause {
    /// The same destination string twice, even for different clusters.
    #[error("duplicate entry for {}", quote(.0.as_bytes()))]
    DuplicateDestination(String),
    /// A weight above 100.
    #[error("individual weights need to be <= 100")]
    WeightTooLarge,
    /// The weights for one cluster, or those for none, add up to more than 100.
    #[error("total weight needs to be <= 100")]
    TotalWeightTooLarge,
    /// Source and destination are no transform.
    #[error(transparent)]
    Transform(#[from] TransformError),
}

/// What became of a publish subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stays as it is; the output buffer was not touched.
    Unmapped,
    /// The new subject was appended to the output buffer.
    Mapped,
    /// The message is lost by weight: its subject is now the empty string,
    /// which matches nothing. The output buffer was not touched.
    Lost,
}

/// The mappings of one account, compiled for a server of one cluster.
///
/// Among overlapping sources the most specific one is used: token by token a
/// literal goes before `*`, and `*` before `>`.
#[derive(Debug, Default)]
pub struct Mappings {
    /// Most specific source first.
    mappings: Vec<Mapping>,
    /// Positions in `mappings` by source.
    by_source: InterestTable<u32>,
}

#[derive(Debug)]
struct Mapping {
    source: SubjectArc,
    /// Ascending by `below`.
    choices: Vec<Choice>,
}

/// A destination, taken when the random number is below `below` and no earlier
/// choice was.
#[derive(Debug)]
struct Choice {
    below: u32,
    /// `None` is the publish subject itself.
    transform: Option<Transform>,
}

/// The destinations for one cluster, or for none.
#[derive(Debug, Default)]
struct Set {
    total: u32,
    /// `below` is the weight alone as long as the set is not complete.
    choices: Vec<Choice>,
}

impl Mappings {
    /// Compiles mappings, pairs of source and destinations, for a server of
    /// the cluster `cluster`. A mapping replaces an earlier one with the same
    /// source.
    ///
    /// # Errors
    /// The first mapping that is refused, with its cause.
    pub fn new(
        configured: impl IntoIterator<Item = (String, Vec<Destination>)>,
        cluster: Option<&str>,
    ) -> Result<Self, MappingError> {
        let mut mappings = BTreeMap::new();
        for (source, destinations) in configured {
            match Mapping::new(&source, &destinations, cluster) {
                Ok(mapping) => mappings.insert(specificity(source.as_bytes()), mapping),
                Err(cause) => {
                    return Err(MappingError {
                        source_subject: source,
                        cause,
                    });
                }
            };
        }
        let mappings: Vec<Mapping> = mappings.into_values().collect();
        let mut by_source = InterestTable::new();
        for (position, mapping) in mappings.iter().enumerate() {
            by_source.insert(&mapping.source, position as u32);
        }
        Ok(Self {
            mappings,
            by_source,
        })
    }

    /// Whether nothing is ever rewritten.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.mappings.is_empty()
    }

    /// Rewrites a publish subject at most once, appending the new one to `out`.
    ///
    /// `rng(n)` gives a random number below `n`.
    pub fn apply(
        &self,
        subject: &[u8],
        out: &mut Vec<u8>,
        mut rng: impl FnMut(u32) -> u32,
    ) -> Outcome {
        let mut chosen: Option<&Mapping> = None;
        let mut first = u32::MAX;
        self.by_source.for_each_match(subject, |position| {
            // A wildcard in a published subject is text for subscriptions, but
            // a pattern for mappings: `>` is covered by `>` only.
            if position < first
                && let Some(mapping) = self.mappings.get(position as usize)
                && covers(mapping.source.as_bytes(), subject)
            {
                first = position;
                chosen = Some(mapping);
            }
        });
        match chosen {
            Some(mapping) => mapping.apply(subject, out, &mut rng),
            None => Outcome::Unmapped,
        }
    }
}

/// Orders sources: literal tokens before `*` before `>`, and the text itself
/// so that the order never depends on the configuration's.
fn specificity(source: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let rank = |token: &[u8]| match token {
        REST => 2,
        ANY_TOKEN => 1,
        _ => 0,
    };
    (tokens(source).map(rank).collect(), source.to_vec())
}

/// No name is no cluster.
fn cluster_of(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.is_empty())
}

impl Mapping {
    fn new(
        source: &str,
        destinations: &[Destination],
        cluster: Option<&str>,
    ) -> Result<Self, MappingCause> {
        if !is_valid_subject(source.as_bytes()) {
            return Err(TransformError::InvalidSubject.into());
        }
        let mut sets: BTreeMap<Option<&str>, Set> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for destination in destinations {
            let subject = destination.subject.as_str();
            if !seen.insert(subject) {
                return Err(MappingCause::DuplicateDestination(subject.to_owned()));
            }
            let weight = u32::from(destination.weight);
            if weight > FULL {
                return Err(MappingCause::WeightTooLarge);
            }
            let set = sets
                .entry(cluster_of(destination.cluster.as_deref()))
                .or_default();
            set.total += weight;
            if set.total > FULL {
                return Err(MappingCause::TotalWeightTooLarge);
            }
            check_mapping_destination(subject)?;
            let transform = Some(Transform::new(source, subject)?);
            set.choices.push(Choice {
                below: weight,
                transform,
            });
        }
        let own = cluster_of(cluster).and_then(|cluster| sets.remove(&Some(cluster)));
        let mut set = own.or_else(|| sets.remove(&None)).unwrap_or_default();
        if set.total < FULL && !seen.contains(source) {
            set.choices.push(Choice {
                below: FULL - set.total,
                transform: None,
            });
        }
        set.choices.sort_by_key(|choice| choice.below);
        let mut total = 0;
        for choice in &mut set.choices {
            total += choice.below;
            choice.below = total;
        }
        Ok(Self {
            source: SubjectArc::new(source.as_bytes()),
            choices: set.choices,
        })
    }

    fn apply(
        &self,
        subject: &[u8],
        out: &mut Vec<u8>,
        rng: &mut impl FnMut(u32) -> u32,
    ) -> Outcome {
        let choice = match self.choices.as_slice() {
            [only] if only.below >= FULL => Some(only),
            [] => None,
            choices => {
                let drawn = rng(FULL);
                choices.iter().find(|choice| drawn < choice.below)
            }
        };
        match choice {
            None => Outcome::Lost,
            Some(Choice {
                transform: None, ..
            }) => Outcome::Unmapped,
            Some(Choice {
                transform: Some(transform),
                ..
            }) => {
                transform.apply_covered(subject, out, rng);
                Outcome::Mapped
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(subject: &str, weight: u8, cluster: &str) -> Destination {
        let cluster = Some(cluster.to_owned());
        Destination {
            subject: subject.to_owned(),
            weight,
            cluster,
        }
    }

    fn mapping(source: &str, destinations: &[(&str, u8, &str)]) -> (String, Vec<Destination>) {
        let destinations = destinations
            .iter()
            .map(|&(subject, weight, cluster)| destination(subject, weight, cluster));
        (source.to_owned(), destinations.collect())
    }

    fn simple(pairs: &[(&str, &str)]) -> Mappings {
        let specs = pairs
            .iter()
            .map(|(source, subject)| mapping(source, &[(subject, 100, "")]));
        Mappings::new(specs, None).unwrap()
    }

    /// What becomes of `subject` for each number that can be drawn.
    fn outcomes(mappings: &Mappings, subject: &str) -> Vec<(String, u32)> {
        let mut counted: BTreeMap<String, u32> = BTreeMap::new();
        for drawn in 0..FULL {
            let mut out = Vec::new();
            let text = match mappings.apply(subject.as_bytes(), &mut out, |_| drawn) {
                Outcome::Unmapped => "-".to_owned(),
                Outcome::Mapped => String::from_utf8(out).unwrap(),
                Outcome::Lost => "lost".to_owned(),
            };
            *counted.entry(text).or_default() += 1;
        }
        counted.into_iter().collect()
    }

    fn only(mappings: &Mappings, subject: &str) -> String {
        let mut out = Vec::new();
        let outcome = mappings.apply(subject.as_bytes(), &mut out, |_| panic!("no draw needed"));
        match outcome {
            Outcome::Unmapped => "-".to_owned(),
            Outcome::Mapped => String::from_utf8(out).unwrap(),
            Outcome::Lost => "lost".to_owned(),
        }
    }

    fn cause(spec: (String, Vec<Destination>)) -> String {
        Mappings::new([spec], None).unwrap_err().to_string()
    }

    #[test]
    fn one_mapping_is_applied_once() {
        let mappings = simple(&[("a1.*", "a2.$1"), ("a2.*", "a3.$1"), ("x", "y")]);
        assert_eq!(only(&mappings, "a1.z"), "a2.z");
        assert_eq!(only(&mappings, "x"), "y");
        assert_eq!(only(&mappings, "y"), "-");
        assert_eq!(only(&mappings, "a1..z"), "-");
        assert_eq!(only(&mappings, ""), "-");
        assert!(!mappings.is_empty() && Mappings::default().is_empty());
    }

    #[test]
    fn the_most_specific_source_is_used() {
        let mappings = simple(&[
            (">", "all.>"),
            ("a.>", "rest.>"),
            ("*.b", "second.$1"),
            ("a.*", "first.$1"),
            ("a.b", "both"),
        ]);
        for (subject, result) in [
            ("a.b", "both"),
            ("a.c", "first.c"),
            ("x.b", "second.x"),
            ("a.b.c", "rest.b.c"),
            ("q", "all.q"),
        ] {
            assert_eq!(only(&mappings, subject), result);
        }
    }

    #[test]
    fn published_wildcards_are_patterns() {
        let mappings = simple(&[("w.*.*", "o.$2.$1"), ("v.>", "r.>")]);
        assert_eq!(only(&mappings, "w.a.*"), "o.*.a");
        assert_eq!(only(&mappings, "w.a.>"), "-");
        assert_eq!(only(&mappings, "v.>"), "r.>");
    }

    #[test]
    fn a_later_mapping_replaces_an_earlier_one() {
        let mappings = simple(&[("a", "b"), ("a", "c")]);
        assert_eq!(only(&mappings, "a"), "c");
    }

    #[test]
    fn what_is_left_of_the_weight_stays_as_it_is() {
        let specs = [mapping("a.*", &[("b.$1", 60, ""), ("c.$1", 15, "")])];
        let mappings = Mappings::new(specs, None).unwrap();
        let want =
            [("-", 25), ("b.x", 60), ("c.x", 15)].map(|(text, count)| (text.to_owned(), count));
        assert_eq!(outcomes(&mappings, "a.x"), want);
    }

    #[test]
    fn what_is_left_is_lost_when_the_source_is_a_destination() {
        for (weight, lost) in [(0, 50), (20, 30)] {
            let specs = [mapping("a", &[("b", 50, ""), ("a", weight, "")])];
            let mappings = Mappings::new(specs, None).unwrap();
            let mut want = vec![("b".to_owned(), 50), ("lost".to_owned(), lost)];
            if weight > 0 {
                want.insert(0, ("a".to_owned(), u32::from(weight)));
            }
            assert_eq!(outcomes(&mappings, "a"), want);
        }
    }

    #[test]
    fn destinations_of_the_own_cluster_go_first() {
        let spec = || {
            mapping(
                "a",
                &[("b", 100, ""), ("east", 40, "EAST"), ("west", 100, "WEST")],
            )
        };
        let of = |cluster| Mappings::new([spec()], cluster).unwrap();
        assert_eq!(only(&of(None), "a"), "b");
        assert_eq!(only(&of(Some("NORTH")), "a"), "b");
        assert_eq!(only(&of(Some("WEST")), "a"), "west");
        let want = [("-".to_owned(), 60), ("east".to_owned(), 40)];
        assert_eq!(outcomes(&of(Some("EAST")), "a"), want);
        let elsewhere = Mappings::new([mapping("a", &[("east", 100, "EAST")])], None).unwrap();
        assert_eq!(only(&elsewhere, "a"), "-");
    }

    #[test]
    fn weights_and_destinations_are_checked_in_order() {
        for (spec, text) in [
            (
                mapping("a", &[("b", 60, ""), ("b", 60, "")]),
                "duplicate entry for \"b\"",
            ),
            (
                mapping("a", &[("b", 60, ""), ("b", 10, "x")]),
                "duplicate entry for \"b\"",
            ),
            (
                mapping("a", &[("b", 101, "")]),
                "individual weights need to be <= 100",
            ),
            (
                mapping("a", &[("b", 60, ""), ("b c", 60, "")]),
                "total weight needs to be <= 100",
            ),
            (
                mapping("a", &[("b", 60, ""), ("{{bad}}", 10, ""), ("b", 10, "")]),
                "invalid mapping destination: unknown function in {{bad}}",
            ),
            (
                mapping("a", &[("b.>", 60, ""), ("c", 60, "")]),
                "invalid subject",
            ),
            (
                mapping("a", &[("b.$1", 60, ""), ("c", 60, "")]),
                "invalid mapping destination: wildcard index out of range in $1",
            ),
            (
                mapping("a", &[("", 100, "")]),
                "invalid mapping destination: invalid transform",
            ),
            (mapping("a b", &[("b", 100, "")]), "invalid subject"),
        ] {
            assert_eq!(cause(spec), text);
        }
        assert!(Mappings::new([mapping("a", &[("b", 60, ""), ("c", 60, "x")])], None).is_ok());
    }
}
