//! What an edit would change: two configurations as structures, the fields
//! that differ marked, a few of those around them, and the others counted.

mod layout;
mod list;
mod value;

use super::shape::{Kind, Shape};
use crate::output::Json;
use layout::{Entry, Mark, Node};
use list::{Edit, edits};

/// Entries beside a difference that are shown.
const CONTEXT: usize = 2;
/// Differences of a structure or a list after which the others are counted
/// only.
const MAX_DIFFERENCES: usize = 16;

/// What is different between two configurations, as it is shown; empty if
/// nothing is.
pub fn differences(shape: &'static Shape, old: &Json, new: &Json) -> String {
    if is_same(Kind::Struct(shape), old, new) {
        return String::new();
    }
    Node::braces(shape.name, fields(shape, old, new)).text()
}

/// Whether two values mean the same. Labels that are not there are not the
/// same as none.
fn is_same(kind: Kind, old: &Json, new: &Json) -> bool {
    match (kind, old, new) {
        (Kind::Names, old, new) => value::sorted(old) == value::sorted(new),
        (Kind::Struct(shape), old, new) => different_fields(shape, old, new) == 0,
        (Kind::Optional(shape), Json::Object(_), Json::Object(_)) => {
            different_fields(shape, old, new) == 0
        }
        (Kind::List(shape, _), Json::List(old), Json::List(new)) => {
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new)
                    .all(|(old, new)| different_fields(shape, old, new) == 0)
        }
        (Kind::Labels, Json::Object(old), Json::Object(new)) => {
            let sorted = |entries: &[(String, Json)]| {
                let mut entries = entries.to_vec();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                entries
            };
            sorted(old) == sorted(new)
        }
        (Kind::Labels | Kind::Optional(_) | Kind::OptionalTime, old, new) => old == new,
        (kind, old, new) => old == new || (kind.is_unset(old) && kind.is_unset(new)),
    }
}

fn different_fields(shape: &Shape, old: &Json, new: &Json) -> usize {
    shape
        .fields
        .iter()
        .filter(|field| !is_same(field.kind, old.key(field.key), new.key(field.key)))
        .count()
}

/// A field, an element or a label before and after.
struct Record {
    edit: Edit,
    /// What is shown: one entry if it is the same.
    entries: Vec<Entry>,
}

impl Record {
    fn is_same(&self) -> bool {
        matches!(self.edit, Edit::Same(..))
    }
}

fn fields(shape: &Shape, old: &Json, new: &Json) -> Vec<Entry> {
    let records = shape
        .fields
        .iter()
        .enumerate()
        .map(|(number, field)| {
            let (old, new) = (old.key(field.key), new.key(field.key));
            if is_same(field.kind, old, new) {
                Record {
                    edit: Edit::Same(number, number),
                    entries: vec![Entry::new(
                        Mark::Same,
                        field.name,
                        value::same(field.kind, new),
                    )],
                }
            } else {
                Record {
                    edit: Edit::Modified(number, number),
                    entries: changed(field.kind, field.name, old, new),
                }
            }
        })
        .collect();
    collapsed(records, "field", "fields")
}

/// A field that is not the same: what is different in it, or both values.
fn changed(kind: Kind, name: &str, old: &Json, new: &Json) -> Vec<Entry> {
    if let Some(inner) = inner(kind, old, new) {
        return vec![Entry::new(Mark::Same, name, inner)];
    }
    let whole = |mark: Mark, value: &Json| match kind {
        Kind::Names => Entry::new(mark, name, value::names(value, mark)),
        kind => Entry::new(mark, name, value::whole(kind, value)),
    };
    vec![whole(Mark::Removed, old), whole(Mark::Inserted, new)]
}

/// The differences within a value, where there is something within.
fn inner(kind: Kind, old: &Json, new: &Json) -> Option<Node> {
    match (kind, old, new) {
        (Kind::Names, Json::List(_), Json::List(_)) => names(old, new),
        (Kind::Labels, Json::Object(_), Json::Object(_)) => labels(old, new),
        (Kind::Struct(shape), old, new) => Some(Node::braces(shape.name, fields(shape, old, new))),
        (Kind::Optional(shape), Json::Object(_), Json::Object(_)) => Some(Node::braces(
            &format!("&{}", shape.name),
            fields(shape, old, new),
        )),
        (Kind::List(shape, by_reference), Json::List(old), Json::List(new)) => Some(Node::braces(
            &value::list_type(shape, by_reference),
            elements(shape, by_reference, old, new),
        )),
        _ => None,
    }
}

