//! Questions.

use crate::expression::{self, Expression, Value};
use crate::failure::Result;
use crate::format::parse_int;
use crate::output::Json;
use crate::prompt::Prompt;
use crate::{bail, fail};

/// Deepest nesting of questions.
const MAX_DEPTH: usize = 16;

/// The questions of a bundle.
#[derive(Clone, Debug)]
pub struct Form {
    description: String,
    properties: Vec<Property>,
}

/// What an answer is.
#[derive(Clone, Debug)]
enum Kind {
    Text,
    Password,
    Bool,
    Integer,
    Choice(Vec<String>),
    /// Questions of its own.
    Group(Vec<Property>),
}

/// A question.
#[derive(Clone, Debug)]
struct Property {
    name: String,
    description: String,
    help: String,
    default: String,
    required: bool,
    kind: Kind,
    /// What has to hold for `value`.
    validation: Option<(Expression, String)>,
    /// When it is asked: what has to hold for `input`, the answers so far.
    condition: Option<Expression>,
}

impl Form {
    /// Reads a form.
    pub fn parse(form: &Json) -> Result<Self> {
        Ok(Self {
            description: form.text("description").trim().to_owned(),
            properties: properties(form.list("properties"), 0)?,
        })
    }

    /// Asks, and adds the answers. Those of questions that were not asked are
    /// null.
    pub fn ask(&self, prompt: &Prompt, answers: &mut Json) -> Result<()> {
        if !self.description.is_empty() {
            println!("{}\n", self.description);
        }
        for property in &self.properties {
            let answer = property.ask(prompt, answers)?;
            answers.set(&property.name, answer);
        }
        Ok(())
    }
}

fn properties(list: &[Json], depth: usize) -> Result<Vec<Property>> {
    if depth > MAX_DEPTH {
        bail!("questions are nested too deeply");
    }
    list.iter()
        .map(|json| Property::parse(json, depth))
        .collect()
}

/// A default as text; forms have them as texts, numbers and switches.
fn scalar(value: &Json) -> String {
    match value {
        Json::Text(text) => text.clone(),
        Json::Null => String::new(),
        other => other.compact(),
    }
}

impl Property {
    fn parse(json: &Json, depth: usize) -> Result<Self> {
        let name = json.text("name").to_owned();
        if name.is_empty() || name.starts_with('_') {
            bail!("a property has no usable name: {name:?}");
        }
        let at = |failure: crate::failure::Failure| failure.context(format!("property {name}"));
        let expression = |key: &str| match json.text(key) {
            "" => Ok(None),
            text => Expression::parse(text)
                .map(|expression| Some((expression, text.to_owned())))
                .map_err(at),
        };
        let kind = match json.text("type") {
            _ if !json.list("properties").is_empty() => {
                Kind::Group(properties(json.list("properties"), depth + 1).map_err(at)?)
            }
            "" | "string" if !json.list("enum").is_empty() => Kind::Choice(json.texts("enum")),
            "" | "string" => Kind::Text,
            "password" => Kind::Password,
            "bool" => Kind::Bool,
            "integer" => Kind::Integer,
            other => bail!("property {name}: this tool knows no type {other:?}"),
        };
        Ok(Self {
            description: json.text("description").trim().to_owned(),
            help: json.text("help").trim().to_owned(),
            default: scalar(json.at("default")),
            required: json.on("required"),
            kind,
            validation: expression("validation")?,
            condition: expression("conditional")?.map(|(expression, _)| expression),
            name: name.clone(),
        })
    }

    fn ask(&self, prompt: &Prompt, answers: &Json) -> Result<Json> {
        if let Some(condition) = &self.condition {
            let input = expression::variables([
                ("input", Value::from(answers)),
                ("Input", Value::from(answers)),
            ]);
            if !condition.holds_in_part(&input)? {
                return Ok(Json::Null);
            }
        }
        let mut lines = self.description.lines();
        let question = lines.next().unwrap_or(&self.name).to_owned();
        if let Kind::Group(properties) = &self.kind {
            println!("\n{}\n", self.description);
            let mut group = Json::object();
            for property in properties {
                // Conditions look at all answers, not at those of the group.
                let answer = property.ask(prompt, answers)?;
                group.set(&property.name, answer);
            }
            return Ok(group);
        }
        let rest: Vec<&str> = lines.collect();
        if !rest.is_empty() {
            println!("\n{}", self.description);
        }
        loop {
            let answer = self.ask_once(prompt, &question)?;
            match self.problem(&answer)? {
                None => return Ok(answer),
                Some(problem) => println!("{problem}"),
            }
        }
    }

    fn ask_once(&self, prompt: &Prompt, question: &str) -> Result<Json> {
        Ok(match &self.kind {
            Kind::Text => prompt.text(question, &self.default, &self.help)?.into(),
            Kind::Password => prompt.password(question)?.into(),
            Kind::Bool => Json::Bool(prompt.confirm(question, self.default == "true")?),
            Kind::Integer => {
                let text = prompt.text(question, &self.default, &self.help)?;
                match parse_int(text.trim()) {
                    Ok(number) => Json::from(number),
                    // It is no whole number, which is said below.
                    Err(_) => Json::Text(text),
                }
            }
            Kind::Choice(words) => {
                let start = words.iter().position(|word| *word == self.default);
                let chosen = prompt.select(question, words, start.unwrap_or(0))?;
                words
                    .get(chosen)
                    .map(|word| Json::from(word.as_str()))
                    .ok_or_else(|| fail!("nothing was chosen"))?
            }
            Kind::Group(_) => Json::Null,
        })
    }

    /// What is wrong with an answer.
    fn problem(&self, answer: &Json) -> Result<Option<String>> {
        if matches!(self.kind, Kind::Integer) && answer.as_int().is_none() {
            return Ok(Some(format!("{} is no whole number", answer.compact())));
        }
        if self.required && answer.as_text() == Some("") {
            return Ok(Some("an answer is required".to_owned()));
        }
        if let Some((expression, text)) = &self.validation
            && !expression
                .holds_in_part(&expression::variables([("value", Value::from(answer))]))?
        {
            return Ok(Some(format!("{} does not fit: {text}", answer.compact())));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::yaml;

    fn property(text: &str) -> Result<Property> {
        Property::parse(&yaml::parse(text).unwrap(), 0)
    }

    #[test]
    fn answers_are_judged() {
        let port =
            property("{name: port, type: integer, validation: 'value > 0 && value < 65536'}")
                .unwrap();
        assert_eq!(port.problem(&Json::from(4222)).unwrap(), None);
        assert!(port.problem(&Json::from(0)).unwrap().is_some());
        assert_eq!(
            port.problem(&Json::from("x")).unwrap().unwrap(),
            "\"x\" is no whole number"
        );
        let name = property("{name: n, required: true}").unwrap();
        assert!(name.problem(&Json::from("")).unwrap().is_some());
        assert_eq!(name.problem(&Json::from("x")).unwrap(), None);
    }

    #[test]
    fn forms_that_cannot_be_asked_are_refused() {
        for text in [
            "{type: bool}",
            "{name: _target}",
            "{name: a, type: array}",
            "{name: a, validation: '(('}",
            "{name: a, properties: [{type: bool}]}",
        ] {
            assert!(property(text).is_err(), "{text}");
        }
        assert_eq!(property("{name: a, default: 5}").unwrap().default, "5");
        assert_eq!(
            property("{name: a, default: true}").unwrap().default,
            "true"
        );
    }
}
