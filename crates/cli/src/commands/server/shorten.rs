//! Names without the part that all of them have in common.

use std::net::IpAddr;

/// The names without their common end, cut at dots. Addresses stay whole, and
/// something of each name is left.
pub fn shorten(names: &[String]) -> Vec<String> {
    let is_address = |name: &str| name.parse::<IpAddr>().is_ok();
    if names.len() < 2 || names.iter().any(|name| is_address(name)) {
        return names.to_vec();
    }
    let parts: Vec<Vec<&str>> = names.iter().map(|name| name.split('.').collect()).collect();
    let shortest = parts.iter().map(Vec::len).min().unwrap_or(0);
    let common = (1..shortest)
        .take_while(|&from_end| {
            let end = |parts: &Vec<&str>| {
                parts
                    .get(parts.len() - from_end)
                    .map(|&part| part.to_owned())
            };
            let first = parts.first().and_then(end);
            parts.iter().all(|parts| end(parts) == first)
        })
        .count();
    parts
        .iter()
        .map(|parts| parts[..parts.len() - common].join("."))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        shorten(&names)
    }

    #[test]
    fn common_ends_go() {
        assert_eq!(shortened(&["a.x.net", "b.x.net"]), ["a", "b"]);
        assert_eq!(shortened(&["a.x", "a.y"]), ["a.x", "a.y"]);
        assert_eq!(shortened(&["a.x", "a.x"]), ["a", "a"]);
        assert_eq!(shortened(&["127.0.0.1", "127.0.0.1"]), ["127.0.0.1"; 2]);
        assert_eq!(shortened(&["a.x"]), ["a.x"]);
    }
}
