//! Operators, accounts, users and their keys in files, in the layout of `nsc`
//! (cli.md 8.1).

use std::fs;
use std::path::{Path, PathBuf};

use super::order;
use crate::bail;
use crate::context::{config_dir, data_dir, make_private, write_whole};
use crate::failure::Result;
use crate::jwt::Claims;
use crate::nkey::{Key, Kind};
use crate::output::Json;
use crate::output::terminal::is_interactive;
use crate::session::Session;

/// Why no account can be chosen.
const NO_ACCOUNT: &str = "cannot pick an Account without a terminal and no Account name supplied";

/// Where everything is kept.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// An operator or account with its place in the store.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// What its token says.
    pub claims: Claims,
}

/// Fails if a name cannot be that of a file.
pub fn check_name(kind: &str, name: &str) -> Result<()> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
        bail!("invalid {kind} name {name:?}");
    }
    Ok(())
}

/// Names of the directories in a directory, or of the files with an
/// extension; sorted.
fn names_in(directory: &Path, extension: Option<&str>) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            match extension {
                Some(extension) => name.strip_suffix(extension).map(str::to_owned),
                None => entry.path().is_dir().then_some(name),
            }
        })
        .collect();
    names.sort();
    names
}

/// Puts what an entity says into the order in which it is written.
fn tidy(entity: &mut Entity, order: &[&str]) {
    let ordered = order::tidy(entity.claims.nats(), order);
    entity.claims.json.set("nats", ordered);
}

/// The token in a file of the store.
fn token_in(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => bail!(
            "{}",
            crate::format::io_error_at("open", path.display(), &error)
        ),
    }
}

impl Store {
    /// The store of this user.
    pub fn open() -> Result<Self> {
        Ok(Self {
            root: data_dir()?.join("nats").join("nsc"),
        })
    }

    fn operator_dir(&self, operator: &str) -> PathBuf {
        self.root.join("stores").join(operator)
    }

    fn account_dir(&self, operator: &str, account: &str) -> PathBuf {
        self.operator_dir(operator).join("accounts").join(account)
    }

    fn operator_file(&self, operator: &str) -> PathBuf {
        self.operator_dir(operator).join(format!("{operator}.jwt"))
    }

    fn account_file(&self, operator: &str, account: &str) -> PathBuf {
        self.account_dir(operator, account)
            .join(format!("{account}.jwt"))
    }

    fn user_file(&self, operator: &str, account: &str, user: &str) -> PathBuf {
        self.account_dir(operator, account)
            .join("users")
            .join(format!("{user}.jwt"))
    }

    /// Names of all operators.
    pub fn operators(&self) -> Vec<String> {
        names_in(&self.root.join("stores"), None)
            .into_iter()
            .filter(|name| self.operator_file(name).is_file())
            .collect()
    }

    /// Names of all accounts of an operator.
    pub fn accounts(&self, operator: &str) -> Vec<String> {
        names_in(&self.operator_dir(operator).join("accounts"), None)
            .into_iter()
            .filter(|name| self.account_file(operator, name).is_file())
            .collect()
    }

    /// Names of all users of an account.
    pub fn users(&self, operator: &str, account: &str) -> Vec<String> {
        names_in(
            &self.account_dir(operator, account).join("users"),
            Some(".jwt"),
        )
    }

    fn load(path: &Path, name: &str) -> Result<Entity> {
        let claims = Claims::decode(&token_in(path)?)
            .map_err(|failure| failure.context(format!("{}", path.display())))?;
        Ok(Entity {
            name: name.to_owned(),
            claims,
        })
    }

    /// An operator.
    pub fn operator(&self, name: &str) -> Result<Entity> {
        check_name("operator", name)?;
        Self::load(&self.operator_file(name), name)
    }

    /// An account.
    pub fn account(&self, operator: &str, name: &str) -> Result<Entity> {
        check_name("account", name)?;
        Self::load(&self.account_file(operator, name), name)
    }

