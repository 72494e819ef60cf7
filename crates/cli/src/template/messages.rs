//! What templates of messages can use.

use super::execute::{Scope, WRONG_COUNT, execute};
use super::functions;
use super::parser::parse;
use super::value::Value;
use crate::client::unique_id;
use crate::format::local_now;

/// Longest text that `Random` makes: the largest message a server may allow.
const MAX_RANDOM: i64 = 64 << 20;

/// The values of one message.
#[derive(Clone, Debug, Default)]
pub struct MessageScope {
    /// Its number.
    pub count: u64,
    /// The request that it answers.
    pub request: Option<String>,
}

fn number(value: Option<&Value>) -> Result<i64, String> {
    value
        .and_then(Value::as_int)
        .ok_or_else(|| "Random needs two numbers".to_owned())
}

impl Scope for MessageScope {
    fn knows(&self, name: &str) -> bool {
        match name {
            "Count" | "Cnt" | "TimeStamp" | "Time" | "Unix" | "UnixNano" | "ID" | "Random" => true,
            "Request" => self.request.is_some(),
            _ => false,
        }
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        if name == "Random" {
            if args.len() != 2 {
                return Err(format!("{WRONG_COUNT}{name}: want 2 got {}", args.len()));
            }
            let (a, b) = (number(args.first())?, number(args.get(1))?);
            let (least, most) = (a.min(b).max(0), a.max(b).clamp(0, MAX_RANDOM));
            let length = fastrand::i64(least.min(most)..=most);
            return Ok(Value::Text(
                (0..length).map(|_| fastrand::alphanumeric()).collect(),
            ));
        }
        self.field(name)
            .ok_or_else(|| format!("function {name:?} not defined"))
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(match name {
            "Count" | "Cnt" => Value::Int(i64::try_from(self.count).unwrap_or(i64::MAX)),
            "TimeStamp" => Value::Text(
                local_now()
                    .strftime("%Y-%m-%dT%H:%M:%S%:z")
                    .to_string()
                    .replace("+00:00", "Z"),
            ),
            "Time" => Value::Text(local_now().strftime("%-I:%M%p").to_string()),
            "Unix" => Value::Int(crate::format::now_nanos() / 1_000_000_000),
            "UnixNano" => Value::Int(crate::format::now_nanos()),
            "ID" => Value::Text(unique_id()),
            "Request" => Value::Text(self.request.clone().unwrap_or_default()),
            _ => return None,
        })
    }

    fn type_of(&self, name: &str) -> Option<&'static str> {
        Some(match name {
            "" => "*util.pubData",
            "Unix" | "UnixNano" => "int64",
            _ => self.field(name)?.kind(),
        })
    }
}

/// What error texts call a template, whatever it is for.
const TEMPLATE: &str = "body";

/// The text that a template makes.
pub fn expand(text: &str, scope: &MessageScope) -> Result<String, String> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let knows = |function: &str| scope.knows(function) || functions::is_known(function);
    let template = parse(TEMPLATE, text, &knows)?;
    execute(&template, scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        expand(
            text,
            &MessageScope {
                count: 7,
                request: Some("ping".to_owned()),
            },
        )
    }

    #[test]
    fn values_are_functions_and_fields() {
        assert_eq!(
            of("hello {{Count}} {{.Cnt}} {{.Request}}").unwrap(),
            "hello 7 7 ping"
        );
        assert_eq!(of("{{ID}}").unwrap().len(), 22);
        let random = of("{{Random 20 10}}").unwrap();
        assert!((10..=20).contains(&random.len()), "{random}");
    }

    #[test]
    fn an_unknown_function_is_an_error() {
        assert_eq!(
            of("x\n{{bogus}}").unwrap_err(),
            "template: body:2: function \"bogus\" not defined"
        );
        assert!(of("{{").is_err());
        assert!(of("{{if Count}}").is_err());
        assert!(of("{{end}}").is_err());
        assert!(of("{{(Count}}").is_err());
    }

    #[test]
    fn conditions_pipelines_and_variables_work() {
        assert_eq!(
            of("{{if eq .Count 7}}seven{{else}}other{{end}}").unwrap(),
            "seven"
        );
        assert_eq!(
            of("{{if gt Count 9}}a{{else if lt Count 9}}b{{end}}").unwrap(),
            "b"
        );
        assert_eq!(of("{{$x := printf \"%03d\" Count}}{{$x}}").unwrap(), "007");
        assert_eq!(
            of("{{Request | printf \"<%s>\" | html}}").unwrap(),
            "&lt;ping&gt;"
        );
        assert_eq!(of("{{range $i := 3}}{{$i}}{{end}}").unwrap(), "012");
        assert_eq!(of("a {{- \" \" -}} b{{/* no */}}").unwrap(), "a b");
        assert_eq!(of("{{with .Request}}{{.}}{{end}}").unwrap(), "ping");
        assert_eq!(of("{{`{{raw}}`}}").unwrap(), "{{raw}}");
    }

    #[test]
    fn a_missing_field_has_a_place_and_a_type() {
        for (text, why) in [
            ("日本{{.Nope}}", "1:8 <.Nope> Nope in type *util.pubData"),
            (
                "a\nb {{- (.Nope.X) }}",
                "2:12 <.Nope.X> Nope in type *util.pubData",
            ),
            ("{{.Unix.X.Y}}", "1:7 <.Unix.X.Y> X in type int64"),
            ("{{with Count}}{{.X}}{{end}}", "1:16 <.X> X in type int"),
            (
                "{{with Count}}{{$.X}}{{end}}",
                "1:17 <$.X> X in type *util.pubData",
            ),
        ] {
            let (place, rest) = why.split_once(' ').unwrap();
            let (part, rest) = rest.split_once(' ').unwrap();
            let expected = format!(
                "template: body:{place}: executing \"body\" at {part}: can't evaluate field {rest}"
            );
            assert_eq!(of(text).unwrap_err(), expected);
        }
        assert_eq!(of("{{with .Request}}{{$.Count}}{{end}}").unwrap(), "7");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = format!("{{{{{}1{}}}}}", "(".repeat(5000), ")".repeat(5000));
        assert!(of(&text).is_err());
    }
}
