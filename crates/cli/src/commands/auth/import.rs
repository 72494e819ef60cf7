//! `nats auth operator import` (cli.md 8.2): the token and the keys of an
//! operator, from files.

use std::fs;

use super::operator;
use super::store::{Store, check_name};
use crate::failure::{Failure, Result};
use crate::jwt::{Claims, undecorated};
use crate::nkey::{Key, Kind};
use crate::session::Session;
use crate::{bail, fail};

/// Takes an operator into the store.
pub fn import(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let path = session.matches.required_arg("token");
    let text = fs::read_to_string(path)
        .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
    let token = undecorated(&text);
    let claims = Claims::decode(token)?;
    if claims.kind() != "operator" {
        bail!("not operator claim");
    }
    let name = claims.name();
    check_name("operator", name)?;
    let mut keys = Vec::new();
    for (at, path) in session.matches.args("key").iter().enumerate() {
        let invalid = |failure: Failure| failure.context(format!("invalid seed at {at}"));
        keys.push(operator_pair(path).map_err(invalid)?);
    }
    check(&claims, &keys)?;
    store.refuse_operator(name)?;
    for key in &keys {
        store.save_key(key)?;
    }
    store.put_operator(name, token)?;
    operator::show(&store, &store.operator(name)?);
    Ok(())
}

fn operator_pair(path: &str) -> Result<Key> {
    let key = Key::in_file(path)?;
    if key.kind() != Kind::Operator || key.seed().is_err() {
        bail!("{path} has no seed of an operator");
    }
    Ok(key)
}

/// All keys of the token have to be there, and no others.
fn check(claims: &Claims, keys: &[Key]) -> Result<()> {
    let mut wanted = claims.nats().texts("signing_keys");
    wanted.insert(0, claims.subject().to_owned());
    let given: Vec<String> = keys.iter().map(Key::public).collect();
    if let Some(stranger) = given.iter().find(|public| !wanted.contains(public)) {
        bail!("invalid seed of {stranger}: is not referenced by the operator");
    }
    let missing: Vec<String> = wanted
        .into_iter()
        .filter(|public| !given.contains(public))
        .collect();
    if !missing.is_empty() {
        bail!(
            "not all keys are provided: {}: {} missing",
            given.len(),
            missing.join(", ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Json;

    #[test]
    fn exactly_the_keys_of_the_token_are_taken() {
        let [own, signing, other] = [(); 3].map(|()| Key::generate(Kind::Operator).unwrap());
        let mut claims = Claims::new("operator", "OP", &own.public());
        let list = Json::List(vec![Json::from(signing.public())]);
        claims.nats_mut().set("signing_keys", list);
        let given = |keys: &[&Key]| {
            let keys: Vec<Key> = keys.iter().map(|key| (*key).clone()).collect();
            check(&claims, &keys).is_ok()
        };
        assert!(given(&[&own, &signing]));
        assert!(given(&[&signing, &own]));
        assert!(!given(&[&own]));
        assert!(!given(&[]));
        assert!(!given(&[&own, &signing, &other]));
    }
}
