//! The index page.

/// The endpoints on the page, in order.
const LINKS: [(&str, &str); 12] = [
    ("General", "/varz"),
    ("JetStream", "/jsz"),
    ("Connections", "/connz"),
    ("Accounts", "/accountz"),
    ("Account Stats", "/accstatz"),
    ("Subscriptions", "/subsz"),
    ("Routes", "/routez"),
    ("LeafNodes", "/leafz"),
    ("Gateways", "/gatewayz"),
    ("Raft Groups", "/raftz"),
    ("Health Probe", "/healthz"),
    ("Expvar", "/debug/vars"),
];

const STYLE: &str = "\
body{font-family:system-ui,sans-serif;margin:2rem;color:#223}\
a{color:#2146b0;text-decoration:none}a:hover{text-decoration:underline}\
li{margin:.3rem 0}code{color:#778;margin-left:.5rem}";

/// Renders the page for a base path (empty for the root).
pub(crate) fn page(base: &str) -> Vec<u8> {
    let base = escape(base);
    let version = env!("CARGO_PKG_VERSION");
    let source = env!("CARGO_PKG_REPOSITORY");
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>NATS monitoring</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Midge</h1>\n<p><a href=\"{source}\">v{version}</a></p>\n<ul>\n"
    );
    for (name, path) in LINKS {
        page.push_str(&format!(
            "<li><a href=\"{base}{path}\">{name}</a><code>{path}</code></li>\n"
        ));
    }
    page.push_str(
        "</ul>\n<p><a href=\"https://docs.nats.io/running-a-nats-service/nats_admin/monitoring\">\
         Help</a></p>\n</body>\n</html>\n",
    );
    page.into_bytes()
}

/// Escapes a text for HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_links_to_twelve_endpoints_below_the_base_path() {
        let page = String::from_utf8(page("/a&b")).unwrap();
        assert_eq!(page.matches("<li>").count(), 12);
        assert!(page.contains("href=\"/a&amp;b/debug/vars\""));
    }
}
