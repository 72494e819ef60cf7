//! Answers to questions to servers, from an archive: what the servers would
//! have answered when it was captured.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use midge_subject::overlaps;

use crate::archive::{ACCOUNT, Archive, PROFILE, SERVER, Tags, UNCLUSTERED};
use crate::bail;
use crate::failure::Result;
use crate::output::Json;

/// Answers from an archive.
#[derive(Debug)]
pub struct Stored {
    archive: Archive,
}

/// The list in the data of an endpoint that comes in pages.
fn paged_list(endpoint: &str) -> Option<&'static str> {
    match endpoint {
        "CONNZ" => Some("connections"),
        "SUBSZ" => Some("subscriptions_list"),
        "JSZ" => Some("account_details"),
        _ => None,
    }
}

impl Stored {
    /// Opens an archive.
    pub fn open(path: &str) -> Result<Self> {
        Ok(Self {
            archive: Archive::open(path)?,
        })
    }

    /// All answers to a request on a subject.
    pub fn answers(&self, subject: &str, body: Option<&Json>) -> Result<Vec<Json>> {
        let none = Json::object();
        let body = body.unwrap_or(&none);
        let parts: Vec<&str> = subject
            .strip_prefix("$SYS.REQ.")
            .unwrap_or_default()
            .split('.')
            .collect();
        let mut found = match parts[..] {
            ["SERVER", "PING"] | ["SERVER", "PING", "STATSZ"] => self.statistics()?,
            ["SERVER", "PING", endpoint] => self.of_servers(endpoint, body)?,
            ["SERVER", id, endpoint] => {
                let mut found = self.of_servers(endpoint, body)?;
                found.retain(|answer| answer.text("server.id") == id);
                found
            }
            _ => bail!("an archive has no answers on {subject}"),
        };
        found.retain(|answer| is_selected(answer.at("server"), body));
        Ok(found)
    }

    fn of_servers(&self, endpoint: &str, body: &Json) -> Result<Vec<Json>> {
        let mut found = match endpoint {
            "PROFILEZ" => self.profiles(body)?,
            "RAFTZ" => self.groups(body)?,
            "IPQUEUESZ" => self.queues()?,
            _ => self.pages(endpoint)?,
        };
        for answer in &mut found {
            narrow(endpoint, answer, body)?;
        }
        if body.on("leader_only") {
            found.retain(|answer| {
                answer.text("data.meta_cluster.leader") == answer.text("server.name")
            });
        }
        let account = body.text("account");
        if endpoint == "ACCOUNTZ" && !account.is_empty() {
            self.add_account(&mut found, account)?;
        }
        Ok(found)
    }

    /// What each server answered, its pages put together.
    fn pages(&self, endpoint: &str) -> Result<Vec<Json>> {
        let Some((_, kind)) = SERVER.iter().find(|(known, _)| *known == endpoint) else {
            bail!("an archive has no answers of {endpoint}");
        };
        let mut found = Vec::new();
        for (cluster, server) in self.archive.servers() {
            let pages = self.archive.pages(&Tags::server(cluster, server, kind))?;
            found.extend(together(endpoint, pages));
        }
        if found.is_empty() {
            bail!("the archive has no {kind} of servers");
        }
        Ok(found)
    }

    /// Pings: what a server says of itself is in its variables.
    fn statistics(&self) -> Result<Vec<Json>> {
        let routes = self.pages("ROUTEZ").unwrap_or_default();
        let gateways = self.pages("GATEWAYZ").unwrap_or_default();
        let servers = self.pages("VARZ")?;
        let count = servers.len();
        let of = |answers: &[Json], id: &str| {
            answers
                .iter()
                .find(|answer| answer.text("server.id") == id)
                .map(|answer| answer.at("data").clone())
                .unwrap_or_default()
        };
        Ok(servers
            .iter()
            .map(|varz| {
                let id = varz.text("server.id");
                let statsz = statsz(varz.at("data"), &of(&routes, id), &of(&gateways, id), count);
                Json::object()
                    .with("server", varz.at("server").clone())
                    .with("statsz", statsz)
            })
            .collect())
    }