    /// The user of a name or public key, if there is one.
    pub fn user(&self, operator: &str, account: &str, wanted: &str) -> Result<Option<Entity>> {
        let names = self.users(operator, account);
        let load = |name: &str| Self::load(&self.user_file(operator, account, name), name);
        if names.iter().any(|name| name == wanted) {
            return load(wanted).map(Some);
        }
        for name in &names {
            let user = load(name)?;
            if user.claims.subject() == wanted {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    /// Saves an operator; it signs itself.
    pub fn save_operator(&self, entity: &mut Entity) -> Result<()> {
        check_name("operator", &entity.name)?;
        let key = self.key(entity.claims.subject())?;
        tidy(entity, &order::OPERATOR);
        let token = entity.claims.sign(&key)?;
        self.put_operator(&entity.name, &token)
    }

    /// Saves the token of an operator as it is.
    pub fn put_operator(&self, operator: &str, token: &str) -> Result<()> {
        check_name("operator", operator)?;
        let about = self.operator_dir(operator).join(".nsc");
        if !about.exists() {
            let text = Json::object()
                .with("managed", false)
                .with("name", operator)
                .with("kind", "operator")
                .with("version", "1");
            write_whole(&about, text.compact().as_bytes(), 0o600)?;
        }
        make_private(&self.operator_dir(operator).join("accounts"))?;
        write_whole(&self.operator_file(operator), token.as_bytes(), 0o600)
    }

    /// Fails if there is an operator of this name.
    pub fn refuse_operator(&self, name: &str) -> Result<()> {
        if self.operators().iter().any(|known| known == name) {
            let stores = self.root.join("stores");
            bail!("operator {name:?} already exists in `{}`", stores.display());
        }
        Ok(())
    }

    /// The token of an operator.
    pub fn operator_token(&self, operator: &str) -> Result<String> {
        token_in(&self.operator_file(operator))
    }

    /// The pair that signs an account: of the key that has signed it, if that
    /// is one of the operator's still; else its own, or a signing key if its
    /// own is kept elsewhere.
    fn account_signer(&self, operator: &Entity, issuer: &str) -> Result<Key> {
        let own = operator.claims.subject();
        let signing = operator.claims.nats().texts("signing_keys");
        let before = std::iter::once(issuer).filter(|key| signing.iter().any(|known| known == key));
        before
            .chain(std::iter::once(own))
            .chain(signing.iter().map(String::as_str))
            .find_map(|public| self.key(public).ok())
            .map_or_else(|| self.key(own), Ok)
    }

    /// Saves an account, signed by a key of its operator; gives the token.
    pub fn save_account(&self, operator: &Entity, entity: &mut Entity) -> Result<String> {
        check_name("account", &entity.name)?;
        let key = self.account_signer(operator, entity.claims.issuer())?;
        tidy(entity, &order::ACCOUNT);
        let token = entity.claims.sign(&key)?;
        self.put_account(&operator.name, &entity.name, &token)?;
        Ok(token)
    }

    /// Saves the token of an account as it is.
    pub fn put_account(&self, operator: &str, account: &str, token: &str) -> Result<()> {
        check_name("account", account)?;
        write_whole(
            &self.account_file(operator, account),
            token.as_bytes(),
            0o600,
        )
    }

    /// The token of an account.
    pub fn account_token(&self, operator: &str, account: &str) -> Result<String> {
        token_in(&self.account_file(operator, account))
    }

    /// Saves a user, signed by a key of its account; gives the token.
    pub fn save_user(
        &self,
        operator: &str,
        account: &Entity,
        entity: &mut Entity,
        signer: &Key,
    ) -> Result<String> {
        check_name("user", &entity.name)?;
        let own = account.claims.subject();
        if signer.public() != own {
            entity.claims.nats_mut().set("issuer_account", own);
        }
        tidy(entity, &order::USER);
        let token = entity.claims.sign(signer)?;
        self.put_user(operator, &account.name, &entity.name, &token)?;
        Ok(token)
    }

    /// Saves the token of a user as it is.
    pub fn put_user(&self, operator: &str, account: &str, user: &str, token: &str) -> Result<()> {
        check_name("user", user)?;
        write_whole(
            &self.user_file(operator, account, user),
            token.as_bytes(),
            0o600,
        )
    }

    /// The token of a user.
    pub fn user_token(&self, operator: &str, account: &str, user: &str) -> Result<String> {
        token_in(&self.user_file(operator, account, user))
    }

    /// Removes a user.
    pub fn remove_user(&self, operator: &str, account: &str, name: &str) -> Result<()> {
        check_name("user", name)?;
        Ok(fs::remove_file(self.user_file(operator, account, name))?)
    }

    fn key_file(&self, public: &str) -> Result<PathBuf> {
        let (Some(kind), Some(folder)) = (public.get(..1), public.get(1..3)) else {
            bail!("invalid key {public:?}");
        };
        Ok(self
            .root
            .join("keys")
            .join("keys")
            .join(kind)
            .join(folder)
            .join(format!("{public}.nk")))
    }

    /// The pair of a public key.
    pub fn key(&self, public: &str) -> Result<Key> {
        if Key::parse(public).is_none() {
            bail!("invalid key {public:?}");
        }
        let path = self.key_file(public)?;
        if !path.is_file() {
            bail!("the seed of {public} is not in the store");
        }
        let key = Key::in_file(&path.to_string_lossy())?;
        if key.public() != public {
            bail!("{} has the seed of another key", path.display());
        }
        Ok(key)
    }

    /// Keeps a pair.
    pub fn save_key(&self, key: &Key) -> Result<()> {
        let keys = self.root.join("keys");
        make_private(&keys.join("creds"))?;
        let ignore = keys.join(".gitignore");
        if !ignore.exists() {
            write_whole(
                &ignore,
                b"# ignore all nk files \n**/*.nk\n\n# ignore all creds files\n**/*.creds\n",
                0o600,
            )?;
        }
        write_whole(
            &self.key_file(&key.public())?,
            key.seed()?.as_bytes(),
            0o600,
        )
    }

    /// Forgets the pair of a public key, if it is here.
    pub fn remove_key(&self, public: &str) -> Result<()> {
        let path = self.key_file(public)?;
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        // The directory goes with its last key.
        if let Some(directory) = path.parent() {
            let _ = fs::remove_dir(directory);
        }
        Ok(())
    }

    /// Makes a pair and keeps it.
    pub fn new_key(&self, kind: Kind) -> Result<Key> {
        let key = Key::generate(kind)?;
        self.save_key(&key)?;
        Ok(key)
    }
}

fn config_file() -> Result<PathBuf> {
    Ok(config_dir()?.join("nats").join("cli").join("config.json"))
}

/// The operator that commands take if none is named.
pub fn default_operator() -> String {
    config_file()
        .ok()
        .and_then(|path| fs::read(path).ok())
        .and_then(|text| Json::parse(&text).ok())
        .map(|config| config.text("select_operator").to_owned())
        .unwrap_or_default()
}

/// Sets the operator that commands take if none is named.
pub fn set_default_operator(name: &str) -> Result<()> {
    let path = config_file()?;
    let mut config = fs::read(&path)
        .ok()
        .and_then(|text| Json::parse(&text).ok())
        .unwrap_or_else(Json::object);
    config.set("select_operator", name);
    write_whole(&path, config.compact().as_bytes(), 0o600)
}

/// The operator that a name, the default or the user chooses. A name that
/// nobody has chooses as if none was given.
pub fn pick_operator(session: &Session, store: &Store, name: &str) -> Result<Entity> {
    if name.is_empty() {
        choose_operator(session, store, &default_operator())
    } else {
        choose_operator(session, store, name)
    }
}

/// The operator of a name, the only one, or the one that the user chooses.
pub fn choose_operator(session: &Session, store: &Store, name: &str) -> Result<Entity> {
    let names = store.operators();
    if names.iter().any(|known| known == name) {
        return store.operator(name);
    }
    if let [only] = &names[..] {
        return store.operator(only);
    }
    if !is_interactive() {
        bail!("cannot pick an Operator without a terminal and no operator name supplied");
    }
    if names.is_empty() {
        bail!("no operators found");
    }
    let at = session.prompt().select("Select an Operator", &names, 0)?;
    store.operator(names.get(at).map(String::as_str).unwrap_or_default())
}

/// The account that a name or the user chooses.
pub fn pick_account(
    session: &Session,
    store: &Store,
    operator: &str,
    name: &str,
) -> Result<Entity> {
    let names = store.accounts(operator);
    if names.iter().any(|known| known == name) {
        return store.account(operator, name);
    }
    if !is_interactive() {
        bail!("{NO_ACCOUNT}");
    }
    if names.is_empty() {
        bail!("no accounts found");
    }
    let at = session.prompt().select("Select an Account", &names, 0)?;
    let name = names.get(at).map(String::as_str).unwrap_or_default();
    store.account(operator, name)
}

/// The account that a name, a public key or the user chooses.
pub fn pick_account_or_key(
    session: &Session,
    store: &Store,
    operator: &str,
    wanted: &str,
    question: &str,
) -> Result<Entity> {
    let names = store.accounts(operator);
    if names.is_empty() {
        bail!("no accounts found");
    }
    if names.iter().any(|known| known == wanted) {
        return store.account(operator, wanted);
    }
    let mut choices = Vec::with_capacity(names.len());
    for name in &names {
        let account = store.account(operator, name)?;
        let subject = account.claims.subject();
        if subject == wanted {
            return Ok(account);
        }
        choices.push(format!("{subject} - {name}"));
    }
    if !is_interactive() {
        bail!("{NO_ACCOUNT}");
    }
    let at = session.prompt().select(question, &choices, 0)?;
    let name = names.get(at).map(String::as_str).unwrap_or_default();
    store.account(operator, name)
}

/// Name of the user that is named, or that the user chooses.
pub fn pick_user(
    session: &Session,
    store: &Store,
    operator: &str,
    account: &str,
    name: &str,
) -> Result<String> {
    if !name.is_empty() {
        return Ok(name.to_owned());
    }
    let names = store.users(operator, account);
    if names.is_empty() {
        bail!("no users found in {account}");
    }
    let at = session.prompt().select("Select a User", &names, 0)?;
    Ok(names.get(at).cloned().unwrap_or_default())
}