/// Texts whose order does not matter; nothing if there is only one change.
fn names(old: &Json, new: &Json) -> Option<Node> {
    let (old, new) = (value::sorted(old), value::sorted(new));
    let edits = edits(&old, &new, |a, b| a == b, |_, _| true);
    if old.is_empty() || new.is_empty() || edits.len() < 2 {
        return None;
    }
    let entry = |mark: Mark, texts: &[String], at: usize| {
        let text = texts.get(at).map(String::as_str).unwrap_or_default();
        Entry::new(mark, "", value::whole_text(text))
    };
    let records = edits
        .into_iter()
        .map(|edit| Record {
            entries: match edit {
                Edit::Same(at, _) => vec![entry(Mark::Same, &old, at)],
                Edit::Removed(at) => vec![entry(Mark::Removed, &old, at)],
                Edit::Inserted(at) => vec![entry(Mark::Inserted, &new, at)],
                Edit::Modified(before, after) => vec![
                    entry(Mark::Removed, &old, before),
                    entry(Mark::Inserted, &new, after),
                ],
            },
            edit,
        })
        .collect();
    Some(Node::wrapped(
        "[]string(Inverse(Sort, ",
        Node::braces("[]string", collapsed(records, "element", "elements")),
        "))",
    ))
}

/// Labels by name; nothing if there is only one.
fn labels(old: &Json, new: &Json) -> Option<Node> {
    let mut keys: Vec<&str> = old
        .entries("")
        .iter()
        .chain(new.entries(""))
        .map(|(key, _)| key.as_str())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() < 2 {
        return None;
    }
    let records = keys
        .iter()
        .enumerate()
        .map(|(number, key)| {
            let entry = |mark: Mark, text: &str| {
                Entry::new(mark, format!("{key:?}"), value::whole_text(text))
            };
            let (edit, entries) = match (old.key(key).as_text(), new.key(key).as_text()) {
                (Some(before), Some(after)) if before == after => {
                    (Edit::Same(number, number), vec![entry(Mark::Same, before)])
                }
                (Some(before), Some(after)) => (
                    Edit::Modified(number, number),
                    vec![entry(Mark::Removed, before), entry(Mark::Inserted, after)],
                ),
                (before, None) => (
                    Edit::Removed(number),
                    vec![entry(Mark::Removed, before.unwrap_or_default())],
                ),
                (None, Some(after)) => (Edit::Inserted(number), vec![entry(Mark::Inserted, after)]),
            };
            Record { edit, entries }
        })
        .collect();
    Some(Node::braces(
        "map[string]string",
        collapsed(records, "entry", "entries"),
    ))
}

/// Elements of a list of structures.
fn elements(shape: &Shape, by_reference: bool, old: &[Json], new: &[Json]) -> Vec<Entry> {
    let sign = if by_reference { "&" } else { "" };
    let edits = edits(
        old,
        new,
        |a, b| different_fields(shape, a, b) == 0,
        |a, b| 2 * different_fields(shape, a, b) <= shape.fields.len() + 1,
    );
    let whole = |mark: Mark, values: &[Json], at: usize| {
        let value = values.get(at).unwrap_or(&Json::Null);
        Entry::new(mark, "", value::element(shape, value, sign))
    };
    let records = edits
        .into_iter()
        .map(|edit| Record {
            entries: match edit {
                Edit::Same(at, _) => {
                    let value = old.get(at).unwrap_or(&Json::Null);
                    let node = value::same_element(shape, by_reference, value);
                    vec![Entry::new(Mark::Same, "", node)]
                }
                Edit::Removed(at) => vec![whole(Mark::Removed, old, at)],
                Edit::Inserted(at) => vec![whole(Mark::Inserted, new, at)],
                Edit::Modified(before, after) => {
                    let (before, after) = (
                        old.get(before).unwrap_or(&Json::Null),
                        new.get(after).unwrap_or(&Json::Null),
                    );
                    vec![Entry::new(
                        Mark::Same,
                        "",
                        Node::braces(sign, fields(shape, before, after)),
                    )]
                }
            },
            edit,
        })
        .collect();
    collapsed(records, "element", "elements")
}

/// How many entries of each kind are not shown.
#[derive(Clone, Copy, Debug, Default)]
struct LeftOut {
    same: usize,
    removed: usize,
    inserted: usize,
    modified: usize,
}

impl LeftOut {
    fn add(&mut self, edit: Edit) {
        match edit {
            Edit::Same(..) => self.same += 1,
            Edit::Removed(_) => self.removed += 1,
            Edit::Inserted(_) => self.inserted += 1,
            Edit::Modified(..) => self.modified += 1,
        }
    }

    fn count(self) -> usize {
        self.same + self.removed + self.inserted + self.modified
    }

    fn text(self, one: &str, many: &str) -> String {
        let parts: Vec<String> = [
            (self.same, "identical"),
            (self.removed, "removed"),
            (self.inserted, "inserted"),
            (self.modified, "modified"),
        ]
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
        let name = if self.count() > 1 { many } else { one };
        let list = match parts.as_slice() {
            [most @ .., last] if most.len() > 1 => format!("{}, and {last}", most.join(", ")),
            parts => parts.join(" and "),
        };
        format!("{list} {name}")
    }
}

