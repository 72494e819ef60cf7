//! Query parameters by type (monitoring-events.md 2.4).

use std::num::IntErrorKind;

use super::connz::ConnState;
use super::query::Query;

/// What is wrong with a parameter; the text is the body of the 400 answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParamError(String);

/// How much of its subscriptions an endpoint is to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SubsWanted {
    /// Subjects.
    pub(crate) subjects: bool,
    /// Details; they win over the subjects.
    pub(crate) details: bool,
}

/// A boolean; absent is false.
pub(crate) fn boolean(query: &Query, name: &str) -> Result<bool, ParamError> {
    match query.get(name) {
        None | Some(b"0" | b"f" | b"F" | b"FALSE" | b"false" | b"False") => Ok(false),
        Some(b"1" | b"t" | b"T" | b"TRUE" | b"true" | b"True") => Ok(true),
        Some(value) => Err(ParamError(format!(
            "Error decoding boolean for '{name}': strconv.ParseBool: parsing {}: invalid syntax",
            midge_subject::quote(value)
        ))),
    }
}

/// An integer; absent is 0.
pub(crate) fn int(query: &Query, name: &str) -> Result<i64, ParamError> {
    let Some(value) = query.get(name) else {
        return Ok(0);
    };
    number(value).map_err(|why| {
        ParamError(format!(
            "Error decoding int for '{name}': strconv.Atoi: parsing {}: {why}",
            midge_subject::quote(value)
        ))
    })
}

/// An unsigned integer; absent is 0.
pub(crate) fn uint64(query: &Query, name: &str) -> Result<u64, ParamError> {
    let Some(value) = query.get(name) else {
        return Ok(0);
    };
    let unsigned = value.first().is_some_and(u8::is_ascii_digit);
    let parsed = if unsigned {
        number(value)
    } else {
        Err(INVALID)
    };
    parsed.map_err(|why| {
        ParamError(format!(
            "Error decoding uint64 for '{name}': strconv.ParseUint: parsing {}: {why}",
            midge_subject::quote(value)
        ))
    })
}

const INVALID: &str = "invalid syntax";

fn number<N: std::str::FromStr<Err = std::num::ParseIntError>>(
    value: &[u8],
) -> Result<N, &'static str> {
    let text = std::str::from_utf8(value).map_err(|_| INVALID)?;
    text.parse::<N>().map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
        _ => INVALID,
    })
}

/// A text; absent is empty.
pub(crate) fn text(query: &Query, name: &str) -> String {
    query
        .get(name)
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .unwrap_or_default()
}

/// The state of connections; absent is open.
pub(crate) fn state(query: &Query) -> Result<ConnState, ParamError> {
    let Some(value) = query.get("state") else {
        return Ok(ConnState::Open);
    };
    let text = String::from_utf8_lossy(value);
    match text.to_ascii_lowercase().as_str() {
        "open" => Ok(ConnState::Open),
        "closed" => Ok(ConnState::Closed),
        "any" | "all" => Ok(ConnState::All),
        _ => Err(ParamError(format!("Error decoding state for {text}"))),
    }
}

/// `subs` where it is a boolean or `detail`.
pub(crate) fn subs(query: &Query) -> Result<SubsWanted, ParamError> {
    let detail = query
        .get("subs")
        .is_some_and(|value| value.eq_ignore_ascii_case(b"detail"));
    if detail {
        return Ok(SubsWanted {
            subjects: false,
            details: true,
        });
    }
    Ok(SubsWanted {
        subjects: boolean(query, "subs")?,
        details: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<T: std::fmt::Debug>(result: Result<T, ParamError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn booleans_have_six_forms_each_way() {
        for yes in ["1", "t", "T", "TRUE", "true", "True"] {
            assert!(boolean(&Query::parse(&format!("x={yes}")), "x").unwrap());
        }
        for no in ["0", "f", "F", "FALSE", "false", "False", ""] {
            assert!(!boolean(&Query::parse(&format!("x={no}")), "x").unwrap());
        }
        assert_eq!(
            error(boolean(&Query::parse("auth=maybe"), "auth")),
            "Error decoding boolean for 'auth': strconv.ParseBool: parsing \"maybe\": invalid syntax"
        );
        assert_eq!(
            error(boolean(&Query::parse("auth=%ff"), "auth")),
            "Error decoding boolean for 'auth': strconv.ParseBool: parsing \"\\xff\": invalid syntax"
        );
    }

    #[test]
    fn integers_may_have_a_sign() {
        assert_eq!(int(&Query::parse("limit=-5"), "limit").unwrap(), -5);
        assert_eq!(int(&Query::parse("limit=%2B5"), "limit").unwrap(), 5);
        assert_eq!(
            error(int(&Query::parse("limit=+5"), "limit")),
            "Error decoding int for 'limit': strconv.Atoi: parsing \" 5\": invalid syntax"
        );
        assert_eq!(
            error(int(&Query::parse("limit=99999999999999999999"), "limit")),
            "Error decoding int for 'limit': strconv.Atoi: parsing \"99999999999999999999\": value out of range"
        );
        assert_eq!(
            error(int(&Query::parse("limit=1_0"), "limit")),
            "Error decoding int for 'limit': strconv.Atoi: parsing \"1_0\": invalid syntax"
        );
    }

    #[test]
    fn unsigned_integers_may_not() {
        assert_eq!(uint64(&Query::parse("cid=7"), "cid").unwrap(), 7);
        for bad in ["-1", "%2B1"] {
            assert!(uint64(&Query::parse(&format!("cid={bad}")), "cid").is_err());
        }
        assert_eq!(
            error(uint64(&Query::parse("cid=-1"), "cid")),
            "Error decoding uint64 for 'cid': strconv.ParseUint: parsing \"-1\": invalid syntax"
        );
    }

    #[test]
    fn states_are_read_in_any_case() {
        assert_eq!(state(&Query::parse("")).unwrap(), ConnState::Open);
        assert_eq!(state(&Query::parse("state=ALL")).unwrap(), ConnState::All);
        assert_eq!(
            error(state(&Query::parse("state=foo"))),
            "Error decoding state for foo"
        );
    }

    #[test]
    fn subscriptions_may_be_detailed() {
        let wanted = subs(&Query::parse("subs=DETAIL")).unwrap();
        assert!(wanted.details && !wanted.subjects);
        assert!(subs(&Query::parse("subs=1")).unwrap().subjects);
        assert!(subs(&Query::parse("subs=x")).is_err());
    }
}
