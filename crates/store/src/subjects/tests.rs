use super::*;
use std::collections::BTreeMap;

fn all(index: &mut SubjectIndex, filter: &Filter) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    index.for_each(filter, &mut |_, text, entry| {
        found.push((String::from_utf8_lossy(text).into_owned(), entry.messages));
        ControlFlow::Continue(())
    });
    found
}

#[test]
fn it_behaves_like_a_plain_map() {
    let mut random = fastrand::Rng::with_seed(3);
    let (mut index, mut model) = (SubjectIndex::default(), BTreeMap::<String, u64>::new());
    for round in 0..60_000u64 {
        let subject = format!("a.{}.{}", random.u8(..40), random.u16(..90));
        let id = index.intern(subject.as_bytes());
        if random.bool() {
            index.count_appended(id, round + 1);
            *model.entry(subject).or_default() += 1;
        } else if let Some(count) = model.get_mut(&subject) {
            index.count_removed(id, 1);
            *count -= 1;
            if *count == 0 {
                model.remove(&subject);
            }
        }
        index.release(id);
        if round % 5_000 == 0 {
            let want: Vec<_> = model
                .iter()
                .map(|(text, count)| (text.clone(), *count))
                .collect();
            assert_eq!(all(&mut index, &Filter::All), want);
            let filter = Filter::new(&["a.7.*", "a.*.11", "a.3.3"]);
            let mut found = all(&mut index, &filter);
            found.sort();
            let want: Vec<_> = want
                .into_iter()
                .filter(|(text, _)| filter.matches(text.as_bytes()))
                .collect();
            assert_eq!(found, want);
        }
        assert_eq!(index.len(), model.len() as u64);
    }
}

#[test]
fn ends_are_bounds_until_they_are_known() {
    let mut index = SubjectIndex::default();
    let id = index.intern(b"x");
    for seq in [3, 5, 9] {
        index.count_appended(id, seq);
    }
    index.count_removed(id, 3);
    let entry = index.entry(id);
    assert_eq!((entry.first, entry.first_exact), (4, false));
    assert_eq!((entry.last, entry.last_exact), (9, true));
    index.count_removed(id, 5);
    let entry = index.entry(id);
    assert_eq!((entry.first, entry.first_exact, entry.last), (9, true, 9));
}
