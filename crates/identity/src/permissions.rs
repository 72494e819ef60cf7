//! What may be published and subscribed to (security.md 5).

use midge_subject::{covers, matches, overlaps};

use crate::responses::ResponseLimits;

/// Allowed and denied subjects as configured. An entry may be
/// `"subject queue"` where the rule is about subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectRules {
    /// `None`: no list, everything is allowed. A list that is present and
    /// empty allows nothing to be published.
    pub allow: Option<Vec<String>>,
    /// Denied subjects.
    pub deny: Vec<String>,
}

/// Permissions of a user as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionSpec {
    /// Rules for publishing.
    pub publish: SubjectRules,
    /// Rules for subscribing.
    pub subscribe: SubjectRules,
    /// Permission to answer.
    pub responses: Option<ResponseLimits>,
}

#[derive(Debug)]
struct Entry {
    subject: Box<[u8]>,
    /// Pattern of queue names; `None` for plain entries.
    queue: Option<Box<[u8]>>,
}

/// Subject patterns with optional queue patterns.
#[derive(Debug, Default)]
struct SubjectList {
    entries: Vec<Entry>,
}

/// What a list says about a subject and a queue.
struct Hits {
    /// A plain entry covers the subject.
    plain: bool,
    /// An entry with a queue covers the subject.
    queued: bool,
    /// One of those names the queue.
    names_queue: bool,
}

impl SubjectList {
    fn new(texts: &[String]) -> Self {
        let entries = texts
            .iter()
            .filter_map(|text| {
                let mut words = text.split_whitespace();
                let subject = words.next()?.as_bytes().into();
                Some(Entry { subject, queue: words.next().map(|queue| queue.as_bytes().into()) })
            })
            .collect();
        Self { entries }
    }

    /// Whether a message on `subject` reaches an entry.
    fn matches(&self, subject: &[u8]) -> bool {
        self.entries.iter().any(|entry| matches(subject, &entry.subject))
    }

    /// The entries that cover a subscription's whole pattern.
    fn covering(&self, subject: &[u8], queue: &[u8]) -> Hits {
        self.hits(queue, |entry| covers(&entry.subject, subject))
    }

    /// The entries that a message on `subject` reaches.
    fn matching(&self, subject: &[u8], queue: &[u8]) -> Hits {
        self.hits(queue, |entry| matches(subject, &entry.subject))
    }

    fn hits(&self, queue: &[u8], applies: impl Fn(&Entry) -> bool) -> Hits {
        let mut hits = Hits { plain: false, queued: false, names_queue: false };
        for entry in self.entries.iter().filter(|entry| applies(entry)) {
            match &entry.queue {
                None => hits.plain = true,
                Some(pattern) => {
                    hits.queued = true;
                    hits.names_queue |= **pattern == *queue || covers(pattern, queue);
                }
            }
        }
        hits
    }
}

/// Permissions ready to be asked.
#[derive(Debug)]
pub struct Permissions {
    publish_allow: Option<SubjectList>,
    publish_deny: SubjectList,
    subscribe_allow: Option<SubjectList>,
    subscribe_deny: SubjectList,
    responses: Option<ResponseLimits>,
    spec: PermissionSpec,
}

impl Permissions {
    /// Prepares the rules of `spec`.
    pub fn new(spec: &PermissionSpec) -> Self {
        let allow = spec.publish.allow.as_deref().map(SubjectList::new);
        Self {
            // With permission to answer and no list, only answers may be sent.
            publish_allow: match (&allow, &spec.responses) {
                (None, Some(_)) => Some(SubjectList::default()),
                _ => allow,
            },
            publish_deny: SubjectList::new(&spec.publish.deny),
            subscribe_allow: spec.subscribe.allow.as_deref().map(SubjectList::new),
            subscribe_deny: SubjectList::new(&spec.subscribe.deny),
            responses: spec.responses,
            spec: spec.clone(),
        }
    }

    /// The rules these were made from.
    pub fn spec(&self) -> &PermissionSpec {
        &self.spec
    }

    /// Permission to answer.
    pub fn responses(&self) -> Option<ResponseLimits> {
        self.responses
    }

    /// Whether a message may be published on `subject`, permission to answer
    /// aside (5.2).
    pub fn can_publish(&self, subject: &[u8]) -> bool {
        self.publish_allow.as_ref().is_none_or(|list| list.matches(subject))
            && !self.publish_deny.matches(subject)
    }

    /// Whether `subject` may be subscribed to, in the group `queue` unless that
    /// is empty (5.3).
    pub fn can_subscribe(&self, subject: &[u8], queue: &[u8]) -> bool {
        if let Some(list) = &self.subscribe_allow {
            let hits = list.covering(subject, queue);
            let allowed = if !queue.is_empty() && hits.queued {
                hits.names_queue
            } else {
                hits.plain
            };
            if !allowed {
                return false;
            }
        }
        let hits = self.subscribe_deny.covering(subject, queue);
        let denied = hits.plain || (!queue.is_empty() && hits.queued && hits.names_queue);
        !denied
    }