/// What is shown of records: the differences, and what is beside them.
fn collapsed(records: Vec<Record>, one: &str, many: &str) -> Vec<Entry> {
    let groups: Vec<&[Record]> = records
        .chunk_by(|a, b| a.is_same() == b.is_same())
        .collect();
    let last = groups.len().saturating_sub(1);
    let mut out = Vec::new();
    let mut shown = 0;
    let mut rest = LeftOut::default();
    for (number, group) in groups.into_iter().enumerate() {
        if shown >= MAX_DIFFERENCES {
            group.iter().for_each(|record| rest.add(record.edit));
            continue;
        }
        let is_same = group.first().is_some_and(Record::is_same);
        let (mut before, mut after) = (group.len(), 0);
        if is_same {
            before = if number == 0 {
                0
            } else {
                CONTEXT.min(group.len())
            };
            let free = group.len() - before;
            after = if number == last { 0 } else { CONTEXT.min(free) };
            // One line says no less than a line that says that one is left out.
            if free - after == 1 {
                after += 1;
            }
        } else {
            shown += group.len();
        }
        let mut hidden = LeftOut::default();
        for (at, record) in group.iter().enumerate() {
            if at < before || at >= group.len() - after {
                if hidden.count() > 0 {
                    out.push(Entry::ellipsis(hidden.text(one, many)));
                    hidden = LeftOut::default();
                }
                out.extend(record.entries.iter().cloned());
            } else {
                hidden.add(record.edit);
            }
        }
        if hidden.count() > 0 {
            out.push(Entry::ellipsis(hidden.text(one, many)));
        }
    }
    if rest.count() > 0 {
        out.push(Entry::ellipsis(rest.text(one, many)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::shape::STREAM_CONFIG;
    use super::*;

    fn between(old: &str, new: &str) -> String {
        differences(
            &STREAM_CONFIG,
            &Json::parse(old.as_bytes()).unwrap(),
            &Json::parse(new.as_bytes()).unwrap(),
        )
    }

    #[test]
    fn changed_fields_stand_among_their_neighbours() {
        assert_eq!(
            between(
                r#"{"name":"S","max_msgs":-1,"subjects":["s"]}"#,
                r#"{"name":"S","max_msgs":10,"subjects":["s"]}"#
            ),
            "  api.StreamConfig{
  \t... // 4 identical fields
  \tMaxConsumers: 0,
  \tMaxMsgsPer:   0,
- \tMaxMsgs:      -1,
+ \tMaxMsgs:      10,
  \tMaxBytes:     0,
  \tMaxAge:       s\"0s\",
  \t... // 29 identical fields
  }
"
        );
    }

    #[test]
    fn what_is_unset_equals_what_is_missing() {
        assert_eq!(
            between(
                r#"{"sealed":false,"compression":"none","consumer_limits":{},"subjects":["b","a"]}"#,
                r#"{"description":"","max_age":0,"subjects":["a","b"]}"#
            ),
            ""
        );
        let text = between(r#"{"metadata":{}}"#, "{}");
        assert!(
            text.contains("map[string]string{},\n+ \tMetadata: "),
            "{text}"
        );
    }

    #[test]
    fn lists_and_structures_show_what_is_different_in_them() {
        let text = between(
            r#"{"subjects":["b","a"],"placement":{"cluster":"c","tags":["x"]},"metadata":{"a":"b","c":"d"}}"#,
            r#"{"subjects":["b","c"],"placement":{"cluster":"d","tags":["x"]},"metadata":{"a":"b"}}"#,
        );
        for wanted in [
            "  \tSubjects: []string(Inverse(Sort, []string{\n- \t\t\"a\",\n  \t\t\"b\",\n+ \t\t\"c\",\n  \t})),\n",
            "  \tPlacement: &api.Placement{\n- \t\tCluster:   \"c\",\n+ \t\tCluster:   \"d\",\n  \t\tTags:      Inverse(Sort, []string{\"x\"}),\n  \t\tPreferred: \"\",\n  \t},\n",
            "  \tMetadata: map[string]string{\n  \t\t\"a\": \"b\",\n- \t\t\"c\": \"d\",\n  \t},\n",
        ] {
            assert!(text.contains(wanted), "{wanted} is not in {text}");
        }
    }

    #[test]
    fn long_values_take_several_lines() {
        let text = between(
            r#"{"sources":[{"name":"A"}]}"#,
            r#"{"sources":[{"name":"A"},{"name":"C","subject_transforms":[{"src":"a","dest":"b"}]}]}"#,
        );
        assert!(
            text.contains(
                "  \tSources: []*api.StreamSource{
  \t\t&{Name: \"A\"},
+ \t\t&{
+ \t\t\tName:              \"C\",
+ \t\t\tSubjectTransforms: []api.SubjectTransformConfig{{Source: \"a\", Destination: \"b\"}},
+ \t\t},
  \t},
"
            ),
            "{text}"
        );
    }
}
