//! What a file of an archive is about.

use crate::output::Json;

/// Cluster of servers that have none.
pub const UNCLUSTERED: &str = "unclustered";
/// Between a cluster and a server in one part of a path.
const BETWEEN: &str = "__";

/// Tags of a file; an empty one is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tags {
    /// Name of an account.
    pub account: String,
    /// Name of a cluster.
    pub cluster: String,
    /// Name of a server.
    pub server: String,
    /// Name of a stream.
    pub stream: String,
    /// What kind of thing it is.
    pub kind: String,
    /// Name of a profile.
    pub profile: String,
    /// Name of a special file, which has no other tag.
    pub special: String,
}

impl Tags {
    /// Of something about a server.
    pub fn server(cluster: &str, server: &str, kind: &str) -> Self {
        let cluster = if cluster.is_empty() {
            UNCLUSTERED
        } else {
            cluster
        };
        Self {
            cluster: cluster.to_owned(),
            server: server.to_owned(),
            kind: kind.to_owned(),
            ..Self::default()
        }
    }

    /// Of a special file.
    pub fn special(name: &str) -> Self {
        Self {
            special: name.to_owned(),
            ..Self::default()
        }
    }

    fn named(&self) -> [(&'static str, &str); 7] {
        [
            ("account", &self.account),
            ("cluster", &self.cluster),
            ("server", &self.server),
            ("stream", &self.stream),
            ("artifact_type", &self.kind),
            ("profile_name", &self.profile),
            ("special", &self.special),
        ]
    }

    /// As the manifest has them.
    pub fn to_json(&self) -> Json {
        let tags = self
            .named()
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| Json::object().with("Name", name).with("Value", value));
        Json::List(tags.collect())
    }

    /// From the manifest. Tags that are not known are left out.
    pub fn of(json: &Json) -> Self {
        let value = |name: &str| {
            json.list("")
                .iter()
                .find(|tag| tag.text("Name") == name)
                .map(|tag| tag.text("Value").to_owned())
                .unwrap_or_default()
        };
        Self {
            account: value("account"),
            cluster: value("cluster"),
            server: value("server"),
            stream: value("stream"),
            kind: value("artifact_type"),
            profile: value("profile_name"),
            special: value("special"),
        }
    }

    /// Whether the file is the only one with its tags.
    pub fn is_single(&self) -> bool {
        !self.special.is_empty() || !self.profile.is_empty()
    }

    /// Path without page or extension. What a path cannot have is replaced
    /// there; the tags are what counts.
    pub fn path(&self) -> String {
        let [account, cluster, server, stream, kind, profile, special] =
            self.named().map(|(_, value)| part(value));
        let at = format!("{cluster}{BETWEEN}{server}");
        if !self.special.is_empty() {
            format!("capture/misc/{special}")
        } else if !self.profile.is_empty() {
            format!("capture/profiles/{cluster}/{server}{BETWEEN}{profile}")
        } else if !self.stream.is_empty() {
            format!("capture/accounts/{account}/streams/{stream}/replicas/{at}/{kind}")
        } else if !self.account.is_empty() {
            format!("capture/accounts/{account}/servers/{at}/{kind}")
        } else {
            format!("capture/clusters/{cluster}/{server}/{kind}")
        }
    }
}

/// A name as a part of a path.
fn part(name: &str) -> String {
    match name {
        "." | ".." => "_".repeat(name.len()),
        _ => name.replace(
            |letter: char| matches!(letter, '/' | '\\') || letter.is_control(),
            "_",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_files_are_about() {
        let mut tags = Tags::server("", "s1", "variables");
        assert_eq!(tags.path(), "capture/clusters/unclustered/s1/variables");
        tags.cluster = "C".to_owned();
        tags.account = "A".to_owned();
        assert_eq!(tags.path(), "capture/accounts/A/servers/C__s1/variables");
        tags.stream = "S".to_owned();
        assert_eq!(
            tags.path(),
            "capture/accounts/A/streams/S/replicas/C__s1/variables"
        );
        tags.account = "../x".to_owned();
        assert!(tags.path().starts_with("capture/accounts/.._x/"));
        tags.account = "..".to_owned();
        assert!(tags.path().starts_with("capture/accounts/__/"));
        let profile = Tags {
            profile: "cpu".to_owned(),
            ..Tags::server("C", "s1", "profile")
        };
        assert_eq!(profile.path(), "capture/profiles/C/s1__cpu");
        assert_eq!(Tags::special("x").path(), "capture/misc/x");
    }

    #[test]
    fn tags_are_read_back_from_the_manifest() {
        let tags = Tags {
            account: "A/B".to_owned(),
            stream: "S".to_owned(),
            ..Tags::server("C", "s1", "stream_info")
        };
        assert_eq!(Tags::of(&tags.to_json()), tags);
        assert_eq!(
            Tags::special("m").to_json().compact(),
            r#"[{"Name":"special","Value":"m"}]"#
        );
    }
}