    /// Whether deliveries to a permitted subscription have to be checked
    /// against the deny rules (5.4).
    pub fn needs_delivery_filter(&self, subject: &[u8], queue: &[u8]) -> bool {
        if self.subscribe_deny.entries.is_empty() {
            return false;
        }
        let wild = midge_subject::has_wildcard(subject);
        (wild || !queue.is_empty())
            && self.subscribe_deny.entries.iter().any(|e| overlaps(&e.subject, subject))
    }

    /// Whether a message on `subject` is withheld from a subscription of the
    /// group `queue`, empty for none (5.4).
    pub fn filters(&self, subject: &[u8], queue: &[u8]) -> bool {
        let hits = self.subscribe_deny.matching(subject, queue);
        hits.plain || (!queue.is_empty() && hits.names_queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn subscribing(allow: Option<&[&str]>, deny: &[&str]) -> Permissions {
        Permissions::new(&PermissionSpec {
            subscribe: SubjectRules { allow: allow.map(list), deny: list(deny) },
            ..PermissionSpec::default()
        })
    }

    fn publishing(allow: Option<&[&str]>, deny: &[&str]) -> Permissions {
        Permissions::new(&PermissionSpec {
            publish: SubjectRules { allow: allow.map(list), deny: list(deny) },
            ..PermissionSpec::default()
        })
    }

    #[test]
    fn publishing_needs_an_allow_and_no_deny() {
        let none = Permissions::new(&PermissionSpec::default());
        assert!(none.can_publish(b"any.thing"));
        let some = publishing(Some(&["foo.*"]), &["foo.secret"]);
        assert!(some.can_publish(b"foo.a") && !some.can_publish(b"foo.secret"));
        assert!(!some.can_publish(b"bar"));
        assert!(!publishing(Some(&[]), &[]).can_publish(b"foo"));
    }

    #[test]
    fn permission_to_answer_alone_denies_all_other_publishing() {
        let permissions = Permissions::new(&PermissionSpec {
            responses: Some(ResponseLimits::default()),
            ..PermissionSpec::default()
        });
        assert!(!permissions.can_publish(b"foo"));
        assert!(permissions.can_subscribe(b"foo", b""));
    }

    #[test]
    fn queue_entries_limit_queues_only() {
        let foo = subscribing(Some(&["foo"]), &[]);
        assert!(foo.can_subscribe(b"foo", b"") && foo.can_subscribe(b"foo", b"any"));
        let v1 = subscribing(Some(&["foo v1"]), &[]);
        assert!(!v1.can_subscribe(b"foo", b"") && !v1.can_subscribe(b"foo", b"v2"));
        assert!(v1.can_subscribe(b"foo", b"v1"));
        let both = subscribing(Some(&["foo", "foo v1"]), &[]);
        assert!(both.can_subscribe(b"foo", b"") && both.can_subscribe(b"foo", b"v1"));
        assert!(!both.can_subscribe(b"foo", b"v2"));
        let pattern = subscribing(Some(&["bar v1.*"]), &[]);
        assert!(pattern.can_subscribe(b"bar", b"v1.a") && !pattern.can_subscribe(b"bar", b"v2.a"));
        let deny = subscribing(None, &["foo v1"]);
        assert!(deny.can_subscribe(b"foo", b"") && deny.can_subscribe(b"foo", b"v2"));
        assert!(!deny.can_subscribe(b"foo", b"v1"));
    }

    #[test]
    fn an_entry_has_to_cover_the_whole_pattern() {
        let star = subscribing(Some(&["foo.*"]), &[]);
        assert!(!star.can_subscribe(b"foo.>", b"") && star.can_subscribe(b"foo.*", b""));
        let rest = subscribing(Some(&["foo.>"]), &[]);
        assert!(rest.can_subscribe(b"foo.*", b""));
        let narrow = subscribing(None, &["foo.bar"]);
        assert!(narrow.can_subscribe(b"foo.*", b"") && !narrow.can_subscribe(b"foo.bar", b""));
    }

    #[test]
    fn deny_rules_filter_deliveries() {
        let rules = subscribing(Some(&["foo.>"]), &["foo.baz", "foo.q.* grp"]);
        assert!(rules.needs_delivery_filter(b"foo.>", b""));
        assert!(rules.needs_delivery_filter(b"foo.q.x", b"grp"));
        assert!(!rules.needs_delivery_filter(b"foo.bar", b""));
        assert!(rules.filters(b"foo.baz", b"") && rules.filters(b"foo.baz", b"grp"));
        assert!(!rules.filters(b"foo.bar", b""));
        assert!(rules.filters(b"foo.q.x", b"grp") && !rules.filters(b"foo.q.x.y", b"grp"));
        assert!(!rules.filters(b"foo.q.x", b"other") && !rules.filters(b"foo.q.x", b""));
    }
}
