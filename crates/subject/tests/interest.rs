//! The interest table against a list that is searched from end to end.

use midge_subject::interest::{Generations, InterestTable};
use midge_subject::{SubjectArc, matches, overlaps};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn subject(tokens: Vec<&'static str>) -> String {
    tokens.join(".")
}

fn token(wildcards: bool) -> impl Strategy<Value = &'static str> {
    let plain = vec!["a", "b", "c", "ab", "x*", "longer-than-sixteen-bytes"];
    let all = [&plain[..], &["*", "*", "*"]].concat();
    select(if wildcards { all } else { plain })
}

/// A subject that `SUB` accepts.
fn pattern() -> impl Strategy<Value = String> {
    (vec(token(true), 0..5), any::<bool>()).prop_map(|(mut tokens, rest)| {
        if rest || tokens.is_empty() {
            tokens.push(">");
        }
        subject(tokens)
    })
}

fn published() -> impl Strategy<Value = String> {
    let odd = select(vec!["a", "b", "c", "ab", "x*", "*", ">", ""]);
    prop_oneof![
        4 => vec(token(false), 1..6).prop_map(subject),
        1 => vec(odd, 0..5).prop_map(subject),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Insert(String, u8),
    Remove(usize, u8),
    RemoveAny(String, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let subjects = || prop_oneof![pattern(), vec(token(false), 1..4).prop_map(subject)];
    let step = prop_oneof![
        4 => (subjects(), 0..6u8).prop_map(|(subject, value)| Step::Insert(subject, value)),
        3 => (any::<usize>(), 0..2u8).prop_map(|(at, value)| Step::Remove(at, value)),
        1 => (subjects(), 0..6u8).prop_map(|(subject, value)| Step::RemoveAny(subject, value)),
    ];
    vec(step, 0..60)
}

fn sorted(mut values: Vec<u8>) -> Vec<u8> {
    values.sort_unstable();
    values
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 1500 }))]

    #[test]
    fn the_table_finds_what_a_search_finds(
        steps in steps(),
        subjects in vec(published(), 1..20),
        patterns in vec(pattern(), 1..5),
    ) {
        let mut table = InterestTable::new();
        let mut list: Vec<(String, u8)> = Vec::new();
        for step in steps {
            match step {
                Step::Insert(subject, value) => {
                    table.insert(&SubjectArc::new(subject.as_bytes()), value);
                    list.push((subject, value));
                }
                Step::Remove(_, _) if list.is_empty() => {}
                Step::Remove(at, off) => {
                    let (subject, value) = list[at % list.len()].clone();
                    let value = value + off;
                    let there = list.iter().position(|entry| *entry == (subject.clone(), value));
                    prop_assert_eq!(table.remove(subject.as_bytes(), value), there.is_some());
                    there.map(|at| list.remove(at));
                }
                Step::RemoveAny(subject, value) => {
                    let there = list.iter().position(|entry| *entry == (subject.clone(), value));
                    prop_assert_eq!(table.remove(subject.as_bytes(), value), there.is_some());
                    there.map(|at| list.remove(at));
                }
            }
            prop_assert_eq!(table.len(), list.len());
            prop_assert_eq!(table.is_empty(), list.is_empty());
        }
        for subject in &subjects {
            let mut found = Vec::new();
            table.for_each_match(subject.as_bytes(), |value| found.push(value));
            let want: Vec<u8> = list
                .iter()
                .filter(|(pattern, _)| matches(subject.as_bytes(), pattern.as_bytes()))
                .map(|&(_, value)| value)
                .collect();
            prop_assert_eq!(table.has_interest(subject.as_bytes()), !want.is_empty());
            prop_assert_eq!(sorted(found), sorted(want), "{}", subject);
        }
        for pattern in &patterns {
            let mut found = Vec::new();
            table.for_each_overlapping(pattern.as_bytes(), |value| found.push(value));
            let want = list
                .iter()
                .filter(|(other, _)| overlaps(other.as_bytes(), pattern.as_bytes()))
                .map(|&(_, value)| value)
                .collect();
            prop_assert_eq!(sorted(found), sorted(want), "{}", pattern);
        }
        let mut all = Vec::new();
        table.for_each(|subject, value| {
            all.push((String::from_utf8_lossy(subject.as_bytes()).into_owned(), value));
        });
        all.sort_unstable();
        list.sort_unstable();
        prop_assert_eq!(&all, &list);
        for (subject, value) in list {
            prop_assert!(table.remove(subject.as_bytes(), value));
        }
        prop_assert!(table.is_empty() && !table.has_wildcards());
    }

    #[test]
    fn a_stamp_changes_with_everything_that_matches(
        pattern in pattern(),
        subject in published(),
    ) {
        let generations = Generations::default();
        let before = generations.stamp(subject.as_bytes());
        generations.bump(pattern.as_bytes());
        if matches(subject.as_bytes(), pattern.as_bytes()) {
            prop_assert_ne!(before, generations.stamp(subject.as_bytes()));
        }
    }
}

#[test]
fn a_deep_tree_is_dropped_without_recursion() {
    let depth = if cfg!(miri) { 50 } else { 20_000 };
    let mut table = InterestTable::new();
    let deep = "a.".repeat(depth);
    for end in ["b.*", "b.>", "c.*"] {
        table.insert(
            &SubjectArc::new(format!("{deep}{end}").as_bytes()),
            end.len(),
        );
    }
    assert!(table.has_interest(format!("{deep}c.x").as_bytes()));
    assert!(!table.has_interest(format!("{deep}c").as_bytes()));
    drop(table);
}
