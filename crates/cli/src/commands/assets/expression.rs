//! What expressions of `stream find` can name.

use super::structures::{STREAM, STREAM_CONFIG, STREAM_STATE};
use crate::expression::{self, Value};
use crate::output::Json;

/// The variables about a stream: `config`, `state` and `info` with the fields
/// of the JSON, and `Info` with those of the original's structures.
pub fn variables(info: &Json) -> Value {
    expression::variables([
        ("config", STREAM_CONFIG.by_key(info.at("config"))),
        ("state", STREAM_STATE.by_key(info.at("state"))),
        ("info", STREAM.by_key(info)),
        ("Info", STREAM.by_name(info)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    fn holds(text: &str) -> Result<bool, String> {
        let info = Json::parse(
            br#"{"config":{"name":"S","num_replicas":3,"metadata":{"a_b":"1"},"max_age":3600000000000,"new":1},
            "state":{"messages":5,"num_deleted":1},"created":"2026-11-23T08:00:00Z"}"#,
        )
        .unwrap();
        let expression = Expression::parse(text).unwrap();
        expression
            .holds(&variables(&info))
            .map_err(|why| why.to_string())
    }

    #[test]
    fn fields_have_both_names() {
        for text in [
            "state.messages == 5",
            "info.config.num_replicas == 3",
            "Info.Config.Replicas == 3",
            "Info.State.Msgs == 5 and Info.State.NumDeleted == 1",
            "Info.Config.Metadata['a_b'] == '1'",
            "config.new == 1",
        ] {
            assert_eq!(holds(text), Ok(true), "{text}");
        }
    }

    #[test]
    fn fields_without_a_value_are_there() {
        for text in [
            "config.description == '' and Info.Config.Description == ''",
            "config.mirror == nil and Info.Config.Mirror == nil and Info.Cluster == nil",
            "len(config.sources) == 0 and config.sealed == false and state.bytes == 0",
            "config.max_age == '1h0m0s' and Info.Config.MaxAge.Hours() == 1",
            "info.created.Year() == 2026 and Info.Created < now()",
            "state.first_ts.Year() == 1",
            "Info.Config.Sources == nil and len(Info.Config.Sources) == 0 and config.sources == []",
            "none(Info.Config.Subjects, true) and not ('x' in Info.Config.Subjects)",
            "Info.State.Subjects == nil and Info.State.Subjects.x == nil",
        ] {
            assert_eq!(holds(text), Ok(true), "{text}");
        }
    }

    #[test]
    fn fields_that_the_structures_do_not_have_are_mistakes() {
        for (text, wanted) in [
            (
                "Info.Config.Bogus == 1",
                "cannot fetch Bogus from api.StreamConfig (1:13)\n | Info.Config.Bogus == 1\n | ............^",
            ),
            (
                "Info.Bogus == 1",
                "cannot fetch Bogus from *api.StreamInfo (1:6)\n | Info.Bogus == 1\n | .....^",
            ),
            (
                "Info.Cluster.Leader == 'x'",
                "cannot fetch Leader from *api.ClusterInfo (1:14)\n | Info.Cluster.Leader == 'x'\n | .............^",
            ),
        ] {
            assert_eq!(holds(text), Err(wanted.to_owned()));
        }
    }
}
