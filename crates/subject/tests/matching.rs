//! Matching, covering and overlapping against brute force: the sets of all
//! short subjects over a small alphabet.

use std::sync::LazyLock;

use midge_subject::mapping::{Destination, Mappings, Outcome};
use midge_subject::{covers, is_valid_subscription_subject, matches, overlaps};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Patterns have at most this many tokens; subjects are enumerated to one more,
/// so that `>` is told from everything shorter.
const MAX_TOKENS: usize = 3;

/// All subjects of up to `MAX_TOKENS + 1` tokens. `z` stands for the tokens
/// that no pattern names.
static SUBJECTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let alphabet = ["a", "b", "z"];
    let mut all: Vec<String> = alphabet.map(str::to_owned).to_vec();
    let mut longest = all.clone();
    for _ in 0..MAX_TOKENS {
        longest = longest
            .iter()
            .flat_map(|subject| alphabet.map(|token| format!("{subject}.{token}")))
            .collect();
        all.extend_from_slice(&longest);
    }
    all
});

fn pattern() -> impl Strategy<Value = String> {
    (
        vec(select(vec!["a", "b", "*"]), 1..=MAX_TOKENS),
        any::<bool>(),
    )
        .prop_map(|(mut tokens, rest)| {
            if rest && let Some(last) = tokens.last_mut() {
                *last = ">";
            }
            tokens.join(".")
        })
}

/// The definition, on token lists.
fn is_member(subject: &str, pattern: &str) -> bool {
    let subject: Vec<&str> = subject.split('.').collect();
    let pattern: Vec<&str> = pattern.split('.').collect();
    let (fixed, rest) = match pattern.as_slice() {
        [fixed @ .., ">"] => (fixed, true),
        fixed => (fixed, false),
    };
    let long_enough = if rest {
        subject.len() > fixed.len()
    } else {
        subject.len() == fixed.len()
    };
    long_enough
        && fixed
            .iter()
            .zip(&subject)
            .all(|(want, have)| want == &"*" || want == have)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 2000 }))]

    #[test]
    fn patterns_are_sets_of_subjects(a in pattern(), b in pattern()) {
        prop_assert!(is_valid_subscription_subject(a.as_bytes()));
        let mut common = false;
        let mut all = true;
        for subject in SUBJECTS.iter() {
            let in_a = is_member(subject, &a);
            let in_b = is_member(subject, &b);
            prop_assert_eq!(matches(subject.as_bytes(), a.as_bytes()), in_a);
            common |= in_a && in_b;
            all &= in_a || !in_b;
        }
        prop_assert_eq!(overlaps(a.as_bytes(), b.as_bytes()), common, "{} {}", a, b);
        prop_assert_eq!(covers(a.as_bytes(), b.as_bytes()), all, "{} {}", a, b);
    }

    #[test]
    fn a_mapping_is_chosen_by_its_source_alone(
        sources in vec(pattern(), 1..8),
        subject in select(SUBJECTS.clone()),
    ) {
        let build = |sources: &mut dyn Iterator<Item = &String>| {
            let specs = sources.map(|source| {
                let rest = if source.ends_with('>') { ".>" } else { "" };
                let place = source.replace('.', "-").replace('*', "any").replace('>', "rest");
                let subject = format!("{place}{rest}");
                (source.clone(), vec![Destination { subject, weight: 100, cluster: None }])
            });
            let mappings = Mappings::new(specs, None).unwrap();
            let mut out = Vec::new();
            let outcome = mappings.apply(subject.as_bytes(), &mut out, |_| 0);
            (outcome, out)
        };
        let forward = build(&mut sources.iter());
        prop_assert_eq!(&forward, &build(&mut sources.iter().rev()));
        let covered = sources.iter().any(|source| is_member(&subject, source));
        prop_assert_eq!(forward.0 == Outcome::Mapped, covered);
    }

    #[test]
    fn any_destination_is_accepted_or_refused_but_never_breaks(
        source in pattern(),
        destination in "[a{}(),$0-9.>* wildcardpartition-]{0,24}",
        function in "\\{\\{(wildcard|partition|split|left|slicefromright|random)\\([0-9,a -]{0,8}\\)\\}\\}",
        subject in vec(any::<u8>(), 0..24),
    ) {
        for destination in [destination, format!("x.{function}")] {
            if let Ok(transform) = midge_subject::Transform::new(&source, &destination) {
                let mut out = Vec::new();
                transform.apply(&subject, &mut out, |bound| bound - 1);
                for subject in SUBJECTS.iter().take(20) {
                    transform.apply(subject.as_bytes(), &mut out, |bound| bound - 1);
                }
            }
        }
    }
}
