//! The query of a request.

use super::path::hex;

/// Names and values of a query, decoded.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Query {
    /// Reads a query. Pairs that are malformed or hold a semicolon are left
    /// out.
    pub fn parse(text: &str) -> Self {
        let pairs = text
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.contains(';'))
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decode(name)?, decode(value)?))
            })
            .collect();
        Self { pairs }
    }

    /// The first value of a name; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.pairs
            .iter()
            .find(|(n, _)| n == name.as_bytes())
            .map(|(_, value)| value.as_slice())
            .filter(|value| !value.is_empty())
    }
}

/// Decodes percent escapes and `+`; `None` if an escape is malformed.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' => b' ',
            byte => byte,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_counts_and_an_empty_one_is_none() {
        let query = Query::parse("a=1&a=2&b=&b=3&%63=x+y&d=%zz&e=1;f=2&g");
        assert_eq!(query.get("a"), Some(&b"1"[..]));
        assert_eq!(query.get("b"), None);
        assert_eq!(query.get("c"), Some(&b"x y"[..]));
        assert_eq!(query.get("d"), None);
        assert_eq!(query.get("e"), None);
        assert_eq!(query.get("g"), None);
    }
}