    /// Profiles of a kind, and level.
    fn profiles(&self, body: &Json) -> Result<Vec<Json>> {
        let level = body.int("debug");
        let name = match level {
            0 => body.text("name").to_owned(),
            level => format!("{}_{level}", body.text("name")),
        };
        let files = self
            .archive
            .files(|tags| tags.kind == PROFILE && tags.profile == name);
        if files.is_empty() {
            let known: BTreeSet<String> = self
                .archive
                .files(|tags| tags.kind == PROFILE)
                .iter()
                .map(|(_, tags)| tags.profile.clone())
                .collect();
            let known: Vec<String> = known.into_iter().collect();
            bail!(
                "the archive has no profile {name}, it has: {}",
                known.join(", ")
            );
        }
        files
            .into_iter()
            .map(|(path, tags)| {
                let cluster = match tags.cluster.as_str() {
                    UNCLUSTERED => "",
                    cluster => cluster,
                };
                let server = Json::object()
                    .with("name", tags.server.as_str())
                    .with("cluster", cluster);
                let data = Json::object()
                    .with("profile", STANDARD.encode(self.archive.read(path)?))
                    .with("error", "");
                Ok(Json::object().with("server", server).with("data", data))
            })
            .collect()
    }

    /// What servers answered about accounts that fulfil a condition.
    fn of_accounts(&self, endpoint: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<Json>> {
        let Some((_, kind)) = ACCOUNT.iter().find(|(known, _)| *known == endpoint) else {
            bail!("an archive has no answers of {endpoint} about accounts");
        };
        let files = self
            .archive
            .files(|tags| tags.kind == *kind && wanted(&tags.account));
        let tags: BTreeSet<&Tags> = files.into_iter().map(|(_, tags)| tags).collect();
        let mut found = Vec::new();
        for tags in tags {
            found.extend(together(endpoint, self.archive.pages(tags)?));
        }
        Ok(found)
    }

    /// Raft groups of an account; of the system account if none is named.
    fn groups(&self, body: &Json) -> Result<Vec<Json>> {
        let account = match body.text("account") {
            "" => self
                .pages("ACCOUNTZ")?
                .first()
                .map(|answer| answer.text("data.system_account").to_owned())
                .unwrap_or_default(),
            account => account.to_owned(),
        };
        self.of_accounts("RAFTZ", |name| name == account)
    }

    /// Queues of servers: what was captured for each account together.
    fn queues(&self) -> Result<Vec<Json>> {
        let mut found: Vec<Json> = Vec::new();
        for answer in self.of_accounts("IPQUEUESZ", |_| true)? {
            let id = answer.text("server.id").to_owned();
            match found.iter_mut().find(|known| known.text("server.id") == id) {
                None => found.push(answer),
                Some(known) => {
                    if let Some(data) = known.key_mut("data") {
                        for (queue, state) in answer.entries("data") {
                            data.set(queue, state.clone());
                        }
                    }
                }
            }
        }
        Ok(found)
    }

    /// Adds what servers said about an account to their lists of accounts.
    fn add_account(&self, found: &mut Vec<Json>, account: &str) -> Result<()> {
        let details = self.of_accounts("INFO", |name| name == account)?;
        found.retain_mut(|answer| {
            let detail = details
                .iter()
                .find(|detail| detail.text("server.id") == answer.text("server.id"));
            match (detail, answer.key_mut("data")) {
                (Some(detail), Some(data)) => {
                    data.set("account_detail", detail.at("data").clone());
                    true
                }
                _ => false,
            }
        });
        Ok(())
    }
}

/// One answer out of its pages.
fn together(endpoint: &str, pages: Vec<Json>) -> Option<Json> {
    let mut pages = pages.into_iter();
    let mut first = pages.next()?;
    let Some(list) = paged_list(endpoint) else {
        return Some(first);
    };
    let mut entries = first.list(&format!("data.{list}")).to_vec();
    for page in pages {
        entries.extend_from_slice(page.list(&format!("data.{list}")));
    }
    if let Some(data) = first.key_mut("data").filter(|data| data.has(list)) {
        data.set(list, Json::List(entries));
    }
    Some(first)
}

fn statsz(varz: &Json, routes: &Json, gateways: &Json, count: usize) -> Json {
    let mut out = Json::object();
    for key in [
        "start",
        "mem",
        "cores",
        "cpu",
        "connections",
        "total_connections",
    ] {
        out.set(key, varz.at(key).clone());
    }
    out.set("subscriptions", varz.at("subscriptions").clone());
    let flow = |direction: &str| {
        Json::object()
            .with("msgs", varz.int(&format!("{direction}_msgs")))
            .with("bytes", varz.int(&format!("{direction}_bytes")))
    };
    out.set("sent", flow("out"));
    out.set("received", flow("in"));
    out.set("slow_consumers", varz.int("slow_consumers"));
    for key in ["slow_consumer_stats", "stale_connections", "jetstream"] {
        if varz.has(key) {
            out.set(key, varz.at(key).clone());
        }
    }
    let routes = routes.list("routes").iter().map(|route| {
        Json::object()
            .with("rid", route.int("rid"))
            .with("name", route.text("remote_name"))
    });
    out.set("routes", Json::List(routes.collect()));
    let inbound = |name: &str| gateways.at("inbound_gateways").key(name).list("").len();
    let outbound = gateways.entries("outbound_gateways").iter();
    let outbound = outbound.map(|(name, gateway)| {
        Json::object()
            .with("gwid", gateway.int("connection.cid"))
            .with("name", name.as_str())
            .with("inbound_connections", inbound(name))
    });
    out.set("gateways", Json::List(outbound.collect()));
    out.with("active_servers", count)
}

/// Whether the filters of a request select a server.
fn is_selected(server: &Json, body: &Json) -> bool {
    let exact = body.on("exact_match");
    let fits = |wanted: &str, found: &str| {
        wanted.is_empty()
            || if exact {
                found == wanted
            } else {
                found.contains(wanted)
            }
    };
    let tags: Vec<String> = server
        .texts("tags")
        .iter()
        .map(|tag| tag.trim().to_lowercase())
        .collect();
    fits(body.text("server_name"), server.text("name"))
        && fits(body.text("host"), server.text("host"))
        && fits(body.text("cluster"), server.text("cluster"))
        && body
            .texts("tags")
            .iter()
            .all(|tag| tags.contains(&tag.trim().to_lowercase()))
        && (body.text("domain").is_empty() || body.text("domain") == server.text("domain"))
}

/// Applies the options of an endpoint to its whole answer.
fn narrow(endpoint: &str, answer: &mut Json, body: &Json) -> Result<()> {
    let Some(data) = answer.key_mut("data") else {
        return Ok(());
    };
    match endpoint {
        "CONNZ" => connections(data, body),
        "SUBSZ" => subscriptions(data, body),
        "ROUTEZ" => without_subscriptions(data, "routes", body),
        "LEAFZ" => without_subscriptions(data, "leafs", body),
        "GATEWAYZ" => gateways(data, body),
        "JSZ" => jetstream(data, body),
        "HEALTHZ" => {
            let narrower = ["account", "stream", "consumer"];
            if narrower.iter().any(|key| !body.text(key).is_empty()) {
                bail!("an archive has the health of whole servers only");
            }
        }
        "RAFTZ" if !body.text("group").is_empty() => {
            for (_, groups) in entries_of(data) {
                if let Json::Object(groups) = groups {
                    groups.retain(|(name, _)| name == body.text("group"));
                }
            }
        }
        "IPQUEUESZ" => {
            if let Json::Object(queues) = data {
                queues.retain(|(name, state)| {
                    name.contains(body.text("filter"))
                        && (body.on("all") || state.int("pending") > 0)
                });
            }
        }
        _ => {}
    }
    Ok(())
}

fn entries_of(value: &mut Json) -> &mut [(String, Json)] {
    match value {
        Json::Object(entries) => entries,
        _ => &mut [],
    }
}

/// Leaves out what a condition does not hold for, and all but a page of the
/// rest.
fn page(data: &mut Json, list: &str, body: &Json, wanted: impl Fn(&Json) -> bool) {
    let mut entries = data.list(list).to_vec();
    entries.retain(wanted);
    let total = entries.len();
    let offset = usize::try_from(body.int("offset")).unwrap_or_default();
    let limit = match usize::try_from(body.int("limit")) {
        Ok(limit) if limit > 0 => limit,
        _ => total.max(1),
    };
    let entries: Vec<Json> = entries.into_iter().skip(offset).take(limit).collect();
    data.set("total", total);
    data.set("offset", offset);
    data.set("limit", limit);
    data.set(list, Json::List(entries));
}

fn connections(data: &mut Json, body: &Json) {
    let account = |connection: &Json| match connection.text("account") {
        "" => "$G".to_owned(),
        account => account.to_owned(),
    };
    page(data, "connections", body, |connection| {
        let listens = |subject: &str| {
            let details = connection.list("subscriptions_list_detail").iter();
            connection
                .texts("subscriptions_list")
                .into_iter()
                .chain(details.map(|detail| detail.text("subject").to_owned()))
                .any(|known| overlaps(known.as_bytes(), subject.as_bytes()))
        };
        // Those that were closed are not captured.
        body.int("state") != 1
            && (body.int("cid") == 0 || body.int("cid") == connection.int("cid"))
            && (body.text("acc").is_empty() || account(connection) == body.text("acc"))
            && (body.text("user").is_empty()
                || connection.text("authorized_user") == body.text("user"))
            && (body.text("filter_subject").is_empty() || listens(body.text("filter_subject")))
    });
    without_subscriptions(data, "connections", body);
    let count = data.list("connections").len();
    data.set("num_connections", count);
}

fn subscriptions(data: &mut Json, body: &Json) {
    let account = body.text("account");
    let test = body.text("test");
    page(data, "subscriptions_list", body, |subscription| {
        (account.is_empty() || subscription.text("account") == account)
            && (test.is_empty()
                || overlaps(subscription.text("subject").as_bytes(), test.as_bytes()))
    });
    if !body.on("subscriptions") {
        data.remove("subscriptions_list");
    }
}

/// Subscriptions are captured always.
fn without_subscriptions(data: &mut Json, list: &str, body: &Json) {
    if body.on("subscriptions") {
        return;
    }
    if let Some(Json::List(entries)) = data.key_mut(list) {
        for entry in entries {
            entry.remove("subscriptions_list");
            entry.remove("subscriptions_list_detail");
        }
    }
}

fn jetstream(data: &mut Json, body: &Json) {
    let account = body.text("account");
    let wants_details = !account.is_empty()
        || ["accounts", "streams", "consumer", "config", "raft"]
            .iter()
            .any(|key| body.on(key));
    if !wants_details {
        data.remove("account_details");
    } else if let Some(Json::List(details)) = data.key_mut("account_details") {
        details.retain(|detail| {
            account.is_empty() || detail.text("name") == account || detail.text("id") == account
        });
        // The whole list is captured; who asks for a page gets that.
        let number = |key: &str| usize::try_from(body.int(key)).unwrap_or_default();
        details.drain(..number("offset").min(details.len()));
        if number("limit") > 0 {
            details.truncate(number("limit"));
        }
    }
}

fn gateways(data: &mut Json, body: &Json) {
    let name = body.text("name");
    let account = body.text("account_name");
    for key in ["outbound_gateways", "inbound_gateways"] {
        let Some(Json::Object(gateways)) = data.key_mut(key) else {
            continue;
        };
        gateways.retain(|(gateway, _)| name.is_empty() || gateway == name);
        for (_, gateway) in gateways {
            let each = match gateway {
                Json::List(many) => many.iter_mut().collect(),
                one => vec![one],
            };
            for one in each {
                if !body.on("accounts") && account.is_empty() {
                    one.remove("accounts");
                } else if let Some(Json::List(accounts)) = one.key_mut("accounts") {
                    accounts.retain(|known| account.is_empty() || known.text("name") == account);
                }
            }
        }
    }
}
