//! What may be published and subscribed to (security.md 5).

use midge_subject::SubjectList;
use midge_subject::list::ListEntry;

use crate::responses::ResponseLimits;

/// Allowed and denied subjects as configured. An entry may be
/// `"subject queue"` where the rule is about subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectRules {
    /// `None`: no list, everything is allowed. A list that is present and
    /// empty allows nothing to be published, but everything to be subscribed
    /// to.
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

/// What a list says about a subscription.
#[derive(Clone, Copy, Default)]
struct Hits {
    /// A plain entry applies.
    plain: bool,
    /// An entry with a queue applies.
    queued: bool,
    /// One of those names the queue.
    names_queue: bool,
}

impl Hits {
    fn add(&mut self, entry: &ListEntry, queue: &[u8]) {
        if entry.queue.is_none() {
            self.plain = true;
        } else {
            self.queued = true;
            self.names_queue |= entry.names_queue(queue);
        }
    }

    /// The entries that cover everything `subject` stands for.
    fn covering(list: &SubjectList, subject: &[u8], queue: &[u8]) -> Self {
        let mut hits = Self::default();
        list.for_each_cover(subject, |entry| hits.add(entry, queue));
        hits
    }

    /// The entries that a message on `subject` reaches.
    fn matching(list: &SubjectList, subject: &[u8], queue: &[u8]) -> Self {
        let mut hits = Self::default();
        list.for_each_match(subject, |entry| hits.add(entry, queue));
        hits
    }

    /// Whether a deny list with these hits refuses: by a plain entry, or by
    /// one for the queue.
    fn deny(self, queue: &[u8]) -> bool {
        self.plain || (!queue.is_empty() && self.names_queue)
    }
}

fn list(texts: &[String]) -> SubjectList {
    texts
        .iter()
        .filter_map(|text| ListEntry::parse(text.as_bytes()))
        .collect()
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
        let publish_allow = spec.publish.allow.as_deref().map(list);
        let subscribe_allow = spec
            .subscribe
            .allow
            .as_deref()
            .filter(|list| !list.is_empty());
        Self {
            // With permission to answer and no list, only answers may be sent.
            publish_allow: match (publish_allow, &spec.responses) {
                (None, Some(_)) => Some(SubjectList::default()),
                (allow, _) => allow,
            },
            publish_deny: list(&spec.publish.deny),
            subscribe_allow: subscribe_allow.map(list),
            subscribe_deny: list(&spec.subscribe.deny),
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
        self.publish_allow
            .as_ref()
            .is_none_or(|list| list.matches(subject))
            && !self.publish_deny.matches(subject)
    }

    /// Whether `subject` may be subscribed to, in the group `queue` unless that
    /// is empty (5.3).
    ///
    /// An allow entry has to cover everything a pattern stands for. The peer
    /// lets `foo.*` allow a subscription to `foo.>`, which then gets subjects
    /// that were not allowed. A deny entry refuses as in the peer, which takes
    /// the wildcards of a subscription for text: `foo.*` refuses `foo.>`.
    pub fn can_subscribe(&self, subject: &[u8], queue: &[u8]) -> bool {
        if let Some(list) = &self.subscribe_allow {
            let hits = Hits::covering(list, subject, queue);
            let allowed = if !queue.is_empty() && hits.queued {
                hits.names_queue
            } else {
                hits.plain
            };
            if !allowed {
                return false;
            }
        }
        !Hits::matching(&self.subscribe_deny, subject, queue).deny(queue)
    }

    /// Whether deliveries to a permitted subscription have to be checked
    /// against the deny rules (5.4).
    pub fn needs_delivery_filter(&self, subject: &[u8], queue: &[u8]) -> bool {
        (!queue.is_empty() || midge_subject::has_wildcard(subject))
            && self.subscribe_deny.overlaps(subject)
    }

    /// Whether a message on `subject` is withheld from a subscription of the
    /// group `queue`, empty for none (5.4).
    pub fn filters(&self, subject: &[u8], queue: &[u8]) -> bool {
        Hits::matching(&self.subscribe_deny, subject, queue).deny(queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn subscribing(allow: Option<&[&str]>, deny: &[&str]) -> Permissions {
        Permissions::new(&PermissionSpec {
            subscribe: SubjectRules {
                allow: allow.map(texts),
                deny: texts(deny),
            },
            ..PermissionSpec::default()
        })
    }

    fn publishing(allow: Option<&[&str]>, deny: &[&str]) -> Permissions {
        Permissions::new(&PermissionSpec {
            publish: SubjectRules {
                allow: allow.map(texts),
                deny: texts(deny),
            },
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
        let one = subscribing(Some(&["*"]), &[]);
        assert!(one.can_subscribe(b"*", b"") && !one.can_subscribe(b">", b""));
        assert!(!star.can_subscribe(b"foo.", b"") && !star.can_subscribe(b"foo.a..b", b""));
        assert!(subscribing(Some(&[]), &[]).can_subscribe(b"foo", b""));
    }

    #[test]
    fn a_deny_entry_refuses_what_it_matches_and_nothing_wider() {
        let narrow = subscribing(None, &["foo.bar"]);
        assert!(narrow.can_subscribe(b"foo.*", b"") && !narrow.can_subscribe(b"foo.bar", b""));
        let star = subscribing(None, &["foo.*"]);
        for refused in ["foo.*", "foo.>", "foo.x"] {
            assert!(!star.can_subscribe(refused.as_bytes(), b""), "{refused}");
        }
        for allowed in ["*", ">", "foo.x.y", "foo.*.y"] {
            assert!(star.can_subscribe(allowed.as_bytes(), b""), "{allowed}");
        }
        let both = subscribing(None, &["foo v1", "bar", "bar v1.*"]);
        assert!(both.can_subscribe(b"*", b"v1") && !both.can_subscribe(b"bar", b"v2"));
    }

    #[test]
    fn queue_patterns_cover_queue_names() {
        let rules = subscribing(Some(&["bar v1.*", "baz v1.>"]), &[]);
        for (subject, queue, allowed) in [
            ("bar", "v1.a", true),
            ("bar", "v1.*", true),
            ("bar", "v1", false),
            ("bar", "v1.>", false),
            ("bar", "v1.a.b", false),
            ("bar", "v1..a", false),
            ("bar", "", false),
            ("baz", "v1.>", true),
            ("baz", "v1.a", true),
            ("baz", "v1", false),
        ] {
            let asked = rules.can_subscribe(subject.as_bytes(), queue.as_bytes());
            assert_eq!(asked, allowed, "{subject} {queue}");
        }
    }

    #[test]
    fn published_wildcards_are_text() {
        let some = publishing(Some(&["foo.*"]), &["foo.bad"]);
        assert!(some.can_publish(b"foo.*") && some.can_publish(b"foo.>"));
        assert!(!some.can_publish(b"*") && !some.can_publish(b">") && !some.can_publish(b"foo."));
        assert!(!some.can_publish(b""));
        assert!(publishing(None, &["foo.bad"]).can_publish(b""));
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
