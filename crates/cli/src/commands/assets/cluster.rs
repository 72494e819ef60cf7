//! Leaders and replicas.

use crate::output::Json;

/// Servers of a Raft group in one cell: `n1*, n2, n3!` with the leader and
/// those that are not current or offline marked.
pub fn replicas_text(cluster: &Json) -> String {
    let leader = cluster.text("leader");
    let mut peers: Vec<(String, char)> = Vec::new();
    if !leader.is_empty() {
        peers.push((leader.to_owned(), '*'));
    }
    for peer in cluster.list("replicas") {
        let name = peer.text("name");
        if name == leader {
            continue;
        }
        let mark = if peer.on("offline") || !peer.on("current") {
            '!'
        } else {
            ' '
        };
        peers.push((name.to_owned(), mark));
    }
    peers.sort();
    let names: Vec<String> = peers.iter().map(|(name, _)| name.clone()).collect();
    shorten(&names)
        .iter()
        .zip(&peers)
        .map(|(name, (_, mark))| format!("{name}{mark}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Names without the domain that all of them end in.
pub fn shorten(names: &[String]) -> Vec<String> {
    let is_address = |name: &String| {
        name.chars()
            .all(|c| c.is_ascii_digit() || c == '.' || c == ':')
    };
    if names.len() < 2 || names.iter().any(is_address) {
        return names.to_vec();
    }
    let Some(first) = names.first() else {
        return Vec::new();
    };
    let mut suffix = first
        .find('.')
        .map_or("", |at| first.get(at..).unwrap_or_default());
    while !suffix.is_empty() && !names.iter().all(|name| name.ends_with(suffix)) {
        suffix = suffix
            .get(1..)
            .and_then(|rest| rest.find('.').and_then(|at| rest.get(at..)))
            .unwrap_or("");
    }
    names
        .iter()
        .map(|name| match name.strip_suffix(suffix) {
            Some(short) if !short.is_empty() => short.to_owned(),
            _ => name.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        shorten(&names)
    }

    #[test]
    fn a_common_domain_is_left_out() {
        assert_eq!(shortened(&["n1.a.net", "n2.a.net"]), ["n1", "n2"]);
        assert_eq!(shortened(&["n1.a.net", "n2.b.net"]), ["n1.a", "n2.b"]);
        assert_eq!(shortened(&["n1", "n2.a"]), ["n1", "n2.a"]);
        assert_eq!(
            shortened(&["10.0.0.1", "10.1.0.1"]),
            ["10.0.0.1", "10.1.0.1"]
        );
        assert_eq!(shortened(&["n1.a.net"]), ["n1.a.net"]);
    }

    #[test]
    fn leader_and_late_replicas_are_marked() {
        let cluster = Json::parse(
            br#"{"leader":"n2","replicas":[{"name":"n1","current":true},{"name":"n3","current":false}]}"#,
        )
        .unwrap();
        assert_eq!(replicas_text(&cluster), "n1, n2*, n3!");
    }
}
